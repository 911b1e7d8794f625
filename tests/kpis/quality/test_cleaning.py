"""Suggestions in the database: found after an import, accepted as corrections, taken back, dismissed for good."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.models import Account
from core.models import Entry, Job
from kpis import tasks
from kpis.models import Kpi, KpiValue, Suggestion, Upload
from kpis.operations import cleaning
from kpis.queries.cleaning import SuggestionFilter, accounts_to_clean, suggestions
from tests.kpis.health.book import furnish
from tests.world import World

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MONTHS = [date(2026, number, 1) for number in range(1, 11)]


@pytest.fixture
def book(world: World, time_machine: Any) -> World:
    time_machine.move_to(NOW)
    furnish()
    return world


@pytest.fixture
def account(book: World) -> Account:
    """Ten months of reply times in hours, September in minutes."""
    account = Account.objects.get(name="Initech")
    upload = Upload.objects.create(
        file_name="kpis.csv", sha256="x", size=1, path="t/x", state="done", position=9, created_at=NOW,
        created_by_label="Amy",
    )  # fmt: skip
    kpi = Kpi.objects.get(code="first_response_time")
    for number, month in enumerate(MONTHS):
        value = Decimal("2.1") + Decimal(number) / 20
        KpiValue.objects.create(
            account=account, kpi=kpi, period=month, value=value * 60 if month.month == 9 else value, recorded_at=NOW,
            origin="upload", upload=upload, sheet="S", address=f"C{number}", raw=str(value),
        )  # fmt: skip
    return account


@pytest.fixture
def found(account: Account) -> Suggestion:
    look()
    return Suggestion.objects.get()


def look() -> int:
    return cleaning.find_suggestions(account_ids=accounts_to_clean(), today=NOW.date(), at=NOW)


def september() -> KpiValue | None:
    return KpiValue.objects.current().filter(period="2026-09-01").first()


def test_it_is_found_after_the_import_and_only_once(account: Account) -> None:
    upload = Upload.objects.get()
    tasks.look_through_upload.run(upload_id=upload.pk)
    found = Suggestion.objects.get()
    assert (found.kind, found.account, found.proposed, found.value) == ("unit", account, Decimal("2.5"), september())
    assert "minutes for hours" in found.why
    assert look() == 0
    upload.state = Upload.State.ROLLED_BACK
    upload.save()
    Suggestion.objects.all().delete()
    tasks.look_through_upload.run(upload_id=upload.pk)
    assert not Suggestion.objects.exists()


def test_accepting_is_a_correction_and_can_be_taken_back(found: Suggestion, book: World) -> None:
    by, before = book.amy.as_actor(), september()
    done = cleaning.accept_suggestion(suggestion_id=found.pk, by=by, at=NOW)
    now = september()
    assert now is not None
    assert before is not None
    assert (now.value, now.origin, now.by_label, now.previous) == (Decimal("2.5"), "edit", by.label, before)
    assert now.reason.startswith("Cleaning, unit: ")
    assert (done.state, done.applied, done.decided_by) == ("accepted", now, by.label)
    entry = Entry.objects.get(event="kpis.value_corrected")
    assert (entry.data["old"], entry.data["new"], entry.account_id) == ("150", "2.5", found.account_id)
    with pytest.raises(cleaning.Overtaken, match="decided"):
        cleaning.accept_suggestion(suggestion_id=found.pk, by=by, at=NOW)
    cleaning.revert_suggestion(suggestion_id=found.pk, by=by, at=NOW)
    back = september()
    assert back is not None
    for name in ("value", "origin", "upload_id", "sheet", "address", "raw"):
        assert getattr(back, name) == getattr(before, name), name
    found.refresh_from_db()
    assert found.state == "reverted"
    with pytest.raises(cleaning.Overtaken, match="was accepted"):
        cleaning.revert_suggestion(suggestion_id=found.pk, by=by, at=NOW)


def test_a_value_is_withdrawn_or_moved_and_comes_back(found: Suggestion, book: World) -> None:
    by = book.amy.as_actor()
    Suggestion.objects.update(proposed=None)
    cleaning.accept_suggestion(suggestion_id=found.pk, by=by, at=NOW)
    assert september() is None
    cleaning.revert_suggestion(suggestion_id=found.pk, by=by, at=NOW)
    back = september()
    assert back is not None
    assert back.value == 150
    other = Suggestion.objects.create(
        kind="date", account=found.account, kpi=found.kpi, value=back, move_to=date(2025, 9, 1), why="x", found_at=NOW
    )
    cleaning.accept_suggestion(suggestion_id=other.pk, by=by, at=NOW)
    moved = KpiValue.objects.current().get(period="2025-09-01")
    assert (moved.value, moved.origin, september()) == (150, "edit", None)
    cleaning.revert_suggestion(suggestion_id=other.pk, by=by, at=NOW)
    assert not KpiValue.objects.current().filter(period="2025-09-01").exists()
    assert september() is not None


def test_a_month_that_was_filled_meanwhile_is_not_overwritten(found: Suggestion, book: World) -> None:
    Suggestion.objects.update(proposed=None, move_to=date(2026, 8, 1))
    with pytest.raises(cleaning.Overtaken, match="filled this month"):
        cleaning.accept_suggestion(suggestion_id=found.pk, by=book.amy.as_actor(), at=NOW)
    assert september() is not None


def test_a_value_that_was_changed_since_is_left(found: Suggestion, book: World) -> None:
    by = book.amy.as_actor()
    KpiValue.objects.filter(pk=found.value_id).update(superseded_at=NOW)
    with pytest.raises(cleaning.Overtaken, match="changed since"):
        cleaning.accept_suggestion(suggestion_id=found.pk, by=by, at=NOW)
    assert not suggestions(SuggestionFilter(), by=by).exists()
    look()
    found.refresh_from_db()
    assert found.state == "over"


def test_dismissed_is_remembered_even_when_the_file_comes_again(found: Suggestion, book: World) -> None:
    by = book.amy.as_actor()
    cleaning.dismiss_suggestion(suggestion_id=found.pk, by=by, at=NOW)
    assert look() == 0
    value = KpiValue.objects.get(pk=found.value_id)
    KpiValue.objects.filter(pk=value.pk).update(superseded_at=NOW)
    value.pk, value._state.adding, value.superseded_at = None, True, None
    value.save()
    assert look() == 0


def test_many_at_once(found: Suggestion, book: World) -> None:
    by = book.amy.as_actor()
    assert cleaning.decide_many(ids=[found.pk, found.pk, book.account.pk], decision="accept", by=by, at=NOW) == (1, 2)
    job = cleaning.start_deciding(wanted={"state": "accepted", "kind": "unit"}, decision="revert", by=by)
    tasks.decide_suggestions.run(job_id=str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.message, job.done) == (Job.State.DONE, "1 done.", 1)
    found.refresh_from_db()
    assert found.state == "reverted"
    with pytest.raises(PermissionDenied):
        cleaning.decide_many(ids=[found.pk], decision="accept", by=book.vic.as_actor(), at=NOW)
    with pytest.raises(Suggestion.DoesNotExist):
        cleaning.accept_suggestion(suggestion_id=found.pk, by=book.bob.as_actor(), at=NOW)


def test_looking_through_everything_is_a_job(account: Account, book: World) -> None:
    job = cleaning.start_finding(by=book.amy.as_actor())
    assert cleaning.start_finding(by=book.amy.as_actor()) == job
    tasks.find_everywhere.run(job_id=str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.message) == (Job.State.DONE, "1 new suggestions.")


def test_corrections_of_people_are_not_doubted(account: Account) -> None:
    KpiValue.objects.filter(period="2026-09-01").update(origin="edit")
    assert look() == 0


def test_the_page(found: Suggestion, book: World) -> None:
    browser: Client = book.browser(book.amy)
    page = browser.get("/data-quality/suggestions/").content.decode()
    assert "minutes for hours" in page
    assert "Initech" in page
    for query in (
        "?kind=date",
        "?kpi=seat_use",
        "?account=zzz",
        "?file=other.csv",
        "?state=accepted",
        "?kind=%00&after=x",
    ):
        assert ("minutes for hours" in browser.get(f"/data-quality/suggestions/{query}").content.decode()) is (
            "%00" in query
        )
    answer = browser.post("/data-quality/suggestions/", {"ids": [str(found.pk)], "decision": "accept"})
    assert answer.status_code == 302
    book.enter("north")
    assert september().value == Decimal("2.5")  # type: ignore[union-attr]
    assert "Take back" in browser.get("/data-quality/suggestions/?state=accepted").content.decode()
    assert browser.post("/data-quality/suggestions/", {"decision": "accept"}).status_code == 422
    assert browser.post("/data-quality/suggestions/", {"ids": "x", "decision": "eat"}).status_code == 422
    viewer = book.browser(book.vic)
    assert viewer.post("/data-quality/suggestions/", {"ids": [str(found.pk)], "decision": "accept"}).status_code == 403


def test_the_api(found: Suggestion, book: World) -> None:
    browser: Client = book.browser(book.amy)
    (row,) = browser.get("/api/v1/suggestions/?kind=unit").json()["results"]
    assert (row["id"], row["kind"], Decimal(row["proposed"])) == (str(found.pk), "unit", Decimal("2.5"))
    answer = browser.post(f"/api/v1/suggestions/{found.pk}/accept/")
    assert (answer.status_code, answer.json()["state"]) == (200, "accepted")
    assert browser.post(f"/api/v1/suggestions/{found.pk}/accept/").status_code == 409
    assert browser.post(f"/api/v1/suggestions/{found.pk}/revert/").json()["state"] == "reverted"
    many = browser.post(
        "/api/v1/suggestions/decide/",
        {"decision": "dismiss", "wanted": {"kind": "unit"}},
        content_type="application/json",
    )
    assert (many.status_code, many.json()["kind"]) == (202, "kpis.decide_suggestions")
