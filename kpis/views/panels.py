"""The panels of health on an account's page. Each is a fragment to htmx and a page of its own without script."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from accounts.models import Account
from accounts.serving import panel_answer
from core.http import Request
from core.rules import allowed
from core.templatetags.formats import signed
from kpis import rules
from kpis.models import AccountHealth
from kpis.queries import evidence as evidence_queries
from kpis.queries import panels as queries
from kpis.queries.assignment import why as which_card
from kpis.queries.evidence import NAMES, Evidence, band_of, points
from kpis.queries.exceptions import moved_by
from kpis.queries.health import points_of_year
from kpis.views.evidence import evidence_url
from kpis.views.whole import whole


def _account(request: Request, account_id: UUID) -> Account:
    found: Account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    return found


def _health(account: Account) -> AccountHealth | None:
    standing = AccountHealth.objects.filter(pk=account.pk).select_related("latest__version__scorecard")
    found: AccountHealth | None = standing.first()
    return found


def _evidence(standing: AccountHealth | None) -> Evidence | None:
    return evidence_queries.evidence(standing.latest, full=False) if standing else None


@dataclass(frozen=True)
class Point:
    """A score on the year's line; x and y in per cent from the left and the top."""

    day: date
    score: Decimal | None
    band: str
    url: str
    x: str
    y: str


@login_required
@require_GET
def health(request: Request, account_id: UUID) -> HttpResponse:
    """Score, band, change, the five categories and the year."""
    account = _account(request, account_id)
    standing, today = _health(account), now().date()
    context: dict[str, Any] = {"health": standing, "evidence_url": evidence_url(account.pk)}
    if standing:
        year = _points(request, account, today)
        context |= {
            "score": whole(standing.score),
            "bars": _bars(account, standing, today),
            "points": year,
            "pairs": [(point.day, point.score) for point in year],
            "scorecard": standing.latest.version,
            "moved": moved_by(standing.latest.exceptions),
            "which": which_card(account, today=today),
            "scored_under": standing.latest.version,
        }
    return panel_answer(request, account, "kpis/panels.html#health", context)


def _bars(
    account: Account, standing: AccountHealth, today: date
) -> list[tuple[str, int | None, str, Decimal | None, str]]:
    known = queries.before(account, standing.latest.version, today)
    bars = []
    for category in standing.latest.categories:
        code, score = category["code"], points(category["score"])
        then = known.categories.get(code)
        change = None if score is None or then is None else score - then
        url = evidence_url(account.pk, category=code)
        bars.append((NAMES.get(code, code), whole(score), band_of(score), change, url))
    return bars


def _points(request: Request, account: Account, today: date) -> list[Point]:
    year = points_of_year(account.pk, today, by=request.actor)
    found = []
    for number, (day, score) in enumerate(year):
        value = points(score.score_hundredths) if score else None
        url = evidence_url(account.pk, as_of=None if day == today else day.isoformat())
        x, y = f"{number * 100 / (len(year) - 1):.2f}%", f"{100 - float(value or 0):.2f}%"
        found.append(Point(day, value, score.band if score else "unknown", url, x, y))
    return found


@login_required
@require_GET
def why(request: Request, account_id: UUID) -> HttpResponse:
    """What pulls the score below or above the green edge, as a table that is its own chart."""
    account = _account(request, account_id)
    found = _evidence(_health(account))
    rows = [] if found is None else [(None, queries.GREEN, "", ""), *_rows(account, found)]
    moved = found.exceptions if found else ()
    context = {"evidence": found, "rows": rows, "moved": moved, "evidence_url": evidence_url(account.pk)}
    return panel_answer(request, account, "kpis/panels.html#why", context)


def _rows(account: Account, found: Evidence) -> list[tuple[str, Decimal, str, str]]:
    rows = []
    for push in queries.pushes(found):
        named = (f"{part.kpi.name.partition(' (')[0]} {signed(moved, 2)}" for part, moved in push.most)
        url = evidence_url(account.pk, category=push.category.code)
        rows.append((push.category.name, push.points, ", ".join(named), url))
    return rows


@login_required
@require_GET
def measures(request: Request, account_id: UUID) -> HttpResponse:
    """The KPIs that cost the score most, with target, change and their year."""
    account, today = _account(request, account_id), now().date()
    found = _evidence(_health(account))
    rows: list[Any] = []
    if found:
        known = queries.before(account, found.score.version, today)
        rows = [
            (one, evidence_url(account.pk, kpi=one.part.kpi.code) + "#kpi")
            for one in queries.measures(account, found, known, on=today)
        ]
    context = {
        "rows": rows,
        "account": account,
        "today": today,
        "has_score": found is not None,
        "grid_url": reverse("kpis:grid", args=[account.pk]),
        "may_correct": allowed(request.actor, rules.CORRECT_VALUE),
    }
    return panel_answer(request, account, "kpis/panels.html#measures", context)


@login_required
@require_GET
def data(request: Request, account_id: UUID) -> HttpResponse:
    """Where the figures come from, how fresh they are, what is missing."""
    account = _account(request, account_id)
    standing = _health(account)
    context = {
        "health": standing,
        "state": queries.data_state(account, _evidence(standing)),
        "evidence_url": evidence_url(account.pk),
        "grid_url": reverse("kpis:grid", args=[account.pk]),
        "may_upload": allowed(request.actor, rules.UPLOAD),
    }
    return panel_answer(request, account, "kpis/panels.html#data", context)
