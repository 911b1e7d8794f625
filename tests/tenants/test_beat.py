"""Beat: its schedule is in public, only one of several works, and tasks start once per tenant and slot (T16)."""

import time

import psycopg
import pytest
from celery import current_app, shared_task
from celery.schedules import schedule
from django.db import connection
from django_celery_beat.models import PeriodicTask

from tenants import beat
from tenants.context import current_schema, public_scope
from tenants.tasks import for_each
from tests.database import NORTH, OPERATOR, SOUTH

seen: list[str] = []


@shared_task(name="tests.tick")
def tick(**_: object) -> None:
    seen.append(current_schema())


@pytest.fixture
def app(scratch_database):
    """Celery with one entry that is due every second; a slot is a day, so that all of it lies in one."""
    seen.clear()
    app = current_app._get_current_object()
    app.conf.beat_schedule = {
        "tick": {
            "task": for_each.name,
            "schedule": schedule(1),
            "kwargs": {"task": "tests.tick", "every": 86_400},
        }
    }
    yield app
    app.conf.beat_schedule = {}


def start_beat(app) -> beat.Scheduler:
    scheduler = beat.Scheduler(app=app)
    scheduler._finalize.cancel()  # it would write to the test's database when the whole run is over
    return scheduler


def tick_for(scheduler: beat.Scheduler, seconds: float) -> None:
    """Let beat do its rounds as its process does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        scheduler.tick()
        time.sleep(0.1)


def test_one_beat_starts_the_task_in_every_tenant_once_per_slot(app):
    scheduler = start_beat(app)
    assert current_schema() == "no_tenant"
    tick_for(scheduler, 3.2)
    scheduler.sync()
    assert sorted(seen) == sorted([NORTH, SOUTH, OPERATOR])
    assert current_schema() == "no_tenant"


def test_nothing_but_our_entries_is_scheduled(app):
    start_beat(app)
    with public_scope():
        assert list(PeriodicTask.objects.values_list("task", flat=True)) == ["tenants.for_each"]


def test_a_second_beat_stands_by_until_the_first_is_gone(app):
    db = connection.settings_dict
    with psycopg.connect(host=db["HOST"], port=db["PORT"] or None, user=db["USER"], dbname=db["NAME"]) as first:
        first.execute("select pg_advisory_lock(%s)", [beat._LOCK])
        second = start_beat(app)
        time.sleep(1.1)
        assert [second.tick(), second.tick()] == [5.0, 5.0]
        assert seen == []
    tick_for(second, 2.2)
    assert len(seen) == 3


def test_a_beat_whose_connection_was_lost_asks_for_the_lock_again(app):
    scheduler = start_beat(app)
    scheduler.tick()
    held = scheduler._held_by
    connection.close()
    scheduler.tick()
    assert scheduler._held_by not in (None, held)
