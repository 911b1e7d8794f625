"""The pages of the catalogue: a KPI made, changed, retired; ranges; the dictionary."""

from typing import Any

import pytest
from django.utils.html import escape

from core.models import Entry
from kpis.catalogue.metrics import METRICS
from kpis.models import Benchmark, Kpi, KpiAlias, ReferenceRange
from tests.kpis.health.book import fill, score
from tests.world import World

NEW = {
    "name": "Café visits", "code": "", "category": "adoption", "portfolio_only": "false", "unit": "count",
    "direction": "up", "minimum": "0", "maximum": "", "cadence": "month", "aggregation": "sum", "weight": "2",
    "description": "Counted at the door.", "caveats": "Staff count too.", "owner_label": "Ana",
    "aliases": "Coffee\nCake",
}  # fmt: skip


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("person", ["ana", "vic"])
def test_every_page_opens(catalogue: World, person: str) -> None:
    browser = catalogue.browser(getattr(catalogue, person))
    fill(catalogue.account)
    score(catalogue.account)
    assert browser.get("/kpis/").status_code == 200
    for code in ("seat_use", "plan_limit_use", "portfolio_grr", "adoption_index"):
        assert browser.get(f"/kpis/{code}/").status_code == 200, code
    assert browser.get("/metrics/").status_code == 200
    assert "Revenue at risk" in text(browser.get("/metrics/?q=risk"))
    for metric in METRICS:
        assert escape(metric.formula) in browser.get(f"/metrics/{metric.slug}/").content.decode(), metric.slug
    assert browser.get("/metrics/nothing/").status_code == 404
    may = 200 if person == "ana" else 403
    for address in ("/kpis/new/", "/kpis/seat_use/edit/", "/kpis/seat_use/ranges/new/", "/kpis/ranges/import/",
                    "/kpis/plan_limit_use/ranges/new/", "/kpis/account_expansion/ranges/new/"):  # fmt: skip
        assert browser.get(address).status_code == may, address
    assert browser.get(f"/accounts/{catalogue.account.pk}/standing/seat_use/").status_code == 200


def test_a_kpi_is_made_on_its_page_and_stands_in_the_catalogue(catalogue: World) -> None:
    browser = catalogue.browser(catalogue.ana)
    answer = browser.post("/kpis/new/", NEW)
    assert (answer.status_code, answer["Location"]) == (302, "/kpis/cafe_visits/")
    kpi = Kpi.objects.get(code="cafe_visits")
    assert (kpi.weight, kpi.aggregation, kpi.caveats, kpi.custom) == (2, "sum", "Staff count too.", True)
    assert set(kpi.aliases.values_list("text", flat=True)) == {"Café visits", "Coffee", "Cake"}
    page = text(browser.get("/kpis/cafe_visits/"))
    assert "Counted at the door." in page
    assert "Made the KPI cafe visits" in page
    assert "Café visits" in text(browser.get("/kpis/"))


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(catalogue: World) -> None:
    browser = catalogue.browser(catalogue.ana)
    answer = browser.post("/kpis/new/", NEW | {"aliases": "Support CSAT", "minimum": "lots"})
    assert answer.status_code == 422
    assert "Enter a number, such as 85 or 3.5." in text(answer)
    answer = browser.post("/kpis/new/", NEW | {"aliases": "Support CSAT"})
    assert answer.status_code == 422
    assert "“Support CSAT” already means Support CSAT, top-2 box." in text(answer)
    assert "Counted at the door." in text(answer)
    assert not Kpi.objects.filter(custom=True).exists()


def test_two_people_edit_one_kpi_and_each_field_is_a_choice(catalogue: World) -> None:
    browser = catalogue.browser(catalogue.ana)
    browser.post("/kpis/new/", NEW)
    form = {**NEW, "version": "1", **{f"was-{name}": value for name, value in NEW.items()}}
    assert browser.post("/kpis/cafe_visits/edit/", form | {"caveats": "Theirs."}).status_code == 302
    answer = browser.post("/kpis/cafe_visits/edit/", form | {"description": "Mine."})
    assert answer.status_code == 409
    assert "Keep theirs: <b>Theirs.</b>" in text(answer)
    assert Kpi.objects.get(code="cafe_visits").description == "Counted at the door."
    again = browser.post(
        "/kpis/cafe_visits/edit/", form | {"description": "Mine.", "version": "2", "theirs": "caveats"}
    )
    assert again.status_code == 302
    kpi = Kpi.objects.get(code="cafe_visits")
    assert (kpi.description, kpi.caveats) == ("Mine.", "Theirs.")


def test_a_kpi_in_use_is_not_retired_and_says_where(catalogue: World) -> None:
    browser = catalogue.browser(catalogue.ana)
    answer = browser.post("/kpis/seat_use/retire/")
    assert answer.status_code == 422
    assert "Scorecard: Standard v1" in text(answer)
    browser.post("/kpis/new/", NEW)
    assert browser.post("/kpis/cafe_visits/retire/").status_code == 302
    assert 'href="/kpis/cafe_visits/"' not in text(browser.get("/kpis/?q=visits"))
    assert 'href="/kpis/cafe_visits/"' in text(browser.get("/kpis/?all=retired"))
    assert browser.post("/kpis/cafe_visits/retire/", {"restore": "1"}).status_code == 302
    assert Kpi.objects.get(code="cafe_visits").active


def test_names_in_files_are_added_and_taken_away_in_place(catalogue: World) -> None:
    browser = catalogue.browser(catalogue.ana, htmx=True)
    answer = browser.post("/kpis/seat_use/names/", {"text": "Licence burn"})
    assert answer.status_code == 200
    assert "Licence burn" in text(answer)
    assert "<html" not in text(answer)
    refused = browser.post("/kpis/seat_use/names/", {"text": "Reopen rate"})
    assert refused.status_code == 422
    assert "already means Reopen rate" in text(refused)
    alias = KpiAlias.objects.get(text="Licence burn")
    assert browser.post(f"/kpis/seat_use/names/{alias.pk}/remove/").status_code == 200
    assert not KpiAlias.objects.filter(text="Licence burn").exists()


def test_a_range_is_drawn_before_it_is_set_and_refused_at_its_edge(catalogue: World) -> None:
    browser = catalogue.browser(catalogue.ana)
    drawn = catalogue.browser(catalogue.ana, htmx=True).post(
        "/kpis/seat_use/ranges/preview/", {"red": "40", "green": "70"}
    )
    assert "70 gives 75" in text(drawn)
    wrong = browser.post("/kpis/seat_use/ranges/new/", {"red": "80", "green": "60", "valid_from": "2026-11-20"})
    assert wrong.status_code == 422
    assert "Higher is better for this KPI, so green has to begin above 80." in text(wrong)
    good = {"red": "40", "green": "70", "valid_from": "2026-11-20", "source": "Review of our renewals"}
    assert browser.post("/kpis/seat_use/ranges/new/", good).status_code == 302
    assert ReferenceRange.objects.filter(kpi__code="seat_use", superseded_at=None).count() == 2
    page = text(browser.get("/kpis/seat_use/"))
    assert "Standard v1 still uses an earlier range." in page
    assert "Review of our renewals" in page


def test_a_sheet_of_ranges_is_shown_row_by_row_before_it_counts(catalogue: World) -> None:
    browser = catalogue.browser(catalogue.ana)
    sheet = (
        "kpi_name,unit,higher_is_better,critical_min,critical_max,risk_min,risk_max,healthy_min,healthy_max,description\n"
        "Seat use,%,yes,,40,40,70,70,,from our renewals\n"
        "First response time,h,no,8,,2,8,,2,as it is\n"
        "Reopen rate,%,no,20,100,10,19,0,10,a hole\n"
        "No such thing,%,yes,0,50,50,80,80,100,\n"
    )
    shown = browser.post("/kpis/ranges/import/", {"text": sheet, "valid_from": "2026-11-20"})
    assert shown.status_code == 200
    page = text(shown)
    assert "<b>1</b> to set, 1 as in force already, <b>2</b> with a problem." in page
    assert "nothing is said of 19 to 20" in page
    assert "No KPI is called so." in page
    before = ReferenceRange.objects.count()
    good = browser.post("/kpis/ranges/import/", {"text": sheet, "valid_from": "2026-11-20", "commit": "1"})
    assert good.status_code == 302
    assert ReferenceRange.objects.count() == before + 1
    assert Kpi.objects.get(code="seat_use").anchors[1][0] == 40
    assert Entry.objects.get(event="kpis.ranges_imported").data["ranges"] == 1


def test_a_benchmark_names_source_and_year(catalogue: World) -> None:
    browser = catalogue.browser(catalogue.ana, htmx=True)
    figure = {"population": "All firms", "statistic": "median", "value": "71", "source": "A survey", "year": ""}
    assert browser.post("/kpis/seat_use/benchmarks/", figure).status_code == 422
    assert not Benchmark.objects.filter(kpi__code="seat_use").exists()
    answer = browser.post("/kpis/seat_use/benchmarks/", figure | {"year": "2025"})
    assert answer.status_code == 200
    assert "A survey" in text(answer)
    made = Benchmark.objects.get(kpi__code="seat_use")
    assert browser.post(f"/kpis/seat_use/benchmarks/{made.pk}/remove/").status_code == 302
    assert "68%" in text(browser.get("/kpis/first_contact_resolution/"))
