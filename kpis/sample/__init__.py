"""Openly synthetic accounts and KPI values with a known truth. Pure numpy, no Django."""

from kpis.sample.former import Former, former_customers
from kpis.sample.portfolio import SAMPLE_KPIS, SampleAccount, SamplePortfolio, SampleValue, sample_portfolio
from kpis.sample.stories import STORIES, churn_hazards

__all__ = [
    "SAMPLE_KPIS",
    "STORIES",
    "Former",
    "SampleAccount",
    "SamplePortfolio",
    "SampleValue",
    "churn_hazards",
    "former_customers",
    "sample_portfolio",
]
