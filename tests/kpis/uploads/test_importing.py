"""What committing a file does to the values: new, unchanged, superseded, corrected by hand, of the sample."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils.timezone import now

from accounts.models import Account
from core.actor import Actor
from core.models import Entry
from kpis import operations
from kpis.models import Kpi, KpiValue, Upload, UploadIssue
from kpis.operations import importing
from tests.kpis.uploads.conftest import bring, commit, long_csv, sheet_xlsx, work
from tests.world import World

SEPTEMBER = dt.date(2026, 9, 1)
SEAT = ("Initech", "Seat use", "2026-09", "61", "%")


@pytest.fixture
def amy(catalogue: World) -> Actor:
    return catalogue.amy.as_actor()


def current() -> KpiValue:
    return KpiValue.objects.current().select_related("account", "kpi", "previous", "upload").get()


def test_a_value_remembers_where_it_stood(amy: Actor) -> None:
    upload = commit(bring(long_csv(SEAT), "seats.csv", by=amy), by=amy)
    value = current()
    assert (value.account.name, value.kpi.code, value.period, value.value) == (
        "Initech",
        "seat_use",
        SEPTEMBER,
        Decimal(61),
    )
    assert (value.upload, value.sheet, value.address, value.raw, value.raw_unit) == (
        upload,
        "",
        "line 2, column D",
        "61",
        "%",
    )
    assert (value.origin, value.cell_type, value.parser_version) == ("upload", "text", "1")
    assert (value.by_id, value.by_label) == (amy.user_id, amy.label)


def test_a_converted_value_says_how(amy: Actor, tmp_path: Path) -> None:
    rows = [["KPI", "Value"], ["Time to first value", "4 weeks"]]
    upload = bring(sheet_xlsx(tmp_path / "one.xlsx", rows, "KPIs"), "one.xlsx", by=amy)
    answers = {"account": "Initech", "period": "2026-09"}
    upload = work(operations.answer_upload(upload_id=upload.pk, answers=answers, by=amy))
    commit(upload, by=amy)
    value = current()
    assert (value.value, value.raw, value.sheet, value.address) == (Decimal(28), "4 weeks", "KPIs", "B2")
    assert "28" in value.conversion


def test_the_same_value_again_is_unchanged(amy: Actor) -> None:
    commit(bring(long_csv(SEAT), "seats.csv", by=amy), by=amy)
    first = current()
    again = bring(long_csv(SEAT), "seats.csv", by=amy)
    assert again.version == 2
    assert again.proposal["counts"]["unchanged"] == 1
    again = commit(again, by=amy)
    assert again.summary["unchanged"] == 1
    assert "imported" not in again.summary
    assert current() == first
    assert Entry.objects.filter(event="kpis.batch_imported").count() == 1


def test_another_value_supersedes_and_keeps_the_old_one(amy: Actor) -> None:
    commit(bring(long_csv(SEAT), "seats.csv", by=amy), by=amy)
    old = current()
    proposed = bring(long_csv((*SEAT[:3], "64", "%")), "seats.csv", by=amy)
    assert proposed.proposal["counts"]["changed"] == 1
    commit(proposed, by=amy)
    new = current()
    assert (new.value, new.previous) == (Decimal(64), old)
    old.refresh_from_db()
    assert old.superseded_at == new.recorded_at


def correct(value: KpiValue, number: int) -> KpiValue:
    KpiValue.objects.filter(pk=value.pk).update(superseded_at=now())
    return KpiValue.objects.create(
        account=value.account,
        kpi=value.kpi,
        period=value.period,
        value=number,
        recorded_at=now(),
        origin=KpiValue.Origin.EDIT,
        previous=value,
        reason="Counted again",
    )


def test_a_correction_stays_while_the_file_says_nothing_new(amy: Actor) -> None:
    commit(bring(long_csv(SEAT), "seats.csv", by=amy), by=amy)
    correct(correct(current(), 70), 71)
    upload = commit(bring(long_csv(SEAT), "seats.csv", by=amy), by=amy)
    assert upload.summary == {"corrected": 1, "accounts": 0, "kpis": 0}
    assert current().value == 71


def test_news_in_a_file_supersede_a_correction(amy: Actor) -> None:
    commit(bring(long_csv(SEAT), "seats.csv", by=amy), by=amy)
    correct(current(), 70)
    commit(bring(long_csv((*SEAT[:3], "66", "%")), "seats.csv", by=amy), by=amy)
    assert current().value == 66


def test_sample_accounts_are_never_filled(amy: Actor, catalogue: World) -> None:
    Account.objects.create(name="Sample Oy", sample=True)
    upload = bring(long_csv(("Sample Oy", "Seat use", "2026-09", "61", "%")), "s.csv", by=amy)
    assert upload.proposal["counts"]["held"] == 1
    with pytest.raises(operations.NotNow, match="nothing to import"):
        operations.commit_upload(upload_id=upload.pk, by=amy)
    assert not KpiValue.objects.exists()


def test_archived_accounts_are_not_filled(amy: Actor, catalogue: World) -> None:
    Account.objects.filter(name="Initech").update(archived_at=now())
    assert bring(long_csv(SEAT), "s.csv", by=amy).proposal["counts"]["values"] == 0


def test_one_entry_tells_of_a_batch(amy: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kpis.operations.reading.BATCH", 2)
    months = [("Initech", "Seat use", f"2026-0{month}", str(50 + month), "%") for month in range(1, 6)]
    upload = commit(bring(long_csv(*months), "m.csv", by=amy), by=amy)
    entries = Entry.objects.filter(event="kpis.batch_imported").order_by("seq")
    assert [entry.data["values"] for entry in entries] == [2, 2, 1]
    account = str(Account.objects.get(name="Initech").pk)
    assert all(entry.data["account_ids"] == [account] for entry in entries)
    finished = Entry.objects.get(event="kpis.upload_finished")
    assert finished.data | {"account_id": None} == {
        "account_id": None,
        "upload_id": str(upload.pk),
        "state": "done",
        "imported": 5,
        "held": 0,
    }


def test_a_figure_no_column_can_hold_is_held(amy: Actor) -> None:
    template = Kpi.objects.filter(template_only=True, portfolio_only=False).exclude(unit="%").first()
    rows = (SEAT, ("Initech", template.name, "2026-09", "9" * 18, ""))
    upload = commit(bring(long_csv(*rows), "big.csv", by=amy), by=amy)
    assert upload.summary["imported"] == 1
    issue = UploadIssue.objects.get(upload=upload, state="held")
    assert (issue.kind, issue.address) == ("out_of_range", "line 3, column D")


def test_values_without_ranges_are_kept_and_counted_apart(amy: Actor) -> None:
    template = Kpi.objects.filter(template_only=True, portfolio_only=False).first()
    upload = commit(bring(long_csv(("Initech", template.name, "2026-09", "12", "")), "t.csv", by=amy), by=amy)
    assert upload.summary["template_only"] == 1
    assert not current().kpi.scored


def test_somebody_writing_the_same_value_meanwhile_is_seen_on_the_next_try(
    amy: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = operations.commit_upload(upload_id=bring(long_csv(SEAT), "seats.csv", by=amy).pk, by=amy)
    real, calls = importing._copy, []

    def late(*args: Any, **kwargs: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise IntegrityError("duplicate key")
        real(*args, **kwargs)

    monkeypatch.setattr(importing, "_copy", late)
    assert work(upload).state == Upload.State.DONE
    assert len(calls) == 2
    assert current().value == 61


def test_a_file_that_was_taken_over_by_another_job_is_left_alone(amy: Actor) -> None:
    upload = operations.commit_upload(upload_id=bring(long_csv(SEAT), "seats.csv", by=amy).pk, by=amy)
    stale = upload.job
    Upload.objects.filter(pk=upload.pk).update(job=None)
    operations.import_upload(upload_id=upload.pk, job=stale, by=amy, today=SEPTEMBER, at=now())
    assert not KpiValue.objects.exists()


def test_an_import_that_breaks_says_so_and_can_go_on(amy: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = operations.commit_upload(upload_id=bring(long_csv(SEAT), "seats.csv", by=amy).pk, by=amy)

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(importing, "_copy", broken)
        with pytest.raises(OSError, match="disk full"):
            importing.import_upload(upload_id=upload.pk, job=upload.job, by=amy, today=SEPTEMBER, at=now())
    upload.refresh_from_db()
    assert upload.state == Upload.State.FAILED
    assert "whole" in upload.message
    assert not KpiValue.objects.exists()
    Upload.objects.filter(pk=upload.pk).update(state=Upload.State.PROPOSED)
    assert commit(Upload.objects.get(pk=upload.pk), by=amy).summary["imported"] == 1


def test_a_failed_import_of_nothing_can_be_committed_again(amy: Actor) -> None:
    upload = bring(long_csv(SEAT), "seats.csv", by=amy)
    Upload.objects.filter(pk=upload.pk).update(state=Upload.State.FAILED)
    assert commit(Upload.objects.get(pk=upload.pk), by=amy).summary["imported"] == 1
