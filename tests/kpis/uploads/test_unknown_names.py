"""Names of no known KPI: settled from a file and in the inbox."""

from typing import Any

from django.test import Client

from accounts.models import Account
from kpis import operations, tasks
from kpis.models import UnknownKpi, Upload
from tests.kpis.uploads.conftest import bring, commit, long_csv, page_of, work
from tests.world import World


def test_naming_a_kpi_from_a_file_reads_it_again(browser: Client, catalogue: World, upload: Upload) -> None:
    unknown = UnknownKpi.objects.get()
    fields = {"kpi": "csm_pulse", "upload": str(upload.pk)}
    answer = browser.post(f"/kpis/unknown/{unknown.pk}/", fields)
    assert (answer.status_code, answer.url) == (302, f"/uploads/{upload.pk}/")
    catalogue.enter("north")
    assert work(upload).proposal["counts"]["ready"] == 2


def test_the_inbox_offers_to_take_in_what_waits(browser: Client, catalogue: World, upload: Upload) -> None:
    commit(upload, by=catalogue.amy.as_actor())
    unknown = UnknownKpi.objects.get()
    assert "Happiness" in page_of(browser.get("/kpis/unknown/"))
    assert browser.post(f"/kpis/unknown/{unknown.pk}/", {"kpi": ""}).status_code == 422
    assert browser.post(f"/kpis/unknown/{unknown.pk}/", {"kpi": "csm_pulse"}).status_code == 302
    page = page_of(browser.get("/kpis/unknown/"))
    assert "1 value with this name still waits" in page
    answer = browser.post(f"/kpis/unknown/{unknown.pk}/take-in/")
    assert answer.url == f"/uploads/{upload.pk}/"
    catalogue.enter("north")
    assert work(upload).summary["imported"] == 2


def test_an_ignored_name_is_kept_where_it_can_be_found(browser: Client, catalogue: World, upload: Upload) -> None:
    unknown = UnknownKpi.objects.get()
    browser.post(f"/kpis/unknown/{unknown.pk}/", {"ignore": "1"})
    assert "Happiness" not in page_of(browser.get("/kpis/unknown/"))
    assert "Happiness" in page_of(browser.get("/kpis/unknown/?state=ignored"))


def test_the_inbox_and_the_catalogue_cost_the_same_for_more_rows(
    browser: Client, catalogue: World, query_count: Any
) -> None:
    by = catalogue.amy.as_actor()
    counts: list[list[int]] = []
    for times in (1, 3):
        catalogue.enter("north")
        rows = [("Initech", f"Happiness {number}", "2026-08", "5", "%") for number in range(times)]
        bring(long_csv(*rows), f"{times}.csv", by=by)
        counts.append([])
        for url in ("/kpis/unknown/", "/kpis/?q=seat", "/kpis/?q=rate"):
            browser.get(url)
            with query_count() as queries:
                assert browser.get(url).status_code == 200
            counts[-1].append(queries.number)
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 9
    assert counts[0][1] == counts[0][2]


def test_a_name_that_is_settled_renews_what_waits_to_be_imported(catalogue: World, upload: Upload) -> None:
    by = catalogue.amy.as_actor()
    assert upload.proposal["counts"]["ready"] == 1
    unknown = UnknownKpi.objects.get(text="Happiness")
    operations.settle_unknown_kpi(unknown_id=unknown.pk, kpi="product_satisfaction", by=by)
    tasks.read_proposals_again.run(unknown_id=str(unknown.pk))
    assert work(upload).proposal["counts"]["ready"] == 2


def test_a_sample_account_is_called_so_and_not_a_misspelling(browser: Client, catalogue: World) -> None:
    Account.objects.create(name="Quillcombe", sample=True)
    brought = bring(long_csv(("Quillcombe", "Seat use", "2026-09", "61", "%")), "a.csv", by=catalogue.amy.as_actor())
    page = page_of(browser.get(f"/uploads/{brought.pk}/"))
    assert "is an account of the sample data, and files fill real accounts only" in page
    assert "Nothing comes in: the only new value is held until it is mended." in page
    assert "is not the name of an account" not in page
