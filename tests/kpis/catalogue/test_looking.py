"""The catalogue as those who look see it: searched, read, confirmed."""

import pytest
from django.test import Client

from core.models import Entry
from kpis.models import Kpi, KpiAlias
from tests.kpis.uploads.conftest import page_of
from tests.world import World


@pytest.fixture
def browser(catalogue: World) -> Client:
    return catalogue.browser(catalogue.amy)


def test_the_catalogue_is_searched_by_any_name(browser: Client, catalogue: World) -> None:
    page = page_of(browser.get("/kpis/?q=TTFV"))
    assert "Time to first value" in page
    assert "Seat use" not in page
    assert "No KPI is called so" in page_of(browser.get("/kpis/?q=zzz"))
    everything = page_of(browser.get("/kpis/?all=1"))
    assert "never scored" in everything
    assert Kpi.objects.filter(active=True).count() == everything.count('<th scope="row">')


def test_saying_that_the_catalogue_is_right_is_noted(browser: Client, catalogue: World) -> None:
    assert browser.post("/kpis/confirm/").status_code == 302
    catalogue.enter("north")
    assert Entry.objects.get(event="kpis.catalogue_checked").actor_id == catalogue.amy.pk
    assert "said on 20 Nov 2026 that these are right" in page_of(browser.get("/kpis/"))
    bob = catalogue.browser(catalogue.bob)
    assert bob.post("/kpis/confirm/").status_code == 403
    assert "These are right" not in page_of(bob.get("/kpis/"))


def test_the_page_of_a_kpi_says_how_a_value_becomes_points(browser: Client, catalogue: World) -> None:
    KpiAlias.objects.create(kpi=Kpi.objects.get(code="plan_limit_use"), text="Quota", normalised="quota")
    page = page_of(browser.get("/kpis/plan_limit_use/"))
    assert "50 to 90" in page
    assert "within a band" in page
    assert "Quota" in page
    assert 'd="M0 1000' in page
    assert browser.get("/kpis/nothing_like_it/").status_code == 404
    template = Kpi.objects.filter(template_only=True).first()
    assert "It has no ranges" in page_of(browser.get(f"/kpis/{template.code}/"))
