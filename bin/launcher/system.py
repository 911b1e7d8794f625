"""The machine: room, rights, and the system packages that pip cannot bring."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launcher.state import ROOT, Refusal, make_private, reason, run_dir, say

FIRST_START_BYTES = 2_000_000_000  # the virtual environment takes 1 GB, its download cache as much for a moment
LATER_START_BYTES = 200_000_000


@dataclass(frozen=True)
class Package:
    """A Debian package: what it is for, and how to see that the machine has what it brings, whoever brought it."""

    name: str
    purpose: str
    present: Callable[[], bool]


def _library(name: str) -> Callable[[], bool]:
    def present() -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return present


def _program(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def _any_font() -> bool:
    return any(Path("/usr/share/fonts").rglob("*.[to]tf"))


def can_make_venv() -> bool:
    """Debian's Python comes without `ensurepip`; it is in python3-venv."""
    return (
        subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode
        == 0
    )


TO_INSTALL = [Package("python3-venv", "virtual environments", can_make_venv)]
TO_RUN = [
    Package("libpango-1.0-0", "PDF", _library("libpango-1.0.so.0")),
    Package("libpangoft2-1.0-0", "PDF", _library("libpangoft2-1.0.so.0")),
    Package("libharfbuzz-subset0", "smaller PDF files", _library("libharfbuzz-subset.so.0")),
    Package("fontconfig", "PDF", _program("fc-list")),
    Package("fonts-dejavu-core", "letters in PDF", _any_font),
]
TO_TEST = [
    Package("chromium", "browser tests", _program("chromium")),
    Package("libatomic1", "browser tests", _library("libatomic.so.1")),
]


def check_room() -> None:
    """Refuse before anything is half done: no right to write here, or too little disk."""
    for folder in (ROOT, ROOT / ".venv", run_dir()):
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            raise Refusal(
                f"You may not write in {folder}: start Plumbline as its owner, or clone it into a folder of yours."
            )
    needed = LATER_START_BYTES if (ROOT / ".venv").exists() else FIRST_START_BYTES
    free = shutil.disk_usage(ROOT).free
    if free < needed:
        raise Refusal(
            f"The disk of {ROOT} has {free / 1e6:,.0f} MB free and Plumbline needs {needed / 1e6:,.0f} MB: "
            "free some space and type the command again."
        )


def missing(packages: list[Package]) -> list[Package]:
    return [package for package in packages if not package.present()]


def ensure(packages: list[Package]) -> None:
    """Install what is missing by apt-get, naming it first; refuse with the command to type when that is not allowed."""
    wanted = missing(packages)
    if not wanted:
        return
    names = [package.name for package in wanted]
    purposes = ", ".join(dict.fromkeys(package.purpose for package in wanted))
    by_hand = f"apt-get install --no-install-recommends {' '.join(names)}"
    if shutil.which("apt-get") is None:
        raise Refusal(
            f"Please install what Debian calls {', '.join(names)} (for {purposes}): this machine has no apt-get."
        )
    say(f"Installing system packages for {purposes}: {', '.join(names)}")
    prefix = _as_root(by_hand)
    log = make_private(run_dir() / "logs") / "packages.log"
    install = ["apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", *names]
    if _apt(prefix, install, log) != 0:  # the lists may be old, or there are none yet
        _apt(prefix, ["apt-get", "update"], log)
        if _apt(prefix, install, log) != 0:
            raise Refusal(f"The packages could not be installed ({reason(log)}): try `sudo {by_hand}` by hand.")
    still = [package.name for package in missing(wanted)]
    if still:
        raise Refusal(f"Installed, but still not found: {', '.join(still)} (see {log}).")


def _as_root(by_hand: str) -> list[str]:
    """What to put in front of apt-get. With a terminal sudo may ask for the password, without one it may not."""
    if os.geteuid() == 0:
        return []
    asking = [] if sys.stdin.isatty() else ["-n"]
    if shutil.which("sudo"):
        # -v is refused to users whose rules name commands; `true` is the smallest command there is.
        if subprocess.run(["sudo", *asking, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0:
            return ["sudo", *asking]
        raise Refusal(f"Installing them needs your password: type `sudo {by_hand}`, then this command again.")
    raise Refusal(
        f"Installing them needs root and there is no sudo: as root type `{by_hand}`, then this command again."
    )


def _apt(prefix: list[str], command: list[str], log: Path) -> int:
    with log.open("ab") as output:
        return subprocess.run(
            [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        ).returncode
