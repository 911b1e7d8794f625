"""What a new day does: lines begin and end, graces, gaps and pauses run out, contracts renew by themselves."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, Contract, Notice, Outcome, Renewal, RevenueDay, RevenueMovement, SubscriptionLine
from accounts.operations import contracts as operations
from accounts.operations import following
from accounts.operations.following import follow_revenue
from accounts.renewing import term_after
from accounts.tasks import follow_revenue as task
from config.settings import CELERY_BEAT_SCHEDULE
from core.actor import Actor
from core.models import Entry
from tests.accounts.conftest import entries
from tests.accounts.revenue.test_contracts import AT, agree, moves
from tests.world import World

SYSTEM = Actor.system("revenue")


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(AT)


def follow(days: int) -> RevenueDay:
    return follow_revenue(by=SYSTEM, at=AT + timedelta(days=days))


def arr(account: Account) -> Any:
    account.refresh_from_db()
    return account.arr


def test_a_line_that_begins_and_one_that_ends_later_move_on_their_days(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    add = {"contract_id": contract.pk, "by": world.mona.as_actor(), "at": AT}
    operations.add_line(**add, amount=Decimal(50), starts_on=date(2026, 11, 25), ends_on=date(2026, 12, 9))
    follow(4)
    assert (arr(world.account), len(moves(world.account))) == (1200, 1)
    follow(5)
    assert (arr(world.account), moves(world.account)[-1]) == (1800, ("2026-11-25", "expansion", 50))
    follow(19)
    assert arr(world.account) == 1800
    follow(20)
    assert (arr(world.account), moves(world.account)[-1]) == (1200, ("2026-12-10", "contraction", -50))
    changes = [one["changes"] for one in entries("accounts.account_edited")]
    assert changes[1:] == [{"arr": ["1200.00", "1800.00"]}, {"arr": ["1800.00", "1200.00"]}]


def test_the_grace_of_an_unpaid_contract_runs_out(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    operations.mark_unpaid(contract_id=contract.pk, since=AT.date(), by=world.mona.as_actor(), at=AT)
    follow(13)
    assert (arr(world.account), len(moves(world.account))) == (1200, 1)
    follow(14)
    assert (arr(world.account), moves(world.account)[-1]) == (0, ("2026-12-04", "churn", -100))
    assert RevenueMovement.objects.get(kind="churn").involuntary


def test_a_gap_is_churn_once_it_was_longer_than_thirty_days(world: World) -> None:
    agree(world, 100, date(2026, 1, 1), ends_on=date(2026, 11, 19))
    follow(29)
    assert arr(world.account) == 1200
    follow(30)
    assert (arr(world.account), moves(world.account)[-1]) == (0, ("2026-11-20", "churn", -100))


def test_a_pause_is_carried_for_ninety_days(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    line, by = contract.lines.get(), world.mona.as_actor()
    operations.correct_line(line_id=line.pk, changes={"ends_on": date(2026, 11, 19)}, reason="paused", by=by, at=AT)
    operations.add_line(contract_id=contract.pk, amount=Decimal(0), starts_on=date(2026, 11, 20), by=by, at=AT)
    follow(89)
    assert arr(world.account) == 1200
    follow(90)
    assert (arr(world.account), moves(world.account)[-1]) == (0, ("2027-02-18", "churn", -100))


def test_the_next_renewal_moves_on_and_a_passed_one_stays_until_it_is_decided(world: World) -> None:
    agree(world, 100, date(2026, 1, 1), ends_on=date(2026, 11, 30))
    agree(world, 10, date(2026, 1, 1), ends_on=date(2027, 6, 30))
    follow(10)
    assert (world.account.refresh_from_db(), world.account.renewal_on) == (None, date(2026, 11, 30))
    follow(11)
    assert (world.account.refresh_from_db(), world.account.renewal_on) == (None, date(2027, 6, 30))
    follow(300)
    assert (world.account.refresh_from_db(), world.account.renewal_on) == (None, date(2027, 6, 30))


def test_a_day_is_followed_once_and_a_killed_run_goes_on_where_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = [world.account, *(Account.objects.create(name=f"A{n}", owner=world.bob) for n in range(3))]
    for one in accounts:
        contract = agree(world, 100, date(2026, 1, 1), account=one)
        SubscriptionLine.objects.create(
            contract=contract, amount=1, starts_on=date(2026, 11, 21), recorded_at=AT, recorded_by="test"
        )
    monkeypatch.setattr(following, "CHUNK", 1)
    real, calls = following.bring, []

    def dies(**given: Any) -> Any:
        calls.append(given)
        if len(calls) == 3:
            raise SystemExit
        return real(**given)

    monkeypatch.setattr(following, "bring", dies)
    with pytest.raises(SystemExit):
        follow(1)
    assert (RevenueDay.objects.get().accounts, RevenueDay.objects.get().finished_at) == (2, None)
    day = follow(1)
    assert (day.accounts, day.changed, len(calls)) == (4, 4, 6 - 1)
    assert day.finished_at is not None
    before = (Entry.objects.count(), list(RevenueMovement.objects.order_by("pk").values_list("pk")))
    follow(1)
    assert (Entry.objects.count(), list(RevenueMovement.objects.order_by("pk").values_list("pk"))) == before
    again = follow(2)
    assert (again.accounts, again.changed, again.differing) == (4, 0, [])
    assert before[0] == Entry.objects.count()


def test_the_day_is_the_one_of_finance(world: World) -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert follow_revenue(by=SYSTEM, at=late).on == date(2026, 11, 20)


def test_movements_that_nobody_can_explain_are_put_right_and_told(world: World) -> None:
    agree(world, 100, date(2026, 1, 1))
    other = Account.objects.create(name="Other", owner=world.bob)
    contract = agree(world, 100, date(2026, 1, 1), account=other)
    SubscriptionLine.objects.create(
        contract=contract, amount=1, starts_on=date(2026, 11, 23), recorded_at=AT, recorded_by="test"
    )
    assert follow(0).differing == []
    RevenueMovement.objects.filter(account=world.account).update(amount=Decimal(1000))
    day = follow(3)  # that the other one changes with the day is no wonder
    assert (day.changed, day.differing) == (2, [str(world.account.pk)])
    assert moves(world.account) == [("2026-01-01", "new", 100)]
    told = Notice.objects.filter(kind="revenue")
    assert {one.user for one in told} == {world.mona, world.ana, world.amy}
    assert "1 account had movements that nobody can explain" in told[0].text
    assert entries("accounts.revenue_followed")[-1]["differing"] == 1
    assert "nobody can explain" in world.browser(world.mona).get("/revenue/check/").content.decode()


def test_a_contract_without_a_renewal_is_told_once(world: World) -> None:
    agree(world, 100, date(2026, 1, 1), ends_on=date(2027, 12, 31))
    follow(0)
    assert not Notice.objects.exists()
    Renewal.objects.all().delete()
    follow(1)
    follow(2)
    notice = Notice.objects.get(user=world.mona)
    assert "1 contract without exactly one right renewal" in notice.text
    assert notice.url == "/revenue/check/#renewals"


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "until"),
    [
        (date(2025, 7, 1), date(2026, 6, 30), date(2027, 6, 30)),
        (date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 31)),
        (date(2024, 2, 29), date(2025, 2, 27), date(2026, 2, 27)),
        (date(2026, 1, 31), date(2026, 2, 27), date(2026, 3, 30)),
        (date(2023, 1, 1), date(2025, 12, 31), date(2028, 12, 31)),
        (date(2026, 1, 1), date(2026, 1, 10), date(2026, 1, 20)),
    ],
)
def test_a_term_is_followed_by_one_as_long(starts_on: date, ends_on: date, until: date) -> None:
    assert term_after(starts_on, ends_on) == until


def test_what_renews_by_itself_does_and_twice_changes_nothing(world: World) -> None:
    old = agree(world, 100, date(2025, 12, 1), ends_on=date(2026, 11, 30), auto_renews=True)
    assert follow(10).renewed == 0
    assert follow(11).renewed == 1
    old.refresh_from_db()
    new = Contract.objects.get(state="active")
    assert (old.state, old.ends_on, new.renews, new.auto_renews) == ("renewed", date(2026, 11, 30), old, True)
    assert (new.starts_on, new.ends_on) == (date(2026, 12, 1), date(2027, 11, 30))
    assert arr(world.account) == 1200
    assert [kind for _, kind, _ in moves(world.account)] == ["new"]
    closed, opened = Renewal.objects.order_by("due_on")
    assert (closed.state, closed.renewed_amount, opened.state) == ("renewed", 1200, "open")
    assert Outcome.objects.get().kind == "renewed"
    said = Entry.objects.get(event="accounts.contract_changed", data__what="renewed")
    assert (said.actor_label, said.data["reason"]) == ("system:revenue", "by itself, as agreed, until 2027-11-30")
    assert (
        "by itself, as agreed"
        in world.browser(world.mona).get(f"/accounts/{world.account.pk}/panels/timeline/").content.decode()
    )
    before = Entry.objects.count()
    RevenueDay.objects.all().delete()
    assert follow(11).renewed == 0
    assert (Contract.objects.count(), Entry.objects.count()) == (2, before)


def test_terms_that_nobody_looked_at_are_made_up_for(world: World) -> None:
    agree(world, 100, date(2023, 1, 1), ends_on=date(2023, 12, 31), auto_renews=True)
    assert follow(0).renewed == 3
    assert Contract.objects.get(state="active").ends_on == date(2026, 12, 31)
    assert follow(1).renewed == 0


def test_notice_a_cancelled_an_unpaid_and_a_plain_contract_stay_and_are_told(world: World) -> None:
    by, ends = world.mona.as_actor(), {"ends_on": date(2026, 11, 30)}
    notice = agree(world, 1, date(2025, 12, 1), auto_renews=True, **ends)
    operations.cancel_contract(contract_id=notice.pk, on=AT.date(), last_day=None, reason="", by=by, at=AT)
    unpaid = agree(world, 2, date(2025, 12, 1), auto_renews=True, **ends)
    operations.mark_unpaid(contract_id=unpaid.pk, since=AT.date(), by=by, at=AT)
    agree(world, 3, date(2025, 12, 1), **ends)
    Contract.objects.filter(pk=notice.pk).update(auto_renews=True)  # whatever else says so
    assert follow(10).renewed == 0
    assert not Notice.objects.exists()
    assert follow(11).renewed == 0
    assert follow(12).renewed == 0
    assert set(Contract.objects.values_list("state", flat=True)) == {"active"}
    assert list(Notice.objects.values_list("user__name", "url").distinct().order_by("user__name"))[0][0] == "Alice"
    assert Notice.objects.filter(user=world.alice).count() == 3
    assert Notice.objects.count() == 3
    assert len([one for one in entries("accounts.contract_changed") if one["what"] == "overdue"]) == 3
    follow(26)  # two weeks later leaders hear of it
    assert Notice.objects.filter(user=world.mona).count() == 3
    follow(27)
    assert Notice.objects.filter(user=world.mona).count() == 3
    page = world.browser(world.mona).get("/revenue/check/").content.decode()
    assert "Past their last day" in page


def test_nobodys_contract_past_its_last_day_goes_to_the_leaders_at_once(world: World) -> None:
    pooled = Account.objects.create(name="Pooled")
    agree(world, 1, date(2025, 12, 1), account=pooled, ends_on=date(2026, 11, 19))
    follow(0)
    assert set(Notice.objects.values_list("user__name", flat=True)) == {"Mona", "Amy"}
    follow(1)
    assert Notice.objects.count() == 2


def test_scoring_and_segments_follow_what_the_day_changed(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[Any]],
) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    SubscriptionLine.objects.create(
        contract=contract, amount=1, starts_on=date(2026, 11, 21), recorded_at=AT, recorded_by="test"
    )
    from kpis.tasks import rescore_edited

    seen: list[Any] = []
    monkeypatch.setattr(rescore_edited, "delay", lambda **given: seen.append(given), raising=False)
    monkeypatch.setattr(rescore_edited, "apply_async", lambda *a, **given: seen.append(given), raising=False)
    with django_capture_on_commit_callbacks(execute=True):
        follow(1)
    assert len(seen) == 1
    assert str(world.account.pk) in str(seen)


def test_the_worker_is_asked_in_every_tenant(world: World, time_machine: Any) -> None:
    asked = [one["kwargs"] for one in CELERY_BEAT_SCHEDULE.values()  # type: ignore[attr-defined]
             if one.get("kwargs", {}).get("task") == "accounts.follow_revenue"]  # fmt: skip
    assert len(asked) == 1
    agree(world, 100, date(2026, 1, 1))
    time_machine.move_to(AT + timedelta(days=1))
    task()
    assert RevenueDay.objects.get().on == date(2026, 11, 21)
