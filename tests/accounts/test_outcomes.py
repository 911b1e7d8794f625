"""What really happened to an account: recorded, taken back, brought by a file; nothing else follows by itself."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from openpyxl import Workbook

from accounts import columns
from accounts.models import Account, Outcome
from accounts.operations import (
    Imported,
    OutcomeThere,
    check_import,
    import_accounts,
    record_outcome,
    withdraw_outcome,
)
from core.errors import DomainError
from tests.accounts.conftest import entries
from tests.world import World

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TODAY = AT.date()


def recorded(world: World, kind: str = "churned", **given: Any) -> Outcome:
    by = given.pop("by", world.alice).as_actor()
    return record_outcome(account_id=world.account.pk, kind=kind, on=given.pop("on", TODAY), by=by, at=AT, **given)


def test_an_outcome_says_what_when_how_much_and_who_says_so(world: World) -> None:
    made = recorded(world, on=date(2026, 11, 3), amount=Decimal("4800.00"), reason=" Bought by a rival ")

    assert (made.kind, made.on, made.amount, made.reason) == (
        "churned",
        date(2026, 11, 3),
        Decimal("4800.00"),
        "Bought by a rival",
    )
    assert (made.recorded_at, made.recorded_by) == (AT, world.alice.as_actor().label)
    (entry,) = entries("accounts.outcome_recorded")
    assert entry == {
        "account_id": str(world.account.pk),
        "outcome_id": str(made.pk),
        "kind": "churned",
        "on": "2026-11-03",
        "amount": "4800.00",
        "reason": "Bought by a rival",
    }


def test_a_churn_changes_nothing_else_unless_it_is_asked_to(world: World) -> None:
    recorded(world)
    world.account.refresh_from_db()
    assert (world.account.stage, world.account.version, world.account.archived_at) == ("", 1, None)

    recorded(world, on=date(2026, 11, 3), set_stage=True)

    world.account.refresh_from_db()
    assert (world.account.stage, world.account.version, world.account.archived_at) == ("churned", 2, None)
    assert entries("accounts.account_edited")[0]["changes"] == {"stage": ["", "churned"]}


def test_a_renewal_never_sets_the_stage(world: World) -> None:
    recorded(world, "renewed", set_stage=True)

    assert Account.objects.get(pk=world.account.pk).stage == ""


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "vanished"}, "kind"),
        ({"on": date(2026, 11, 21)}, "on"),
        ({"on": date(2026, 1, 31)}, "on"),
        ({"amount": Decimal(-1)}, "amount"),
    ],
)
def test_what_cannot_have_happened_is_refused(world: World, given: dict[str, Any], field: str) -> None:
    Account.objects.filter(pk=world.account.pk).update(customer_since=date(2026, 2, 1))

    with pytest.raises(DomainError) as refusal:
        recorded(world, **given)

    assert refusal.value.field == field
    assert not Outcome.objects.exists()
    assert entries("accounts.outcome_recorded") == []


def test_the_same_outcome_of_a_day_is_recorded_once(world: World) -> None:
    first = recorded(world)
    with pytest.raises(OutcomeThere):
        recorded(world)

    withdraw_outcome(outcome_id=first.pk, by=world.alice.as_actor(), at=AT)
    recorded(world)

    assert Outcome.objects.filter(withdrawn_at=None).count() == 1


def test_what_is_taken_back_stays_on_the_record(world: World) -> None:
    made = recorded(world)

    for _ in range(2):
        withdraw_outcome(outcome_id=made.pk, by=world.mona.as_actor(), at=AT)

    made.refresh_from_db()
    assert (made.withdrawn_at, made.withdrawn_by) == (AT, world.mona.as_actor().label)
    assert len(entries("accounts.outcome_withdrawn")) == 1


def test_who_may_and_who_sees_it(world: World) -> None:
    for person in (world.ana, world.vic):
        with pytest.raises(PermissionDenied):
            recorded(world, by=person)
    with pytest.raises(Account.DoesNotExist):
        recorded(world, by=world.bob)
    made = recorded(world)
    with pytest.raises(Outcome.DoesNotExist):
        withdraw_outcome(outcome_id=made.pk, by=world.bob.as_actor(), at=AT)
    assert list(Outcome.objects.visible_to(world.bob.as_actor())) == []


# Files


def bring(world: World, text: str) -> Imported:
    sheet = columns.read(columns.lines_of(text))
    would = check_import(rows=sheet.rows, by=world.mona.as_actor(), at=AT)
    did = import_accounts(rows=sheet.rows, sha256="a" * 64, by=world.mona.as_actor(), at=AT)
    assert would == did, "the check promises what the import does"
    return did


def test_a_file_brings_outcomes_of_known_and_new_accounts_once(world: World) -> None:
    text = "name,Churned on,Renewed on\nInitech,3.11.2026,\nUmbra,,2026-10-01\n"

    assert bring(world, text) == Imported(1, 0, 1, [], outcomes=2)

    stored = Outcome.objects.order_by("on").values_list("account__name", "kind", "on")
    assert list(stored) == [("Umbra", "renewed", date(2026, 10, 1)), ("Initech", "churned", date(2026, 11, 3))]
    assert Account.objects.get(name="Initech").stage == ""
    assert [entry["kind"] for entry in entries("accounts.outcome_recorded")] == ["churned", "renewed"]
    assert bring(world, text) == Imported(0, 0, 2, [], outcomes=0)


def test_a_day_to_come_holds_the_row_with_its_reason(world: World) -> None:
    result = bring(world, "name,Churned on,tier\nInitech,2026-11-21,Gold\n")

    assert result.refused == [(2, "Churned on 2026-11-21: That day has not come yet. An outcome is what has happened.")]
    assert (result.outcomes, Outcome.objects.count(), Account.objects.get(name="Initech").tier) == (0, 0, "")


def test_a_word_where_a_day_was_expected_is_named(world: World) -> None:
    sheet = columns.read(columns.lines_of("name,Churned on\nInitech,yes\n"))

    assert sheet.problems == [(2, "Churned on: “yes” is not a date without doubt. Write it as 2026-11-20.")]


def test_a_workbook_brings_them_too(world: World) -> None:
    book = Workbook()
    book.active.append(["Account", "Churn date", "Last renewal"])
    book.active.append(["Initech", datetime(2026, 11, 3), datetime(2025, 11, 3)])
    file = BytesIO()
    book.save(file)

    sheet = columns.read(columns.lines_in(file.getvalue()))

    fields = {"name": "Initech", "churned_on": date(2026, 11, 3), "renewed_on": date(2025, 11, 3)}
    assert sheet.rows == [(2, fields)]


# The page and the API


@pytest.fixture
def today() -> Any:
    with time_machine.travel(AT, tick=False):
        yield


def test_the_panel_records_and_takes_back(world: World, today: None) -> None:
    browser = world.browser(world.alice, htmx=True)
    url = f"/accounts/{world.account.pk}/outcomes/"
    assert "Nothing is recorded" in browser.get(url).content.decode()

    answer = browser.post(url, {"kind": "churned", "on": "2026-11-03", "amount": "4800", "set_stage": "1"})

    assert answer.status_code == 200
    made = Outcome.objects.get()
    assert (made.kind, made.amount) == ("churned", Decimal(4800))
    assert Account.objects.get(pk=world.account.pk).stage == "churned"
    page = browser.get(url).content.decode()
    assert "3 Nov 2026" in page
    assert "4,800" in page
    browser.post(f"{url}{made.pk}/withdraw/")
    assert "Nothing is recorded" in browser.get(url).content.decode()


def test_a_refused_form_keeps_what_was_typed_and_names_the_field(world: World, today: None) -> None:
    answer = world.browser(world.alice).post(
        f"/accounts/{world.account.pk}/outcomes/", {"kind": "renewed", "on": "2026-12-24", "reason": "Early"}
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "That day has not come yet" in page
    assert 'value="Early"' in page
    assert not Outcome.objects.exists()


def test_a_reader_sees_no_form_and_may_not_post(world: World, today: None) -> None:
    browser = world.browser(world.vic)
    url = f"/accounts/{world.account.pk}/outcomes/"

    assert "Record an outcome" not in browser.get(url).content.decode()
    assert browser.post(url, {"kind": "churned", "on": "2026-11-03"}).status_code == 403


def test_the_api_records_lists_and_takes_back(world: World, today: None) -> None:
    browser, url = world.browser(world.mona), "/api/v1/outcomes/"
    body = {"account_id": str(world.account.pk), "kind": "renewed", "on": "2026-11-03", "amount": "10.00"}

    made = browser.post(url, body, content_type="application/json")
    assert made.status_code == 201
    assert browser.post(url, body, content_type="application/json").status_code == 409

    listed = browser.get(url, {"kind": "renewed", "since": "2026-11-01", "withdrawn": "false"}).json()["results"]
    assert [(row["id"], row["kind"], row["amount"]) for row in listed] == [(made.json()["id"], "renewed", "10.00")]
    assert browser.post(f"{url}{made.json()['id']}/withdraw/").json()["withdrawn_by"]
    assert browser.get(url, {"withdrawn": "false"}).json()["results"] == []
    hidden = world.browser(world.bob)
    assert hidden.get(url).json()["results"] == []
    assert hidden.post(f"{url}{made.json()['id']}/withdraw/").status_code == 404
