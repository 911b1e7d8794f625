"""The virtual environment: made once, filled from the lock file whenever that changed."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from launcher import system
from launcher.state import ROOT, Refusal, locked, make_private, reason, run_dir, say

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK_FILE = ROOT / "requirements.txt"
STAMP = VENV / "installed"
UV = "uv>=0.9,<1"


def key() -> str:
    """What the environment was made from: the lock, the Python, and the place, for an environment cannot move."""
    made_from = f"{LOCK_FILE.read_text()}\n{sys.version}\n{VENV}"
    return hashlib.sha256(made_from.encode()).hexdigest()


def ready() -> bool:
    return STAMP.exists() and STAMP.read_text() == key() and PYTHON.exists()


def ensure(packages: list[system.Package] | None = None) -> None:
    """Make `.venv` what the lock file says, after the system packages. Does nothing when all is there."""
    if not LOCK_FILE.exists():
        raise Refusal(f"{LOCK_FILE} is missing: check out the whole repository and type the command again.")
    # Asked for together: a person without sudo types one command, not one after the other.
    system.ensure([*([] if PYTHON.exists() else system.TO_INSTALL), *(packages or [])])
    if ready():
        return
    logs = make_private(run_dir() / "logs")
    with locked(
        run_dir() / "install.lock", wait=900, busy="Another command is installing since 15 minutes: see `make logs`."
    ):
        if ready():
            return
        log = logs / "install.log"
        _make(log)
        say("Installing Python packages from requirements.txt")
        if not _filled_by_uv(log) and not _filled_by_pip(log):
            raise Refusal(
                f"The Python packages could not be installed ({reason(log)}): "
                f"check the network and type the command again; all of it is in {log}."
            )
        STAMP.write_text(key())


def lock(arguments: list[str]) -> int:
    """Resolve requirements.in into requirements.txt; `arguments` go to uv, such as --upgrade."""
    ensure()
    options = ["--universal", "--python-version", "3.11", "--no-header", "--no-annotate", "--quiet"]
    files = ["requirements.in", "--output-file", "requirements.txt"]
    command = [str(PYTHON), "-m", "uv", "pip", "compile", *options, *files, *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _make(log: Path) -> None:
    if (
        PYTHON.exists()
        and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    ):
        return
    system.ensure(system.TO_INSTALL)
    say("Creating the virtual environment in .venv")
    if _run([sys.executable, "-m", "venv", "--clear", str(VENV)], log) != 0:
        raise Refusal(f"The virtual environment could not be made in {VENV} ({reason(log)}): see {log}.")


def _filled_by_uv(log: Path) -> bool:
    """uv fills the environment in a sixth of pip's time, and takes out what the lock does not name."""
    if (
        _run([PYTHON, "-m", "uv", "--version"], log) != 0
        and _run([PYTHON, "-m", "pip", "install", "--quiet", UV], log) != 0
    ):
        return False
    return _run([PYTHON, "-m", "uv", "pip", "sync", "--quiet", "--python", PYTHON, LOCK_FILE], log) == 0


def _filled_by_pip(log: Path) -> bool:
    say("uv did not get through (a proxy or mirror that only pip knows?): taking pip, which needs a minute or two")
    return _run([PYTHON, "-m", "pip", "install", "--quiet", "-r", LOCK_FILE], log) == 0


def _run(command: list[str | Path], log: Path) -> int:
    with log.open("ab") as output:
        quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", "UV_HTTP_TIMEOUT": "180"}
        return subprocess.run(
            command,
            cwd=ROOT,
            env=quiet | dict(os.environ) | {"VIRTUAL_ENV": str(VENV)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        ).returncode
