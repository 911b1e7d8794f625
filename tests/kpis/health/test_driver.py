"""The top driver: the KPI that costs the score most against its best, on its row of the portfolio."""

from decimal import Decimal

import numpy as np

from core.templatetags.formats import number
from kpis.models import HealthScore
from kpis.scoring import default_scorecard, score_portfolio, top_drivers
from tests.kpis.health.book import fill, furnish, score
from tests.world import World


def test_without_a_value_nothing_drives_and_at_the_best_nothing_costs() -> None:
    card = default_scorecard()
    best = [max(item.anchors, key=lambda anchor: anchor[1])[0] for item in card.items]
    values = np.array([[np.nan] * len(card.items), [float(value) for value in best]])
    assert top_drivers(score_portfolio(card, values, np.zeros_like(values))) == (["", ""], [0, 0])


def test_the_portfolio_names_what_costs_most(world: World) -> None:
    furnish()
    fill(world.account, seat_use=0)
    health = score(world.account)
    made = HealthScore.objects.get(pk=health.latest_id)
    lost = {code: share * (10_000 - points) / 1_000_000 for code, _, points, _, share, _ in made.parts}
    most = max(lost, key=lambda code: lost[code])
    assert (health.driver, most) == ("seat_use", "seat_use")
    assert abs(Decimal(health.driver_hundredths) / 100 - Decimal(str(lost[most]))) < Decimal("0.02")
    page = world.browser(world.alice).get("/accounts/").content.decode()
    assert f"Seat use costs {number(Decimal(health.driver_hundredths) / 100, 1)}" in page
