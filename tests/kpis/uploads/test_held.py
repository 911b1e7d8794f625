"""Rows that wait: the file of them comes back mended; names are settled one by one; nothing newer is overwritten."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now
from openpyxl import load_workbook

from accounts.models import Account
from accounts.operations import NameTaken
from core.actor import Actor
from kpis import operations, queries
from kpis.models import Kpi, KpiAlias, KpiValue, UnknownKpi, Upload, UploadIssue
from tests.kpis.uploads.conftest import bring, commit, long_csv, sheet_xlsx, work
from tests.world import World

GOOD = ("Initech", "Seat use", "2026-09", "61", "%")
BAD = ("Initech", "Seat use", "2026-08", "good", "%")
UNKNOWN = ("Initech", "Happiness", "2026-09", "42", "")
STRANGER = ("Initec", "Seat use", "2026-09", "55", "%")
LATE = ("Initech", "Reopen rate", "31.02.2026", "12", "%")
TWICE_BAD = ("Globex", "Meeting attendance", "2026-09", "n/a", "%")


@pytest.fixture
def amy(catalogue: World) -> Actor:
    return catalogue.amy.as_actor()


@pytest.fixture
def upload(amy: Actor) -> Upload:
    rows = long_csv(GOOD, BAD, UNKNOWN, STRANGER, LATE, TWICE_BAD)
    return commit(bring(rows, "sept.csv", by=amy), by=amy)


def held(upload: Upload) -> dict[str, int]:
    """Values that wait, by the kind of their problem."""
    found = UploadIssue.objects.filter(upload=upload, state="held", cells__gt=0)
    return dict(found.values_list("kind", "cells"))


def held_file(upload: Upload, path: Path) -> Path:
    queries.write_held_rows(upload, path)
    return path


def mend(path: Path, **cells: Any) -> Path:
    book = load_workbook(path)
    for address, value in cells.items():
        book.active[address] = value
    book.save(path)
    return path


def test_what_waits_is_counted(upload: Upload) -> None:
    assert upload.summary["held"] == 5
    assert queries.held_count(upload) == 5
    assert held(upload) == {
        "not_a_number": 1,
        "unknown_kpi": 1,
        "unknown_account_spelling": 1,
        "bad_period": 1,
        "missing_value": 1,
    }


def test_the_file_of_held_rows_shows_each_row_with_its_problem(upload: Upload, tmp_path: Path) -> None:
    sheet = load_workbook(held_file(upload, tmp_path / "held.xlsx")).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:6] == ("Account", "KPI", "Month", "Value", "Unit", "Problem")
    assert [row[:4] for row in rows[1:]] == [
        ("Initech", "Seat use", "2026-08", "good"),
        ("Initech", "Happiness", "2026-09", 42),
        ("Initec", "Seat use", "2026-09", 55),
        ("Initech", "Reopen rate", "31.02.2026", 12),
        ("Globex", "Meeting attendance", "2026-09", "n/a"),
    ]
    assert rows[1][8] == "line 3, column D"


def test_the_mended_file_settles_what_waited(upload: Upload, amy: Actor, tmp_path: Path) -> None:
    path = held_file(upload, tmp_path / "held.xlsx")
    mend(path, D2=71, B3="CSM pulse", D3=4, A4="Initech", C4="2026-07", C5="2026-02", A6="Initech", D6=88)
    mended = bring(path, "sept held rows v1.xlsx", by=amy)
    assert mended.corrects == upload
    mended = commit(mended, by=amy)
    assert mended.summary["imported"] == 5
    assert queries.held_count(upload) == 0
    assert set(UploadIssue.objects.filter(upload=upload).values_list("state", flat=True)) == {"resolved"}


def test_a_row_that_is_still_wrong_waits_in_the_mended_file(upload: Upload, amy: Actor, tmp_path: Path) -> None:
    path = mend(held_file(upload, tmp_path / "held.xlsx"), D2="better", A4="Initech", C4="2026-07")
    mended = commit(bring(path, "anything.xlsx", by=amy, corrects=upload.pk), by=amy)
    assert queries.held_count(upload) == 0
    assert held(mended)["not_a_number"] == 1
    assert queries.held_count(mended) == 4


def test_a_later_file_with_the_value_settles_the_row(upload: Upload, amy: Actor) -> None:
    commit(bring(long_csv(("Initech", "Seat use", "2026-08", "70", "%")), "august.csv", by=amy), by=amy)
    issue = UploadIssue.objects.get(upload=upload, kind="not_a_number")
    assert issue.state == "resolved"
    assert queries.held_count(upload) == 4


def test_naming_a_kpi_teaches_its_name_and_takes_its_rows_in(upload: Upload, amy: Actor) -> None:
    unknown = UnknownKpi.objects.get()
    assert (unknown.text, unknown.state) == ("Happiness", "open")
    operations.settle_unknown_kpi(unknown_id=unknown.pk, kpi="csm_pulse", by=amy)
    assert KpiAlias.objects.get(text="Happiness").kpi.code == "csm_pulse"
    assert [one.waiting for one in queries.named_with_waiting(by=amy)] == [1]
    assert queries.uploads_waiting_for(unknown.pk, by=amy) == [upload.pk]
    # 42 is no pulse of 1 to 5: the row waits on, for another reason.
    upload = work(operations.take_in_held(upload_id=upload.pk, by=amy))
    assert upload.state == Upload.State.DONE
    assert held(upload)["out_of_range"] == 1
    assert "unknown_kpi" not in held(upload)
    next_file = bring(long_csv(("Initech", "happiness", "2026-07", "4", "")), "next.csv", by=amy)
    assert next_file.proposal["counts"]["ready"] == 1


def test_taking_in_imports_what_is_good_now(amy: Actor) -> None:
    rows = long_csv(GOOD, ("Initech", "Happiness", "2026-09", "4", ""))
    upload = commit(bring(rows, "sept.csv", by=amy), by=amy)
    unknown = UnknownKpi.objects.get()
    operations.settle_unknown_kpi(unknown_id=unknown.pk, kpi="csm_pulse", by=amy)
    upload = work(operations.take_in_held(upload_id=upload.pk, by=amy))
    value = KpiValue.objects.current().get(kpi__code="csm_pulse")
    assert (value.value, value.upload, value.address) == (Decimal(4), upload, "line 3, column D")
    assert (upload.summary["imported"], upload.summary["held"]) == (2, 0)
    assert not queries.named_with_waiting(by=amy).exists()


def test_taking_in_never_overwrites_what_came_later(amy: Actor) -> None:
    rows = long_csv(GOOD, ("Initech", "Happiness", "2026-09", "4", ""))
    upload = commit(bring(rows, "sept.csv", by=amy), by=amy)
    commit(bring(long_csv(("Initech", "CSM pulse", "2026-09", "2", "")), "later.csv", by=amy), by=amy)
    operations.settle_unknown_kpi(unknown_id=UnknownKpi.objects.get().pk, kpi="csm_pulse", by=amy)
    upload = work(operations.take_in_held(upload_id=upload.pk, by=amy))
    assert KpiValue.objects.current().get(kpi__code="csm_pulse").value == 2
    assert queries.held_count(upload) == 0


def test_ignoring_a_name_releases_its_rows_until_it_is_named(upload: Upload, amy: Actor) -> None:
    unknown = UnknownKpi.objects.get()
    operations.settle_unknown_kpi(unknown_id=unknown.pk, kpi=None, by=amy)
    assert queries.held_count(upload) == 4
    again = bring(long_csv(UNKNOWN, GOOD), "october.csv", by=amy)
    assert again.proposal["counts"]["held"] == 0
    assert UploadIssue.objects.get(upload=again, kind="unknown_kpi").state == "notice"
    operations.settle_unknown_kpi(unknown_id=unknown.pk, kpi="csm_pulse", by=amy)
    assert queries.held_count(upload) == 5


def test_a_name_is_never_given_twice_or_to_what_is_not_there(upload: Upload, amy: Actor) -> None:
    unknown = UnknownKpi.objects.get()
    with pytest.raises(operations.KpiNotInCatalogue):
        operations.settle_unknown_kpi(unknown_id=unknown.pk, kpi="nonsense", by=amy)
    portfolio = Kpi.objects.filter(portfolio_only=True).first()
    with pytest.raises(operations.KpiNotInCatalogue, match="portfolio"):
        operations.settle_unknown_kpi(unknown_id=unknown.pk, kpi=portfolio.code, by=amy)
    operations.settle_unknown_kpi(unknown_id=unknown.pk, kpi="csm_pulse", by=amy)
    with pytest.raises(operations.AlreadyNamed):
        operations.settle_unknown_kpi(unknown_id=unknown.pk, kpi="seat_use", by=amy)


def test_near_names_are_told_and_never_merged(upload: Upload) -> None:
    found = queries.unknown_accounts(upload)
    assert {(name.spelling, name.likely) for name in found.shown} == {("Initec", "Initech"), ("Globex", "")}
    assert KpiValue.objects.count() == 1


def test_an_account_is_created_only_when_it_is_chosen(upload: Upload, amy: Actor) -> None:
    upload = work(operations.settle_accounts(upload_id=upload.pk, decisions={"Initec": "create", "Globex": ""}, by=amy))
    assert set(Account.objects.values_list("name", flat=True)) == {"Initech", "Initec"}
    assert KpiValue.objects.get(account__name="Initec").value == 55
    assert queries.held_count(upload) == 4


def test_a_row_with_two_problems_waits_for_the_second(upload: Upload, amy: Actor) -> None:
    upload = work(operations.settle_accounts(upload_id=upload.pk, decisions={"Globex": "create"}, by=amy))
    issues = UploadIssue.objects.filter(upload=upload, line=7).order_by("kind")
    assert list(issues.values_list("kind", "state", "cells")) == [
        ("missing_value", "held", 1),
        ("unknown_account_spelling", "resolved", 0),
    ]


def test_a_spelling_can_be_said_to_mean_an_account(upload: Upload, amy: Actor) -> None:
    upload = work(operations.settle_accounts(upload_id=upload.pk, decisions={"Initec": "Initech"}, by=amy))
    # The row speaks of a month that the file has already given another value for: said twice, differently.
    assert KpiValue.objects.current().get(kpi__code="seat_use").value == 61
    assert held(upload)["duplicate_key"] == 1
    with pytest.raises(operations.WrongAnswer):
        operations.settle_accounts(upload_id=upload.pk, decisions={"Globex": "Nobody"}, by=amy)


def test_before_importing_the_file_is_read_again(amy: Actor) -> None:
    upload = bring(long_csv(STRANGER), "s.csv", by=amy)
    upload = work(operations.settle_accounts(upload_id=upload.pk, decisions={"Initec": "Initech"}, by=amy))
    assert (upload.state, upload.proposal["counts"]["ready"]) == (Upload.State.PROPOSED, 1)
    assert commit(upload, by=amy).summary["imported"] == 1


def test_creating_accounts_takes_the_right_to(upload: Upload, catalogue: World) -> None:
    ana = catalogue.ana.as_actor()
    with pytest.raises(PermissionDenied):
        operations.settle_accounts(upload_id=upload.pk, decisions={"Globex": "create"}, by=ana)
    assert not Account.objects.filter(name="Globex").exists()


def test_a_csm_fills_their_own_accounts_only(catalogue: World) -> None:
    bob = catalogue.bob.as_actor()
    Account.objects.create(name="Bobs", owner=catalogue.bob)
    rows = long_csv(("Bobs", "Seat use", "2026-09", "61", "%"), GOOD, ("Nobody", "Seat use", "2026-09", "1", "%"))
    upload = commit(bring(rows, "mine.csv", by=bob), by=bob)
    assert upload.summary["imported"] == 1
    hidden, unknown = UploadIssue.objects.filter(upload=upload).order_by("number")
    # A colleague's account and one that does not exist are told in the same words, without a suggestion.
    assert (hidden.kind, hidden.likely) == (unknown.kind, unknown.likely) == ("unknown_account_spelling", "")
    assert hidden.rule.replace("Initech", "Nobody") == unknown.rule


def test_a_csm_cannot_take_over_a_colleagues_account_by_creating_it(catalogue: World) -> None:
    bob = catalogue.bob.as_actor()
    upload = bring(long_csv(GOOD), "mine.csv", by=bob)
    with pytest.raises(NameTaken):
        operations.settle_accounts(upload_id=upload.pk, decisions={"Initech": "create"}, by=bob)
    with pytest.raises(operations.WrongAnswer):
        operations.settle_accounts(upload_id=upload.pk, decisions={"Initech": "Initech"}, by=bob)


def test_a_csm_sees_only_files_they_brought(catalogue: World, upload: Upload) -> None:
    with pytest.raises(Upload.DoesNotExist):
        operations.commit_upload(upload_id=upload.pk, by=catalogue.alice.as_actor())
    assert not queries.uploads_seen(by=catalogue.alice.as_actor()).exists()
    assert queries.uploads_seen(by=catalogue.vic.as_actor()).count() == 1


def test_whoever_may_not_upload_changes_nothing(catalogue: World, upload: Upload) -> None:
    vic = catalogue.vic.as_actor()
    for act in (
        lambda: operations.receive_upload(name="a.csv", chunks=[b"a"], by=vic, at=now()),
        lambda: operations.commit_upload(upload_id=upload.pk, by=vic),
        lambda: operations.take_in_held(upload_id=upload.pk, by=vic),
        lambda: operations.cancel_upload(upload_id=upload.pk, by=vic, at=now()),
    ):
        with pytest.raises(PermissionDenied):
            act()
    with pytest.raises(PermissionDenied):
        operations.settle_unknown_kpi(unknown_id=UnknownKpi.objects.get().pk, kpi=None, by=catalogue.bob.as_actor())


def test_a_sheet_of_an_unknown_account_comes_in_as_a_whole(amy: Actor, tmp_path: Path) -> None:
    rows = [
        ["Account", "Globex"],
        [],
        ["KPI", "Unit", "2026-08", "2026-09"],
        ["Seat use", "%", 61, 62],
        ["NPS", "", 31, "x"],
    ]
    upload = bring(sheet_xlsx(tmp_path / "g.xlsx", rows, "Globex"), "g.xlsx", by=amy)
    assert upload.proposal["counts"]["held"] == 4
    upload = work(operations.settle_accounts(upload_id=upload.pk, decisions={"Globex": "create"}, by=amy))
    upload = commit(upload, by=amy)
    assert (upload.summary["imported"], upload.summary["held"]) == (3, 1)
