"""What a run started from and what it came to: known at that moment, with its evidence, whatever came later."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied

from core.actor import Actor
from core.errors import Conflict, DomainError
from kpis.models import HealthScore, Kpi, KpiValue
from playbooks.models import Measurement, Run, RunResult, Step
from playbooks.operations import complete_step, reopen_step, start_run, stop_run
from playbooks.operations.measuring import NotEnded, measure_run, measure_what_is_due, set_result
from playbooks.tasks import measure_start
from tests.playbooks.conftest import AT, entries, give_health, give_value, playbook
from tests.world import World

ENGINE = Actor.system("playbooks")


@pytest.fixture
def nps(library: World) -> World:
    Kpi.objects.create(number=8, code="relationship_nps", name="NPS", category="relationship", unit="points", weight=3)
    return library


def started(world: World, *, at: datetime = AT, code: str = "voc-sprint") -> Run:
    return start_run(account_id=world.account.pk, playbook_id=playbook(code).pk, by=world.alice.as_actor(), at=at)


def measured(run: Run, moment: str = "start") -> dict[str, Decimal | None]:
    return dict(Measurement.objects.filter(run=run, moment=moment).values_list("metric", "value"))


def test_the_start_of_a_run_is_measured_by_itself(nps: World, django_capture_on_commit_callbacks: Any) -> None:
    health = give_health(nps.account, 4210, at=AT - timedelta(hours=1))
    value = give_value(nps.account, "relationship_nps", "12", 10)
    KpiValue.objects.update(recorded_at=AT - timedelta(days=9))

    with time_machine.travel(AT, tick=False), django_capture_on_commit_callbacks(execute=True):
        run = started(nps)

    of_health = Measurement.objects.get(run=run, metric="health")
    assert (of_health.value, of_health.unit, of_health.of) == (Decimal("42.10"), "points", AT.date())
    assert of_health.score_id == health.latest_id
    of_nps = Measurement.objects.get(run=run, metric="relationship_nps")
    assert (of_nps.value, of_nps.unit, of_nps.value_id, of_nps.at) == (12, "points", value.pk, AT)
    assert entries("playbooks.run_measured") == [
        {"account_id": str(nps.account.pk), "run_id": str(run.pk), "playbook": "voc-sprint", "moment": "start",
         "known": 2, "unknown": 0}
    ]  # fmt: skip


def test_a_baseline_that_is_taken_late_is_what_was_known_at_the_start(nps: World) -> None:
    give_health(nps.account, 4210, at=AT - timedelta(hours=1))
    old = give_value(nps.account, "relationship_nps", "12", 10)
    run = started(nps)
    give_health(nps.account, 9000, at=AT + timedelta(days=2))
    KpiValue.objects.filter(pk=old.pk).update(recorded_at=AT - timedelta(days=3), superseded_at=AT + timedelta(days=1))
    KpiValue.objects.create(
        account=nps.account, kpi=old.kpi, period=old.period, value=99, recorded_at=AT + timedelta(days=1), origin="edit"
    )

    assert measure_what_is_due(by=ENGINE, at=AT + timedelta(days=5)) == 1

    assert measured(run) == {"health": Decimal("42.10"), "relationship_nps": 12}


def test_what_is_unknown_is_stored_as_unknown(nps: World) -> None:
    run = started(nps)

    measure_run(run_id=run.pk, moment="start", by=ENGINE, at=AT)

    assert measured(run) == {"health": None, "relationship_nps": None}
    assert entries("playbooks.run_measured")[0]["unknown"] == 2


def test_a_second_delivery_measures_nothing_twice(nps: World) -> None:
    run = started(nps)
    event = {"run_id": str(run.pk)}

    measure_start(events=[event, event])
    measure_start(events=[event])

    assert Measurement.objects.filter(run=run).count() == 2
    assert len(entries("playbooks.run_measured")) == 1


def test_after_the_end_it_is_measured_at_30_60_and_90_days_and_not_before(nps: World) -> None:
    give_health(nps.account, 4000, at=AT - timedelta(days=1))
    run = started(nps)
    ended = AT + timedelta(days=10)
    stop_run(run_id=run.pk, outcome="Enough.", by=nps.alice.as_actor(), at=ended)
    for day, hundredths in ((20, 5000), (65, 6000), (95, 7000)):
        HealthScore.objects.filter(superseded_at=None).update(superseded_at=ended + timedelta(days=day))
        give_health(nps.account, hundredths, at=ended + timedelta(days=day))

    def due(days: float) -> int:
        return measure_what_is_due(by=ENGINE, at=ended + timedelta(days=days))

    assert [due(29.9), due(30), due(30), due(200)] == [2, 1, 0, 2]
    found = {moment: measured(run, moment)["health"] for moment in ("start", "end", "30", "60", "90")}
    assert found == {"start": 40, "end": 40, "30": 50, "60": 50, "90": 60}


def test_a_run_that_goes_on_has_no_end(nps: World) -> None:
    run, alice = started(nps), nps.alice.as_actor()
    for _ in range(20):
        step = Step.objects.filter(run=run, state="open").first()
        if step is None:
            break
        complete_step(step_id=step.pk, expected_version=step.version, by=alice, at=AT)
    measure_what_is_due(by=ENGINE, at=AT + timedelta(days=31))
    set_result(run_id=run.pk, code="success", reason="NPS is back.", expected_version=0, by=alice, at=AT)

    from playbooks.operations.measuring import forget_the_end

    forget_the_end(run_id=run.pk, by=ENGINE)
    assert set(Measurement.objects.values_list("moment", flat=True)) == {"start", "end", "30"}
    last = Step.objects.filter(run=run).order_by("-position").first()
    reopen_step(step_id=last.pk, by=alice, at=AT)
    forget_the_end(run_id=run.pk, by=ENGINE)

    assert set(Measurement.objects.values_list("moment", flat=True)) == {"start"}
    assert not RunResult.objects.exists()


def test_what_came_of_a_run_is_recorded_with_its_reason(nps: World) -> None:
    run, alice = started(nps), nps.alice.as_actor()
    stop_run(run_id=run.pk, outcome="Wrong account.", by=alice, at=AT)

    made = set_result(
        run_id=run.pk, code="invalid_trigger", reason=" The survey was a test. ", expected_version=0, by=alice, at=AT
    )

    assert (made.code, made.reason, made.version) == ("invalid_trigger", "The survey was a test.", 1)
    assert entries("playbooks.run_result_set")[0]["code"] == "invalid_trigger"


def test_two_who_decide_at_once_get_a_choice(nps: World) -> None:
    run, alice = started(nps), nps.alice.as_actor()
    stop_run(run_id=run.pk, outcome="Done.", by=alice, at=AT)
    set_result(run_id=run.pk, code="success", reason="Better.", expected_version=0, by=alice, at=AT)

    with pytest.raises(Conflict, match="has changed the result"):
        set_result(run_id=run.pk, code="lost", reason="Left.", expected_version=0, by=nps.mona.as_actor(), at=AT)

    assert RunResult.objects.get().code == "success"


@pytest.mark.parametrize(
    ("fields", "field"), [({"code": "great"}, "code"), ({"reason": "  "}, "reason")], ids=["no code", "no reason"]
)
def test_a_result_needs_a_code_and_a_reason(nps: World, fields: dict[str, str], field: str) -> None:
    run, alice = started(nps), nps.alice.as_actor()
    stop_run(run_id=run.pk, outcome="Done.", by=alice, at=AT)

    with pytest.raises(DomainError) as refused:
        set_result(run_id=run.pk, expected_version=0, by=alice, at=AT, **{"code": "lost", "reason": "x", **fields})

    assert refused.value.field == field
    assert not RunResult.objects.exists()


def test_a_run_at_work_has_no_result_and_not_everybody_may_say_it(nps: World) -> None:
    run, given = started(nps), {"code": "lost", "reason": "Left.", "expected_version": 0, "at": AT}

    with pytest.raises(NotEnded):
        set_result(run_id=run.pk, by=nps.alice.as_actor(), **given)
    stop_run(run_id=run.pk, outcome="Done.", by=nps.alice.as_actor(), at=AT)
    with pytest.raises(PermissionDenied):
        set_result(run_id=run.pk, by=nps.vic.as_actor(), **given)
    with pytest.raises(Run.DoesNotExist):
        set_result(run_id=run.pk, by=nps.bob.as_actor(), **given)

    assert not RunResult.objects.exists()
