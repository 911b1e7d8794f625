"""The web address: which port, whether it is free, and who sits on it."""

import contextlib
import os
import socket
from pathlib import Path

from launcher import process
from launcher.state import Refusal


def chosen() -> int:
    """The port to serve on: PORT, else 8000."""
    text = os.environ.get("PORT") or "8000"
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Refusal(f"PORT must be a number from 1 to 65535, not {text!r}: for example `make run PORT=8001`.")
    return int(text)


def interface() -> str:
    """The address to listen on: HOST, else this machine alone."""
    return os.environ.get("HOST") or "127.0.0.1"


def check_free(host: str, port: int) -> None:
    """Refuse when we could not listen on host:port, or when `localhost` would lead a browser to another program."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise Refusal(f"Ports below 1024 are for root, {port} too: type `make run PORT=8000`.") from error
        except OSError as error:
            if error.errno not in {98, 48}:  # EADDRINUSE on Linux, on macOS
                raise Refusal(
                    f"Cannot listen on {host} ({error.strerror}): set HOST to an address of this machine."
                ) from error
            raise Refusal(busy(port)) from error
    if _answers("::1", port):
        raise Refusal(busy(port))


def busy(port: int) -> str:
    """The sentence for a port in use, with the program on it when we may see it."""
    owner = _listener(port)
    who = f"{Path(process.command(owner).split()[0]).name} (process {owner})" if owner else "another program"
    other = port + 1 if port < 65535 else port - 1
    return f"Port {port} is already used by {who}: stop it, or type `make run PORT={other}`."


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def _listener(port: int) -> int | None:
    """The process that listens on the port, found through /proc; None when it is another user's."""
    inodes = {inode for name in ("tcp", "tcp6") for inode in _listening_inodes(Path("/proc/net") / name, port)}
    for entry in process.PROC.iterdir() if inodes else ():
        if entry.name.isdigit() and process.command(int(entry.name)) and inodes & _socket_inodes(entry):
            return int(entry.name)
    return None


def _listening_inodes(table: Path, port: int) -> set[str]:
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return set()
    return {row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port}


def _socket_inodes(entry: Path) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):  # another user's process, or gone meanwhile
        for link in (entry / "fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                found.add(str(link.readlink()))
    return {target[8:-1] for target in found if target.startswith("socket:[")}
