"""Small scorecards and helpers for the scoring tests."""

from decimal import Decimal

import numpy as np
from hypothesis import HealthCheck, settings

from kpis.scoring import Scorecard, ScoreItem, score_portfolio

UP = ((Decimal(0), 0), (Decimal(50), 50), (Decimal(75), 75), (Decimal(100), 100))
NAN = float("nan")

# Drawing whole accounts on a busy machine takes longer than the usual deadline allows.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
thorough = settings(unhurried, max_examples=300)


def item(kpi, category="a", weight=1, anchors=UP, cadence_days=30, **more):
    """A KPI whose value is its points, unless anchors say otherwise."""
    return ScoreItem(kpi, category, Decimal(weight), anchors, cadence_days, **more)


def card(*items, **more):
    """A scorecard of these items; every category weighs 1 unless `categories` says otherwise."""
    categories = more.pop("categories", {i.category: Decimal(1) for i in items})
    return Scorecard("test", {c: Decimal(str(w)) for c, w in categories.items()}, items, **more)


def scores(scorecard, *rows, ages=None, **more):
    """Score rows of values; without ages everything is fresh."""
    values = np.array(rows, dtype=float)
    return score_portfolio(scorecard, values, np.zeros_like(values) if ages is None else ages, **more)
