"""The check of revenue reads every balance anew from the lines: what was tampered with in the tables is found."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, Contract, Renewal, RevenueMovement, SubscriptionLine
from accounts.queries.revenue_check import Check, broken_renewals, check
from accounts.queries.revenue_rules import Rules
from core.actor import Actor
from tests.accounts.revenue.test_contracts import AT, agree
from tests.world import World

ENDS = (date(2026, 6, 30), date(2026, 9, 30))
SYSTEM = Actor.system("tests")


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(AT)


def checked() -> Check:
    return check(Account.objects.all(), *ENDS, known_on=AT.date(), rules=Rules())


def test_it_holds_for_what_the_product_wrote_and_counts_what_it_looked_at(world: World) -> None:
    assert (checked().holds, checked().accounts) == (True, 0)
    agree(world, 100, date(2026, 1, 1))
    agree(world, 50, date(2026, 8, 1), account=Account.objects.create(name="Other", owner=world.bob))
    assert (checked().holds, checked().accounts) == (True, 2)


@pytest.mark.parametrize(
    ("change", "closing", "kinds"),
    [
        ({"amount": Decimal("60.01")}, Decimal("160.01"), [("expansion", Decimal("60.01"), Decimal(60))]),
        ({"kind": "uplift"}, 160, [("expansion", Decimal(0), Decimal(60)), ("uplift", Decimal(60), Decimal(0))]),
        ({"on": date(2026, 10, 1)}, 100, [("expansion", Decimal(0), Decimal(60))]),
        ({"on": date(2026, 6, 30)}, 160, [("expansion", Decimal(0), Decimal(60))]),
        ({"currency": "USD"}, 60, []),
        (None, 100, [("expansion", Decimal(0), Decimal(60))]),
    ],
)
def test_a_tampered_movement_is_named_with_both_figures(
    world: World, change: dict[str, Any] | None, closing: Any, kinds: list[Any]
) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    SubscriptionLine.objects.create(
        contract=contract, amount=60, starts_on=date(2026, 7, 15), recorded_at=AT, recorded_by="test"
    )
    agree(world, 1, date(2026, 1, 1))  # movements are made anew
    assert checked().holds
    rows = RevenueMovement.objects.filter(kind="expansion", on=date(2026, 7, 15))
    assert rows.delete()[0] if change is None else rows.update(**change)
    found = checked()
    off = next(one for one in found.off if one.currency == (change or {}).get("currency", "EUR"))
    assert (found.holds, off.account) == (False, world.account)
    assert off.stored.closing == closing + (0 if off.currency == "USD" else 1)
    if off.currency == "EUR":
        assert (off.read.opening, off.read.closing, off.kinds) == (101, 161, kinds)


def test_a_row_for_an_account_without_any_contract_is_found(world: World) -> None:
    RevenueMovement.objects.create(account=world.account, on=date(2026, 1, 1), kind="new", amount=5, currency="EUR")
    (off,) = checked().off
    assert (off.stored.closing, off.read.closing) == (5, 0)


def test_the_pages_and_the_api_say_so(world: World) -> None:
    agree(world, 100, date(2026, 1, 1))
    browser, path = world.browser(world.mona), "/revenue/check/?opening=2026-06-30&closing=2026-09-30"
    assert "1 account comes to the same balances" in browser.get(path).content.decode()
    loaded = world.browser(world.mona, htmx=True).get(path).content.decode()
    assert "comes to the same balances" in loaded
    assert "<html" not in loaded
    RevenueMovement.objects.update(amount=Decimal("99.99"))
    page = browser.get(path).content.decode()
    assert "1 of 1 balances are not what the lines say" in page
    assert "€99.99" in page
    assert "€100" in page
    said = browser.get("/api/v1/revenue/check/?opening=2026-06-30&closing=2026-09-30").json()
    assert said["holds"] is False
    assert said["differing"][0]["stored"] == {"opening_mrr": "99.990000", "closing_mrr": "99.990000"}
    assert said["differing"][0]["by_lines"] == {"opening_mrr": "100.000000", "closing_mrr": "100.000000"}
    assert world.browser(world.vic).get(path).status_code == 403
    assert world.browser(world.alice).get("/api/v1/revenue/check/").status_code == 403


def test_renewals_that_break_the_rule_are_found(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1), ends_on=date(2026, 12, 31))
    assert broken_renewals(by=SYSTEM) == []
    Renewal.objects.update(due_on=date(2026, 12, 30))
    assert ["another day" in one.why for one in broken_renewals(by=SYSTEM)] == [True]
    Renewal.objects.all().delete()
    (one,) = broken_renewals(by=SYSTEM)
    assert (one.contract, one.why) == (contract, "has no open renewal")
    assert "It has no open renewal" in world.browser(world.mona).get("/revenue/check/").content.decode()
    assert broken_renewals(by=world.bob.as_actor()) == []
    Renewal.objects.create(contract=contract, account=world.account, due_on=date(2026, 12, 31), amount=1, opened_at=AT)
    Contract.objects.update(state="ended")
    assert ["nothing is left to renew" in one.why for one in broken_renewals(by=SYSTEM)] == [True]


def test_another_time_of_day_changes_nothing(world: World, time_machine: Any) -> None:
    time_machine.move_to(datetime(2026, 11, 20, 23, 59, tzinfo=UTC))
    agree(world, 100, date(2026, 1, 1))
    assert checked().holds


def test_what_is_not_read_in_a_request_is_said_and_nothing_is_claimed_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(world, 100, date(2026, 1, 1))
    agree(world, 50, date(2026, 8, 1), account=Account.objects.create(name="Other", owner=world.bob))
    both: dict[str, Any] = {"known_on": AT.date(), "rules": Rules()}
    assert check(Account.objects.all(), *ENDS, **both).unread == 0
    assert check(Account.objects.all(), *ENDS, **both, most=2).unread == 0
    part = check(Account.objects.all(), *ENDS, **both, most=1)
    assert (part.holds, part.accounts, part.unread) == (True, 1, 1)

    monkeypatch.setattr(check, "__kwdefaults__", {"most": 1})
    page = world.browser(world.mona).get("/revenue/check/").content.decode()
    assert "1 more account was not read here" in page
    said = (
        world.browser(world.mona)
        .get("/api/v1/revenue/check/", {"opening": str(ENDS[0]), "closing": str(ENDS[1])})
        .json()
    )
    assert (said["holds"], said["accounts"], said["unread"]) == (None, 1, 1)
    assert said["counts"] == {"differing": 0, "renewals": 0, "overdue": 0}
