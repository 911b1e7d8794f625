"""How revenue is read is the workspace's choice: versioned, told, and applied to every account by the worker."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account, ExchangeRate, RevenueDay, RevenueRules
from accounts.operations import contracts as operations
from accounts.operations.exchange import set_rate
from accounts.operations.following import follow_revenue
from accounts.operations.revenue_rules import set_revenue_rules
from accounts.queries.revenue_rules import Rules, main_currency, rates_into, rules_in_force
from accounts.revenue import Settings
from core.actor import Actor
from core.errors import Conflict, DomainError
from core.models import Entry, Job
from tests.accounts.conftest import entries
from tests.accounts.revenue.test_contracts import AT, agree, moves
from tests.world import World

Capture = Callable[..., AbstractContextManager[Any]]
PATH = "/settings/revenue/"


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(AT)


def choose(world: World, version: int = 0, **changes: Any) -> Rules:
    return set_revenue_rules(expected_version=version, changes=changes, reason="", by=world.amy.as_actor(), at=AT)


def test_the_defaults_hold_until_somebody_chooses(world: World) -> None:
    assert rules_in_force() == Rules(0, Settings(), "UTC", "")
    chosen = choose(world, gap_days=45, time_zone="Europe/Berlin")
    assert (chosen.version, chosen.settings.gap_days, chosen.settings.grace_days) == (1, 45, 14)
    assert rules_in_force() == chosen
    entry = Entry.objects.get(event="accounts.revenue_rules_changed")
    assert entry.data["changes"] == {"gap_days": ["30", "45"], "time_zone": ["UTC", "Europe/Berlin"]}
    assert choose(world, version=1, gap_days=45).version == 1
    assert (RevenueRules.objects.count(), Job.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"gap_days": 366}, "gap_days"),
        ({"grace_days": -1}, "grace_days"),
        ({"pause": "sometimes"}, "pause"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"reporting_currency": "XYZ"}, "reporting_currency"),
    ],
)
def test_nonsense_is_refused_beside_its_field(world: World, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(DomainError) as refusal:
        choose(world, **changes)
    assert refusal.value.field == field
    page = world.browser(world.amy).post(PATH, {"version": 0, **{k: str(v) for k, v in changes.items()}})
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.content.decode()
    assert not RevenueRules.objects.exists()


def test_only_admins_choose_and_two_notice_each_other(world: World) -> None:
    with pytest.raises(PermissionDenied):
        set_revenue_rules(expected_version=0, changes={"gap_days": 1}, by=world.mona.as_actor(), at=AT)
    assert world.browser(world.mona).get(PATH).status_code == 403
    choose(world, gap_days=45)
    with pytest.raises(Conflict):
        choose(world, gap_days=50)
    browser = world.browser(world.amy)
    mine = {"version": "0", "gap_days": "50", "was-gap_days": "30", "grace_days": "14", "was-grace_days": "14"}
    answer = browser.post(PATH, mine)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Keep theirs: <b>45 days</b>" in page
    assert 'name="version" value="1"' in page
    assert browser.post(PATH, mine | {"version": "1", "theirs": "gap_days", "grace_days": "20"}).status_code == 302
    assert rules_in_force().settings == Settings(gap_days=45, grace_days=20)


def test_every_account_is_read_anew_by_the_worker_and_the_page_shows_it(
    world: World, django_capture_on_commit_callbacks: Capture
) -> None:
    agree(world, 100, date(2026, 1, 1), ends_on=date(2026, 9, 30))
    other = Account.objects.create(name="Other", owner=world.bob)
    agree(world, 50, date(2026, 1, 1), account=other)
    assert moves(world.account)[-1] == ("2026-10-01", "churn", -100)
    day = follow_revenue(by=Actor.system("revenue"), at=AT)
    browser = world.browser(world.amy)
    browser.post(PATH, {"version": 0, "gap_days": 60, "reason": "as our board reports"})
    assert "Reading revenue anew" in browser.get(PATH).content.decode()
    job = Job.objects.get(kind="accounts.rebuild_revenue")
    assert (job.state, len(moves(world.account))) == ("queued", 2)
    with django_capture_on_commit_callbacks(execute=True):
        from accounts.tasks import rebuild_revenue

        rebuild_revenue(job_id=str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.message) == ("done", "2 accounts read anew, 1 changed.")
    assert (moves(world.account), len(moves(other))) == ([("2026-01-01", "new", 100)], 1)
    world.account.refresh_from_db()
    assert world.account.arr == 1200
    assert entries("accounts.account_edited")[-1]["changes"] == {"arr": ["0.00", "1200.00"]}
    page = browser.get(PATH).content.decode()
    assert "2 accounts read anew, 1 changed." in page
    assert "30 days → 60 days" in page
    assert "as our board reports" in page
    day.refresh_from_db()
    assert day.version == 1
    revenue = world.browser(world.mona).get("/revenue/").content.decode()
    assert "Read by version 1 of the rules" in revenue
    assert "A gap of up to 60 days is a late renewal" in revenue
    assert world.browser(world.mona).get("/api/v1/revenue/check/").json()["holds"] is True


def test_each_rule_changes_what_it_says(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1), ends_on=date(2026, 12, 31))
    by = world.mona.as_actor()
    operations.cancel_contract(contract_id=contract.pk, on=date(2026, 3, 1), last_day=None, reason="", by=by, at=AT)
    assert [kind for _, kind, _ in moves(world.account)] == ["new"]
    choose(world, churn_at="request")
    operations.mark_unpaid(contract_id=contract.pk, since=None, by=by, at=AT)
    operations.edit_contract(
        contract_id=contract.pk, expected_version=_version(contract), changes={"number": "1"}, by=by, at=AT
    )
    assert moves(world.account)[-1] == ("2026-03-01", "churn", -100)
    other = Account.objects.create(name="Other", owner=world.bob)
    late = agree(world, 100, date(2025, 1, 1), account=other, ends_on=date(2025, 12, 31))
    choose(world, version=1, uplift="expansion")
    operations.renew_contract(
        contract_id=late.pk, starts_on=date(2026, 1, 1), ends_on=None, uplift=Decimal("0.1"), by=by, at=AT
    )
    assert moves(other)[-1] == ("2026-01-01", "expansion", 10)


def _version(contract: Any) -> int:
    contract.refresh_from_db()
    return int(contract.version)


def test_a_day_begins_where_finance_sits(world: World, time_machine: Any) -> None:
    choose(world, time_zone="Pacific/Auckland")  # 13 hours ahead
    late = datetime(2026, 11, 20, 13, tzinfo=UTC)
    time_machine.move_to(late)
    made = operations.create_contract(
        account_id=world.account.pk, name="Licence", starts_on=date(2026, 11, 21), by=world.mona.as_actor(), at=late,
        lines=[{"amount": Decimal(100)}],
    )  # fmt: skip
    operations.activate_contract(contract_id=made.pk, by=world.mona.as_actor(), at=late)
    assert moves(world.account) == [("2026-11-21", "new", 100)]
    assert follow_revenue(by=Actor.system("revenue"), at=late).on == date(2026, 11, 21)
    assert RevenueDay.objects.get().version == 1
    time_machine.move_to(datetime(2026, 12, 31, 12, tzinfo=UTC))  # 1 January there: another quarter is the last one
    said = world.browser(world.mona).get("/api/v1/revenue/").json()
    assert (said["opening"], said["closing"]) == ("2026-09-30", "2026-12-31")


def test_the_reporting_currency_is_the_chosen_one_for_pages_and_api_alike(world: World) -> None:
    agree(world, 100, date(2026, 1, 1), account=Account.objects.create(name="A", currency="USD"))
    assert main_currency() == "USD"
    browser = world.browser(world.mona)
    assert browser.get("/api/v1/revenue/").json()["currency"] == "USD"
    assert browser.get("/revenue/").context["currency"] == "USD"
    choose(world, reporting_currency="CHF")
    assert not Job.objects.exists()  # nothing is to be read anew
    assert browser.get("/api/v1/revenue/").json()["currency"] == "CHF"
    assert browser.get("/revenue/").context["currency"] == "CHF"


def test_rates_know_their_currency_and_lead_to_others(world: World) -> None:
    by, on = world.ana.as_actor(), date(2026, 1, 1)
    choose(world, reporting_currency="EUR")
    assert set_rate(currency="USD", on=on, rate=Decimal("0.8"), by=by).into == "EUR"
    set_rate(currency="GBP", on=on, rate=Decimal("1.2"), by=by)
    assert entries("accounts.rate_set")[0]["rate"] == "0.8 EUR"
    assert rates_into("EUR", on) == {"EUR": 1, "USD": Decimal("0.8"), "GBP": Decimal("1.2")}
    into = rates_into("USD", on)
    assert (into["EUR"], into["GBP"], into["USD"]) == (Decimal("1.25"), Decimal("1.5"), 1)
    assert rates_into("CHF", on) == {"CHF": 1}
    assert rates_into("EUR", date(2025, 12, 31)) == {"EUR": 1}
    set_rate(currency="EUR", on=on, rate=Decimal(2), into="USD", by=by)  # what was said wins over what follows
    assert rates_into("USD", on)["EUR"] == 2
    assert rates_into("EUR", on)["USD"] == Decimal("0.8")
    with pytest.raises(DomainError, match="choose another currency"):
        set_rate(currency="EUR", on=on, rate=Decimal(2), by=by)
    assert ExchangeRate.objects.count() == 3


def test_the_api_reads_and_changes_them(world: World) -> None:
    browser, path = world.browser(world.amy), "/api/v1/revenue/rules/"
    said = browser.get(path).json()
    assert (said["version"], said["gap_days"], said["pause"], said["versions"]) == (0, 30, "carry", [])
    changed = browser.put(path, {"version": 0, "grace_days": 7}, content_type="application/json").json()
    assert (changed["version"], changed["grace_days"]) == (1, 7)
    assert changed["reading_anew"] == {"done": 0, "total": None}
    assert changed["versions"][0]["changes"] == {"Grace for what is unpaid": ["14 days", "7 days"]}
    assert browser.put(path, {"version": 0, "grace_days": 9}, content_type="application/json").status_code == 409
    assert browser.put(path, {"version": 1, "grace_days": 999}, content_type="application/json").status_code == 400
    manager = world.browser(world.mona)
    assert manager.get(path).status_code == 200
    assert manager.put(path, {"version": 1, "grace_days": 9}, content_type="application/json").status_code == 403
    assert manager.post("/api/v1/revenue/rebuild/").status_code == 403
    assert browser.post("/api/v1/revenue/rebuild/").status_code == 202
    assert Job.objects.count() == 1
    assert world.browser(world.alice).get(path).status_code == 403
