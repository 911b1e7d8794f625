"""The product's web server as it runs for people: two gunicorn workers, asked over real sockets."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WARM, ASKED, THREADS, RUSH = 40, 200, 4, 400
# As bin/launcher/supervisor.py starts it.
COMMAND = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--workers", "2", "--worker-class", "gthread"]
COMMAND += ["--threads", "8", "--preload", "--no-control-socket", "--access-logfile", "-", "--log-level", "warning"]


@dataclass(frozen=True)
class Timing:
    """Milliseconds one after the other."""

    p50: float
    p95: float

    @classmethod
    def of(cls, taken: Sequence[float]) -> "Timing":
        return cls(statistics.median(taken), sorted(taken)[int(len(taken) * 0.95)])


class Server:
    def __init__(self, port: int, pid: int, start_seconds: float) -> None:
        self.port, self.start_seconds, self._pid = port, start_seconds, pid

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: str | None = None) -> tuple[int, bytes]:
        return _ask(self.connect(), method, path, headers, body)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def measure(self, paths: Sequence[str], headers: Mapping[str, str], *, asked: int = ASKED) -> Timing:
        """GET the paths in turn over one kept connection, one after the other; every answer must be 200.

        A kept connection stays with one worker, so both are warmed by new connections first.
        """
        for path in islice(cycle(paths), WARM):
            get(self.connect(), path, headers)
        connection = self.connect()
        return Timing.of([get(connection, path, headers) for path in islice(cycle(paths), asked)])

    def visits(self, visits: Sequence[Sequence[str]], headers: Mapping[str, str], *, asked: int) -> Timing:
        """As `measure`, but each visit is a list of paths, and its time is that of all of them after one another."""
        connection = self.connect()
        taken = [sum(get(connection, path, headers) for path in visit) for visit in islice(cycle(visits), asked)]
        return Timing.of(taken)

    def rush(self, paths: Sequence[str], headers: Mapping[str, str]) -> float:
        """Requests per second with four askers at once, who share the machine with the server."""

        def work() -> None:
            connection = self.connect()
            for path in islice(cycle(paths), RUSH // THREADS):
                get(connection, path, headers)

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return RUSH / (time.perf_counter() - started)

    def memory_mb(self) -> float:
        """Of the server's processes together; what they share counts once."""
        own = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        return sum(_proportional_kb(pid) for pid in [str(self._pid), *own]) / 1024


def _proportional_kb(pid: str) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str], body: str | None = None
) -> tuple[int, bytes]:
    connection.request(method, path, body=body, headers=dict(headers))
    answer = connection.getresponse()
    return answer.status, answer.read()


def get(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> float:
    """Milliseconds until the whole answer is here. Raises RuntimeError for any but 200."""
    started = time.perf_counter()
    status, body = _ask(connection, "GET", path, headers)
    if status != 200:
        raise RuntimeError(f"{path} answered {status}: {body[:300]!r}")
    return (time.perf_counter() - started) * 1000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving() -> Iterator[Server]:
    """Start the web server; `start_seconds` is from the command to the first answer."""
    port, started = free_port(), time.perf_counter()
    log = Path(os.environ["PLUMBLINE_RUN_DIR"]) / "web.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*COMMAND, "--bind", f"127.0.0.1:{port}"], cwd=ROOT, env=os.environ | {"DEBUG": "false"}, stdout=output
        )
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - started > 60:
                raise RuntimeError(f"the web server did not start: see {log}")
            time.sleep(0.05)
        yield Server(port, process.pid, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    probe = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        return _ask(probe, "GET", "/healthz/", {"Host": "localhost"})[0] == 200
    except OSError:
        return False
