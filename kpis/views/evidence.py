from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from accounts.models import Account
from accounts.queries import last_seq
from accounts.views.account import header
from core.http import Request
from core.rules import allowed
from core.time import month_end
from kpis import rules
from kpis.catalogue.ranges import Range, ranges
from kpis.models import HealthScore, Kpi, KpiValue
from kpis.queries import evidence as queries
from kpis.queries.assignment import why as which_card
from kpis.queries.evidence import Evidence, Part
from kpis.queries.health import points_of_year, score_on
from kpis.queries.waterfall import Moved, default_ends, moved, readings
from kpis.views.whole import whole

LOOK_BACK = timedelta(days=62)  # there is a month end in it, and what it was four weeks before


def evidence_url(account_id: UUID, **given: object) -> str:
    """The evidence of an account; empty parts of the question stay out of the address."""
    query = urlencode({name: value for name, value in given.items() if value})
    return reverse("kpis:evidence", args=[account_id]) + (f"?{query}" if query else "")


@login_required
@require_GET
def evidence(request: Request, account_id: UUID) -> HttpResponse:
    """A stored score laid open: categories, KPIs, values, files and cells. Shows what is stored, computes nothing."""
    account = get_object_or_404(Account.objects.visible_to(request.actor).select_related("owner"), pk=account_id)
    today = now().date()
    named = _stored(request, account)
    asked = named.as_of if named else _day(request.GET.get("as_of", ""))
    day = min(asked or today, today)
    score = named or score_on(account.pk, day, by=request.actor)
    past = bool((asked and asked < today) or (score and score.superseded_at))
    found = queries.evidence(score, past=past) if score else None
    category = request.GET.get("category", "")
    if category not in queries.NAMES:
        category = ""
    shown = [c for c in found.categories if not category or c.code == category] if found else []
    context: dict[str, Any] = {
        **header(request, account),
        "tab": "kpis:evidence",
        "day": day,
        "shown": whole(score.score) if score else None,
        "past": past,
        "question": _question(request, score, past),
        "moved": _moved(account, score, today, request) if score and not request.GET.get("kpi") else None,
        "today": today,
        "evidence": found,
        "which": which_card(account, today=today) if found else None,
        "category": category,
        "category_name": queries.NAMES.get(category, ""),
        "categories": shown,
        "rows": _category_rows(account, found, request) if found else [],
        "days": _days(account, day, today, request) if found or asked else [],
        "detail": _detail(request, account, found, day),
        "whole_url": evidence_url(account.pk, **_same(request)),
        "may_correct": allowed(request.actor, rules.CORRECT_VALUE),
        "live_since": last_seq(),
        "here": request.get_full_path(),
    }
    regional = request.htmx and "evidence" in (request.htmx.target or "")
    return render(request, "kpis/evidence.html#region" if regional else "kpis/evidence.html", context)


def _stored(request: Request, account: Account) -> HealthScore | None:
    """The very score that is asked for, superseded or not. Raises Http404 for one that is not this account's."""
    text = request.GET.get("score", "")
    if not text:
        return None
    try:
        return queries.stored_score(UUID(text), account, by=request.actor)
    except (ValueError, HealthScore.DoesNotExist):
        raise Http404("There is no such score of this account.") from None


def _same(request: Request) -> dict[str, str | None]:
    """What the address says about which score is shown."""
    return {name: request.GET.get(name) for name in ("as_of", "score")}


def _question(request: Request, score: HealthScore | None, past: bool) -> str:
    """The beginning of an address on this page that keeps the score shown; ends in ? or &."""
    kept = urlencode({name: value for name, value in _same(request).items() if value}) if past and score else ""
    return f"?{kept}&" if kept else "?"


def _moved(account: Account, score: HealthScore, today: date, request: Request) -> Moved | None:
    """What moved the score that is shown, since the one before it that the history compares it with."""
    rows = readings(account.pk, by=request.actor, since=score.as_of - LOOK_BACK)
    until = [row for row in rows if (row.as_of, row.scored_at) <= (score.as_of, score.scored_at)]
    ends = default_ends(until, min(score.as_of, today))
    if ends is None or ends[1].pk != score.pk:
        return None
    return moved(queries.stored_score(ends[0].pk, account, by=request.actor), score)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _category_rows(account: Account, found: Evidence, request: Request) -> list[tuple[str, Decimal, str, str, Decimal]]:
    """For the table of contributions: name, points, note, address, what the category could give."""
    same = _same(request)
    return [
        (
            category.name,
            category.contribution,
            _note(category),
            evidence_url(account.pk, **same, category=category.code) + "#kpis",
            category.share,
        )
        for category in found.categories
    ]


def _note(category: queries.CategoryPart) -> str:
    if category.score is None:
        return "no data"
    return f"{category.score:.2f} of 100 at {category.share:.2f}% of the weight, {category.coverage}% covered"


def _days(account: Account, day: date, today: date, request: Request) -> list[tuple[date, str, bool]]:
    """The month ends that have a score, and today: (day, address, whether it is shown)."""
    kpi, category = request.GET.get("kpi"), request.GET.get("category")
    days = []
    for one, score in points_of_year(account.pk, today, by=request.actor):
        if score is not None:
            as_of = None if one == today else one.isoformat()
            days.append((one, evidence_url(account.pk, as_of=as_of, category=category, kpi=kpi), one == day))
    return days


@dataclass(frozen=True)
class Detail:
    """One KPI of an account as of a day, down to the cell."""

    kpi: Kpi
    part: Part | None
    value: KpiValue | None
    scale: tuple[Range, ...]
    place: float | None
    target: str
    history: list[KpiValue]
    months: list[tuple[date, KpiValue | None, str]]
    grid_url: str

    @property
    def trend(self) -> list[Decimal | None]:
        return [value.value if value else None for _, value, _ in self.months]

    @property
    def file_url(self) -> str:
        upload = self.value.upload if self.value else None
        return reverse("kpis:upload", args=[upload.pk]) if upload else ""


def _detail(request: Request, account: Account, found: Evidence | None, day: date) -> Detail | None:
    code = request.GET.get("kpi", "")
    if not code:
        return None
    kpi = Kpi.objects.filter(code=code).first()
    if kpi is None:
        raise Http404("There is no such KPI.")
    part = found.part(code) if found else None
    value = part.value if part and part.value else queries.value_in_force(account, kpi, day)
    anchors: Any = part.item.anchors if part else kpi.anchors
    return Detail(
        kpi=kpi,
        part=part,
        value=value,
        scale=ranges(anchors),
        place=queries.place_on_scale(anchors, value.value) if value and len(anchors) > 1 else None,
        target=queries.target(anchors),
        history=queries.value_history(value) if value else [],
        months=[
            (month, one, evidence_url(account.pk, kpi=code, as_of=min(month_end(month), now().date()).isoformat()))
            for month, one in queries.months_of_value(account, kpi, day)
        ],
        grid_url=reverse("kpis:grid", args=[account.pk]) + f"?kpi={code}",
    )
