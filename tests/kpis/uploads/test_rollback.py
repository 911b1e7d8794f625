"""A file is taken back: its values leave, what they had replaced is in force again, scores are as they were."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now

from accounts.models import Account
from core.models import Entry, Job
from kpis import operations, tasks
from kpis.catalogue import BY_CODE
from kpis.models import AccountHealth, HealthScore, Kpi, KpiAlias, KpiValue, Upload, UploadIssue
from kpis.operations import rollback
from kpis.queries.rollback import effect_of_rollback, kept_values
from tests.kpis.health.book import GREEN_EDGES, score
from tests.kpis.uploads.conftest import bring, commit, long_csv, work
from tests.world import World

AUGUST = [("Initech", "Seat use", "2026-08", "61", "%"), ("Initech", "Customer ROI", "2026-08", "120", "%")]
SEPTEMBER = [("Initech", "Seat use", "2026-09", "55", "%")]


@pytest.fixture
def by(catalogue: World) -> Any:
    return catalogue.amy.as_actor()


def file(by: Any, *rows: tuple[object, ...], name: str = "kpis.csv") -> Upload:
    return commit(bring(long_csv(*rows), name, by=by), by=by)


def back(upload: Upload, by: Any, reason: str = "wrong month") -> Upload:
    return work(operations.roll_back_upload(upload_id=upload.pk, reason=reason, by=by, at=now()))


def in_force() -> list[tuple[str, str, str]]:
    rows = KpiValue.objects.current().order_by("kpi__code", "period")
    return [(code, f"{period:%Y-%m}", f"{float(value):g}") for code, period, value in
            rows.values_list("kpi__code", "period", "value")]  # fmt: skip


def test_what_was_there_before_is_in_force_again(by: Any) -> None:
    first = file(by, *AUGUST)
    before = KpiValue.objects.current().get(kpi__code="seat_use")
    second = file(by, ("Initech", "Seat use", "2026-08", "16", "%"), *SEPTEMBER)
    effect = effect_of_rollback(second)
    assert (effect.withdrawn, effect.restored, effect.emptied, effect.accounts, effect.stay) == (2, 1, 1, 1, 0)
    second = back(second, by)
    assert in_force() == [("customer_roi", "2026-08", "120"), ("seat_use", "2026-08", "61")]
    restored = KpiValue.objects.current().get(kpi__code="seat_use")
    assert restored.previous.upload == second
    assert restored.previous.superseded_at is not None
    for name in ("origin", "upload_id", "sheet", "address", "raw", "raw_unit", "conversion", "cell_type", "by_label"):
        assert getattr(restored, name) == getattr(before, name), name
    assert (restored.upload, "was rolled back. wrong month" in restored.reason) == (first, True)
    assert (second.state, second.rollback_reason, second.rolled_back_by) == ("rolled_back", "wrong month", by.label)
    assert second.rolled_back_at is not None
    assert (second.summary["withdrawn"], second.summary["restored"]) == (2, 1)
    entry = Entry.objects.get(event="kpis.upload_rolled_back")
    assert (entry.data["withdrawn"], entry.data["restored"], entry.data["reason"]) == (2, 1, "wrong month")
    with pytest.raises(operations.NotNow, match="rolled back already"):
        back(second, by)


def test_scores_are_exactly_as_they_were(by: Any) -> None:
    account = Account.objects.get(name="Initech")
    rows = [("Initech", _name(code), "2026-10", value, _unit(code)) for code, value in GREEN_EDGES.items()]
    file(by, *rows)
    score(account)
    before = _scores(account)
    worse = [("Initech", _name(code), "2026-10", float(value) * 1.01, _unit(code)) for code, value in
             GREEN_EDGES.items() if _unit(code) == "%" and float(value) < 90]  # fmt: skip
    second = file(by, *worse, *((*row[:2], "2026-09", *row[3:]) for row in worse))
    assert "held" not in second.summary
    tasks.rescore_upload.run(upload_id=second.pk)
    assert _scores(account) != before
    back(second, by)
    tasks.rescore_upload.run(upload_id=second.pk)
    assert _scores(account) == before


def _name(code: str) -> str:
    return str(Kpi.objects.get(code=code).name)


def _unit(code: str) -> str:
    return BY_CODE[code].unit if BY_CODE[code].unit in ("%", "days", "h") else ""


def _scores(account: Account) -> list[Any]:
    """Everything of the scores and the standing but ids and times."""
    scores = HealthScore.objects.filter(account=account, superseded_at=None).order_by("as_of")
    kept = [
        (one.as_of, one.score_hundredths, one.band, one.coverage, one.low_hundredths, one.high_hundredths,
         one.base_hundredths, one.categories, [[part[0], *part[2:]] for part in one.parts], one.exceptions)
        for one in scores
    ]  # fmt: skip
    standing = AccountHealth.objects.filter(account=account).values(
        "score_hundredths", "band", "coverage", "low_hundredths", "high_hundredths", "fingerprint", "trend",
        "change_hundredths", "arrow", "attention", "as_of",
    )  # fmt: skip
    # A month that had no data and has none again keeps no score that says so: what counts is what is shown.
    return [[one for one in kept if one[1] is not None], list(standing)]


def test_what_people_and_newer_files_changed_stays(by: Any) -> None:
    first = file(by, *AUGUST, *SEPTEMBER)
    seat = KpiValue.objects.current().get(kpi__code="seat_use", period="2026-08-01")
    operations.correct_kpi_value(
        account_id=seat.account_id, kpi_code="seat_use", period=seat.period, new=Decimal(64), reason="they said so",
        expected_value_id=seat.pk, by=by, at=now(),
    )  # fmt: skip
    file(by, ("Initech", "Customer ROI", "2026-08", "130", "%"), name="other.csv")
    effect = effect_of_rollback(first)
    assert (effect.withdrawn, effect.by_people, effect.by_files) == (1, 1, 1)
    assert sorted(f"{float(one.said or 0):g}" for one in kept_values(first).rows) == ["120", "61"]
    back(first, by)
    assert in_force() == [("customer_roi", "2026-08", "130"), ("seat_use", "2026-08", "64")]


def test_rolled_back_files_are_skipped_on_the_way_back(by: Any) -> None:
    files = [file(by, ("Initech", "Seat use", "2026-08", value, "%")) for value in ("51", "52", "53")]
    back(files[1], by)
    assert in_force() == [("seat_use", "2026-08", "53")]
    back(files[2], by)
    assert in_force() == [("seat_use", "2026-08", "51")]
    back(files[0], by)
    assert in_force() == []


def test_a_later_file_that_said_the_same_keeps_the_value(by: Any) -> None:
    first, second = file(by, *AUGUST), file(by, *AUGUST[:1])
    assert second.summary["unchanged"] == 1
    effect = effect_of_rollback(first)
    assert (effect.withdrawn, effect.repeated, effect.emptied) == (2, 1, 1)
    back(first, by)
    value = KpiValue.objects.current().get()
    assert (value.upload, value.kpi.code, value.value, value.raw) == (second, "seat_use", 61, "61")
    back(second, by)
    assert in_force() == []


def test_an_undone_correction_does_not_come_back(by: Any) -> None:
    file(by, *AUGUST[:1])
    second = file(by, ("Initech", "Seat use", "2026-08", "16", "%"))
    seat = KpiValue.objects.current().get()
    edit = operations.correct_kpi_value(
        account_id=seat.account_id, kpi_code="seat_use", period=seat.period, new=Decimal(99), reason="slip",
        expected_value_id=seat.pk, by=by, at=now(),
    )  # fmt: skip
    operations.undo_correction(value_id=edit.pk, by=by, at=now())
    back(second, by)
    assert in_force() == [("seat_use", "2026-08", "61")]


def edit(number: int, by: Any) -> KpiValue:
    seat = KpiValue.objects.current().get()
    return operations.correct_kpi_value(
        account_id=seat.account_id, kpi_code="seat_use", period=seat.period, new=Decimal(number), reason="slip",
        expected_value_id=seat.pk, by=by, at=now(),
    )  # fmt: skip


def test_undoing_an_edit_brings_nothing_of_a_rolled_back_file_back(by: Any) -> None:
    file(by, *AUGUST[:1])
    second = file(by, ("Initech", "Seat use", "2026-08", "16", "%"))
    operations.undo_correction(value_id=edit(99, by).pk, by=by, at=now())
    last = edit(50, by)
    back(second, by)
    assert in_force() == [("seat_use", "2026-08", "50")]  # what a person said stays
    again = operations.undo_correction(value_id=last.pk, by=by, at=now())
    assert again is not None
    assert in_force() == [("seat_use", "2026-08", "61")]


def test_undoing_an_edit_of_a_file_that_came_first_and_is_gone_empties_the_cell(by: Any) -> None:
    only = file(by, *AUGUST[:1])
    last = edit(50, by)
    back(only, by)
    assert operations.undo_correction(value_id=last.pk, by=by, at=now()) is None
    assert in_force() == []


def test_held_rows_are_settled_and_aliases_stay(by: Any, catalogue: World) -> None:
    upload = bring(long_csv(*AUGUST, ("Initech", "Happiness", "2026-08", "4", "")), "a.csv", by=by)
    unknown = UploadIssue.objects.get(upload=upload, kind="unknown_kpi").unknown
    upload = commit(upload, by=by)
    operations.settle_unknown_kpi(unknown_id=unknown.pk, kpi="product_satisfaction", by=by)
    assert effect_of_rollback(upload).held == 1
    back(upload, by)
    assert not UploadIssue.objects.filter(upload=upload, state="held").exists()
    assert KpiAlias.objects.filter(normalised="happiness").exists() or KpiAlias.objects.exists()


def test_a_file_is_imported_again_as_its_next_version(by: Any, queued: list[str]) -> None:
    upload = back(file(by, *AUGUST), by)
    again = work(operations.import_again(upload_id=upload.pk, by=by, at=now()))
    assert (again.version, again.state, again.sha256) == (2, "proposed", upload.sha256)
    again = commit(again, by=by)
    assert again.summary["imported"] == 2
    assert in_force() == [("customer_roi", "2026-08", "120"), ("seat_use", "2026-08", "61")]
    with pytest.raises(operations.NotNow, match="Only a file that was rolled back"):
        operations.import_again(upload_id=again.pk, by=by, at=now())


def test_who_may_and_what_is_refused(catalogue: World, by: Any) -> None:
    upload = file(by, *AUGUST)
    with pytest.raises(PermissionDenied):
        back(upload, catalogue.vic.as_actor())
    with pytest.raises(Upload.DoesNotExist):
        back(upload, catalogue.bob.as_actor())
    for reason in ("", " \n", "x" * 401):
        with pytest.raises(operations.NoReason) as refusal:
            back(upload, by, reason)
        assert refusal.value.field == "reason"
    with pytest.raises(operations.NotNow, match="no values"):
        back(bring(long_csv(*SEPTEMBER), "b.csv", by=by), by)
    upload.refresh_from_db()
    assert upload.state == "done"


def test_a_killed_worker_goes_on_where_it_stood(by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken after any batch, the rest is taken back by the next try, and nothing twice."""
    monkeypatch.setattr(rollback, "BATCH", 2)
    months = [f"2026-{number:02d}" for number in range(1, 10)]
    file(by, *(("Initech", "Seat use", month, "40", "%") for month in months))
    upload = file(by, *(("Initech", "Seat use", month, "50", "%") for month in months))
    upload = operations.roll_back_upload(upload_id=upload.pk, reason="no", by=by, at=now())
    real, calls = rollback._insert, []

    def breaks(*args: Any) -> None:
        real(*args)
        calls.append(1)
        if len(calls) in (3, 8):
            raise ZeroDivisionError

    monkeypatch.setattr(rollback, "_insert", breaks)
    for _ in range(2):
        job = Job.objects.get(pk=upload.job_id)
        with pytest.raises(ZeroDivisionError):
            rollback.take_back(upload_id=upload.pk, job=job, by=by, at=now())
    rollback.take_back(upload_id=upload.pk, job=Job.objects.get(pk=upload.job_id), by=by, at=now())
    upload.refresh_from_db()
    assert (upload.state, upload.summary["withdrawn"], upload.summary["restored"]) == ("rolled_back", 9, 9)
    assert {row[2] for row in in_force()} == {"40"}
    assert KpiValue.objects.count() == 27
    assert Job.objects.get(pk=upload.job_id).done == 9


def test_one_that_gave_up_can_be_taken_up_again(by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = file(by, *AUGUST)
    upload = operations.roll_back_upload(upload_id=upload.pk, reason="no", by=by, at=now())
    Job.objects.filter(pk=upload.job_id).update(state=Job.State.FAILED, finished_at=now())
    upload = Upload.objects.select_related("job").get(pk=upload.pk)
    assert upload.stuck
    upload = back(upload, by, "")
    assert (upload.state, upload.rollback_reason) == ("rolled_back", "no")
