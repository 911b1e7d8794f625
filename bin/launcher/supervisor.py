"""Web, worker and beat under one supervisor: started together, restarted when they crash, stopped together."""

import contextlib
import ctypes
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from launcher import process, product, venv
from launcher.state import ROOT, Refusal, make_private, reason, run_dir, say

LOG_BYTES = 20_000_000  # a log larger than this is set aside at the next start
STOP_SECONDS = 15.0  # for the request or the task in hand; what is cut short is queued again
READY_SECONDS = 90.0
STEADY_SECONDS = 60.0  # up this long, a child's earlier crashes are forgotten
LONGEST_PAUSE = 30.0  # seconds between two attempts
GIVE_UP_AFTER = 3  # crashes of the web process before the first page answered
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def commands(host: str, port: int) -> dict[str, list[str | Path]]:
    """What runs: the name of each process and its command line."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    debug = product.environment()["DEBUG"].lower() in {"true", "1"}
    web = [
        *("--bind", address, "--workers", os.environ.get("WEB_WORKERS", "2")),
        *("--worker-class", "gthread", "--threads", "8", "--timeout", "120", "--graceful-timeout", "10"),
        *("--no-control-socket", "--access-logfile", "-", "--reload" if debug else "--preload"),
    ]
    quiet = ["--loglevel", os.environ.get("LOG_LEVEL", "INFO")]
    return {
        "web": [venv.PYTHON, "-m", "gunicorn", "config.wsgi:application", *web],
        "worker": [
            *(venv.PYTHON, "-m", "celery", "-A", "config", "worker", "--pool", "prefork", "--concurrency", "2"),
            *("--without-gossip", "--without-mingle", *quiet),
        ],
        "beat": [venv.PYTHON, "-m", "celery", "-A", "config", "beat", "--pidfile=", *quiet],
    }


@dataclass
class Child:
    """One supervised process. Times are seconds of the monotonic clock."""

    name: str
    command: list[str | Path]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    crashes: int = 0

    @property
    def log(self) -> Path:
        return run_dir() / "logs" / f"{self.name}.log"

    def start(self) -> None:
        make_private(self.log.parent)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=product.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches us alone; we tell the children
                preexec_fn=_die_with_parent if LIBC else None,
            )
        self.started = time.monotonic()

    def crashed(self) -> None:
        """Note the crash and when to try again: after 1, 2, 4 ... 30 seconds."""
        if time.monotonic() - self.started > STEADY_SECONDS:
            self.crashes = 0
        pause = min(2.0**self.crashes, LONGEST_PAUSE)
        self.crashes += 1
        self.due = time.monotonic() + pause
        code = self.process.returncode if self.process else None
        say(f"{self.name} ended (exit code {code}); starting it again in {pause:.0f} s, see {self.log}")
        if self.process:
            kill_group(self.process.pid)
        self.process = None


@dataclass
class Supervisor:
    """Keeps the children alive until told to stop. `changed` is called with their process numbers."""

    children: list[Child]
    changed: Callable[[dict[str, int]], None]
    hurried: bool = field(default=False)

    def tick(self) -> None:
        """Start what is due and notice what crashed."""
        moved = False
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                child.crashed()
                moved = True
            if child.process is None and time.monotonic() >= child.due:
                child.start()
                moved = True
        if moved:
            self.changed(self.pids())

    def pids(self) -> dict[str, int]:
        return {child.name: child.process.pid for child in self.children if child.process is not None}

    def wait_ready(self, port: int) -> None:
        """Tick until the first page answers; refuses when the web process keeps crashing or time runs out."""
        web = next(child for child in self.children if child.name == "web")
        deadline = time.monotonic() + READY_SECONDS
        while not healthy(port):
            self.tick()
            if web.crashes >= GIVE_UP_AFTER:
                raise Refusal(f"The web process does not start ({reason(web.log)}): see {web.log}.")
            if time.monotonic() > deadline:
                raise Refusal(f"The first page did not answer within {READY_SECONDS:.0f} seconds: see {web.log}.")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ask all to end, wait for what they have in hand, then make them."""
        pids = list(self.pids().values())
        for pid in pids:
            process.signal_quietly(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and not self.hurried and process.wait_gone(pids, 0.1):
            pass
        for pid in pids:
            kill_group(pid)
        process.wait_gone(pids, 5)
        self.changed({})


def kill_group(leader: int) -> None:
    """End whatever is left of a child's process group: each child leads one of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def healthy(port: int) -> bool:
    """Whether the product answers on its health address, asked as a visitor of `localhost`."""
    host = os.environ.get("HOST") or "127.0.0.1"
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared, not bound)
    connection = http.client.HTTPConnection(target, port, timeout=5)
    try:
        connection.request("GET", "/healthz/", headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _die_with_parent() -> None:
    """Runs in the child: when we are killed without a chance to stop it, the kernel ends it."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
