"""The metric dictionary: every figure of the product that is not a KPI, on a card of its own. Pure.

What a page shows as a number links to its KPI's card or to one of these.
"""

from kpis.catalogue.metric import Metric
from kpis.catalogue.metrics_checks import CHECKS
from kpis.catalogue.metrics_health import HEALTH
from kpis.catalogue.metrics_revenue import REVENUE

METRICS: tuple[Metric, ...] = (*HEALTH, *CHECKS, *REVENUE)
BY_SLUG: dict[str, Metric] = {metric.slug: metric for metric in METRICS}


def metric_named(name: str) -> Metric | None:
    """The card of a figure, by its slug or by the name that code gives it ("lead_days")."""
    return BY_SLUG.get(name.replace("_", "-"))
