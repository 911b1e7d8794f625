"""Two versions of a file held against each other, and the pages of rolling one back."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import Account
from kpis import operations
from kpis.models import RepeatedCell, Upload
from kpis.operations import importing
from kpis.queries import compare
from kpis.queries.compare import Wanted, difference, differences, version_before
from tests.kpis.uploads.conftest import bring, commit, long_csv, work
from tests.world import World

OLD = [
    ("Initech", "Seat use", "2026-08", "61", "%"),
    ("Initech", "Customer ROI", "2026-08", "120", "%"),
    ("Initech", "Meeting attendance", "2026-08", "70", "%"),
    ("Initech", "Reopen rate", "2026-08", "7", "%"),
    ("Initech", "SLA attainment", "2026-08", "oops", "%"),
]
NEW = [
    ("Initech", "Seat use", "2026-08", "64", "%"),  # changed
    ("Initech", "Customer ROI", "2026-08", "120", "%"),  # unchanged
    ("Initech", "Meeting attendance", "2026-08", "seventy", "%"),  # held now; Reopen rate is gone
    ("Initech", "SLA attainment", "2026-08", "96", "%"),  # added: it was held
    ("Initech", "Seat use", "2026-09", "66", "%"),  # added
]


@pytest.fixture
def by(catalogue: World) -> Any:
    return catalogue.amy.as_actor()


@pytest.fixture
def pair(by: Any) -> tuple[Upload, Upload]:
    return tuple(commit(bring(long_csv(*rows), "kpis.csv", by=by), by=by) for rows in (OLD, NEW))  # type: ignore


def said(rows: Any) -> list[tuple[str, str, str, str, str]]:
    return [(one.kind, one.kpi, f"{one.period:%m}", one.old.raw, one.new.raw) for one in rows]


def test_every_cell_is_one_of_five_kinds(pair: Any, by: Any) -> None:
    page = difference(pair[0], pair[1], Wanted(), by=by)
    assert page.counts == {"changed": 1, "added": 2, "removed": 1, "held": 1, "unchanged": 1}
    assert said(page.rows) == [
        ("held", "meeting_attendance", "08", "70", "seventy"),
        ("removed", "reopen_rate", "08", "7", ""),
        ("changed", "seat_use", "08", "61", "64"),
        ("added", "seat_use", "09", "", "66"),
        ("added", "sla_attainment", "08", "oops", "96"),
    ]
    changed = page.rows[2]
    assert (changed.old.address, changed.new.address) == ("line 2, column D", "line 2, column D")
    assert "not a number" in page.rows[0].new.rule
    same = difference(pair[0], pair[1], Wanted(kind="unchanged"), by=by).rows
    assert said(same) == [("unchanged", "customer_roi", "08", "120", "120")]
    assert version_before(pair[1], by=by) == pair[0]
    assert version_before(pair[0], by=by) is None


def test_a_rolled_back_version_still_says_what_it_said(pair: Any, by: Any) -> None:
    before = difference(pair[0], pair[1], Wanted(), by=by)
    work(operations.roll_back_upload(upload_id=pair[1].pk, reason="no", by=by, at=now()))
    after = difference(pair[0], pair[1], Wanted(), by=by)
    assert (after.counts, said(after.rows)) == (before.counts, said(before.rows))


def test_filters_and_pages_walk_through_all_of_it(pair: Any, by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "PAGE", 2)
    seen, after = [], ""
    for _ in range(3):
        page = difference(pair[0], pair[1], Wanted(after=after), by=by)
        seen += said(page.rows)
        after = page.after
    assert after == ""
    assert seen == said(differences(pair[0], pair[1], Wanted(), by=by))
    assert len(difference(pair[0], pair[1], Wanted(kpi="seat_use"), by=by).rows) == 2
    assert difference(pair[0], pair[1], Wanted(account="INIT"), by=by).counts["changed"] == 1
    assert difference(pair[0], pair[1], Wanted(account="%"), by=by).rows == []
    for made_up in ("x", "W10", "bnVsbA"):
        assert len(difference(pair[0], pair[1], Wanted(after=made_up), by=by).rows) == 2


def test_a_csm_sees_their_own_accounts_only(catalogue: World, pair: Any) -> None:
    bob = catalogue.bob.as_actor()
    assert not Account.objects.visible_to(bob).filter(name="Initech").exists()
    assert difference(pair[0], pair[1], Wanted(), by=bob).rows == []


def test_repeated_cells_of_old_versions_go(by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "VERSIONS", 2)
    for _ in range(4):
        commit(bring(long_csv(*OLD), "kpis.csv", by=by), by=by)
    assert sorted(set(RepeatedCell.objects.values_list("upload__version", flat=True))) == [3, 4]


@pytest.fixture
def browser(catalogue: World) -> Client:
    return catalogue.browser(catalogue.amy)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_page_and_its_export(browser: Client, pair: Any, catalogue: World, query_count: Any) -> None:
    old, new = pair
    assert f"/uploads/{new.pk}/compare/" in text_of(browser.get(f"/uploads/{new.pk}/"))
    page = text_of(browser.get(f"/uploads/{new.pk}/compare/"))
    assert "5 cells differ" in page
    assert "1 unchanged" in page
    assert "seventy" in page
    assert "line 2, column D" in page
    reverse = text_of(browser.get(f"/uploads/{old.pk}/compare/?with={new.pk}&kind=removed"))
    assert reverse.count("not in the file") == 1
    assert "Nothing of this kind" in text_of(browser.get(f"/uploads/{new.pk}/compare/?account=zzz&after=%00&kind=x"))
    assert "No version before" in text_of(browser.get(f"/uploads/{old.pk}/compare/"))
    export = browser.get(f"/uploads/{new.pk}/compare/export.csv?kpi=seat_use")
    rows = list(csv.reader(io.StringIO(b"".join(export.streaming_content).decode())))
    assert [row[0] for row in rows] == ["Kind", "Changed", "Added"]
    assert rows[1][1:] == [
        "Initech", rows[1][2], "2026-08", "61", "line 2, column D", "61", "64", "line 2, column D", "64",
    ]  # fmt: skip


def test_the_api_says_the_same(browser: Client, pair: Any) -> None:
    old, new = pair
    answer = browser.get(f"/api/v1/uploads/{new.pk}/compare/", {"kind": "changed"}).json()
    assert answer["counts"]["changed"] == 1
    assert answer["results"][0]["old"]["raw"] == "61"
    assert browser.get(f"/api/v1/uploads/{old.pk}/compare/").status_code == 409
    assert browser.get(f"/api/v1/uploads/{new.pk}/compare/", {"with": "x"}).status_code == 400


def test_rolling_back_shows_what_it_would_do_and_asks_why(browser: Client, pair: Any, catalogue: World) -> None:
    url = f"/uploads/{pair[1].pk}/roll-back/"
    page = text_of(browser.get(url))
    assert "Roll back 3 values" in page
    refused = browser.post(url, {"reason": " "})
    assert (refused.status_code, "Say why" in text_of(refused)) == (422, True)
    answer = browser.post(url, {"reason": "wrong file"})
    assert (answer.status_code, answer.url) == (302, f"/uploads/{pair[1].pk}/")
    assert "Taking its values back" in text_of(browser.get(answer.url))
    catalogue.enter("north")
    work(Upload.objects.get(pk=pair[1].pk))
    page = text_of(browser.get(answer.url))
    assert "rolled this file back" in page
    assert "wrong file" in page
    assert "Rolled back" in text_of(browser.get("/uploads/"))
    again = browser.post(f"/uploads/{pair[1].pk}/import-again/")
    catalogue.enter("north")
    assert again.url == f"/uploads/{Upload.objects.get(version=3).pk}/"
    assert catalogue.browser(catalogue.vic).get(url).status_code == 403


def test_rolling_back_by_the_api(browser: Client, pair: Any, catalogue: World) -> None:
    url = f"/api/v1/uploads/{pair[1].pk}/roll-back/"
    assert browser.get(url).json()["withdrawn"] == 3
    assert browser.post(url, {}, content_type="application/json").status_code == 400
    answer = browser.post(url, {"reason": "no"}, content_type="application/json")
    assert (answer.status_code, answer.json()["state"]) == (200, "rolling_back")
    assert browser.post(url, {"reason": "no"}, content_type="application/json").status_code == 409
