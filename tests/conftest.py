"""A cloned database per worker, a rolled-back transaction per test, and the cast."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Browser, sync_playwright

from tests import database
from tests.world import World

CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
CHROMIUM += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


def pytest_configure() -> None:
    # The browser driver leaves an event loop in the thread; our tests are synchronous all the same.
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    os.environ.setdefault("PLUMBLINE_TEST_RUN", str(os.getpid()))  # the workers of xdist inherit it
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # whitenoise warns when it is missing
    if not database.reachable():
        database.start_servers()


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any, worker_id: str) -> Iterator[None]:
    name = database.unique_name(worker_id)
    with django_db_blocker.unblock():
        opened = database.database(name)
        opened.__enter__()
    yield
    with django_db_blocker.unblock():
        opened.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _nobodys_process() -> Iterator[None]:
    """No test starts in, or with the memory of, another test's tenant."""
    connection.set_no_tenant()
    database.forget_everything()
    yield
    connection.set_no_tenant()
    database.forget_everything()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser of this worker; its driver may be started only once in a thread."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield opened
        opened.close()


@pytest.fixture
def world(db: None) -> World:
    """Alice owns the account, Bob is a colleague who does not see it, Charlie works for another tenant.

    The test goes on in Alice's tenant (north).
    """
    return World()


@pytest.fixture
def scratch_database(django_db_setup: None, django_db_blocker: Any, worker_id: str) -> Iterator[None]:
    """A database of the test's own, for threads, commits and schemas that must really be there (0.2 s)."""
    with django_db_blocker.unblock(), database.database(f"{database.unique_name(worker_id)}_scratch"):
        yield
        connection.close()


class QueryCount:
    """Filled when the block is left: `number` of queries and their `sql`."""

    number = 0
    sql: tuple[str, ...] = ()


@pytest.fixture
def query_count() -> Callable[[], AbstractContextManager[QueryCount]]:
    """`with query_count() as queries: ...` then `assert queries.number == 4`; setting the tenant is not counted."""

    @contextmanager
    def counting() -> Iterator[QueryCount]:
        counted = QueryCount()
        with CaptureQueriesContext(connection) as captured:
            yield counted
        counted.number = len(captured)
        counted.sql = tuple(query["sql"] for query in captured.captured_queries)

    return counting
