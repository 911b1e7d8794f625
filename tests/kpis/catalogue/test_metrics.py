"""Every number on the main pages leads to the card that says what it means."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tinyhtml5
from cssselect2 import ElementWrapper
from django.conf import settings

from kpis.catalogue.metrics import BY_SLUG, METRICS
from kpis.operations.goals import set_target
from tests.kpis.health.book import NOW, fill, score
from tests.world import World

TEMPLATES = Path(settings.BASE_DIR) / "templates"
FIGURE = re.compile(r"^[^A-Za-z]{0,3}\d")
# Plain counts, dates and settings: what they say is in their words, so they have no card.
PLAIN = {
    "KPI catalogue": {"No."},
    "KPI": {
        "Number", "Possible values", "Accounts with a value", "Values", "Newest month", "Value, %", "Points", "Value",
        "Share of the score, Standard v1", "Weight", "Unit",
    },
    "Uploads": {"Rows", "Imported", "Held", "Cells", "Version"},
    "Reports": {"Pages"},
    "Account": {
        "Fresh KPIs", "Fading", "Too old to count", "Missing", "Edited by hand", "Newest month", "Last recorded",
        "Renewal", "Customer since", "Number", "Score",
        "Now",  # of the KPI that the row leads to
    },
    "Evidence": {
        "Value",  # of the KPI that the row leads to
        "Impact", "Recorded", "Cell", "Computed", "Scored", "Read as", "It said", "Replaced", "Renewal",
        "Customer since", "Number",
    },
}  # fmt: skip


def pages(world: World) -> dict[str, list[str]]:
    account = world.account.pk
    return {
        "Accounts": ["/accounts/"],
        "Account": [
            f"/accounts/{account}/",
            *(f"/accounts/{account}/panels/{one}/" for one in ("health", "why", "measures", "data")),
        ],  # fmt: skip
        "Evidence": [f"/accounts/{account}/evidence/", f"/accounts/{account}/evidence/?kpi=seat_use"],
        "KPI grid": [f"/accounts/{account}/grid/"],
        "KPI catalogue": ["/kpis/"],
        "KPI": ["/kpis/seat_use/"],
        "Uploads": ["/uploads/"],
        "Reports": ["/reports/"],
    }


def parsed(html: str) -> Any:
    return ElementWrapper.from_html_root(tinyhtml5.parse(html, namespace_html_elements=False))


def without_card(html: str) -> set[str]:
    """Labels of figures that lead nowhere: heads of number columns, tiles, and pairs whose value begins as a number."""
    page = parsed(html)
    said_below = {_words(link) for link in page.query_all(".says a.metric")}  # heads that sort cannot lead elsewhere
    heads = {_words(head) for head in page.query_all("thead th.num") if not _leads(head)}
    found = heads - said_below
    for label in page.query_all("dl dt"):
        pair = list(label.parent.iter_children())
        value = pair[pair.index(label) + 1]
        if FIGURE.match(_words(value)) and not _leads(label):
            found.add(_words(label))
    return found


def _leads(element: Any) -> bool:
    return any(re.match(r"/(metrics|kpis)/", link.etree_element.get("href")) for link in element.query_all("a[href]"))


def _words(element: Any) -> str:
    return " ".join(" ".join(element.etree_element.itertext()).split())


@pytest.mark.parametrize("area", ["Accounts", "Account", "Evidence", "KPI grid", "KPI catalogue", "KPI", "Uploads",
                                  "Reports"])  # fmt: skip
def test_no_number_is_without_a_card(catalogue: World, area: str) -> None:
    fill(catalogue.account)
    score(catalogue.account)
    set_target(
        account_id=catalogue.account.pk,
        kpi_code="seat_use",
        value=Decimal(90),
        basis="Agreed",
        by=catalogue.mona.as_actor(),
        at=NOW,
    )
    browser = catalogue.browser(catalogue.mona)
    missing: set[str] = set()
    for address in pages(catalogue)[area]:
        answer = browser.get(address)
        assert answer.status_code == 200, address
        missing |= without_card(answer.content.decode())
    assert missing - PLAIN.get(area, set()) == set()


def test_every_row_of_the_grid_leads_to_its_kpi(catalogue: World) -> None:
    fill(catalogue.account)
    page = catalogue.browser(catalogue.mona).get(f"/accounts/{catalogue.account.pk}/grid/").content.decode()
    rows = list(parsed(page).query_all("table.kg tbody th[scope=row]"))
    assert len(rows) > 15
    assert all(_leads(row) for row in rows)


def test_a_value_leads_to_its_kpi_and_from_there_to_the_card(catalogue: World) -> None:
    fill(catalogue.account)
    score(catalogue.account)
    browser = catalogue.browser(catalogue.mona)
    evidence = f"/accounts/{catalogue.account.pk}/evidence/"
    rows = parsed(browser.get(evidence).content.decode()).query_all("table.evi tbody th a")
    assert all("kpi=" in row.etree_element.get("href") for row in rows)
    detail = parsed(browser.get(f"{evidence}?kpi=seat_use").content.decode())
    cards = [link.etree_element.get("href") for link in detail.query_all("#kpi a")]
    assert "/kpis/seat_use/" in cards


def test_every_link_to_a_card_leads_to_one() -> None:
    named = set()
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        named |= {(path.name, slug) for slug in re.findall(r"/metrics/([a-z_-]+)/", text)}
        named |= {(path.name, slug) for slug in re.findall(r'{% metric "([a-z_-]+)"', text)}
    assert len(named) > 20
    assert [one for one in sorted(named) if one[1].replace("_", "-") not in BY_SLUG] == []


def test_a_card_says_everything_a_definition_needs() -> None:
    decisions = {path.name[:4] for path in (Path(settings.BASE_DIR) / "docs/decisions").glob("*.md")}
    for metric in METRICS:
        said = (metric.name, metric.says, metric.formula, metric.grain, metric.unit, metric.source, metric.caveats)
        assert all(said), metric.slug
        assert metric.better in ("higher", "lower", "neither"), metric.slug
        assert metric.pages, metric.slug
        assert metric.changes, metric.slug
        assert not metric.decision or metric.decision in decisions | {"0013", "0014", "0015", "0016", "0018", "0019"}
    assert len(BY_SLUG) == len(METRICS)
