"""Contracts on pages and through the API: what is agreed becomes movements, and the page of revenue adds up."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.html import strip_tags

from accounts.models import Account, Contract, ExchangeRate, RevenueMovement, SubscriptionLine
from accounts.operations import contracts as operations
from accounts.operations.custom import add_field
from accounts.queries.contracts import money_of
from core.errors import Conflict, DomainError
from core.models import Entry
from tests.world import World

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(AT)


def agree(world: World, amount: int, start: date, *, account: Account | None = None, **more: Any) -> Contract:
    """A contract in force with one line."""
    by = world.mona.as_actor()
    made = operations.create_contract(
        account_id=(account or world.account).pk, name="Licence", starts_on=start, by=by, at=AT,
        lines=[{"amount": Decimal(amount), "billing": more.pop("billing", "month")}], **more,
    )  # fmt: skip
    return operations.activate_contract(contract_id=made.pk, by=by, at=AT)


def moves(account: Account) -> list[tuple[str, str, Decimal]]:
    rows = RevenueMovement.objects.filter(account=account).order_by("on", "kind")
    return [(str(on), kind, amount) for on, kind, amount in rows.values_list("on", "kind", "amount")]


def test_a_draft_counts_nothing_and_a_contract_in_force_its_lines(world: World) -> None:
    by = world.mona.as_actor()
    draft = operations.create_contract(
        account_id=world.account.pk, name="Licence", starts_on=date(2026, 1, 1), by=by, at=AT
    )
    with pytest.raises(DomainError, match="at least one line"):
        operations.activate_contract(contract_id=draft.pk, by=by, at=AT)
    operations.add_line(contract_id=draft.pk, amount=Decimal(1200), billing="year", by=by, at=AT)
    assert moves(world.account) == []
    operations.activate_contract(contract_id=draft.pk, by=by, at=AT)
    assert moves(world.account) == [("2026-01-01", "new", 100)]
    world.account.refresh_from_db()
    assert world.account.arr == 1200
    said = Entry.objects.filter(event="accounts.contract_changed").order_by("seq").values_list("data__what", flat=True)
    assert list(said) == ["created", "line_added", "activated"]


def test_a_correction_supersedes_the_line_and_restates_the_movements(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    line = contract.lines.get()
    made = operations.correct_line(
        line_id=line.pk, changes={"amount": Decimal(120)}, reason="typing error", by=world.mona.as_actor(), at=AT
    )
    assert moves(world.account) == [("2026-01-01", "new", 120)]
    assert (SubscriptionLine.objects.count(), made.previous_id) == (2, line.pk)
    with pytest.raises(Conflict):
        operations.correct_line(
            line_id=line.pk, changes={"amount": Decimal(1)}, reason="late", by=world.mona.as_actor(), at=AT
        )


def test_a_renewal_with_a_rise_is_uplift_and_the_old_contract_is_renewed(world: World) -> None:
    old = agree(world, 100, date(2025, 7, 1), ends_on=date(2026, 6, 30))
    new = operations.renew_contract(
        contract_id=old.pk, starts_on=date(2026, 7, 1), ends_on=date(2027, 6, 30), uplift=Decimal("0.05"),
        by=world.mona.as_actor(), at=AT,
    )  # fmt: skip
    old.refresh_from_db()
    assert (old.state, new.state, new.renews_id) == ("renewed", "active", old.pk)
    assert moves(world.account) == [("2025-07-01", "new", 100), ("2026-07-01", "uplift", 5)]
    world.account.refresh_from_db()
    assert (world.account.arr, world.account.renewal_on) == (1260, date(2027, 6, 30))


def test_the_pages_say_which_of_two_contracts_runs_and_when_the_other_begins(world: World) -> None:
    """AT is November: the old one is renewed by one that begins next year, so it is the old one that runs."""
    old = agree(world, 100, date(2026, 1, 1), ends_on=date(2026, 12, 31))
    operations.renew_contract(
        contract_id=old.pk, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31), by=world.mona.as_actor(), at=AT
    )
    later, running = money_of(world.account.pk, date(2026, 11, 20)).agreements
    assert (later.standing, running.standing, running.followed_by) == ("begins", "active", later.contract)
    assert [one.standing for one in money_of(world.account.pk, date(2027, 1, 1)).agreements] == ["active", "renewed"]
    mona = world.browser(world.mona)
    for address in (f"/accounts/{world.account.pk}/contracts/", f"/accounts/{world.account.pk}/panels/money/"):
        says = " ".join(strip_tags(mona.get(address).content.decode()).split())
        assert "Begins 1 Jan 2027" in says
        assert "renewed by Licence from 1 Jan 2027" in says
        assert says.index("Begins 1 Jan 2027") < says.index("Active")
        assert "Renewed" not in says


def test_the_page_shows_the_fields_of_ones_own(world: World) -> None:
    add_field(label="Signed in", kind="text", record="contract", by=world.amy.as_actor())
    agree(world, 100, date(2026, 1, 1), **{"custom.signed_in": "Lisbon"})
    page = world.browser(world.mona).get(f"/accounts/{world.account.pk}/contracts/").content.decode()
    assert "<dt>Signed in</dt>" in page
    assert "Lisbon" in page


def test_notice_end_and_unpaid_move_at_their_days(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1), ends_on=date(2026, 6, 30))
    by = world.mona.as_actor()
    operations.cancel_contract(
        contract_id=contract.pk, on=date(2026, 3, 1), last_day=None, reason="budget", by=by, at=AT
    )
    assert moves(world.account)[-1] == ("2026-07-01", "churn", -100)
    other = Account.objects.create(name="Other", owner=world.alice)
    late = agree(world, 50, date(2026, 1, 1), account=other)
    operations.mark_unpaid(contract_id=late.pk, since=date(2026, 5, 1), by=by, at=AT)
    assert moves(other)[-1] == ("2026-05-15", "churn", -50)
    operations.mark_unpaid(contract_id=late.pk, since=None, by=by, at=AT)
    assert moves(other) == [("2026-01-01", "new", 50)]


def test_two_editors_notice_each_other_and_strangers_see_nothing(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    given = {"contract_id": contract.pk, "changes": {"number": "C-1"}, "by": world.mona.as_actor(), "at": AT}
    operations.edit_contract(**given, expected_version=contract.version)
    with pytest.raises(Conflict):
        operations.edit_contract(**given, expected_version=contract.version)
    with pytest.raises(Contract.DoesNotExist):
        operations.edit_contract(**(given | {"by": world.bob.as_actor()}), expected_version=1)
    with pytest.raises(PermissionDenied):
        operations.edit_contract(**(given | {"by": world.vic.as_actor()}), expected_version=1)
    assert world.browser(world.bob).get(f"/accounts/{world.account.pk}/contracts/").status_code == 404


def test_pages_make_a_contract_from_form_to_movement(world: World) -> None:
    browser, path = world.browser(world.mona), f"/accounts/{world.account.pk}/contracts/"
    bad = browser.post(f"{path}new/", {"name": "", "starts_on": "2026-01-01", "amount": "ten"})
    assert bad.status_code == 422
    assert "Enter an amount" in bad.content.decode()
    made = browser.post(f"{path}new/", {"name": "Licence", "starts_on": "2026-01-01", "amount": "99.50"})
    assert made["Location"] == path
    contract = Contract.objects.get()
    browser.post(f"{path}{contract.pk}/activate/")
    page = browser.get(path).content.decode()
    assert "€99.50" in page
    line = contract.lines.get()
    refused = browser.post(f"/accounts/{world.account.pk}/lines/{line.pk}/", {"amount": "120", "reason": ""})
    assert refused.status_code == 422
    browser.post(
        f"/accounts/{world.account.pk}/lines/{line.pk}/",
        {"amount": "120", "billing": "month", "starts_on": "2026-01-01", "reason": "new price list"},
    )
    assert moves(world.account) == [("2026-01-01", "new", 120)]
    assert "MRR €120" in browser.get(f"/accounts/{world.account.pk}/panels/money/").content.decode()


def test_the_revenue_page_adds_up_and_opens_to_the_accounts(world: World, query_count: Any) -> None:
    other = Account.objects.create(name="Other", tier="Gold", owner=world.bob)
    agree(world, 100, date(2026, 1, 1))
    agree(world, 50, date(2026, 8, 1), account=other)
    browser = world.browser(world.mona)
    browser.get("/revenue/")  # "last seen" is written once in five minutes
    with query_count() as few:
        page = browser.get("/revenue/").content.decode()
    assert 'hx-get="/revenue/check/?opening=2026-06-30&amp;closing=2026-09-30"' in page
    assert "100.00%" in page
    assert "<b>Opening</b><span>€100</span>" in page, "each bar of the bridge says what it is"
    assert few.number <= 25
    agree(world, 10, date(2026, 9, 1), account=Account.objects.create(name="Third", owner=world.bob))
    with query_count() as more:
        browser.get("/revenue/")
    assert more.number == few.number
    gap = browser.get("/revenue/conventions/?convention=nrr-net-churn").content.decode()
    assert "No difference" in gap
    assert "Other" in browser.get("/revenue/movements/?kind=new").content.decode()
    assert world.browser(world.vic).get("/revenue/").status_code == 403


def test_currencies_are_never_added_without_a_rate(world: World) -> None:
    other = Account.objects.create(name="Other", owner=world.bob, currency="USD")
    agree(world, 100, date(2026, 1, 1))
    agree(world, 100, date(2026, 1, 1), account=other)
    browser = world.browser(world.mona)
    said = browser.get("/api/v1/revenue/?currency=EUR").json()
    assert (said["opening_mrr"], said["left_out"]) == ("100.000000", {"USD": "100.000000"})
    ExchangeRate.objects.create(currency="USD", on=date(2026, 1, 1), rate=Decimal("0.9"))
    said = browser.get("/api/v1/revenue/?currency=EUR").json()
    assert (Decimal(said["opening_mrr"]), said["left_out"]) == (190, {})


def test_the_api_keeps_contracts(world: World) -> None:
    browser = world.browser(world.mona)
    made = browser.post(
        "/api/v1/contracts/",
        {"account_id": str(world.account.pk), "name": "Licence", "starts_on": "2026-01-01",
         "lines": [{"amount": "1200", "billing": "year"}]},
        content_type="application/json",
    )  # fmt: skip
    assert made.status_code == 201, made.content
    path = f"/api/v1/contracts/{made.json()['id']}/"
    assert browser.post(f"{path}activate/").json()["state"] == "active"
    assert browser.get("/api/v1/movements/").json()["results"][0]["amount"] == "100.000000"
    stale = browser.patch(path, {"version": 1, "number": "C"}, content_type="application/json")
    assert stale.status_code == 409


def test_the_page_says_that_sample_revenue_is_left_out(world: World) -> None:
    browser = world.browser(world.mona)
    agree(world, 100, date(2026, 1, 1))
    assert "sample account" not in browser.get("/revenue/").content.decode()
    agree(world, 900, date(2026, 1, 1), account=Account.objects.create(name="Made up", sample=True))
    page = browser.get("/revenue/").content.decode()
    assert "1 sample account left out" in page
    assert "<b>Closing</b><span>€100</span>" in page
