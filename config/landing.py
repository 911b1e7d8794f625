"""The first page of the public site. The facts on it are read from the code that they speak of."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kpis.catalogue import CATALOGUE, CATEGORIES
from kpis.scoring import default_scorecard


@cache
def _facts() -> dict[str, Any]:
    card = default_scorecard()
    return {
        "categories": [(category.name, round(100 * category.weight)) for category in CATEGORIES],
        "kpis": len([kpi for kpi in CATALOGUE if kpi.number]),
        "green_from": int(card.green_from),
        "yellow_from": int(card.yellow_from),
        "minimum_coverage": round(100 * card.minimum_coverage),
    }


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    return render(request, "public/landing.html", _facts())
