import pytest
from celery import current_app, shared_task
from django.db import connection, transaction

from tenants.context import NoTenant, current_schema, public_scope, tenant_scope
from tenants.models import RefusedTask, ScheduledRun, Tenant
from tenants.queries import forget_tenants, tenant_of_schema
from tenants.schedule import slot_of, start_everywhere
from tenants.tasks import for_each
from tests.database import NORTH, OPERATOR, SOUTH

seen: list[str] = []


@shared_task(name="tests.look")
def look(**_: object) -> None:
    seen.append(current_schema())


@shared_task(name="tests.look_at_public", public=True)
def look_at_public(**_: object) -> None:
    seen.append(current_schema())


@shared_task(name="tests.look_twice", bind=True, max_retries=1)
def look_twice(self, **_: object) -> None:
    seen.append(current_schema())
    if self.request.retries == 0:
        raise self.retry(countdown=0)


@pytest.fixture(autouse=True)
def _nothing_seen():
    seen.clear()


def test_a_task_runs_where_it_was_started(db):
    with tenant_scope(NORTH):
        look.delay()
    with tenant_scope(SOUTH):
        look.apply_async()
        assert current_schema() == SOUTH
    assert seen == [NORTH, SOUTH]
    assert current_schema() == "no_tenant"


@pytest.fixture
def _retries_are_run():
    current_app.conf.task_eager_propagates = False
    yield
    current_app.conf.task_eager_propagates = True


@pytest.mark.usefixtures("_retries_are_run")
def test_a_retry_stays_in_its_tenant(db):
    with tenant_scope(NORTH):
        look_twice.delay()
    assert seen == [NORTH, NORTH]


def test_the_next_task_of_a_chain_stays_in_its_tenant(db):
    with tenant_scope(NORTH):
        (look.si() | look.si()).delay()
    assert seen == [NORTH, NORTH]


def test_a_task_that_fails_leaves_its_tenant(db):
    @shared_task(name="tests.fail")
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    with tenant_scope(SOUTH):
        with pytest.raises(ZeroDivisionError):
            fail.delay()
        assert current_schema() == SOUTH


def test_a_task_started_after_commit_runs_where_the_change_was(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), tenant_scope(NORTH):
        transaction.on_commit(look.delay)
    assert seen == [NORTH]


@pytest.mark.parametrize("place", ["no_tenant", "public"])
def test_a_task_of_a_tenant_cannot_be_started_outside_of_one(db, place):
    with tenant_scope(place), pytest.raises(NoTenant):
        look.delay()
    assert seen == []


def test_a_task_of_public_runs_in_public_wherever_it_was_started(db):
    with tenant_scope(NORTH):
        look_at_public.delay()
    assert seen == ["public"]


def test_called_as_a_function_it_stays_where_the_caller_is(db):
    with tenant_scope(SOUTH):
        look()
    assert seen == [SOUTH]


def _refused() -> list[tuple[str, str, str]]:
    with public_scope():
        return list(RefusedTask.objects.values_list("task", "schema_name", "reason"))


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (None, "no tenant named"),
        ({"tenant_schema": "public"}, "no such tenant"),
        ({"tenant_schema": "t_gone000000"}, "no such tenant"),
        ({"tenant_schema": ["t_north0000"]}, "no tenant named"),
    ],
)
def test_a_message_without_a_living_tenant_is_refused_for_good(db, headers, reason):
    result = look.apply(headers=headers)
    assert seen == []
    assert result.state == "REJECTED"
    assert [row[2] for row in _refused()] == [reason]


@pytest.mark.parametrize("state", ["suspended", "quarantined", "provisioning", "deleted"])
def test_a_message_of_a_tenant_that_is_not_served_is_refused(db, state):
    with public_scope():
        Tenant.objects.filter(schema_name=SOUTH).update(state=state)
    forget_tenants()
    with tenant_scope(SOUTH):
        look.delay()
    assert seen == []
    ((task, schema, reason),) = _refused()
    assert (task, schema) == ("tests.look", SOUTH)
    assert reason == ("no such tenant" if state == "deleted" else f"tenant is {state}")


def test_a_tenant_that_was_made_or_resumed_a_moment_ago_is_served_at_once(db):
    """What a worker remembers of the tenants is a few seconds old."""
    with public_scope():
        Tenant.objects.filter(schema_name=SOUTH).update(state="suspended")
    assert not tenant_of_schema(SOUTH).ready
    with public_scope():
        Tenant.objects.filter(schema_name=SOUTH).update(state="active")
    with tenant_scope(SOUTH):
        look.delay()
    assert seen == [SOUTH]


def test_for_each_starts_the_task_once_in_every_active_tenant_and_slot(db):
    for_each.delay(task="tests.look", slot="2026-11-20T12:00:00")
    for_each.delay(task="tests.look", slot="2026-11-20T12:00:00")
    assert sorted(seen) == sorted([NORTH, SOUTH, OPERATOR])
    for_each.delay(task="tests.look", slot="2026-11-20T12:01:00")
    assert len(seen) == 6


def test_for_each_skips_who_is_suspended(db):
    with public_scope():
        Tenant.objects.filter(schema_name=SOUTH).update(state="suspended")
    for_each.delay(task="tests.look", slot="a")
    assert sorted(seen) == sorted([NORTH, OPERATOR])


def test_for_each_goes_on_after_the_last_batch_that_was_committed(db, monkeypatch):
    monkeypatch.setattr("tenants.schedule.BATCH", 1)
    with public_scope():
        start_everywhere(look, "slot")
        order = list(seen)
        seen.clear()
        run = ScheduledRun.objects.get()
        assert (run.started, run.finished_at is not None) == (3, True)
        # as if the worker had been killed after its first batch
        from tenants.schedule import _place

        ScheduledRun.objects.update(cursor=_place("slot", order[0]), started=1, finished_at=None)
        start_everywhere(look, "slot")
    assert seen == order[1:]


def test_for_each_refuses_a_task_of_public(db):
    with pytest.raises(ValueError, match="task of public"):
        for_each.delay(task="tests.look_at_public", slot="a")


def test_slots_are_named_by_their_start():
    from datetime import UTC, datetime

    at = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)
    assert slot_of(at, 60) == "2026-11-20T12:34:00"
    assert slot_of(at, 3600) == "2026-11-20T12:00:00"


def test_every_task_of_ours_has_our_base_and_is_late_acknowledged():
    from tenants.task_base import TenantTask

    current_app.loader.import_default_modules()
    ours = [task for name, task in current_app.tasks.items() if not name.startswith(("celery.", "tests."))]
    assert {"tenants.for_each", "tenants.prune"} <= {task.name for task in ours}
    assert all(isinstance(task, TenantTask) and task.acks_late and task.reject_on_worker_lost for task in ours)
    assert connection.schema_name == "no_tenant"
