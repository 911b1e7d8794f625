import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Account
from accounts.queries import last_seq
from accounts.views.account import header
from core.errors import DomainError
from core.http import Request, toast
from core.rules import allowed, require
from core.time import month_of, months_back
from kpis import operations, rules
from kpis.models import Kpi, KpiValue
from kpis.operations.values import OLDEST, limits_of, plain
from kpis.queries import grid as queries
from kpis.serializers.grid import TypedCorrection, typed_number


def account_of(request: Request, account_id: UUID) -> Account:
    found: Account = get_object_or_404(Account.objects.visible_to(request.actor).select_related("owner"), pk=account_id)
    return found


def month_named(text: str) -> date | None:
    """The first day of "2026-11"; None for anything else."""
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return month if len(text) == 7 else None


def limits_words(kpi: Kpi) -> str:
    """The hard limits with the unit: "0 to 100 %"."""
    return f"{limits_of(kpi)} {queries.unit_of(kpi)}".strip()


def may_edit(request: Request, account: Account) -> bool:
    return account.archived_at is None and allowed(request.actor, rules.CORRECT_VALUE)


@login_required
@require_GET
def grid(request: Request, account_id: UUID) -> HttpResponse:
    """Every KPI of an account by month. `?until=` is the last month, `?month=` the one that a phone shows."""
    account = account_of(request, account_id)
    this_day = now().date()
    this_month = month_of(this_day)
    asked = month_named(request.GET.get("until", "")) or this_month
    until = max(min(asked, this_month), OLDEST)
    found = queries.grid(
        account, until=until, everything=request.GET.get("all") == "1", asked=request.GET.get("kpi", "")
    )
    month = month_named(request.GET.get("month", ""))
    shown = month if month in found.months else found.newest or found.months[-1]
    context = {
        "grid": found,
        "row_limits": {row.kpi.code: limits_words(row.kpi) for group in found.groups for row in group.rows},
        "shown": shown,
        "today": this_day,
        "column": found.months.index(shown) + 1,
        "asked": request.GET.get("kpi", ""),
        "everything": request.GET.get("all") == "1",
        "links": _links(request, found, shown, this_month),
        "may_correct": may_edit(request, account),
        "here": request.get_full_path(),
        "account": account,
    }
    if request.htmx and "grid-region" in (request.htmx.target or ""):
        return render(request, "kpis/grid.html#region", context)
    whole = {**header(request, account), "tab": "kpis:grid", "live_since": last_seq(), **context}
    return render(request, "kpis/grid.html", whole)


def _links(request: Request, found: queries.Grid, shown: date, this_month: date) -> dict[str, str]:
    """Addresses of the window before and after, of the phone's month before and after, and of the other row set."""
    first, last = found.months[0], found.months[-1]
    before, after = months_back(shown, 2)[0], _months_on(shown, 1)
    everything = request.GET.get("all") == "1"
    window = {"until": request.GET.get("until"), "month": request.GET.get("month")}
    keep = {"all": "1" if everything else ""}
    return {
        "earlier": _query(until=months_back(first, 2)[0], **keep) if first > OLDEST else "",
        "later": _query(until=min(_months_on(last, queries.MONTHS), this_month), **keep) if last < this_month else "",
        "before": _query(until=min(last, before) if before < first else last, month=before, **keep)
        if before >= OLDEST
        else "",
        "after": _query(until=max(last, after), month=after, **keep) if after <= this_month else "",
        "rows": _query(**window, all="" if everything else "1"),
    }


def _months_on(month: date, count: int) -> date:
    number = month.year * 12 + month.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


def _query(**given: Any) -> str:
    text = {name: f"{value:%Y-%m}" if isinstance(value, date) else value for name, value in given.items() if value}
    return f"?{urlencode(text)}"


@login_required
@require_http_methods(["GET", "POST"])
def grid_cell(request: Request, account_id: UUID, code: str, month: str) -> HttpResponse:
    """One cell: its form and history as a page; a correction from there or from the grid itself."""
    account = account_of(request, account_id)
    kpi = get_object_or_404(Kpi, code=code, active=True, portfolio_only=False)
    period = month_named(month)
    if period is None or not OLDEST <= period <= now().date():
        raise Http404("There is no such month.")
    if request.method == "POST":
        require(request.actor, rules.CORRECT_VALUE)
        return _correct(request, account, queries.grid_cell(account, kpi, period))
    cell = queries.grid_cell(account, kpi, period)
    return _form(request, account, cell, {"new": cell.exact, "expected": cell.value.pk if cell.value else ""})


def _correct(request: Request, account: Account, cell: queries.GridCell) -> HttpResponse:
    given, typed = TypedCorrection(data=request.POST), request.POST.dict()
    errors: dict[str, Any] = {}
    if not given.is_valid():
        errors = {name: texts[0] for name, texts in given.errors.items()}
        if "expected" in errors:
            errors[""] = "Reload the page and try again."
    try:
        number = typed_number(typed.get("new", ""), cell.kpi) if "new" not in errors else None
        if errors or number is None:
            return _form(request, account, cell, typed, errors=errors, status=422)
        made = operations.correct_kpi_value(
            account_id=account.pk,
            kpi_code=cell.kpi.code,
            period=cell.period,
            new=number,
            reason=given.validated_data["reason"],
            expected_value_id=given.validated_data["expected"],
            by=request.actor,
            at=now(),
        )
    except operations.CellChanged as conflict:
        return _conflict(request, account, cell, typed, conflict)
    except DomainError as refusal:
        errors[refusal.field if refusal.field in ("new", "reason") else ""] = str(refusal)
        return _form(request, account, cell, typed, errors=errors, status=422)
    except Account.DoesNotExist:
        return _form(request, account, cell, typed, errors={"": "This account is archived."}, status=422)
    return _corrected(request, account, cell, made)


def _corrected(request: Request, account: Account, before: queries.GridCell, made: KpiValue) -> HttpResponse:
    """The cell as it is now; without htmx back to the grid."""
    was = before.text or "empty"
    words = f"{before.kpi.name}, {before.period:%b %Y}: {was} → {plain(made.value)}. The score follows."
    if not request.htmx:
        messages.success(request, words)
        return redirect(grid_url(account, before))
    cell = queries.grid_cell(account, before.kpi, before.period)
    answer = render(request, "kpis/grid.html#cell", {"cell": cell, "may_correct": True})
    answer["HX-Retarget"], answer["HX-Reswap"] = f"[id='{cell.id}']", "outerHTML"
    undo_url = reverse("kpis:undo-correction", args=[account.pk, made.pk])
    return toast(answer, words, undo_url=undo_url, **{"cell-saved": {"id": cell.id}, **changed(account)})


def changed(account: Account) -> dict[str, Any]:
    """The page event that wakes what shows this account's health."""
    return {"health-changed": {"accounts": [str(account.pk)]}}


def grid_url(account: Account, cell: queries.GridCell) -> str:
    until = _query(until=cell.period, month=cell.period, kpi=cell.kpi.code)
    return f"{reverse('kpis:grid', args=[account.pk])}{until}#{cell.id}"


def _conflict(
    request: Request,
    account: Account,
    cell: queries.GridCell,
    typed: Mapping[str, Any],
    conflict: operations.CellChanged,
) -> HttpResponse:
    """Theirs, who and when, and a form that puts mine on top of theirs; the grid behind shows theirs at once."""
    theirs = conflict.current
    again = {**typed, "expected": theirs.pk if theirs else ""}
    answer = _form(request, account, cell, again, conflict=conflict, status=409)
    answer["HX-Trigger"] = json.dumps(changed(account))
    return answer


def _form(
    request: Request,
    account: Account,
    cell: queries.GridCell,
    typed: Mapping[str, Any],
    *,
    errors: Mapping[str, Any] | None = None,
    conflict: operations.CellChanged | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "account": account,
        "cell": cell,
        "kpi": cell.kpi,
        "typed": typed,
        "errors": errors or {},
        "conflict": conflict,
        "theirs": conflict.current if conflict else None,
        "limits": limits_words(cell.kpi),
        "negative": cell.kpi.minimum is None or cell.kpi.minimum < 0,
        "url": reverse("kpis:grid-cell", args=[account.pk, cell.kpi.code, f"{cell.period:%Y-%m}"]),
        "back": grid_url(account, cell),
        "may_correct": may_edit(request, account),
    }
    if request.htmx:
        return render(request, "kpis/grid_form.html", context, status=status)
    context["alone"] = True
    context["history"] = queries.cell_history(account, cell.kpi, cell.period)
    return render(request, "kpis/grid_cell.html", context, status=status)


@login_required
@require_POST
def undo_correction(request: Request, account_id: UUID, value_id: UUID) -> HttpResponse:
    """Take back a correction that is still the last word of its cell."""
    account = account_of(request, account_id)
    values = KpiValue.objects.visible_to(request.actor).select_related("kpi")
    made = get_object_or_404(values, pk=value_id, account=account)
    try:
        operations.undo_correction(value_id=made.pk, by=request.actor, at=now())
    except operations.CellChanged as conflict:
        if request.htmx:
            return toast(HttpResponse(status=409), str(conflict), kind="error", **changed(account))
        cell = queries.grid_cell(account, made.kpi, made.period)
        typed = {"new": plain(made.value), "expected": conflict.current.pk if conflict.current else ""}
        return _form(request, account, cell, typed, conflict=conflict, status=409)
    if request.htmx:
        return toast(HttpResponse(status=204), "The correction is taken back.", **changed(account))
    messages.success(request, "The correction is taken back.")
    return redirect("kpis:grid-cell", account.pk, made.kpi.code, f"{made.period:%Y-%m}")
