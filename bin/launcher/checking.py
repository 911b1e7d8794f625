"""`make test`, `make check`, `make bench` and the small helpers of people who change the product."""

import os
import secrets
import shlex
import signal
import subprocess
from pathlib import Path
from types import FrameType

from launcher import product, servers, system, venv
from launcher.state import ROOT, Refusal, run_dir, say

PYTHON, BIN = venv.PYTHON, venv.VENV / "bin"
_OURS = [app for app in product.APPS if app != "config"]  # our migrations; those of libraries are theirs
DJADE = ("--target-version", "5.2")


def test(arguments: str) -> int:
    """Install what is missing, run pytest on servers of its own; returns pytest's exit code."""
    system.check_room()
    venv.ensure([*system.TO_RUN, *system.TO_TEST])
    with servers.borrowed(test=True):
        return _run(
            [PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadgroup", *shlex.split(arguments)],
            product.environment(test=True),
        )


def check() -> int:
    """All checks that need no browser; goes on after a failure and names the failed ones at the end."""
    system.check_room()
    venv.ensure()
    checks: dict[str, list[str | Path]] = {
        "ruff check": [PYTHON, "-m", "ruff", "check", "--quiet", "."],
        "ruff format": [PYTHON, "-m", "ruff", "format", "--check", "."],
        "lint-imports": [PYTHON, BIN / "lint-imports"],
        "djade": [BIN / "djade", "--check", *DJADE, *_templates()],
        "makemigrations": [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run", *_OURS],
        "manage.py check": [PYTHON, "manage.py", "check", "--fail-level", "WARNING"],
        "manage.py check --deploy": [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        "mypy": [PYTHON, "-m", "mypy"],
        "mypy bin": [PYTHON, "-m", "mypy", "--config-file=", "--strict", "-p", "launcher"],
    }
    failed = []
    with servers.borrowed(test=True):
        # Only now the servers have an address that a real server's environment can name.
        changed = {"manage.py check --deploy": _production(), "mypy bin": {"MYPYPATH": "bin"}}
        for name, command in checks.items():
            say(f"-- {name}")
            if _run(command, product.environment(test=True) | changed.get(name, {})) != 0:
                failed.append(name)
    say(f"Failed: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


def _production() -> dict[str, str]:
    """An environment like that of a real server, so that Django's deployment checks mean something."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "false",
        "DEVELOPMENT": "false",
        "HTTPS": "true",
        "BASE_DOMAIN": "plumbline.example",
        "SECRET_KEY": secrets.token_urlsafe(50),
    } | servers.addresses(test=True)


def _templates() -> list[Path]:
    return sorted(path for top in ("templates", *product.APPS) for path in (ROOT / top).rglob("*.html"))


def bench(arguments: str) -> int:
    """The benchmarks on a cluster of their own, with the settings of the product, not of the tests.

    They drop tenants of theirs and empty the broker: servers of yours are used only with KEEP_DATABASE_URL and
    KEEP_REDIS_URL, as in the tests.
    """
    script = ROOT / "benchmarks" / "run.py"
    if not script.exists():
        raise Refusal(f"{script} is missing: check out the whole repository and type the command again.")
    system.check_room()
    venv.ensure(system.TO_RUN)
    result = run_dir() / "bench.json"
    os.environ["PLUMBLINE_RUN_DIR"] = str(run_dir() / "bench")
    os.environ["BENCH_JSON"] = str(result)
    for name in {"DATABASE_URL", "REDIS_URL"} - set(servers.outside(test=True)):
        os.environ.pop(name, None)
    with servers.borrowed():
        return _run([PYTHON, script, *shlex.split(arguments)], product.environment() | {"PYTHONPATH": str(ROOT)})


def shell(arguments: str) -> int:
    """Django's shell on the servers of `make run`, started for it when they do not run."""
    venv.ensure()
    with servers.borrowed():
        return _run([PYTHON, "manage.py", "shell", *shlex.split(arguments)], product.environment())


def fmt() -> int:
    """Bring imports, code and templates into the house form."""
    venv.ensure()
    environment = product.environment()
    left_over = _run([PYTHON, "-m", "ruff", "check", "--fix", "."], environment)
    unreadable = _run([PYTHON, "-m", "ruff", "format", "."], environment)
    _run([BIN / "djade", *DJADE, *_templates()], environment)  # its code says only that a file changed
    return left_over or unreadable


def _run(command: list[str | Path], environment: dict[str, str]) -> int:
    """Run a program of the virtual environment on our terminal; our own end is passed on to it."""
    child = subprocess.Popen(command, cwd=ROOT, env=environment)

    def ended(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {name: signal.signal(name, ended) for name in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the child itself
    try:
        return child.wait()
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
