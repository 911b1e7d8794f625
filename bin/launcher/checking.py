"""`make test`, `make check`, `make bench` and the small helpers of people who change the product."""

import os
import shlex
import signal
import subprocess
from pathlib import Path
from types import FrameType

from launcher import product, servers, system, venv
from launcher.state import ROOT, Refusal, run_dir, say


def test(arguments: str) -> int:
    """Install what is missing, run pytest on servers of its own; returns pytest's exit code."""
    system.check_room()
    system.ensure([*system.TO_RUN, *system.TO_TEST])
    venv.ensure()
    with servers.borrowed(test=True):
        return _run(["-m", "pytest", "-n", "2", *shlex.split(arguments)], test=True)


def check() -> int:
    """All checks that need no browser; goes on after a failure and names the failed ones at the end."""
    system.check_room()
    venv.ensure()
    templates = sorted(str(path) for top in ("templates", *product.APPS) for path in (ROOT / top).rglob("*.html"))
    checks: dict[str, list[str | Path]] = {
        "ruff check": ["-m", "ruff", "check", "."],
        "ruff format": ["-m", "ruff", "format", "--check", "--quiet", "."],
        "lint-imports": [venv.VENV / "bin" / "lint-imports"],
        "djade": ["-m", "djade", "--check", "--target-version", "5.2", *templates],
        "makemigrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
        "manage.py check": ["manage.py", "check", "--fail-level", "WARNING"],
        "mypy": ["-m", "mypy"],
    }
    failed = []
    with servers.borrowed(test=True):
        for name, command in checks.items():
            say(f"-- {name}")
            if _run(command, test=True) != 0:
                failed.append(name)
    say(f"Failed: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


def bench(arguments: str) -> int:
    """The benchmarks on a cluster of their own, with the settings of the product, not of the tests."""
    script = ROOT / "benchmarks" / "run.py"
    if not script.exists():
        raise Refusal(f"{script} is missing: check out the whole repository and type the command again.")
    system.check_room()
    system.ensure(system.TO_RUN)
    venv.ensure()
    result = run_dir() / "bench.json"
    os.environ["PLUMBLINE_RUN_DIR"] = str(run_dir() / "bench")
    os.environ["BENCH_JSON"] = str(result)
    with servers.borrowed():
        return _run([script, *shlex.split(arguments)])


def shell(arguments: str) -> int:
    """Django's shell on the servers of `make run`, started for it when they do not run."""
    venv.ensure()
    with servers.borrowed():
        return _run(["manage.py", "shell", *shlex.split(arguments)])


def fmt() -> int:
    """Bring imports, code and templates into the house form."""
    venv.ensure()
    templates: list[str | Path] = sorted(
        path for top in ("templates", *product.APPS) for path in (ROOT / top).rglob("*.html")
    )
    codes = [
        _run(["-m", "ruff", "check", "--fix", "--quiet", "."]),
        _run(["-m", "ruff", "format", "--quiet", "."]),
        _run(["-m", "djade", "--target-version", "5.2", *templates]) if templates else 0,
    ]
    return 1 if codes[0] else codes[1]


def _run(command: list[str | Path], test: bool = False) -> int:
    """Run Python of the virtual environment on our terminal; our own end is passed on to it."""
    child = subprocess.Popen([venv.PYTHON, *command], cwd=ROOT, env=product.environment(test))

    def ended(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {name: signal.signal(name, ended) for name in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the child itself
    try:
        return child.wait()
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
