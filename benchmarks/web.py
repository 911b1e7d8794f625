"""The product's web server as it runs for people: two gunicorn workers, asked over real sockets."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WARM, ASKED, THREADS, RUSH = 20, 200, 8, 400


@dataclass(frozen=True)
class Timing:
    """Milliseconds one after the other, and requests per second with eight askers at once."""

    p50: float
    p95: float
    per_second: float


class Server:
    def __init__(self, port: int, start_seconds: float) -> None:
        self.port, self.start_seconds = port, start_seconds

    def ask(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> tuple[int, bytes]:
        return _ask(self._connect(), method, path, headers, body)

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def measure(self, path: str, headers: dict[str, str], *, asked: int = ASKED) -> Timing:
        """GET `path` again and again over kept connections; every answer must be 200."""
        connection = self._connect()
        for _ in range(WARM):
            _ok(connection, path, headers)
        taken = sorted(_ok(connection, path, headers) for _ in range(asked))
        return Timing(statistics.median(taken), taken[int(len(taken) * 0.95)], self._rush(path, headers))

    def _rush(self, path: str, headers: dict[str, str]) -> float:
        def work() -> None:
            connection = self._connect()
            for _ in range(RUSH // THREADS):
                _ok(connection, path, headers)

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return RUSH / (time.perf_counter() - started)


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: str | None = None
) -> tuple[int, bytes]:
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def _ok(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> float:
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
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "2", "--worker-class", "gthread", "--threads", "8", "--log-level", "warning"]
    started = time.perf_counter()
    process = subprocess.Popen([*command, "--keep-alive", "75"], cwd=ROOT, env=os.environ | {"DEBUG": "false"})
    try:
        while True:
            try:
                status, _ = _ask(
                    http.client.HTTPConnection("127.0.0.1", port, timeout=2), "GET", "/healthz/", {"Host": "localhost"}
                )
                if status == 200:
                    break
            except OSError:
                pass
            if process.poll() is not None or time.perf_counter() - started > 60:
                raise RuntimeError("the web server did not start")
            time.sleep(0.05)
        yield Server(port, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(30)
