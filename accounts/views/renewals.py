"""The renewal centre: what is due, what is expected, what came of it, and what a leader has to decide."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import rules
from accounts.conditions import read, words
from accounts.models import Account, Renewal, RenewalCheckpoint
from accounts.operations.closing import close_renewal
from accounts.operations.renewals import decide_checkpoint, edit_renewal
from accounts.queries import renewals as queries
from accounts.renewing import STATUSES, period_of, quarter_by, quarter_of
from accounts.serializers.renewals import CheckpointDecision, RenewalClose, RenewalEdit, RenewalQuery
from accounts.serving import panel_answer
from accounts.views.settling import closed
from core.cells import neutralise
from core.errors import Conflict, DomainError
from core.http import Request, keyset_page, permission_required, toast
from core.rules import allowed, require

PAGE = 25
CENTRE = "accounts:renewals"
OUTCOMES = [one for one in Renewal.State.choices if one[0] != Renewal.State.OPEN]


@dataclass(frozen=True)
class Wanted:
    """The filters of an address that can be read; what could not is in `errors` and left out."""

    given: dict[str, Any]
    errors: dict[str, list[str]]

    def address(self, name: str = CENTRE, **changes: Any) -> str:
        kept = {k: str(v) for k, v in {**self.given, **changes}.items() if v not in ("", None)}
        return reverse(name) + (f"?{urlencode(kept)}" if kept else "")

    @property
    def asked(self) -> queries.Asked:
        return queries.Asked(**self.given)


def _wanted(request: Request) -> Wanted:
    data = {name: value for name, value in request.GET.items() if value}
    query = RenewalQuery(data=data)
    errors: dict[str, list[str]] = {}
    if not query.is_valid():
        errors = {name: [str(one) for one in said] for name, said in query.errors.items()}
        query = RenewalQuery(data={name: value for name, value in data.items() if name not in errors})
        query.is_valid(raise_exception=True)
    return Wanted(dict(query.validated_data), errors)


@login_required
@require_GET
def renewals(request: Request) -> HttpResponse:
    """The list by due day with the totals of everything that is filtered."""
    wanted, today = _wanted(request), localdate()
    given = wanted.given
    rows = queries.due(wanted.asked, by=request.actor, today=today)
    page = keyset_page(
        queries.listed(rows), queries.ORDER, size=PAGE,
        after=request.GET.get("after", ""), before=request.GET.get("before", ""),
    )  # fmt: skip
    found = queries.totals(rows)
    context = {
        "wanted": given,
        "errors": wanted.errors,
        "rows": page.rows,
        "totals": found,
        "by_count": queries.count_rates(found),
        "undecided": queries.undecided(by=request.actor),
        "may_decide": allowed(request.actor, rules.DECIDE_RENEWAL),
        "may_edit": allowed(request.actor, rules.FORECAST_RENEWAL),
        "may_export": allowed(request.actor, rules.EXPORT),
        "condition": words(read(given["where"])) if given.get("where") else "",
        "newer": wanted.address(before=page.before) if page.before else "",
        "older": wanted.address(after=page.after) if page.after else "",
        "export_url": wanted.address("accounts:renewals-export"),
        "today": today,
        **_choices(given["period"], request),
    }
    return render(request, "accounts/renewals.html", context)


def _choices(period: str, request: Request) -> dict[str, Any]:
    today = localdate()
    keys = [quarter_by(today, step) for step in range(-4, 5)]
    found = period_of(period)
    if found is not None and period not in keys:
        keys.insert(0, period)
    labels = [(key, one.label) for key in keys if (one := period_of(key)) is not None]
    return {
        "periods": [("overdue", "Overdue"), *labels, ("all", "All")],
        "period_label": found.label if found else {"overdue": "Overdue", "all": "All periods"}[period],
        "owners": [("none", "Nobody"), *queries.owners(by=request.actor)],
        "states": [("open", "Open"), ("closed", "Closed")],
        "categories": [*Renewal.Category.choices, ("unknown", "Not said")],
        "statuses": [*STATUSES, ("unknown", "Unknown")],
    }


@login_required
@require_GET
@permission_required(rules.EXPORT)
def export_renewals(request: Request) -> HttpResponse:
    """Exactly what is filtered, as CSV."""
    today = localdate()
    rows = queries.listed(queries.due(_wanted(request).asked, by=request.actor, today=today))
    text = io.StringIO()
    csv.writer(text).writerows(_lines(rows.order_by(*queries.ORDER).iterator()))
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="renewals-{today:%Y-%m-%d}.csv"'
    return response


def _lines(rows: Any) -> Iterator[list[Any]]:
    yield [
        "Account", "Contract", "Owner", "Due", "Yearly amount", "Currency", "State", "Category", "Likelihood %",
        "Status by rule", "Reason", "Status by owner", "Renewed amount", "Outcome reason",
    ]  # fmt: skip
    for one in rows:
        owner = one.account.owner.name if one.account.owner else ""
        yield [
            *(neutralise(text) for text in (one.account.name, one.contract.name, owner)),
            one.due_on,
            one.amount,
            one.currency,
            one.state,
            one.category or "unknown",
            "unknown" if one.likelihood is None else one.likelihood,
            one.auto_status or "unknown",
            one.auto_reason,
            one.status or "unknown",
            one.renewed_amount,
            neutralise(one.outcome_reason),
        ]


@login_required
@require_http_methods(["GET", "POST"])
def renewal(request: Request, renewal_id: UUID) -> HttpResponse:
    """One renewal: forecast, checkpoints, weeks, and how it is closed. In the list its line becomes the form."""
    found = _found(request, renewal_id)
    if request.method == "GET":
        return _page(request, found, {}, {})
    require(request.actor, rules.FORECAST_RENEWAL, found.account)
    data = {"category": "", "status": "", **request.POST.dict()}
    data["likelihood"] = data.get("likelihood", "").strip() or None  # type: ignore[assignment]
    given = RenewalEdit(data=data)
    if not given.is_valid():
        return _page(request, found, data, _said(given), status=422)
    changes = dict(given.validated_data)
    version = changes.pop("version")
    try:
        edit_renewal(renewal_id=found.pk, expected_version=version, changes=changes, by=request.actor, at=now())
    except Conflict as conflict:
        return _page(request, _found(request, renewal_id), data, {}, conflict=str(conflict), status=422)
    except DomainError as refusal:
        return _page(request, found, data, {refusal.field or "": [str(refusal)]}, status=422)
    if request.htmx:
        context = {"one": _found(request, renewal_id), "may_edit": True, "today": localdate(), "saved": True}
        answer = render(request, "accounts/renewals.html#row", context)
        return toast(answer, f"{found.account.name}: the forecast is saved.")
    messages.success(request, "The forecast is saved.")
    return redirect("accounts:renewal", found.pk)


@login_required
@require_POST
def close(request: Request, renewal_id: UUID) -> HttpResponse:
    """Renewed, extended or lost: the contract and the account's outcome follow."""
    found = _found(request, renewal_id)
    require(request.actor, rules.FORECAST_RENEWAL, found.account)
    data = {name: value for name, value in request.POST.items() if str(value).strip()}
    given = RenewalClose(data=data)
    if not given.is_valid():
        return _page(request, found, {}, {}, closing=data, closing_errors=_said(given), status=422)
    closing = dict(given.validated_data)
    version = closing.pop("version")
    closing["uplift"] = closing.get("uplift") or Decimal(0)
    try:
        done = close_renewal(renewal_id=found.pk, expected_version=version, **closing, by=request.actor, at=now())
    except DomainError as refusal:
        errors = {refusal.field or "": [str(refusal)]}
        if isinstance(refusal, Conflict):
            data.pop("version")  # the page shows how it is now; whoever closes it then has seen that
        return _page(request, _found(request, renewal_id), {}, {}, closing=data, closing_errors=errors, status=422)
    messages.success(request, f"The renewal is closed: {done.get_state_display().lower()}.")
    return closed(request, "renewal", found.pk, redirect("accounts:renewal", found.pk))


@login_required
@require_POST
def decide(request: Request, renewal_id: UUID, checkpoint_id: UUID) -> HttpResponse:
    """A leader decides between the rule and the owner."""
    found = _found(request, renewal_id)
    get_object_or_404(RenewalCheckpoint.objects.filter(renewal=found), pk=checkpoint_id)
    require(request.actor, rules.DECIDE_RENEWAL, found.account)
    given = CheckpointDecision(data=request.POST.dict())
    errors = {} if given.is_valid() else _said(given)
    if not errors:
        try:
            decide_checkpoint(checkpoint_id=checkpoint_id, **given.validated_data, by=request.actor, at=now())
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    if errors:
        return _page(request, found, {}, {}, deciding=request.POST.dict(), deciding_errors=errors, status=422)
    messages.success(request, "The decision is stored.")
    return redirect("accounts:renewal", found.pk)


def _found(request: Request, renewal_id: UUID) -> Renewal:
    rows = queries.listed(queries.due(queries.Asked("all"), by=request.actor, today=localdate()))
    found: Renewal = get_object_or_404(rows, pk=renewal_id)
    return found


def _said(given: Any) -> dict[str, list[str]]:
    return {name: [str(one) for one in said] for name, said in given.errors.items()}


def _page(
    request: Request,
    found: Renewal,
    values: dict[str, Any],
    errors: dict[str, list[str]],
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """The page, or to htmx the line of the list: as a form, or as it is with ?line=1."""
    stored = {"category": found.category, "likelihood": found.likelihood, "status": found.status}
    context = {
        "one": found,
        "values": {**stored, **{name: value for name, value in values.items() if name in stored}},
        "errors": errors,
        "categories": Renewal.Category.choices,
        "statuses": STATUSES,
        "may_edit": allowed(request.actor, rules.FORECAST_RENEWAL, found.account),
        "today": localdate(),
        **more,
    }
    if request.htmx:
        part = "row" if request.GET.get("line") else "edit"
        return render(request, f"accounts/renewals.html#{part}", context, status=status)
    context |= {
        "may_decide": allowed(request.actor, rules.DECIDE_RENEWAL, found.account),
        "checkpoints": found.checkpoints.order_by("number"),
        "snapshots": found.snapshots.order_by("-week")[:26],
        "outcomes": OUTCOMES,
        "decisions": [one for one in STATUSES if one[0] != "watch"],
    }
    return render(request, "accounts/renewal.html", context, status=status)


@login_required
@require_GET
def calendar(request: Request) -> HttpResponse:
    """A year by month, and one month day by day."""
    today = localdate()
    period = period_of(request.GET.get("month", "")) or period_of(f"{today:%Y-%m}")
    assert period is not None
    year = period.first.year
    rows = queries.due(queries.Asked("all"), by=request.actor, today=today)
    listed = queries.listed(rows).filter(due_on__range=(period.first, period.last)).order_by(*queries.ORDER)
    here = f"{period.first:%Y-%m}"
    context = {
        "year": year,
        "months": queries.months(rows, year),
        "here": here,
        "period": period,
        "rows": listed[:100],
        "before": f"{year - 1}-12",
        "after": f"{year + 1}-01",
        "all_url": f"{reverse(CENTRE)}?period={here}",
        "today": today,
    }
    return render(request, "accounts/renewal_calendar.html", context)


@login_required
@require_GET
def replay(request: Request) -> HttpResponse:
    """The forecast of a quarter as it stood each week, beside what came of it."""
    today = localdate()
    key = request.GET.get("quarter", "") or quarter_by(today, -1)
    period = period_of(key)
    if period is None:
        raise Http404("There is no such quarter.")
    keys = [quarter_by(today, step) for step in range(-6, 2)]
    context = {
        "period": period,
        "replays": queries.replay(period, by=request.actor),
        "quarters": [(one, (period_of(one) or period).label) for one in ([] if key in keys else [key]) + keys],
        "running": quarter_of(today),
    }
    return render(request, "accounts/renewal_replay.html", context)


@login_required
@require_GET
def panel(request: Request, account_id: UUID) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    context = {"renewals": queries.of_account(account.pk), "today": localdate()}
    return panel_answer(request, account, "accounts/renewal_panel.html", context)
