"""Whether revenue is true: stored movements against lines, renewals against contracts."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from accounts import rules
from accounts.queries.revenue_check import MOST, broken_renewals, check, overdue_contracts
from accounts.queries.revenue_rules import rules_in_force
from accounts.views.revenue import KINDS, accounts_asked, asked
from core.http import Request, permission_required
from core.rules import allowed

PAGE = "accounts/revenue_check.html"


@login_required
@require_GET
@permission_required(rules.SEE_REVENUE)
def revenue_check(request: Request) -> HttpResponse:
    """A page of its own; to htmx the sentence that stands below the bridge."""
    wanted, in_force = asked(request), rules_in_force()
    given, today = wanted.given, in_force.day(now())
    found = check(
        accounts_asked(given, request), given["opening"], given["closing"], known_on=today, rules=in_force
    )  # fmt: skip
    context = {"check": found, "address": wanted.address("accounts:revenue-check")}
    if request.htmx:
        return render(request, f"{PAGE}#verdict", context)
    overdue, broken = overdue_contracts(by=request.actor, on=today), broken_renewals(by=request.actor)
    context |= {
        "here": True,
        "may_set_rules": allowed(request.actor, rules.SET_REVENUE_RULES),
        "wanted": given,
        "errors": wanted.errors,
        "off": found.off[:MOST],
        "kinds": KINDS,
        "broken": broken[:MOST],
        "broken_count": len(broken),
        "overdue": overdue[:MOST],
        "overdue_count": overdue.count(),
        "back": wanted.address(),
        "today": today,
    }
    return render(request, PAGE, context)
