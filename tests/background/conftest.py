"""A private broker, a database of its own, a worker of two processes and a beat, all of them real and killable."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection
from django.test import override_settings
from redis import Redis

from tests import database
from tests.world import World

ROOT = database.ROOT


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """The first true answer of `condition`; fails with `what` when there is none in time."""
    until = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < until, f"not in {seconds:g} s: {what}"
        time.sleep(0.02)
    return answer


class Broker:
    """A Valkey of this module's own, on a socket that stays where it is over restarts."""

    def __init__(self, folder: Path) -> None:
        self.socket, self.process = folder / "broker.sock", None
        self.folder = folder

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [_server(), "--port", "0", "--unixsocket", self.socket, "--save", "", "--dir", self.folder],
            stdout=subprocess.DEVNULL,
        )
        wait_for(self._answers, "the broker starts", 10)

    def _answers(self) -> bool:
        with contextlib.suppress(Exception), Redis.from_url(self.url) as client:
            return bool(client.ping())
        return False

    def signal(self, number: int) -> None:
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait(10)
            self.socket.unlink(missing_ok=True)


def _server() -> Path:
    """The binary that `make run` starts, found as the launcher finds it."""
    sys.path.insert(0, str(ROOT / "bin"))
    try:
        from launcher.valkey import find_binary

        return find_binary()
    finally:
        sys.path.remove(str(ROOT / "bin"))


class Celery:
    """A worker or a beat as a process group of its own."""

    def __init__(self, folder: Path, environment: dict[str, str], *command: str) -> None:
        self.log = folder / f"{command[0]}.log"
        self._environment, self._command = environment, command
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "tests.background.worker", *self._command],
                cwd=ROOT,
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def says(self, words: str) -> bool:
        """Whether its log has these words by now; fails with the log's end when the process has ended."""
        log = self.log.read_text()
        assert self.process.poll() is None, log[-2000:]
        return words in log

    @property
    def children(self) -> list[int]:
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in task.read_text().split()]

    def kill_children(self) -> None:
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)

    def kill(self) -> None:
        """Everything of it at once, as a lost machine; does nothing when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


class Product:
    """The product at work: `world` with its people, and the processes behind the pages."""

    def __init__(self, broker: Broker, worker: Celery, beat: Celery) -> None:
        self.broker, self.worker, self.beat = broker, worker, beat
        self.world = World()


def _environment(broker: Broker, folder: Path) -> dict[str, str]:
    db = settings.DATABASES["default"]
    where = "&".join(f"{name}={value}" for name, value in (("host", db["HOST"]), ("port", db["PORT"])) if value)
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.background.settings",
        "DATABASE_URL": f"postgresql://{db['USER']}:{db['PASSWORD']}@/{db['NAME']}?{where}",
        "REDIS_URL": broker.url,
        "KEEP_DATABASE_URL": "1",
        "KEEP_REDIS_URL": "1",
        "PLUMBLINE_BACKGROUND": str(folder),
    }


@contextlib.contextmanager
def _sending_to(broker: Broker) -> Iterator[None]:
    """Let this process queue its tasks as a web process does, instead of running them."""
    app = current_app._get_current_object()
    before = (app.conf.task_always_eager, app.conf.broker_url)
    app.conf.task_always_eager = False
    app.conf.broker_url = broker.url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    app._pool = app.amqp._producer_pool = None
    try:
        yield
    finally:
        app.conf.task_always_eager, app.conf.broker_url = before
        app._pool = app.amqp._producer_pool = None
        app._away_until = 0.0


@pytest.fixture(scope="module")
def running(
    django_db_setup: None, django_db_blocker: Any, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("bg")
    with contextlib.ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(database.database(f"{database.unique_name(worker_id)}_background"))
        stack.callback(connection.close)
        stack.enter_context(override_settings(MEDIA_ROOT=folder / "media"))
        broker = Broker(folder)
        broker.start()
        stack.callback(broker.signal, signal.SIGKILL)
        stack.enter_context(_sending_to(broker))
        environment = _environment(broker, folder)
        quiet = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
        worker = Celery(folder, environment, "worker", "--pool", "prefork", "--concurrency", "2", *quiet)
        beat = Celery(folder, environment, "beat", "--pidfile=", "--loglevel", "INFO")
        for process in (worker, beat):
            process.start()
            stack.callback(process.kill)
        wait_for(lambda: worker.says(" ready."), "the worker is ready", 60)
        wait_for(lambda: beat.says("beat: Starting"), "beat is ready", 60)
        yield Product(broker, worker, beat)


@pytest.fixture
def product(running: Product) -> Product:
    """The processes, with this test in Alice's tenant."""
    running.world.enter("north")
    return running
