"""Laying down the catalogue, and its ranges as a person reads them."""

import time
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now

from core.actor import Actor
from kpis import operations, queries
from kpis.catalogue import BY_CODE, CATALOGUE, DEFINITIONS, TEMPLATE_59, resolve
from kpis.catalogue.ranges import curve, number_text, ranges
from kpis.models import Kpi, KpiAlias, Scorecard, ScorecardVersion
from kpis.queries.dictionary import dictionary
from kpis.scoring import default_scorecard, scorecard_from_definition
from tests.world import World

SYSTEM = Actor.system("tests")


def test_a_tenant_gets_every_kpi_and_one_live_scorecard(catalogue: World) -> None:
    assert Kpi.objects.count() == len(DEFINITIONS)
    assert Kpi.objects.filter(number__isnull=False).count() == 62
    card = ScorecardVersion.objects.get()
    assert (str(card), card.state) == ("Standard v1", "live")
    assert scorecard_from_definition(card.definition, version="1").items == default_scorecard().items


def test_laying_it_down_again_changes_nothing(catalogue: World) -> None:
    Kpi.objects.filter(code="seat_use").update(name="Seats in use", weight=1)
    Scorecard.objects.update(name="Ours")
    before = list(KpiAlias.objects.order_by("id").values_list("id", "normalised"))
    operations.install_catalogue(at=now(), by=SYSTEM)
    assert list(KpiAlias.objects.order_by("id").values_list("id", "normalised")) == before
    assert Kpi.objects.get(code="seat_use").name == "Seats in use"
    assert Scorecard.objects.get().name == "Ours"


def test_it_is_laid_down_in_a_blink(world: World, query_count: Any) -> None:
    started = time.perf_counter()
    with query_count() as counted:
        operations.install_catalogue(at=now(), by=SYSTEM)
    assert counted.number <= 18
    assert time.perf_counter() - started < 1


def test_a_tenants_dictionary_knows_what_the_catalogue_knows(catalogue: World) -> None:
    ours = dictionary()
    spellings = [name for definition in DEFINITIONS for name in (definition.name, *definition.aliases)]
    for text in (*spellings, *(entry.name for entry in TEMPLATE_59), *BY_CODE):
        found, known = ours.resolve(text), resolve(text)
        assert found is not None, text
        assert known is not None
        assert found.code == known.code
    assert ours.resolve("nothing like it") is None
    assert [kpi.code for kpi, _ in ours.suggest("Seat utilisatoin")][0] == "seat_use"


def test_a_retired_kpi_is_unknown_again(catalogue: World) -> None:
    Kpi.objects.filter(code="seat_use").update(active=False)
    assert dictionary().resolve("Seat use") is None
    assert "seat_use" not in [kpi.code for kpi, _ in dictionary().suggest("Seat use")]


def test_saying_it_is_right_takes_the_right_to(catalogue: World) -> None:
    with pytest.raises(PermissionDenied):
        operations.confirm_catalogue(by=catalogue.bob.as_actor())
    assert queries.catalogue_checked() is None
    operations.confirm_catalogue(by=catalogue.ana.as_actor())
    assert queries.catalogue_checked() is not None


def test_shares_of_the_score_add_up(catalogue: World) -> None:
    pages = [queries.kpi_page(definition.code, by=SYSTEM) for definition in CATALOGUE]
    assert sum(page.share or 0 for page in pages) == pytest.approx(100)
    assert queries.kpi_page("adoption_index", by=SYSTEM).share is None


def words(code: str) -> list[tuple[str, str]]:
    return [(part.band, part.text) for part in ranges(BY_CODE[code].anchors)]


def test_ranges_in_words() -> None:
    assert words("relationship_nps") == [("red", "< 0"), ("yellow", "0 to 30"), ("green", "from 30")]
    assert words("first_response_time") == [("green", "up to 2"), ("yellow", "2 to 8"), ("red", "> 8")]
    assert words("account_expansion") == [("yellow", "up to 10"), ("green", "from 10")]
    assert [band for band, _ in words("plan_limit_use")] == ["red", "yellow", "green", "yellow", "red"]
    assert [band for band, _ in words("ticket_rate")] == ["yellow", "green", "yellow", "red"]
    assert ranges(()) == ()


@pytest.mark.parametrize("definition", CATALOGUE, ids=lambda definition: definition.code)
def test_the_scale_is_filled_without_a_gap(definition: Any) -> None:
    parts = ranges(definition.anchors)
    assert parts[0].start == 0
    assert sum(part.width for part in parts) == pytest.approx(100)
    assert all(one.high == other.low for one, other in zip(parts, parts[1:], strict=False))
    assert all(one.band != other.band for one, other in zip(parts, parts[1:], strict=False))
    assert parts[0].low is None
    assert parts[-1].high is None


def test_the_line_of_points_runs_from_corner_to_corner() -> None:
    assert curve([(0, 100), (45, 75), (90, 50), (180, 0)], width=180, height=100) == [
        (0, 0),
        (45, 25),
        (90, 50),
        (180, 100),
    ]
    assert curve([], width=1, height=1) == []


def test_numbers_are_written_shortly() -> None:
    assert [number_text(value) for value in (1250.0, -0.5, 99.9, None)] == ["1,250", "−0.5", "99.9", ""]
