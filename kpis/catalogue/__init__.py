"""KPI catalogue: what every KPI means, how it is scored and by which names files call it. Pure, no Django."""

from kpis.catalogue.anchors import Anchors, band_anchors, one_sided_anchors
from kpis.catalogue.definitions import (
    BY_CODE,
    BY_NUMBER,
    CATALOGUE,
    CATEGORIES,
    DEFINITIONS,
    PORTFOLIO_ONLY,
    TEMPLATE_59,
    TEMPLATE_ONLY,
    Category,
    KpiDef,
    TemplateName,
)
from kpis.catalogue.lookup import normalise, resolve, suggest

__all__ = [
    "BY_CODE",
    "BY_NUMBER",
    "CATALOGUE",
    "CATEGORIES",
    "DEFINITIONS",
    "PORTFOLIO_ONLY",
    "TEMPLATE_59",
    "TEMPLATE_ONLY",
    "Anchors",
    "Category",
    "KpiDef",
    "TemplateName",
    "band_anchors",
    "normalise",
    "one_sided_anchors",
    "resolve",
    "suggest",
]
