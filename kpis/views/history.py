"""An account's score through time: the line under one definition, what moved it, what was known and what is true."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
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
from accounts.views.account import header
from core.http import Request
from core.templatetags import formats
from kpis.models import HealthScore, Kpi, KpiValue
from kpis.queries import history as queries
from kpis.queries import waterfall as moves
from kpis.queries.evidence import points, values_by_id
from kpis.queries.lines import Lines, lines
from kpis.views.evidence import evidence_url

SHOWN = 120  # scores to choose from; older ones are reached by their day


@login_required
@require_GET
def history(request: Request, account_id: UUID) -> HttpResponse:
    """Everything about a score through time. All choices are in the address: from, to, part, of."""
    account = get_object_or_404(Account.objects.visible_to(request.actor).select_related("owner"), pk=account_id)
    today = now().date()
    rows = moves.readings(account.pk, by=request.actor)
    ends = _ends(request, rows, today)
    on = _day(request.GET.get("on", ""))
    chosen = _known_on(rows, on) if on else _asked(rows, request.GET.get("of", "")) or _default_of(rows, today)
    full = _full([*(ends or ()), *([chosen] if chosen else [])])
    year = lines(account, today, by=request.actor)
    context: dict[str, Any] = {
        **header(request, account),
        "tab": "kpis:history",
        "today": today,
        "rows": rows,
        "options": _options(rows, [*(ends or ()), *([chosen] if chosen else [])]),
        "lines": year,
        "chart": Chart.of(year),
        "ends": ends,
        "moved": _moved([full[one.pk] for one in ends], request) if ends else None,
        "part": request.GET.get("part", ""),
        "chosen": chosen,
        "on": on,
        "not_yet": bool(on and chosen and chosen.scored_at.date() > on),
        "replay": _replay(full[chosen.pk]) if chosen else None,
        "same_day": _same_day(rows, chosen, request) if chosen else [],
    }
    return render(request, "kpis/history.html", context)


def _asked(rows: Sequence[HealthScore], text: str) -> HealthScore | None:
    """The stored score of that id, or the one in force on that day. Raises Http404 for anything else that is asked."""
    if not text:
        return None
    day = _day(text)
    if day is not None:
        return _known_on(rows, day)
    found = next((row for row in rows if str(row.pk) == text), None)
    if found is None:
        raise Http404("There is no such score of this account.")
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _known_on(rows: Sequence[HealthScore], day: date) -> HealthScore | None:
    """The score of the last day that was there by the end of that day; else the nearest one that came later."""
    begun = [row for row in rows if row.as_of <= day] or list(rows)[-1:]
    by_then = [row for row in begun if row.scored_at.date() <= day]
    return max(by_then, key=lambda row: (row.as_of, row.scored_at)) if by_then else next(iter(begun), None)


def _default_of(rows: Sequence[HealthScore], today: date) -> HealthScore | None:
    """A score of the past that stands: the newest day before today, else the newest score there is."""
    past = (row for row in rows if row.as_of < today and row.superseded_at is None)
    return next(past, next(iter(rows), None))


def _ends(request: Request, rows: Sequence[HealthScore], today: date) -> tuple[HealthScore, HealthScore] | None:
    asked = [_asked(rows, request.GET.get(name, "")) for name in ("from", "to")]
    default = moves.default_ends(rows, today)
    if default is None:
        return None
    first, last = asked[0] or default[0], asked[1] or default[1]
    return (last, first) if (first.as_of, first.scored_at) > (last.as_of, last.scored_at) else (first, last)


def _options(rows: Sequence[HealthScore], chosen: Sequence[HealthScore]) -> list[tuple[str, str]]:
    shown = [row for at, row in enumerate(rows) if at < SHOWN or row in chosen]
    return [(str(row.pk), said(row)) for row in shown]


def said(row: HealthScore) -> str:
    """ "31 Oct 2026: 72.10, computed 4 Nov 2026", and whether it was replaced since."""
    number = formats.number(row.score, 2) if row.score is not None else "not enough data"
    text = f"{formats.day(row.as_of)}: {number}"
    if row.scored_at.date() != row.as_of:
        text += f", computed {formats.day(row.scored_at)}"
    return f"{text}, replaced {row.superseded_at:%d %b %H:%M}" if row.superseded_at else text


def _same_day(rows: Sequence[HealthScore], chosen: HealthScore, request: Request) -> list[tuple[HealthScore, str]]:
    """Every score stored for the day of the chosen one, oldest first, with its address; empty if it is the only one."""
    kept = {name: request.GET[name] for name in ("from", "to") if request.GET.get(name)}
    found = [row for row in reversed(rows) if row.as_of == chosen.as_of]
    return [(row, f"?{urlencode({**kept, 'of': row.pk})}#then") for row in found] if len(found) > 1 else []


@dataclass(frozen=True)
class Bar:
    """A step of the waterfall on an axis from `low` to `high`; start and width in per cent of it."""

    part: moves.Part
    start: str
    width: str
    sign: str
    url: str
    open: bool


@dataclass(frozen=True)
class Steps:
    """The waterfall as drawn. The axis is cut to where something happens, and says so."""

    moved: moves.Moved
    bars: list[Bar]
    low: int
    high: int
    first: str
    last: str


def _moved(ends: Sequence[HealthScore], request: Request) -> Steps | None:
    found = moves.moved(*ends)
    if found is None:
        return None
    at, totals = found.start, [found.start]
    for part in found.parts:
        at += part.points
        totals.append(at)
    low = max(0, int(min(totals)) // 5 * 5 - 5)
    high = max(low + 10, min(100, -(-int(max(totals)) // 5) * 5 + 5))

    def place(one: Decimal) -> Decimal:
        return (one - low) * 100 / (high - low)

    bars = []
    for part, before in zip(found.parts, totals, strict=False):
        start, width = place(min(before, before + part.points)), abs(part.points) * 100 / (high - low)
        query = f"?from={ends[0].pk}&to={ends[1].pk}&part={part.code}#part-{part.code}"
        sign = "up" if part.points >= 0 else "down"
        bars.append(Bar(part, f"{start:.2f}%", f"{width:.2f}%", sign, query, request.GET.get("part", "") == part.code))
    return Steps(found, bars, low, high, f"{place(found.start):.2f}%", f"{place(found.end):.2f}%")


def _full(rows: Sequence[HealthScore]) -> dict[UUID, HealthScore]:
    """The same scores by id with everything that was stored of them."""
    found: dict[UUID, HealthScore] = HealthScore.objects.select_related("version__scorecard").in_bulk(
        {row.pk for row in rows}
    )
    return found


@dataclass(frozen=True)
class Different:
    """A KPI that says something else of a day than it said then."""

    kpi: Kpi
    was: KpiValue | None
    now: KpiValue | None
    url: str


@dataclass(frozen=True)
class Shown:
    """A stored score, computed again both ways. known, true: points, None = not enough data."""

    replay: queries.Replay
    known: Decimal | None
    true: Decimal | None
    different: list[Different]

    @property
    def change(self) -> Decimal | None:
        return None if self.known is None or self.true is None else self.true - self.known

    @property
    def late(self) -> bool:
        """It was computed on a later day than the one it speaks of."""
        score = self.replay.score
        return bool(score.scored_at.date() > score.as_of)


def _replay(score: HealthScore) -> Shown:
    again = queries.replay(score)
    sides = [(kpi_id, was, now) for kpi_id, was, now in again.changed]
    values = values_by_id([one.id for _, *pair in sides for one in pair if one])
    kpis = Kpi.objects.in_bulk([kpi_id for kpi_id, _, _ in sides])
    return Shown(
        again,
        points(again.known["score_hundredths"]),
        points(again.true["score_hundredths"]),
        [
            Different(
                kpis[kpi_id],
                values[str(was.id)] if was else None,
                values[str(now.id)] if now else None,
                evidence_url(score.account_id, score=score.pk, kpi=kpis[kpi_id].code) + "#kpi",
            )
            for kpi_id, was, now in sides
        ],
    )


@dataclass(frozen=True)
class Mark:
    """A day on the chart; x, y and y_today in per cent from the left and the top."""

    day: date
    was: Decimal | None
    today: Decimal | None
    version: str
    version_url: str
    changed: bool
    url: str
    x: str
    y: str
    difference: Decimal | None
    month: str


@dataclass(frozen=True)
class Chart:
    """Both lines as the plot draws them."""

    was: list[tuple[str, Decimal | None]]
    today: list[tuple[str, Decimal | None]]
    marks: list[Mark]

    @classmethod
    def of(cls, year: Lines) -> "Chart":
        last = max(1, len(year.points) - 1)
        marks = []
        for at, point in enumerate(year.points):
            stored = point.stored
            marks.append(
                Mark(
                    day=point.day,
                    was=point.was,
                    today=point.today,
                    version=point.version,
                    version_url=version_url(stored) if stored else "",
                    changed=point.changed,
                    url=evidence_url(stored.account_id, score=stored.pk) if stored else "",
                    x=f"{at * 100 / last:.2f}%",
                    y=f"{100 - float(point.was or 0):.2f}%",
                    difference=point.by_definition,
                    month="Now" if at == last else f"{point.day:%b}",
                )
            )
        labels = [f"{point.day:%b}" for point in year.points]
        was, today = ([getattr(point, side) for point in year.points] for side in ("was", "today"))
        return cls(list(zip(labels, was, strict=True)), list(zip(labels, today, strict=True)), marks)


def version_url(score: HealthScore) -> str:
    """The page of the version a score was made under."""
    return reverse("kpis:scorecard-version", args=[score.version_id])
