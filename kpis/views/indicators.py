"""Indicators: what is open across the book, the rules behind it, and the panel on an account's page."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Account
from accounts.serving import panel_answer
from core.errors import DomainError
from core.http import Request, keyset_page, permission_required
from core.rules import allowed
from kpis import rules
from kpis.models import Indicator, IndicatorRule
from kpis.operations.indicators import MOST_CONDITIONS, NotARule, checked_conditions, switch_rule, write_rule
from kpis.queries import indicators as queries
from kpis.views.uploads import is_uuid
from users.models import User

KINDS = IndicatorRule.Kind.choices
BLANK = {"measure": "", "op": "<", "value": ""}


@dataclass(frozen=True)
class Line:
    """An indicator as a list shows it. days: how long it is, or was, open. why: what opened it."""

    indicator: Indicator
    days: int
    why: list[queries.Reason]


def _lines(found: list[Indicator], known: dict[str, queries.Measure]) -> list[Line]:
    today = now().date()
    return [
        Line(one, ((one.closed_on or today) - one.opened_on).days, queries.reasons(one.opened_by, known))
        for one in found
    ]


@login_required
@require_GET
def indicator_list(request: Request) -> HttpResponse:
    """Open indicators of the accounts one sees, and the rules with how long theirs are open."""
    asked = {name: request.GET.get(name, "").replace("\x00", "").strip() for name in ("rule", "kind", "owner", "q")}
    state = "closed" if request.GET.get("state") == "closed" else "open"
    found = queries.filtered(
        queries.indicators_seen(by=request.actor),
        rule=UUID(asked["rule"]) if is_uuid(asked["rule"]) else None,
        kind=asked["kind"] if asked["kind"] in dict(KINDS) else "",
        owner=UUID(asked["owner"]) if is_uuid(asked["owner"]) else None,
        state=state,
        q=asked["q"],
    )
    order = ["-opened_on", "id"] if state == "open" else ["-closed_on", "id"]
    page = keyset_page(found, order, size=25, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    kept = urlencode({name: value for name, value in asked.items() if value} | {"state": state})
    known = queries.measures()
    context: dict[str, Any] = {
        "lines": _lines(page.rows, known),
        "count": found.count(),
        "state": state,
        "asked": asked,
        "filtered": any(asked.values()),
        "newer_url": f"?{kept}&before={page.before}" if page.before else "",
        "older_url": f"?{kept}&after={page.after}" if page.after else "",
        "rules": queries.rule_rows(by=request.actor),
        "rule_choices": list(IndicatorRule.objects.values_list("pk", "name")),
        "kinds": KINDS,
        "owners": list(User.objects.filter(is_active=True).order_by("name").values_list("pk", "name")),
        "sees_all": request.actor.sees_all,
        "may_edit": allowed(request.actor, rules.EDIT_INDICATORS),
    }
    template = "kpis/indicators.html#list" if request.htmx else "kpis/indicators.html"
    return render(request, template, context)


@login_required
@require_GET
def panel(request: Request, account_id: UUID) -> HttpResponse:
    """What is open for one account, and what closed last."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    is_open, closed = queries.of_account(account.pk, by=request.actor)
    known = queries.measures()
    context = {"open": _lines(is_open, known), "closed": _lines(closed, known)}
    return panel_answer(request, account, "kpis/indicators.html#panel", context)


# Rules ---------------------------------------------------------------------------------------------------------


def _typed(request: Request) -> list[dict[str, str]]:
    """The conditions as typed, without rows in which nothing is chosen."""
    rows = [
        {part: request.POST.get(f"{part}-{number}", "").strip() for part in ("measure", "op", "value")}
        for number in range(MOST_CONDITIONS)
    ]
    return [row for row in rows if row["measure"] or row["value"]]


def _seen(request: Request, typed: list[dict[str, str]]) -> dict[str, Any]:
    """What the conditions say and who would be in the state today."""
    today = now().date()
    try:
        conditions = checked_conditions(typed)
    except NotARule as refusal:
        return {"why_not": str(refusal)}
    sentence = queries.sentence(conditions, queries.measures())
    effect = queries.preview_rule(conditions, by=request.actor, on=today)
    return {"said": sentence, "effect": effect, "today": today}


def _form(
    request: Request,
    rule: IndicatorRule | None,
    typed: dict[str, Any],
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    rows = [*typed["conditions"]] or [BLANK]
    if typed.get("more") and len(rows) < MOST_CONDITIONS:
        rows.append(BLANK)
    known = queries.measures()
    context = {
        "rule": rule,
        "typed": typed,
        "rows": [(row, (errors or {}).get(f"condition-{number}", "")) for number, row in enumerate(rows)],
        "errors": errors or {},
        "measures": [(one.code, f"{one.name} ({one.unit})" if one.unit else one.name) for one in known.values()],
        "operators": list(queries.OPERATORS.items()),
        "kinds": KINDS,
        "full": len(rows) >= MOST_CONDITIONS,
        "may_edit": allowed(request.actor, rules.EDIT_INDICATORS),
        **_seen(request, typed["conditions"]),
    }
    return render(request, "kpis/indicator_rule.html", context, status=status)


def _read(request: Request) -> dict[str, Any]:
    return {
        "name": request.POST.get("name", ""),
        "kind": request.POST.get("kind", ""),
        "conditions": _typed(request),
        "version": request.POST.get("version", ""),
        "more": request.POST.get("do") == "add",
    }


def _save(request: Request, rule: IndicatorRule | None) -> HttpResponse:
    typed = _read(request)
    if request.POST.get("do") in ("add", "check"):
        return _form(request, rule, typed)
    version = typed["version"]
    try:
        made = write_rule(
            rule_id=rule.pk if rule else None,
            name=typed["name"],
            kind=typed["kind"],
            conditions=typed["conditions"],
            expected_version=int(version) if version.isdecimal() and len(version) < 9 else None,
            by=request.actor,
            at=now(),
        )
    except DomainError as refusal:
        return _form(request, rule, typed, {refusal.field or "": str(refusal)}, 422)
    messages.success(request, f"“{made.name}” is saved. Every account is being held against it.")
    return redirect("kpis:indicators")


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_INDICATORS)
def rule_new(request: Request) -> HttpResponse:
    """Make a rule; before it is saved the page says who would be in the state."""
    if request.method == "POST":
        return _save(request, None)
    return _form(request, None, {"name": "", "kind": "risk", "conditions": [], "version": ""})


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_INDICATORS)
def rule_edit(request: Request, rule_id: UUID) -> HttpResponse:
    """Change a rule."""
    rule = get_object_or_404(IndicatorRule, pk=rule_id)
    if request.method == "POST":
        return _save(request, rule)
    typed = {"name": rule.name, "kind": rule.kind, "conditions": rule.conditions, "version": str(rule.version)}
    return _form(request, rule, typed)


@login_required
@require_POST
@permission_required(rules.EDIT_INDICATORS)
def rule_preview(request: Request) -> HttpResponse:
    """While somebody builds a rule: how it reads and who would be in the state."""
    return render(request, "kpis/indicator_rule.html#effect", _seen(request, _typed(request)))


@login_required
@require_POST
@permission_required(rules.EDIT_INDICATORS)
def rule_switch(request: Request, rule_id: UUID) -> HttpResponse:
    """Pause a rule or let it go on."""
    get_object_or_404(IndicatorRule, pk=rule_id)
    active = request.POST.get("active") == "1"
    rule = switch_rule(rule_id=rule_id, active=active, by=request.actor, at=now())
    done = "goes on. Every account is being held against it" if active else "is paused. What it held open is closed"
    messages.success(request, f"“{rule.name}” {done}.")
    return redirect("kpis:indicators")
