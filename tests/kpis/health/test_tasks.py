"""Scoring follows what happens: corrections, imports, new accounts, the end of a month, the night."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

from accounts.models import Account
from accounts.operations import create_account
from core.audit import record
from core.jobs import cancel
from core.models import Entry, Job
from kpis.events import KpiBatchImported, UploadFinished
from kpis.models import AccountHealth, HealthScore, KpiValue, Upload
from kpis.operations import start_rescoring
from kpis.tasks import rescore_batch, rescore_new, rescore_portfolio
from tests.kpis.health.book import NOVEMBER, NOW, OCTOBER, SCORING, fill, furnish, score
from tests.world import World

Capture = Callable[..., AbstractContextManager[Any]]


@pytest.fixture
def book(world: World) -> Any:
    furnish()
    with time_machine.travel(NOW, tick=False):
        yield world


def an_upload(state: str) -> Upload:
    return Upload.objects.create(
        file_name="november.xlsx",
        sha256="0" * 64,
        size=1,
        path="x",
        state=state,
        created_by_label="Ana",
        created_at=NOW,
    )


def test_half_a_file_gives_no_score_and_the_whole_file_does(
    book: World, django_capture_on_commit_callbacks: Capture
) -> None:
    upload = an_upload(Upload.State.IMPORTING)
    fill(book.account)
    KpiValue.objects.update(upload=upload)
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        record(KpiBatchImported(None, upload.pk, 20, [book.account.pk]), by=SCORING)
    assert not AccountHealth.objects.exists()

    Upload.objects.update(state=Upload.State.DONE)
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        record(UploadFinished(None, upload.pk, "done", 20, 0), by=SCORING)

    assert AccountHealth.objects.get().score_hundredths == 7500


def test_rows_that_come_in_later_are_scored_at_once(book: World, django_capture_on_commit_callbacks: Capture) -> None:
    upload = an_upload(Upload.State.DONE)
    fill(book.account)

    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        record(KpiBatchImported(None, upload.pk, 20, [book.account.pk]), by=SCORING)

    assert AccountHealth.objects.get().score_hundredths == 7500


def test_a_new_account_says_that_there_is_not_enough_data(
    book: World, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        made = create_account(name="New", by=book.mona.as_actor())

    assert AccountHealth.objects.get(pk=made.pk).band == "unknown"
    assert not Entry.objects.filter(event="kpis.health_changed").exists()


def test_accounts_of_a_file_get_a_standing_each(book: World) -> None:
    score(book.account)
    Account.objects.create(name="Second")
    Account.objects.create(name="Archived", archived_at=NOW)

    rescore_new()

    assert AccountHealth.objects.count() == 2


def test_the_night_is_quiet_when_nothing_has_changed(book: World) -> None:
    fill(book.account, OCTOBER)
    fill(book.account, NOVEMBER)
    rescore_portfolio()
    rows = HealthScore.objects.count()
    assert rows == 2

    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        rescore_portfolio()

    assert HealthScore.objects.count() == rows
    assert AccountHealth.objects.get().as_of == NOW.date() + timedelta(days=1)
    assert Entry.objects.filter(event="kpis.health_changed").count() == 1
    assert Entry.objects.filter(event="kpis.portfolio_scored").count() == 2


def test_the_first_night_of_a_month_stores_the_end_of_the_last(book: World) -> None:
    fill(book.account, NOVEMBER)
    rescore_portfolio()

    with time_machine.travel(NOW + timedelta(days=12), tick=False):
        rescore_portfolio()

    days = HealthScore.objects.filter(superseded_at=None).order_by("as_of").values_list("as_of", flat=True)
    assert [day.isoformat() for day in days] == ["2026-11-20", "2026-11-30"]
    assert AccountHealth.objects.get().trend == [None] * 10 + [7500, 7500]


def test_somebody_can_ask_for_all_to_be_scored(book: World, django_capture_on_commit_callbacks: Capture) -> None:
    fill(book.account)

    with django_capture_on_commit_callbacks(execute=True):
        job = start_rescoring(by=book.mona.as_actor())

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 1, 1)
    assert job.message == "1 accounts scored, 1 moved."


def test_a_job_that_was_stopped_scores_no_further(book: World) -> None:
    fill(book.account)
    job = start_rescoring(by=book.mona.as_actor())
    cancel(job)

    rescore_portfolio(job_id=str(job.pk))

    assert Job.objects.get().state == "cancelled"
    assert not AccountHealth.objects.exists()


def test_every_moved_account_is_told_of_even_after_an_import_of_many(
    book: World, django_capture_on_commit_callbacks: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, heard = an_upload(Upload.State.DONE), []
    accounts = [Account(name=f"Customer {number}") for number in range(60)]
    Account.objects.bulk_create(accounts)
    for account in accounts:
        fill(account)
    monkeypatch.setattr("core.audit._SUBSCRIBERS", {"kpis.health_changed": [Heard(heard)]})

    with django_capture_on_commit_callbacks(execute=True):
        rescore_batch(upload_id=upload.pk, account_ids=[str(account.pk) for account in accounts])

    assert {call["account_id"] for call in heard} == {str(account.pk) for account in accounts}
    assert len(heard) == 60


class Heard:
    """Stands for a subscriber of the switchboard."""

    many = False

    def __init__(self, calls: list[dict[str, Any]]) -> None:
        self.calls = calls

    def apply_async(self, *, kwargs: dict[str, Any]) -> None:
        self.calls.append(kwargs)
