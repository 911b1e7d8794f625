"""The pages of data quality: the figures, the lists behind them, and the cleaning suggestions."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from core.http import Request, keyset_page
from core.models import Job
from core.rules import allowed, require
from kpis import operations, queries, rules
from kpis.catalogue import CATEGORIES
from kpis.models import Suggestion
from kpis.queries.cells import SHOWN, CellFilter, accounts_by_gap, cells, contradicted, source_label
from kpis.queries.cleaning import SuggestionFilter, counts_by_kind, suggestions
from kpis.queries.health import NoScorecard
from kpis.queries.quality import Figures, newest_report
from kpis.views.uploads import is_uuid

STATES = {"open": "Open", "accepted": "Accepted", "dismissed": "Dismissed", "reverted": "Taken back", "over": "Over"}
DECISIONS = {"open": (("accept", "Accept"), ("dismiss", "Dismiss")), "accepted": (("revert", "Take back"),)}
MOST_IDS = 200  # of one page, and then some


@login_required
@require_http_methods(["GET", "POST"])
def data_quality(request: Request) -> HttpResponse:
    """How complete, fresh, valid and consistent the data is, and the three fixes that are worth most."""
    if request.method == "POST":
        operations.start_measuring(by=request.actor)
        return redirect("kpis:data-quality")
    category, search = request.GET.get("category", ""), request.GET.get("q", "").replace("\x00", "")[:100]
    category = category if category in {one.code for one in CATEGORIES} else ""
    report = newest_report() if request.actor.sees_all else None
    context: dict[str, Any] = {
        "report": report,
        "sees_all": request.actor.sees_all,
        "category": category,
        "search": search,
        "categories": [(one.code, one.name) for one in CATEGORIES],
        "job": Job.objects.filter(kind="kpis.measure_now", finished_at=None).first(),
        "kinds": [(kind.value, kind.label, count) for kind, count in _kinds(request)],
        "gaps": [(one, one.low_hundredths // 100, one.high_hundredths // 100) for one in _widest(request)],
        "may_measure": request.actor.sees_all and allowed(request.actor, rules.UPLOAD),
    }
    if report:
        context |= _figures(Figures.of(report.figures), category, search)
    return render(request, "kpis/data_quality.html", context)


def _kinds(request: Request) -> list[tuple[Suggestion.Kind, int]]:
    counts = counts_by_kind(by=request.actor)
    return [(kind, counts[kind.value]) for kind in Suggestion.Kind]


def _figures(figures: Figures, category: str, search: str) -> dict[str, Any]:
    sources = {source.key: source for source in figures.sources}
    return {
        "figures": figures,
        "complete": _share(figures.counting, figures.expected),
        "fresh": _share(figures.fresh, figures.counting),
        "valid": _share(figures.cells - figures.held, figures.cells),
        "fixes": [(fix, _where(fix, sources)) for fix in figures.fixes],
        "sources": [one for one in figures.sources if search.lower() in one.label.lower()],
        "rows": [
            (row, _share(row.counting, row.accounts), _share(row.fresh, row.counting))
            for row in figures.kpis
            if not category or row.category == category
        ],
    }


def _share(part: int, whole: int) -> float | None:
    """Per cent, rounded down so that 100 means all; None of nothing."""
    return int(1000 * part / whole) / 10 if whole else None


def _where(fix: Any, sources: dict[str, Any]) -> str:
    """Where a fix is done."""
    if fix.kind == "held" and fix.key in sources and sources[fix.key].upload:
        return f"/uploads/{sources[fix.key].upload}/?state=held#issues"
    named = {"kpi": fix.key} if fix.kind == "missing" else {"source": fix.key}
    return "list/?" + urlencode({"show": fix.kind if fix.kind != "held" else "missing", **named})


@login_required
@require_GET
def quality_list(request: Request) -> HttpResponse:
    """The cells behind a figure: missing, fading or with a value; by KPI and source."""
    wanted = CellFilter.of(request.GET.dict())
    kept = {"kpi": wanted.kpi, "source": wanted.source}
    try:
        page = cells(wanted, by=request.actor, today=now().date())
    except NoScorecard:
        page = None
    context = {
        "wanted": wanted,
        "page": page,
        "kpis": [(kpi.code, kpi.name) for kpi in queries.active_kpis() if not kpi.portfolio_only],
        "shown": [(show, label, _query(kept, show=show), show == wanted.show) for show, label in SHOWN.items()],
        "source": source_label(wanted.source) if wanted.source else "",
        "without_source": _query({"kpi": wanted.kpi}, show=wanted.show),
        "first": _query(kept, show=wanted.show) if wanted.after else "",
        "older": _query(kept, show=wanted.show, after=page.after) if page and page.after else "",
    }
    return render(request, "kpis/quality_list.html", context)


def _query(kept: dict[str, str], **more: str) -> str:
    return "?" + urlencode({name: value for name, value in {**kept, **more}.items() if value})


@login_required
@require_GET
def contradictions(request: Request) -> HttpResponse:
    """Values that one file said otherwise than another, newest first."""
    kpi, source = (request.GET.get(name, "").replace("\x00", "")[:200] for name in ("kpi", "source"))
    page = keyset_page(
        contradicted(kpi=kpi, source=source, by=request.actor, at=now()),
        ["-recorded_at", "id"],
        size=25,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    kept = _query({"kpi": kpi, "source": source})
    context = {"page": page, "kpi": kpi, "source": source, "kept": kept, "rows": page.rows}
    return render(request, "kpis/contradictions.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def suggestion_list(request: Request) -> HttpResponse:
    """Values that are probably wrong; a person accepts, dismisses or takes back, one by one or many at once."""
    wanted, error = SuggestionFilter.of(request.GET.dict()), ""
    if request.method == "POST":
        require(request.actor, rules.CLEAN_DATA)
        error = _decide(request, wanted)
        if not error:
            return redirect(request.get_full_path())
    page = keyset_page(
        suggestions(wanted, by=request.actor),
        ["-id"],
        size=25,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    kept = wanted.as_query()
    context = {
        "wanted": wanted,
        "page": page,
        "error": error,
        "kinds": [
            (kind.value, kind.label, count, _query({**kept, "kind": kind.value}), wanted.kind == kind.value)
            for kind, count in _kinds(request)
        ],
        "any_kind": _query({**kept, "kind": ""}),
        "states": [(s, label, _query({**kept, "state": s}), wanted.state == s) for s, label in STATES.items()],
        "decisions": DECISIONS.get(wanted.state, ()) if allowed(request.actor, rules.CLEAN_DATA) else (),
        "narrowed": bool(wanted.kpi or wanted.account or wanted.file),
        "newer": _query(kept, before=page.before) if page.before else "",
        "older": _query(kept, after=page.after) if page.after else "",
        "job": Job.objects.filter(
            kind__in=("kpis.decide_suggestions", "kpis.find_suggestions"), finished_at=None
        ).first(),
        "may_clean": allowed(request.actor, rules.CLEAN_DATA),
    }
    template = "kpis/suggestions.html#list" if request.htmx and not error else "kpis/suggestions.html"
    return render(request, template, context, status=422 if error else 200)


def _decide(request: Request, wanted: SuggestionFilter) -> str:
    """What went wrong, "" if it was done or the worker does it."""
    decision, ids = request.POST.get("decision", ""), request.POST.getlist("ids")[:MOST_IDS]
    try:
        if decision == "find":
            operations.start_finding(by=request.actor)
        elif decision not in operations.DECISIONS:
            return "Choose what to do with them."
        elif request.POST.get("all") == "1":
            operations.start_deciding(wanted=wanted.as_query(), decision=decision, by=request.actor)
        else:
            return _these(request, decision, [UUID(one) for one in ids if is_uuid(one)])
    except DomainError as refusal:
        return str(refusal)
    return ""


def _these(request: Request, decision: str, ids: list[Any]) -> str:
    if not ids:
        return "Choose some of them first."
    _, left = operations.decide_many(ids=ids, decision=decision, by=request.actor, at=now())
    return f"{left} had changed meanwhile and were left as they are." if left else ""


def _widest(request: Request) -> list[Any]:
    """The accounts whose bounds leave most open, weighed by revenue."""
    rows: Any = accounts_by_gap(by=request.actor)
    return list(rows.order_by("-gap", "pk")[:8])
