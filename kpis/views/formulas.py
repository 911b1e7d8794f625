"""The page on which a custom KPI gets its formula: written, checked while it is typed, tried on real accounts."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_POST

from core.errors import DomainError
from core.http import Request
from core.rules import allowed, require
from core.time import month_of
from kpis import rules
from kpis.catalogue import normalise
from kpis.formula import FUNCTIONS, Place, Problem, Understood, place
from kpis.models import Formula, Kpi
from kpis.operations.formulas import (
    FormulaChanged,
    GoesInACircle,
    NotAFormula,
    NotComputable,
    open_job,
    retire_formula,
    understood_for,
    write_formula,
)
from kpis.queries.formulas import Preview, find_circle, formula_names, formula_of, newest_month, preview

MOST_NAMES = 60


@dataclass(frozen=True)
class Said:
    """A problem with its place."""

    problem: Problem
    place: Place


@dataclass(frozen=True)
class Check:
    """What is to be said of a text: its problems, or how it reads and what it gives. pieces: (text, wrong?)."""

    text: str
    problems: list[Said]
    pieces: list[tuple[str, bool]]
    understood: Understood | None = None
    preview: Preview | None = None
    circle: str = ""

    @property
    def holds(self) -> bool:
        return self.understood is not None and not self.circle


def _check(request: Request, kpi: Kpi, text: str) -> Check:
    """Look at a text as the formula of this KPI; nothing is stored."""
    if not text.strip():
        return Check(text, [], [])
    try:
        understood = understood_for(kpi, text)
    except NotAFormula as refusal:
        said = [Said(one, place(text, one.span)) for one in refusal.problems]
        return Check(text, said, _pieces(text, refusal.problems))
    path = find_circle(kpi.code, understood)
    month = newest_month(understood, by=request.actor, on=month_of(now().date()))
    shown = preview(understood, kpi, by=request.actor, month=month, search=_account(request))
    return Check(text, [], [(text, False)], understood, shown, str(GoesInACircle(path)) if path else "")


def _account(request: Request) -> str:
    """The accounts to try it on: words in the address or in the form."""
    given = request.POST.get("account") or request.GET.get("account") or ""
    return given.replace("\x00", "").strip()


def _pieces(text: str, problems: tuple[Problem, ...]) -> list[tuple[str, bool]]:
    """The text cut at its problems, so that each can be underlined."""
    found, at = [], 0
    for one in sorted(problems, key=lambda problem: problem.span.start):
        if one.span.start >= at:
            found += [(text[at : one.span.start], False), (text[one.span.start : one.span.end], True)]
            at = one.span.end
    return [piece for piece in [*found, (text[at:], False)] if piece[0]]


@dataclass(frozen=True)
class Word:
    """A name that may be written, with what it means."""

    write: str
    label: str
    note: str


def _words(search: str) -> list[tuple[str, list[Word]]]:
    """Functions, fields and KPIs whose code or name has every word of the search."""
    names = formula_names()
    kpis = [Word(one.code, one.short, one.unit) for one in names.kpis if not one.portfolio_only]
    groups = [
        ("KPIs", kpis),
        ("Fields of the account", [Word(one.name, one.label, one.unit or one.kind) for one in names.fields.values()]),
        ("Functions", [Word(one.signature, one.text, "") for one in FUNCTIONS.values()]),
    ]
    wanted = normalise(search).split()
    found = []
    for label, every in groups:
        fitting = [one for one in every if all(word in normalise(f"{one.write} {one.label}") for word in wanted)]
        if fitting:
            found.append((label, fitting[:MOST_NAMES]))
    return found


def _page(request: Request, kpi: Kpi, *, text: str | None = None, error: str = "", status: int = 200) -> HttpResponse:
    live = formula_of(kpi)
    shown = text if text is not None else live.text if live else ""
    search = request.GET.get("q", "").replace("\x00", "").strip()
    context: dict[str, Any] = {
        "kpi": kpi,
        "live": live,
        "text": shown,
        "check": _check(request, kpi, shown),
        "error": error,
        "search": search,
        "account": _account(request),
        "words": _words(search),
        "versions": Formula.objects.filter(kpi=kpi).order_by("-version")[:20],
        "job": open_job(live) if live else None,
        "may_edit": allowed(request.actor, rules.EDIT_CATALOGUE) and kpi.custom and kpi.active,
        "expected": request.POST.get("expected_version", live.version if live else ""),
    }
    if request.htmx and request.method == "GET":
        part = "words" if "q" in request.GET else "check"
        return render(request, f"kpis/formula.html#{part}", context)
    return render(request, "kpis/formula.html", context, status=status)


@login_required
def formula(request: Request, code: str) -> HttpResponse:
    """Show, check or save the formula of a custom KPI."""
    kpi = get_object_or_404(Kpi, code=code)
    if request.method != "POST":
        return _page(request, kpi)
    require(request.actor, rules.EDIT_CATALOGUE)
    text = request.POST.get("text", "").replace("\x00", "").replace("\r\n", "\n")
    if request.POST.get("do") == "check":
        return _page(request, kpi, text=text)
    expected = request.POST.get("expected_version", "")
    version = int(expected) if expected.isdecimal() and len(expected) < 9 else None
    try:
        made = write_formula(kpi_code=code, text=text, expected_version=version, by=request.actor, at=now())
    except NotAFormula:
        return _page(request, kpi, text=text, error="Not saved. Mend what is underlined.", status=422)
    except DomainError as refusal:
        return _page(request, kpi, text=text, error=str(refusal), status=422)
    messages.success(request, f"Version {made.version} is in force. Its values are being computed.")
    return redirect("kpis:formula", code)


@login_required
@require_POST
def formula_check(request: Request, code: str) -> HttpResponse:
    """While somebody types: what is wrong, or how it reads and what it gives."""
    require(request.actor, rules.EDIT_CATALOGUE)
    kpi = get_object_or_404(Kpi, code=code)
    text = request.POST.get("text", "").replace("\x00", "").replace("\r\n", "\n")
    return render(request, "kpis/formula.html#check", {"kpi": kpi, "check": _check(request, kpi, text), "text": text})


@login_required
@require_POST
def formula_retire(request: Request, code: str) -> HttpResponse:
    """Compute it no more."""
    kpi, seen = get_object_or_404(Kpi, code=code), request.POST.get("version", "")[:9]
    try:
        retire_formula(kpi_code=code, version=int(seen) if seen.isdecimal() else None, by=request.actor)
    except (NotComputable, FormulaChanged) as refusal:
        return _page(request, kpi, error=str(refusal), status=422)
    messages.success(request, "The formula is retired. The values it gave stay and grow old.")
    return redirect("kpis:formula", code)
