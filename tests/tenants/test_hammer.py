"""Many threads, two tenants, faults on the way: not one row of the other (T1, bar 3)."""

import random
import threading
import time

import pytest
from django.db import DatabaseError, connection, connections, transaction

from accounts.models import Account
from tenants.backend.base import DatabaseWrapper
from tenants.context import current_schema, tenant_scope
from tests.database import NORTH, SOUTH

THREADS, SECONDS = 8, 2.0


@pytest.fixture(params=["path reported", "path not reported"], autouse=True)
def _server(request, monkeypatch):
    if request.param == "path not reported":
        monkeypatch.setattr(DatabaseWrapper, "_reported_path", lambda self: None)


class Fault(Exception):
    pass


def one_step(dice: random.Random, schema: str) -> list[str]:
    """Enter a tenant, with luck also nested ones, savepoints, errors and lost connections, and read who is there."""
    with tenant_scope(schema):
        if dice.random() < 0.1 and not connection.in_atomic_block:
            connection.ensure_connection()
            connection.connection.close()  # as if the server had gone
            connection.close()
        if dice.random() < 0.3:
            try:
                with transaction.atomic():
                    one_step(dice, SOUTH if schema == NORTH else NORTH)
                    if dice.random() < 0.5:
                        raise Fault
            except Fault:
                pass
        if dice.random() < 0.2:
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("select 1 / 0")
            except DatabaseError:
                pass
        rows = list(Account.objects.values_list("name", "tier"))
        assert current_schema() == schema
        return [f"{schema} was shown {row}" for row in rows if row != (schema, schema)] + ["empty"] * (not rows)


def test_no_thread_ever_sees_a_row_of_the_other_tenant(scratch_database):
    for schema in (NORTH, SOUTH):
        with tenant_scope(schema):
            Account.objects.create(name=schema, tier=schema)
    wrong: list[str] = []
    steps: list[int] = []
    until = time.monotonic() + SECONDS

    def work(seed: int) -> None:
        dice, done = random.Random(seed), 0
        try:
            while time.monotonic() < until:
                wrong.extend(one_step(dice, dice.choice([NORTH, SOUTH])))
                done += 1
                if current_schema() != "no_tenant":
                    wrong.append(f"left in {current_schema()}")
        except Exception as error:
            wrong.append(repr(error))
        finally:
            steps.append(done)
            connections.close_all()

    threads = [threading.Thread(target=work, args=[seed]) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sum(steps) > THREADS
