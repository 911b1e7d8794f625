"""What is paid again and again, what moved it, and what people call retention."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET, require_POST

from accounts import rules
from accounts.conditions import matching, read, words
from accounts.models import ExchangeRate
from accounts.operations.exchange import set_rate
from accounts.queries import revenue as queries
from accounts.queries.revenue import Bar, Period
from accounts.queries.revenue_rules import finance_today, main_currency, rules_in_force
from accounts.serializers.revenue import RateInput, RevenueQuery
from core.errors import DomainError
from core.http import Request, keyset_page, permission_required
from core.money import CURRENCIES
from core.rules import allowed

KINDS = {
    "new": "New", "reactivation": "Reactivation", "expansion": "Expansion", "uplift": "Agreed price rise",
    "contraction": "Contraction", "churn": "Churn", "transfer": "Transfer",
}  # fmt: skip
PAGE, GAP = 50, "accounts:revenue-gap"


@dataclass(frozen=True)
class Asked:
    """A readable question; what could not be read is in `errors` and left out."""

    given: dict[str, Any]
    errors: dict[str, list[str]]

    def address(self, name: str = "accounts:revenue", **changes: Any) -> str:
        kept = {k: str(v) for k, v in {**self.given, **changes}.items() if v not in ("", None)}
        return reverse(name) + (f"?{urlencode(kept)}" if kept else "")


def asked(request: Request) -> Asked:
    data = {name: value for name, value in request.GET.items() if value}
    query = RevenueQuery(data=data)
    errors: dict[str, list[str]] = {}
    if not query.is_valid():
        errors = {name: [str(one) for one in said] for name, said in query.errors.items()}
        bad = {*errors, *(("opening", "closing") if "closing" in errors else ())}
        query = RevenueQuery(data={name: value for name, value in data.items() if name not in bad})
        query.is_valid(raise_exception=True)
    return Asked(dict(query.validated_data), errors)


@login_required
@require_GET
@permission_required(rules.SEE_REVENUE)
def revenue(request: Request) -> HttpResponse:
    """The period as a bridge, its rates, each convention beside the others, and each segment."""
    wanted = asked(request)
    given, by = wanted.given, request.actor
    accounts = accounts_asked(given, request)
    in_force = rules_in_force()
    reporting = given.get("currency") or main_currency(in_force)
    found = queries.period(accounts, given["opening"], given["closing"], reporting=reporting)
    segment = given.get("segment") or "tier"
    context = {
        "wanted": given,
        "errors": wanted.errors,
        "period": found,
        "steps": bridge(found),
        "currency": reporting,
        "currencies": [(code, code) for code in CURRENCIES],
        "segment": segment,
        "segments": queries.segments(accounts, segment, given["opening"], given["closing"], reporting=reporting),
        "segment_tabs": [(one.capitalize(), wanted.address(segment=one), one == segment) for one in queries.SEGMENTS],
        "kinds": KINDS,
        "readings": [(one, wanted.address(GAP, convention=one.convention.code)) for one in found.readings],
        "condition": words(read(given["where"])) if given.get("where") else "",
        "samples": queries.samples_left_out(by=by),
        "may_set_rates": allowed(by, rules.SET_RATES),
        "rates": ExchangeRate.objects.order_by("-on", "currency")[:12],
        "check_url": wanted.address("accounts:revenue-check"),
        "movements_url": wanted.address("accounts:revenue-movements"),
        "today": finance_today(),
        "in_force": in_force,
        "may_set_rules": allowed(by, rules.SET_REVENUE_RULES),
    }  # fmt: skip
    return render(request, "accounts/revenue.html", context)


def accounts_asked(given: dict[str, Any], request: Request) -> Any:
    where = matching(read(given["where"]), today=localdate()) if given.get("where") else None
    return queries.book(by=request.actor, where=where)


@dataclass(frozen=True)
class Step:
    """One bar of the bridge: from and height in per cent of the picture, and what it says."""

    kind: str
    label: str
    amount: Decimal
    accounts: int
    low: float
    height: float
    total: bool = False


def bridge(found: Period) -> list[Step]:
    bars: Sequence[Bar] = found.bars
    levels, level = [found.opening_mrr], found.opening_mrr
    for bar in bars:
        level += bar.amount
        levels.append(level)
    top = max([*levels, found.closing_mrr, Decimal(1)])

    def per_cent(amount: Decimal) -> float:
        return round(float(100 * amount / top), 2)

    steps = [Step("opening", "Opening", found.opening_mrr, 0, 0, per_cent(found.opening_mrr), total=True)]
    for bar, before, after in zip(bars, levels, levels[1:], strict=False):
        low = per_cent(min(before, after))
        label = KINDS.get(bar.kind, bar.kind)
        steps.append(Step(bar.kind, label, bar.amount, bar.accounts, low, per_cent(abs(bar.amount))))
    steps.append(Step("closing", "Closing", found.closing_mrr, 0, 0, per_cent(found.closing_mrr), total=True))
    return steps


@login_required
@require_GET
@permission_required(rules.SEE_REVENUE)
def revenue_gap(request: Request) -> HttpResponse:
    """Why a convention says something else than ours: every account that it counts differently."""
    wanted = asked(request)
    given = wanted.given
    accounts = accounts_asked(given, request)
    reporting = given.get("currency") or main_currency()
    found = queries.period(accounts, given["opening"], given["closing"], reporting=reporting)
    try:
        convention, gaps = queries.gaps(found, given.get("convention", ""), by=request.actor)
    except StopIteration as none:
        raise Http404("There is no such convention.") from none
    readings = {one.convention.code: one for one in found.readings}
    ours = next(one for one in found.readings if one.convention.measure == convention.measure)
    context = {
        "wanted": given, "period": found, "currency": reporting, "convention": convention, "gaps": gaps,
        "ours": ours, "theirs": readings[convention.code], "back": wanted.address(convention=""),
    }  # fmt: skip
    return render(request, "accounts/revenue_gap.html", context)


@login_required
@require_GET
@permission_required(rules.SEE_REVENUE)
def revenue_movements(request: Request) -> HttpResponse:
    """Every dated movement of the period."""
    wanted = asked(request)
    given = wanted.given
    rows = queries.movements(
        accounts_asked(given, request), given["opening"], given["closing"], kind=given.get("kind", "")
    )
    page = keyset_page(
        rows, ["-on", "id"], size=PAGE, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    name = "accounts:revenue-movements"
    context = {
        "wanted": given,
        "rows": page.rows,
        "newer": wanted.address(name, before=page.before) if page.before else "",
        "older": wanted.address(name, after=page.after) if page.after else "",
        "kinds": [("", "All", wanted.address(name, kind=""))]
        + [(code, label, wanted.address(name, kind=code)) for code, label in KINDS.items()],
        "labels": KINDS,
        "back": wanted.address(kind=""),
    }
    return render(request, "accounts/revenue_movements.html", context)


@login_required
@require_POST
def add_rate(request: Request) -> HttpResponse:
    """Set one exchange rate."""
    given = RateInput(data=request.POST.dict())
    back = request.POST.get("back") or reverse("accounts:revenue")
    try:
        if not given.is_valid():
            field, said = next(iter(given.errors.items()))
            raise DomainError(f"{field}: {said[0]}")
        set_rate(**given.validated_data, by=request.actor)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The rate is set.")
    return redirect(back if back.startswith("/revenue/") else reverse("accounts:revenue"))
