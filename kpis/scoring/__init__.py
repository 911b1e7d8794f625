"""The health score: from KPI values to a score, its bounds and its exact parts. Pure numpy, no Django."""

from kpis.scoring.exception_rules import ExceptionRule, exception_rule, with_standard_exceptions
from kpis.scoring.exceptions import (
    AppliedException,
    ScoreException,
    ScoresWithExceptions,
    limit_scores,
    with_exceptions,
)
from kpis.scoring.explanation import CategoryPart, Explanation, Part, as_points, explain, explain_row, top_drivers
from kpis.scoring.points import kpi_bands, points_of
from kpis.scoring.portfolio import NOT_KNOWN, PortfolioScores, band_of, score_portfolio
from kpis.scoring.scorecard import (
    GREEN,
    MISSING,
    RED,
    UNKNOWN,
    YELLOW,
    Scorecard,
    ScoreItem,
    default_scorecard,
    definition_hash,
    definition_on,
    scorecard_from_definition,
    scorecard_of,
    scorecard_to_definition,
)
from kpis.scoring.trend import Trend, portfolio_trend

__all__ = [
    "GREEN",
    "MISSING",
    "NOT_KNOWN",
    "RED",
    "UNKNOWN",
    "YELLOW",
    "AppliedException",
    "CategoryPart",
    "ExceptionRule",
    "Explanation",
    "Part",
    "PortfolioScores",
    "ScoreException",
    "ScoreItem",
    "Scorecard",
    "ScoresWithExceptions",
    "Trend",
    "as_points",
    "band_of",
    "default_scorecard",
    "definition_hash",
    "definition_on",
    "exception_rule",
    "explain",
    "explain_row",
    "kpi_bands",
    "limit_scores",
    "points_of",
    "portfolio_trend",
    "score_portfolio",
    "top_drivers",
    "scorecard_from_definition",
    "scorecard_of",
    "scorecard_to_definition",
    "with_exceptions",
    "with_standard_exceptions",
]
