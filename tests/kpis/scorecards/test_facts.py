"""What the checker is told of this workspace's KPIs."""

from decimal import Decimal

import pytest

from kpis.models import Formula, Kpi, KpiAlias, ScorecardVersion
from kpis.queries.facts import kpi_facts
from kpis.scoring.checker import check, refusals
from tests.kpis.health.book import NOW, furnish
from tests.world import World


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


def test_the_scorecard_a_workspace_starts_with_passes(book: World) -> None:
    found = check(ScorecardVersion.objects.get().definition, kpi_facts())

    assert refusals(found) == []
    assert [one.rule for one in found] == ["outcome_share"] * 3


def test_limits_direction_parts_and_marks_come_from_the_catalogue(book: World) -> None:
    facts = kpi_facts()

    seat_use = facts["seat_use"]
    assert (seat_use.minimum, seat_use.maximum, seat_use.direction, seat_use.unit) == (
        Decimal(0),
        Decimal(200),
        "up",
        "%",
    )
    assert facts["adoption_index"].inputs == ("seat_use", "stickiness", "activation_30_days", "feature_breadth")
    assert facts["account_net_retention"].outcome_like
    assert facts["logo_churn"].portfolio_only
    assert any(one.template_only for one in facts.values())


def test_formulas_aliases_and_retirement_are_known(book: World) -> None:
    made = Kpi.objects.create(code="momentum", name="Momentum", category="value", custom=True, active=False)
    common = {"kpi": made, "text": "x", "created_at": NOW, "created_by": "Ana"}
    Formula.objects.create(**common, version=1, inputs=["seat_use"], live=False)
    Formula.objects.create(**common, version=2, inputs=["account_net_retention", "arr"])
    KpiAlias.objects.create(kpi=made, text="Pace", normalised="pace")

    found = kpi_facts()["momentum"]

    assert (found.inputs, found.aliases, found.active) == (("account_net_retention", "arr"), ("Pace",), False)
