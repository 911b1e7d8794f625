"""The figures of data quality, the lists behind them, and the fixes that are worth most."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.models import Account
from core.models import Job
from kpis import operations, tasks
from kpis.models import Kpi, KpiValue, QualityReport, Upload, UploadIssue
from kpis.operations.quality import measure_quality
from kpis.queries import cells as cells_module
from kpis.queries.cells import CellFilter, cells, contradicted
from kpis.queries.quality import Figures
from tests.kpis.health.book import NOW, OCTOBER, TODAY, fill, furnish, score, value
from tests.world import World

JANUARY, JUNE, JULY = date(2026, 1, 1), date(2026, 6, 1), date(2026, 7, 1)


@pytest.fixture
def book(world: World, time_machine: Any) -> World:
    """Two accounts of very different revenue: the large one filled but for one KPI, the small one empty."""
    time_machine.move_to(NOW)
    furnish()
    Account.objects.exclude(pk=world.account.pk).update(archived_at=NOW)
    Account.objects.filter(pk=world.account.pk).update(arr=900_000)
    Account.objects.create(name="Small", arr=100_000)
    return world


def upload(name: str = "kpis.csv", version: int = 1, **given: Any) -> Upload:
    return Upload.objects.create(
        file_name=name, version=version, sha256="x", size=1, path="t/x", state="done", position=9, created_at=NOW,
        created_by_label="Amy", **given,
    )  # fmt: skip


def figures() -> Figures:
    return Figures.of(measure_quality(at=NOW).figures)


def of_kpi(found: Figures, code: str) -> Any:
    return next(row for row in found.kpis if row.code == code)


def test_complete_and_fresh_by_kpi(book: World) -> None:
    small = Account.objects.get(name="Small")
    value(book.account, "seat_use", 80, OCTOBER)
    value(book.account, "support_csat", 80, JUNE)  # 143 days old: gone after 120
    value(book.account, "customer_roi", 80, JUNE)  # by quarter: full until 135 days, gone after 360
    value(small, "seat_use", 80, JULY)  # 112 days old: fading
    found = figures()
    assert (found.accounts, found.weighted_by) == (2, "revenue")
    seats, csat, roi = (of_kpi(found, code) for code in ("seat_use", "support_csat", "customer_roi"))
    assert (seats.accounts, seats.counting, seats.fresh, seats.missing, seats.fading) == (2, 2, 1, 0, 1)
    assert (csat.counting, csat.missing) == (0, 2)
    assert (roi.counting, roi.fresh) == (1, 0)
    assert found.expected == 2 * len(found.kpis)


def test_the_lists_hold_exactly_what_the_figures_count(book: World) -> None:
    small = Account.objects.get(name="Small")
    fill(book.account, OCTOBER)
    fill(small, JULY)
    value(small, "csm_pulse", 4, JANUARY)
    found, by = figures(), book.amy.as_actor()
    for row in found.kpis:
        for show, count in (("missing", row.missing), ("fading", row.fading), ("counting", row.counting)):
            page = cells(CellFilter(show=show, kpi=row.code), by=by, today=TODAY)
            assert len(page.rows) == count, (row.code, show)
    sources = {one.key: one for one in found.sources}
    page = cells(CellFilter(show="counting", source="=upload"), by=by, today=TODAY)
    assert len(page.rows) == sources["=upload"].values


def test_lists_are_walked_page_by_page(book: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(book.account, OCTOBER)
    by, whole = book.amy.as_actor(), CellFilter(show="missing")
    monkeypatch.setattr(cells_module, "PAGE", 1_000)
    everything = [(row.account, row.kpi) for row in cells(whole, by=by, today=TODAY).rows]
    monkeypatch.setattr(cells_module, "PAGE", 7)
    monkeypatch.setattr(cells_module, "STEPS", (1,))
    seen, after = [], ""
    while True:
        page = cells(CellFilter(show="missing", after=after), by=by, today=TODAY)
        seen += [(row.account, row.kpi) for row in page.rows]
        after = page.after
        if not after:
            break
    assert seen == everything
    assert len(set(seen)) == len(seen) > 60
    assert cells(CellFilter(after="nonsense"), by=by, today=TODAY).rows


def test_coverage_is_that_of_the_scores_by_revenue(book: World) -> None:
    small = Account.objects.get(name="Small")
    fill(book.account, OCTOBER)
    standing = score(book.account, small)
    found = figures()
    assert found.coverage is not None
    assert found.coverage == pytest.approx(0.9 * standing.coverage, abs=1)


def test_the_fix_that_is_worth_most_is_the_one_that_raises_coverage_most(book: World) -> None:
    """What a fix promises is what bringing those values does."""
    fill(book.account, OCTOBER)
    before = figures()
    best = before.fixes[0]
    assert (best.kind, len(before.fixes)) == ("missing", 3)
    assert [fix.gain for fix in before.fixes] == sorted((fix.gain for fix in before.fixes), reverse=True)
    kpi = Kpi.objects.get(code=best.key)
    for account in Account.objects.filter(archived_at=None):
        KpiValue.objects.get_or_create(
            account=account, kpi=kpi, period=OCTOBER, superseded_at=None,
            defaults={"value": Decimal(3), "recorded_at": NOW, "origin": "upload"},
        )  # fmt: skip
    after = figures()
    assert after.coverage == pytest.approx((before.coverage or 0) + best.gain, abs=0.02)


def test_a_source_that_fades_and_cells_that_are_held_are_fixes_too(book: World) -> None:
    file = upload("old.csv", summary={"imported": 20, "held": 9})
    fill(book.account, JULY)
    KpiValue.objects.update(upload=file)
    small = Account.objects.get(name="Small")
    for number, code in enumerate(("seat_use", "support_csat"), 1):
        UploadIssue.objects.create(
            upload=file, number=number, kind="not_a_number", account=small, kpi=Kpi.objects.get(code=code),
            period=OCTOBER, cells=1, rule="x",
        )  # fmt: skip
    found = figures()
    source = next(one for one in found.sources if one.key == "old.csv")
    assert (source.cells, source.held, source.upload, source.accounts) == (22, 2, str(file.pk), 1)
    assert round(source.valid or 0, 1) == 90.9
    assert found.fixes[0].kind == "fading"
    assert found.fixes[0].what == "old.csv"
    assert of_kpi(found, "seat_use").held == 1


def test_contradictions_are_what_two_files_say_differently(book: World) -> None:
    one, other = upload("crm.csv"), upload("support.csv")
    before = value(book.account, "seat_use", 80, OCTOBER, upload=one, superseded_at=NOW)
    value(book.account, "seat_use", 60, OCTOBER, upload=other, previous=before)
    again = value(book.account, "support_csat", 80, OCTOBER, upload=one, superseded_at=NOW)
    next_version = upload("crm.csv", 2)
    value(book.account, "support_csat", 85, OCTOBER, upload=next_version, previous=again)
    found, by = figures(), book.amy.as_actor()
    assert (found.contradictions, of_kpi(found, "seat_use").contradictions) == (1, 1)
    assert [row.value for row in contradicted(by=by, at=NOW)] == [60]
    assert not contradicted(by=by, at=NOW + timedelta(days=91))
    assert not contradicted(by=by, at=NOW, source="crm.csv")


def test_nothing_at_all_and_no_revenue(book: World) -> None:
    Account.objects.update(arr=None)
    fill(book.account, OCTOBER)
    assert figures().weighted_by == "account"
    Account.objects.update(archived_at=NOW)
    empty = figures()
    assert (empty.accounts, empty.fixes, empty.coverage) == (0, [], None)


def test_old_reports_go(book: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kpis.operations.quality.KEPT", 2)
    for day in range(4):
        measure_quality(at=NOW + timedelta(days=day))
    assert QualityReport.objects.count() == 2


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer
    return str(answer.content.decode())


def test_the_pages(book: World, query_count: Any) -> None:
    fill(book.account, OCTOBER)
    score(book.account)
    browser: Client = book.browser(book.amy)
    assert "Nobody has measured yet" in text_of(browser.get("/data-quality/"))
    book.enter("north")
    measure_quality(at=NOW)
    browser.get("/data-quality/")
    with query_count() as queries:
        page = text_of(browser.get("/data-quality/"))
    assert queries.number <= 25
    for words in ("Worth most", "points", "Seat use", "By source", "Coverage by revenue"):
        assert words in page
    assert "Seat use" not in text_of(browser.get("/data-quality/?category=relationship&q=zzz&x=1"))
    assert "Small" in text_of(browser.get("/data-quality/list/?show=missing&kpi=seat_use"))
    assert "No cell is like this" in text_of(browser.get("/data-quality/list/?show=fading&source=x&after=%00"))
    assert "No contradictions" in text_of(browser.get("/data-quality/contradictions/?kpi=seat_use&source=a"))
    answer = browser.post("/data-quality/")
    assert answer.status_code == 302
    book.enter("north")
    job = Job.objects.get(kind="kpis.measure_now")
    tasks.measure_now.run(job_id=str(job.pk))
    assert QualityReport.objects.count() == 2


def test_a_csm_sees_what_concerns_their_own_accounts_only(book: World) -> None:
    fill(book.account, OCTOBER)
    measure_quality(at=NOW)
    page = text_of(book.browser(book.bob).get("/data-quality/"))
    assert "By source" not in page
    book.enter("north")
    rows = cells(CellFilter(), by=book.bob.as_actor(), today=TODAY).rows
    assert {row.account for row in rows} <= set(
        Account.objects.visible_to(book.bob.as_actor()).values_list("name", flat=True)
    )


def test_the_api(book: World) -> None:
    fill(book.account, OCTOBER)
    browser = book.browser(book.amy)
    assert browser.get("/api/v1/data-quality/").status_code == 404
    book.enter("north")
    measure_quality(at=NOW)
    found = browser.get("/api/v1/data-quality/").json()
    assert (found["accounts"], len(found["fixes"])) == (2, 3)
    row = browser.get("/api/v1/data-quality/cells/?kpi=seat_use&show=counting").json()["results"][0]
    assert (row["account"], row["kpi"]) == (book.account.name, "seat_use")
    assert browser.post("/api/v1/data-quality/").status_code == 202
    assert book.browser(book.bob).get("/api/v1/data-quality/").status_code == 403
    with pytest.raises(PermissionDenied):
        operations.start_measuring(by=book.vic.as_actor())
