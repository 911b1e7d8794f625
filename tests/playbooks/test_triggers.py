"""What starts a playbook by itself: crossings, falls, renewals and single KPIs; each occasion once, then quiet."""

from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from uuid6 import uuid7

from accounts.models import Account
from accounts.operations import archive_account
from core.errors import DomainError
from kpis.models import AccountHealth, Kpi
from playbooks import tasks
from playbooks.models import Playbook, Run, Step, Trigger
from playbooks.operations import (
    evaluate_account,
    evaluate_triggers,
    install_library,
    set_trigger,
    start_run,
    stop_run,
)
from tenants.context import tenant_scope
from tests.database import NORTH
from tests.playbooks.conftest import AT, ENGINE, entries, give_health, give_value, only, playbook, trigger
from tests.world import World


def evaluate(account: Account, old: int | None, new: int | None, *, days: int = 0) -> list[Run]:
    score = give_health(account, new, at=AT + timedelta(days=days)).latest
    return evaluate_triggers(
        account_id=account.pk, score_id=score.pk, old=old, new=new, by=ENGINE, at=AT + timedelta(days=days)
    )


@pytest.mark.parametrize(
    ("old", "new", "starts"),
    [
        (5000, 4999, True),
        (8000, 100, True),
        (5000, 5000, False),
        (4999, 4000, False),
        (4000, 6000, False),
        (None, 4000, False),
        (6000, None, False),
        (None, None, False),
    ],
)
def test_health_below_is_a_crossing(library: World, old: int | None, new: int | None, starts: bool) -> None:
    only("health_below", threshold=Decimal(50))
    assert bool(evaluate(library.account, old, new)) is starts
    assert Run.objects.count() == starts
    assert len(entries("playbooks.run_started")) == starts


def test_a_run_carries_the_measured_reason_and_its_steps(library: World) -> None:
    rule = only("health_below", threshold=Decimal(50))
    (run,) = evaluate(library.account, 6000, 4875)
    score_id = str(AccountHealth.objects.get(pk=library.account.pk).latest_id)
    assert run.why == {
        "sentence": "Health fell below 50: it is 48.75.",
        "measured": "48.75",
        "threshold": "50.00",
        "occasion": f"score:{score_id}",
        "score_id": score_id,
    }
    assert (run.trigger_id, run.started_by, run.state) == (rule.pk, "system:playbooks", "open")
    steps = list(run.steps.order_by("position").values_list("code", "state", "due_on", "owner_id"))
    assert steps == [
        ("recruit", "open", date(2026, 11, 25), library.alice.pk),
        ("interviews", "waiting", date(2026, 12, 1), library.alice.pk),
        ("mine", "waiting", date(2026, 12, 1), library.alice.pk),
        ("themes", "waiting", date(2026, 12, 7), library.alice.pk),
        ("readout", "waiting", date(2026, 12, 16), library.alice.pk),
        ("fixes", "waiting", date(2026, 12, 21), library.alice.pk),
        ("heard", "waiting", date(2026, 12, 28), library.alice.pk),
        ("follow-up", "waiting", date(2026, 12, 30), library.alice.pk),
    ]
    assert entries("playbooks.run_started") == [
        {
            "account_id": str(library.account.pk),
            "run_id": str(run.pk),
            "playbook": "voc-sprint",
            "trigger_id": str(rule.pk),
        }
    ]


def test_a_fall_counts_from_its_threshold(library: World) -> None:
    only("health_fell", threshold=Decimal(10))
    for change, starts in ((-999, False), (1500, False), (None, False), (-1000, True)):
        score = give_health(library.account, 8000, change=change).latest
        given = {"account_id": library.account.pk, "score_id": score.pk, "old": 8100, "new": 8000}
        assert bool(evaluate_triggers(**given, by=ENGINE, at=AT)) is starts, change
    why = Run.objects.get().why
    assert why["sentence"] == "Health fell by 10.00 points in 28 days; the limit is 10."


@pytest.mark.parametrize(
    ("days", "score", "sentence"),
    [
        (91, 6000, None),
        (90, 6000, "Renewal in 90 days and health is 60.00, below 70."),
        (1, 6000, "Renewal in 1 day and health is 60.00, below 70."),
        (0, 6000, "Renewal today and health is 60.00, below 70."),
        (-1, 6000, None),
        (30, 7000, None),
        (None, 6000, None),
    ],
)
def test_a_renewal_at_risk(library: World, days: int | None, score: int, sentence: str | None) -> None:
    only("renewal_risk", "renewal-safeguard", threshold=Decimal(70))
    renewal = AT.date() + timedelta(days=days) if days is not None else None
    Account.objects.filter(pk=library.account.pk).update(renewal_on=renewal)
    assert [run.why["sentence"] for run in evaluate(library.account, score, score)] == ([sentence] if sentence else [])


def test_one_renewal_starts_one_run_however_long_the_risk_lasts(library: World) -> None:
    rule = only("renewal_risk", "renewal-safeguard", threshold=Decimal(70), cooldown_days=5)
    Account.objects.filter(pk=library.account.pk).update(renewal_on=AT.date() + timedelta(days=80))
    (run,) = evaluate(library.account, 6000, 6000)
    stop_run(run_id=run.pk, outcome="early", by=ENGINE, at=AT)
    assert evaluate(library.account, 6000, 5900, days=30) == []
    Account.objects.filter(pk=library.account.pk).update(renewal_on=AT.date() + timedelta(days=100))
    (again,) = evaluate(library.account, 5900, 5900, days=31)
    assert again.trigger_id == rule.pk


def test_every_day_renewals_come_nearer(library: World, time_machine: Any) -> None:
    only("renewal_risk", "renewal-safeguard", threshold=Decimal(70))
    Account.objects.filter(pk=library.account.pk).update(renewal_on=AT.date() + timedelta(days=91))
    other = Account.objects.create(name="No score", renewal_on=AT.date())
    give_health(library.account, 6000)
    give_health(other, None)
    time_machine.move_to(AT)
    tasks.evaluate_renewals()
    assert Run.objects.count() == 0
    time_machine.move_to(AT + timedelta(days=1))
    for _ in range(2):
        tasks.evaluate_renewals()
    assert Run.objects.get().why["sentence"] == "Renewal in 90 days and health is 60.00, below 70."


def test_nothing_is_evaluated_daily_while_no_trigger_watches(library: World, query_count: Any) -> None:
    Trigger.objects.update(active=False)
    with query_count() as queries:
        tasks.evaluate_renewals()
        tasks.evaluate_values(account_id=str(library.account.pk))
    assert queries.number == 2


def test_a_single_kpi_crosses_from_one_month_to_the_next(library: World) -> None:
    only("kpi_above", "sla-stabilizer", threshold=Decimal(20))
    give_health(library.account, 8000)
    first = give_value(library.account, "reopen-rate", "25", 8)
    assert evaluate_account(account_id=library.account.pk, by=ENGINE, at=AT) == [], "a first value starts nothing"
    give_value(library.account, "reopen-rate", "12", 9)
    assert evaluate_account(account_id=library.account.pk, by=ENGINE, at=AT) == []
    give_value(library.account, "reopen-rate", "20.5", 10)
    (run,) = evaluate_account(account_id=library.account.pk, by=ENGINE, at=AT)
    assert run.why["sentence"] == "Reopen rate is 20.5% in October 2026, above 20%."
    assert run.why["occasion"].startswith("value:")
    assert first.pk != run.why["occasion"]


def test_a_correction_of_the_newest_value_is_a_crossing_too(library: World) -> None:
    only("kpi_below", "activation-blitz", threshold=Decimal(50))
    give_health(library.account, 8000)
    wrong = give_value(library.account, "seat-use", "60", 10)
    give_value(library.account, "seat-use", "40", 10, previous=wrong)
    (run,) = evaluate_account(account_id=library.account.pk, by=ENGINE, at=AT)
    assert run.why["sentence"] == "Seat use is 40% in October 2026, below 50%."
    stop_run(run_id=run.pk, outcome="done", by=ENGINE, at=AT)
    later = AT + timedelta(days=60)
    assert evaluate_account(account_id=library.account.pk, by=ENGINE, at=later) == [], "the same value starts it once"


def test_new_values_are_heard_even_when_health_stays(library: World) -> None:
    only("kpi_below", "activation-blitz", threshold=Decimal(50))
    give_health(library.account, 8000)
    give_value(library.account, "seat-use", "60", 9)
    give_value(library.account, "seat-use", "40", 10)
    unscored = Account.objects.create(name="Unscored")
    tasks.evaluate_values(account_id=None, account_ids=[str(unscored.pk), str(library.account.pk)])
    assert [run.account_id for run in Run.objects.all()] == [library.account.pk]


def test_the_same_news_twice_starts_one_run(library: World) -> None:
    only("health_below", threshold=Decimal(50))
    score = give_health(library.account, 4000).latest
    news = {"account_id": str(library.account.pk), "score_id": str(score.pk), "old": 6000, "new": 4000}
    for _ in range(3):
        tasks.evaluate_triggers(events=[{**news, "band": "red"}])
    assert Run.objects.count() == 1
    stop_run(run_id=Run.objects.get().pk, outcome="over", by=ENGINE, at=AT)
    Run.objects.update(started_at=AT - timedelta(days=400))
    tasks.evaluate_triggers(events=[{**news, "band": "red"}])
    assert Run.objects.count() == 1, "an old message that comes late"


def test_a_cool_down_after_the_last_start_whoever_started(library: World) -> None:
    only("health_below", threshold=Decimal(50), cooldown_days=28)
    run = start_run(account_id=library.account.pk, playbook_id=playbook().pk, by=library.alice.as_actor(), at=AT)
    stop_run(run_id=run.pk, outcome="a try", by=library.alice.as_actor(), at=AT)
    assert evaluate(library.account, 6000, 4000, days=27) == []
    assert len(evaluate(library.account, 6000, 4000, days=29)) == 1


def test_two_reasons_for_one_playbook_start_it_once(library: World) -> None:
    Trigger.objects.update(active=False)
    Trigger.objects.filter(playbook__code="voc-sprint").update(active=True)
    score = give_health(library.account, 4000, change=-2000).latest
    started = evaluate_triggers(account_id=library.account.pk, score_id=score.pk, old=6000, new=4000, by=ENGINE, at=AT)
    assert len(started) == Run.objects.count() == 1


def test_two_playbooks_can_start_from_one_change(library: World) -> None:
    only("health_below", threshold=Decimal(50))
    Trigger.objects.filter(metric="renewal_risk").update(active=True)
    Account.objects.filter(pk=library.account.pk).update(renewal_on=AT.date() + timedelta(days=10))
    codes = [run.playbook.code for run in evaluate(library.account, 6000, 4000)]
    assert codes == ["voc-sprint", "renewal-safeguard"]


@pytest.mark.parametrize("off", ["trigger", "playbook", "archived", "missing"])
def test_what_is_off_starts_nothing(library: World, off: str) -> None:
    rule = only("health_below", threshold=Decimal(50))
    score, account_id = give_health(library.account, 4000).latest, library.account.pk
    if off == "trigger":
        Trigger.objects.filter(pk=rule.pk).update(active=False)
    if off == "playbook":
        Playbook.objects.update(active=False)
    if off == "archived":
        archive_account(account_id=library.account.pk, by=library.mona.as_actor(), at=AT)
    if off == "missing":
        account_id = uuid7()
    given = {"account_id": account_id, "score_id": score.pk, "old": 6000, "new": 4000}
    assert evaluate_triggers(**given, by=ENGINE, at=AT) == []
    assert (Run.objects.count(), Step.objects.count(), entries("playbooks.run_started")) == (0, 0, [])


def test_without_an_owner_the_steps_are_nobodys(library: World) -> None:
    only("health_below", threshold=Decimal(50))
    Account.objects.filter(pk=library.account.pk).update(owner=None)
    (run,) = evaluate(library.account, 6000, 4000)
    assert set(run.steps.values_list("owner_id", flat=True)) == {None}


def test_days_count_where_the_owner_is(library: World) -> None:
    """13:00 in UTC on Friday the 20th is Saturday in Auckland: from Monday three working days are Thursday."""
    only("health_below", threshold=Decimal(50))
    library.alice.time_zone = "Pacific/Auckland"
    library.alice.save()
    score = give_health(library.account, 4000).latest
    at = AT.replace(hour=13)
    given = {"account_id": library.account.pk, "score_id": score.pk, "old": 6000, "new": 4000}
    (run,) = evaluate_triggers(**given, by=ENGINE, at=at)
    assert run.steps.get(code="recruit").due_on == date(2026, 11, 26)


def test_concurrent_deliveries_start_exactly_one_run(scratch_database: None) -> None:
    with tenant_scope(NORTH):
        install_library(at=AT, by=ENGINE)
        account = Account.objects.create(name="Initech")
        score = give_health(account, 4000).latest
    meet, started = Barrier(4), []

    def deliver() -> None:
        try:
            meet.wait()
            with tenant_scope(NORTH):
                given = {"account_id": account.pk, "score_id": score.pk, "old": 6000, "new": 4000}
                started.append(len(evaluate_triggers(**given, by=ENGINE, at=AT)))
        finally:
            connection.close()

    threads = [Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == [0, 0, 0, 1]
    with tenant_scope(NORTH):
        assert (Run.objects.count(), Step.objects.count(), len(entries("playbooks.run_started"))) == (1, 8, 1)


# Settings -----------------------------------------------------------------------------------------------------


def test_setting_a_trigger_is_on_the_record(library: World) -> None:
    rule = trigger("health_below")
    by = library.mona.as_actor()
    set_trigger(trigger_id=rule.pk, threshold=Decimal("45.5"), active=False, by=by)
    set_trigger(trigger_id=rule.pk, threshold=Decimal("45.5"), active=False, by=by)
    stored = trigger("health_below")
    assert (stored.threshold, stored.active) == (Decimal("45.50"), False)
    assert entries("playbooks.trigger_changed") == [
        {"account_id": None, "trigger_id": str(rule.pk), "threshold": ["50", "45.5"], "active": [True, False]}
    ]


def test_health_goes_from_0_to_100_and_a_kpi_where_it_likes(library: World) -> None:
    by = library.mona.as_actor()
    with pytest.raises(DomainError, match="^Health goes from 0 to 100.$"):
        set_trigger(trigger_id=trigger("health_below").pk, threshold=Decimal(101), active=True, by=by)
    assert trigger("health_below").threshold == Decimal(50)
    kpi = trigger("kpi_above", "sla-stabilizer")
    assert set_trigger(trigger_id=kpi.pk, threshold=Decimal(-20), active=True, by=by).threshold == Decimal(-20)


@pytest.mark.parametrize("who", ["alice", "ana", "vic"])
def test_setting_needs_the_permission(library: World, who: str) -> None:
    rule = trigger("health_below")
    with pytest.raises(PermissionDenied):
        set_trigger(trigger_id=rule.pk, threshold=Decimal(1), active=False, by=getattr(library, who).as_actor())
    assert (trigger("health_below").threshold, entries("playbooks.trigger_changed")) == (Decimal(50), [])


def test_the_library_is_laid_down_once(library: World) -> None:
    Playbook.objects.filter(code="voc-sprint").update(name="Our own words")
    install_library(at=AT, by=ENGINE)
    assert list(Playbook.objects.order_by("position").values_list("code", "name")) == [
        ("voc-sprint", "Our own words"),
        ("activation-blitz", "Activation Blitz"),
        ("sla-stabilizer", "SLA Stabilizer"),
        ("renewal-safeguard", "Renewal Safeguard"),
        ("expansion-timing", "Expansion Timing"),
    ]
    assert Trigger.objects.count() == 5, "triggers on KPIs that are not there are left out"
    assert trigger("renewal_risk", "renewal-safeguard").cooldown_days == 90
    assert Kpi.objects.count() == 2
