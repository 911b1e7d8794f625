"""Every file of the shared set, through the database, comes out as its expected.json says."""

import csv
import datetime as dt
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count, Sum

from kpis import operations
from kpis.catalogue import resolve
from kpis.models import KpiValue, Upload, UploadIssue
from tests.kpis.uploads.conftest import bring, commit, work
from tests.world import World

WORKBOOKS = {"standard.xlsx": (26, 23, 11), "matrix.xlsx": (2936, 0, 424), "simple.xlsx": (19, 0, 8)}
TOLERANCE = Decimal("0.000001")


def imported(world: World, path: Path, **answers: str) -> Upload:
    by = world.amy.as_actor()
    upload = bring(path, path.name, by=by)
    if answers:
        upload = work(operations.answer_upload(upload_id=upload.pk, answers=answers, by=by))
    assert upload.state == Upload.State.PROPOSED, upload.message
    return commit(upload, by=by)


def stored_values(upload: Upload) -> dict[tuple[str, str, str], Decimal]:
    rows = KpiValue.objects.current().filter(upload=upload).values_list("account__name", "kpi__code", "period", "value")
    return {(account, code, f"{period:%Y-%m}"): value for account, code, period, value in rows}


def placed(upload: Upload) -> dict[tuple[str, str], KpiValue]:
    rows = KpiValue.objects.current().filter(upload=upload).select_related("account", "kpi")
    return {(value.sheet, value.address): value for value in rows}


@pytest.mark.parametrize("name", WORKBOOKS)
def test_workbooks_give_exactly_their_values(
    name: str, master: World, shared_set: Path, expected: dict[str, Any]
) -> None:
    upload = imported(master, shared_set / name)
    scored, unscored, held = WORKBOOKS[name]
    assert upload.state == Upload.State.DONE
    assert (upload.summary["imported"], upload.summary.get("template_only", 0)) == (scored, unscored)
    found = placed(upload)
    good = [row for row in expected["files"][name]["values"] if row["status"] in ("import", "template_only")]
    assert len(found) == len({(row["sheet"], row["cell"]) for row in good}) == scored + unscored
    for row in good:
        value = found[row["sheet"], row["cell"]]
        wanted = row["value_catalogue"] if row["value_catalogue"] is not None else row["value"]
        assert abs(value.value - Decimal(str(wanted))) <= TOLERANCE, row
        assert (value.account.name, value.kpi.number, f"{value.period:%Y-%m}") == (
            row["account"],
            row["catalogue_no"],
            row["period"],
        )
        assert value.kpi.template_only == (row["status"] == "template_only")
        assert value.raw
        assert value.parser_version


@pytest.mark.parametrize("name", WORKBOOKS)
def test_workbooks_report_every_problem_at_its_cell(
    name: str, master: World, shared_set: Path, expected: dict[str, Any]
) -> None:
    upload = imported(master, shared_set / name)
    issues = UploadIssue.objects.filter(upload=upload, state="held")
    for row in expected["files"][name]["report"]:
        if row.get("blank"):
            assert issues.filter(kind="missing_value", sheet=row["sheet"]).exists()
        elif "cell" in row and row["kind"] != "unknown_account_spelling":
            assert issues.filter(kind=row["kind"], sheet=row["sheet"], address=row["cell"]).exists(), row


@pytest.mark.parametrize("name", ["long.csv", "long_semicolon.csv", "big.csv.gz"])
def test_long_files_give_exact_counts_and_sums(
    name: str, master: World, shared_set: Path, expected: dict[str, Any]
) -> None:
    upload = imported(master, shared_set / name)
    summary = expected["files"][name]["summary"]
    total = upload.summary["imported"] + upload.summary.get("template_only", 0)
    assert total == summary["good_rows"]
    assert UploadIssue.objects.filter(upload=upload, state="held").count() == summary["bad_rows"]
    kinds = UploadIssue.objects.filter(upload=upload, state="held").values_list("kind", flat=True)
    assert Counter(kinds) == summary["bad_by_kind"]
    values = KpiValue.objects.current().filter(upload=upload)
    sums = values.values("kpi__code").annotate(rows=Count("id"), total=Sum("value"))
    found = {row["kpi__code"]: (row["rows"], row["total"]) for row in sums}
    for kpi, row in summary["good_per_kpi"].items():
        rows, total = found[resolve(kpi).code]
        assert rows == row["rows"], kpi
        assert total == pytest.approx(Decimal(str(row["sum_catalogue_unit"])), abs=Decimal("0.01")), kpi


def test_the_wide_file_asks_for_its_month(master: World, shared_set: Path, expected: dict[str, Any]) -> None:
    by = master.amy.as_actor()
    upload = bring(shared_set / "wide.csv", "wide.csv", by=by)
    assert not upload.proposal["ready"]
    assert [q["key"] for q in upload.proposal["questions"] if q["required"]] == ["period"]
    with pytest.raises(operations.NotNow):
        operations.commit_upload(upload_id=upload.pk, by=by)
    upload = work(operations.answer_upload(upload_id=upload.pk, answers={"period": "2026-09"}, by=by))
    assert upload.proposal["ready"]
    upload = commit(upload, by=by)
    assert upload.summary["imported"] == 969
    good = [row for row in expected["files"]["wide.csv"]["values"] if row["status"] == "import"]
    found = stored_values(upload)
    names = {value.kpi.number: value.kpi.code for value in placed(upload).values()}
    for row in good:
        value = found[row["account"], names[row["catalogue_no"]], "2026-09"]
        assert abs(value - Decimal(str(row["value_catalogue"]))) <= TOLERANCE, row


def test_hostile_files_are_refused_with_a_sentence(master: World, shared_set: Path, expected: dict[str, Any]) -> None:
    for name, row in expected["hostile"].items():
        if row["outcome"] != "refused":
            continue
        upload = bring(shared_set / "hostile" / name, name, by=master.amy.as_actor())
        assert upload.state == Upload.State.REFUSED, name
        assert upload.message.endswith((".", ")")), name
        assert upload.job is None
        with pytest.raises(operations.NotNow, match=".+"):
            operations.commit_upload(upload_id=upload.pk, by=master.amy.as_actor())


def test_formulas_in_text_are_text(master: World, shared_set: Path, expected: dict[str, Any]) -> None:
    upload = imported(master, shared_set / "hostile" / "formula_injection.csv")
    lines = {int(value.address.split()[1].rstrip(",")) for value in KpiValue.objects.filter(upload=upload)}
    assert lines == set(expected["hostile"]["formula_injection.csv"]["good_lines"])


def test_the_accounts_of_the_set_stay_apart(master: World, shared_set: Path, expected: dict[str, Any]) -> None:
    upload = imported(master, shared_set / "long.csv")
    held = UploadIssue.objects.filter(upload=upload, kind="unknown_account_spelling")
    wanted = {row["account_raw"]: row["likely"] for row in expected["files"]["long.csv"]["report"] if "likely" in row}
    assert dict(held.values_list("account_name", "likely")) == wanted
    with (shared_set / "accounts.csv").open(encoding="utf-8-sig", newline="") as file:
        known = {row["account"] for row in csv.DictReader(file)}
    written = set(KpiValue.objects.filter(upload=upload).values_list("account__name", flat=True))
    assert written <= known
    assert {"Acme Ltd", "ACME Limited"} <= written


def test_months_are_first_days(master: World, shared_set: Path) -> None:
    upload = imported(master, shared_set / "long.csv")
    periods = set(KpiValue.objects.filter(upload=upload).values_list("period", flat=True))
    assert periods == {dt.date(2026, month, 1) for month in range(3, 10)}
