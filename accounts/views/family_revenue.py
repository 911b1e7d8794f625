"""The revenue of an account with everything below it."""

from datetime import date
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.models import Account
from accounts.queries import revenue as queries
from accounts.queries.family_revenue import FamilyRevenue, family_revenue
from accounts.queries.revenue_rules import finance_today
from accounts.views.account import header
from accounts.views.revenue import KINDS, PAGE, asked, bridge
from core.actor import Actor
from core.http import Request, keyset_page


def year_to(day: date) -> tuple[date, date]:
    """The same day a year before, and the day."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day), day


def family_of(account: Account, *, by: Actor) -> FamilyRevenue | None:
    """For the money panel: the last twelve months."""
    return family_revenue(account, *year_to(finance_today()), by=by)


@login_required
@require_GET
def account_revenue(request: Request, account_id: UUID) -> HttpResponse:
    """Opening, movements and closing of the whole family, each account below it, and every movement; without days the
    last twelve months."""
    account = get_object_or_404(Account.objects.visible_to(request.actor).select_related("owner"), pk=account_id)
    wanted, year = asked(request), year_to(finance_today())
    days = [
        wanted.given[name] if name in request.GET else day
        for name, day in zip(("opening", "closing"), year, strict=True)
    ]
    if days[0] >= days[1]:
        days = list(year)
    family = family_revenue(account, *days, by=request.actor)
    context = {**header(request, account), "family": family, "wanted": {"opening": days[0], "closing": days[1]}}
    context |= {"errors": wanted.errors, "tab": "accounts:contracts", "labels": KINDS}
    if family:
        ids = [one.account.pk for one in family.members]
        rows = queries.movements(Account.objects.filter(pk__in=ids), *days)
        cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
        page = keyset_page(rows, ["-on", "id"], size=PAGE, **cursors)
        kept = f"?opening={days[0]}&closing={days[1]}"
        context |= {
            "rows": page.rows,
            "newer": f"{kept}&before={page.before}" if page.before else "",
            "older": f"{kept}&after={page.after}" if page.after else "",
            "steps": bridge(family.found),
        }
    return render(request, "accounts/account_revenue.html", context)
