"""What the probes share: a look into a tenant, work in threads."""

import threading
from collections.abc import Callable

from django.db import connections

from accounts.models import Account
from tenants.context import tenant_scope
from tests.database import NORTH, SOUTH

SAME_ID = "01900000-0000-7000-8000-000000000001"


def names(schema: str) -> list[str]:
    with tenant_scope(schema):
        return list(Account.objects.values_list("name", flat=True))


def in_two_threads(work: Callable[[str, threading.Barrier], object]) -> dict[str, object]:
    """Run `work(schema, barrier)` for north and south at the same time; their results by schema."""
    meet, results = threading.Barrier(2, timeout=10), {}

    def run(schema: str) -> None:
        try:
            results[schema] = work(schema, meet)
        except Exception as error:
            results[schema] = error
            meet.abort()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[schema]) for schema in (NORTH, SOUTH)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def in_a_thread(work: Callable[[], object]) -> object:
    result: list[object] = []

    def run() -> None:
        try:
            result.append(work())
        except Exception as error:
            result.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[0]
