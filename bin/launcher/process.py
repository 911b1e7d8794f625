"""Processes by number, safely: a number alone may be a stranger by now, so it goes with its start time."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def start_time(pid: int) -> int | None:
    """Clock ticks after boot at which the process started; None when it is gone or a zombie."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def alive(pid: int) -> bool:
    return start_time(pid) is not None


def command(pid: int) -> str:
    """The command line of a process; empty when it is gone or not ours to see."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def working_in(folder: Path) -> list[int]:
    """Processes whose working directory is `folder`: all of PostgreSQL's sit in their data directory."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and works_in(int(entry.name), folder):
            found.append(int(entry.name))
    return found


def works_in(pid: int, folder: Path) -> bool:
    """Whether the process is alive and has `folder` as its working directory."""
    try:
        return alive(pid) and (PROC / str(pid) / "cwd").readlink() == folder
    except OSError:
        return False


def signal_quietly(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def reap(pid: int) -> None:
    """Take a finished child of ours off the process table; others' children are left to them."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def wait_gone(pids: Iterable[int], seconds: float) -> list[int]:
    """Wait until the processes have ended; returns those still there after `seconds`."""
    left = list(pids)
    deadline = time.monotonic() + seconds
    while left:
        for pid in left:
            reap(pid)
        left = [pid for pid in left if alive(pid)]
        if not left or time.monotonic() >= deadline:
            break
        time.sleep(0.02)
    return left


def stop(pids: Iterable[int], seconds: float, first: signal.Signals = signal.SIGTERM) -> None:
    """Ask the processes to end, and after `seconds` make them."""
    pids = list(pids)
    for pid in pids:
        signal_quietly(pid, first)
    stubborn = wait_gone(pids, seconds)
    for pid in stubborn:
        signal_quietly(pid, signal.SIGKILL)
    wait_gone(stubborn, 5)
