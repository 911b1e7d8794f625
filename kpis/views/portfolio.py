from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from accounts import rules as accounts_rules
from accounts.conditions import read, words
from accounts.models import Account
from accounts.queries import last_seq
from accounts.queries.views import views_of
from core.http import Request, keyset_page
from core.models import Job
from core.rules import allowed
from kpis import rules
from kpis.models import Band
from kpis.queries import columns
from kpis.queries import portfolio as queries
from kpis.queries.portfolio import BookFilter, Totals
from kpis.serializers.portfolio import PageQuery
from kpis.views.looks import Looks, address, of_view
from kpis.views.portfolio_cells import Links, feet, heads, row_of

PAGE = 50
MARKS_MOST = 400  # above this the picture is a spread: nobody tells ten thousand marks apart
SAMPLE_JOBS = ("kpis.add_sample_data", "kpis.remove_sample_data")
SORTED_BY = {
    "attention": "Needs attention",
    "name": "Name",
    "score": "Score",
    "change": "Change in 28 days",
    "arr": "ARR",
    "coverage": "Coverage",
    "renewal": "Renewal",
}
SHOWN = (Band.RED, Band.YELLOW, Band.GREEN, Band.UNKNOWN)  # worst first
LABELS = {
    "q": "Name",
    "owner": "Owner",
    "tier": "Tier",
    "industry": "Industry",
    "region": "Region",
    "stage": "Stage",
    "sample": "Sample accounts",
    "band": "Band",
    "where": "Condition",
}


def opened(request: Request) -> str:
    """The whole address of the saved view that the address names alone."""
    named = {str(view.pk): view for view in views_of(by=request.actor) if view.name}
    view = named.get(request.GET["saved"])
    return address(of_view(view)) if view else ""


@login_required
@require_GET
def portfolio(request: Request) -> HttpResponse:
    """Every account with its health, what needs attention first."""
    wanted, today, by = _wanted(request), now().date(), request.actor
    if wanted.saved and not wanted.narrows and set(request.GET) == {"saved"}:
        there = opened(request)
        if there not in ("", request.get_full_path()):
            return redirect(there)
    if not all(request.GET.values()) and not request.htmx:
        return redirect(address(wanted))  # the form sends every field; the address keeps those that say something
    whole = queries.totals(queries.book(BookFilter(), by=by, today=today), by=by, today=today)
    jobs = Job.objects.filter(kind__in=SAMPLE_JOBS, finished_at=None)
    context: dict[str, Any] = {
        "whole": whole,
        "sample_job": jobs.first(),
        "may_sample": allowed(by, rules.SAMPLE_DATA),
        "may_create": allowed(by, accounts_rules.CREATE),
        "may_import": allowed(by, accounts_rules.IMPORT),
        "may_export": allowed(by, accounts_rules.EXPORT),
        "may_upload": allowed(by, rules.UPLOAD),
        "live_since": last_seq(),
        "here": request.get_full_path(),
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
        "unread": asked(request).errors.get("where"),
    }
    if whole.accounts:
        context |= _filled(request, wanted, whole, today)
    regional = request.htmx and "book" in (request.htmx.target or "")
    return render(request, "kpis/portfolio.html#book" if regional else "kpis/portfolio.html", context)


def _wanted(request: Request) -> BookFilter:
    return asked(request).wanted()


def asked(request: Request) -> PageQuery:
    """What the address asks for, with what of it could not be read in `errors`."""
    given = PageQuery(data=request.GET.dict(), context={"by": request.actor})
    given.is_valid()
    return given


def _filled(request: Request, wanted: BookFilter, whole: Totals, today: date) -> dict[str, Any]:
    by = request.actor
    accounts = queries.book(wanted, by=by, today=today)
    totals = queries.totals(accounts, by=by, today=today) if wanted.narrows else whole
    ordered, order = queries.in_order(accounts, wanted.sort, all_scored=not whole.unscored)
    after, before, links = request.GET.get("after", ""), request.GET.get("before", ""), Links()
    page = keyset_page(ordered, order, size=PAGE, after=after, before=before)
    drivers = queries.driver_names(page.rows)
    looks = Looks.of(wanted, by=by)
    values = columns.values_of([account.pk for account in page.rows], looks.columns)
    return {
        "wanted": wanted,
        "totals": totals,
        "rows": [
            row_of(account, looks.columns, values.get(account.pk, {}), drivers=drivers, today=today, links=links)
            for account in page.rows
        ],
        "heads": heads(looks.columns),
        "feet": feet(looks.columns, columns.totals_of(accounts, looks.columns)),
        "dense": looks.density == "dense",
        "looks": looks,
        "may_edit": allowed(by, accounts_rules.EDIT),
        "newer": address(wanted, before=page.before) if page.before else "",
        "older": address(wanted, after=page.after) if page.after else "",
        "tabs": [*_tabs(wanted, whole), *looks.tabs],
        "bands": _bands(wanted, totals),
        "chips": _chips(wanted, request),
        "sorted_by": SORTED_BY[wanted.sort.lstrip("-")],
        "sorts": {name: address(wanted, sort=_next_sort(name, wanted.sort)) for name in queries.SORTS},
        "unfiltered": address(BookFilter(sort=wanted.sort, columns=wanted.columns, density=wanted.density)),
        "filter_url": f"{reverse('kpis:portfolio-filter')}?{request.GET.urlencode()}",
        "export_url": f"{reverse('kpis:portfolio-export')}?{request.GET.urlencode()}",
        "workbook_url": f"{reverse('kpis:portfolio-workbook')}?{request.GET.urlencode()}",
        "columns_url": f"{reverse('kpis:portfolio-columns')}?{request.GET.urlencode()}",
        "bulk_url": f"{reverse('kpis:bulk-edit')}?{urlencode({**_said(wanted), 'all': '1'})}",
        "save_url": f"{reverse('kpis:view-save')}?{request.GET.urlencode()}",
        **_picture(accounts, totals, links),
    }


def _said(wanted: BookFilter) -> dict[str, str]:
    return {name: value for name, value in vars(wanted).items() if value}


def _next_sort(name: str, current: str) -> str:
    """What a click on the column's head asks for: the telling end first, then the other."""
    first = name if name in ("attention", "name", "renewal", "change", "score") else f"-{name}"
    other = f"-{name}" if first == name else name
    return other if current == first else first


def _tabs(wanted: BookFilter, whole: Totals) -> list[tuple[str, str, int | None, bool]]:
    """(name, address, accounts, whether it is the one that is shown). Every tab starts from the whole book."""
    tabs = [
        ("All", BookFilter(), whole.accounts),
        ("Needs attention", BookFilter(view="attention"), whole.attention),
        ("At risk", BookFilter(band=Band.RED), whole.bands[Band.RED]),
        ("Watch", BookFilter(band=Band.YELLOW), whole.bands[Band.YELLOW]),
        ("Healthy", BookFilter(band=Band.GREEN), whole.bands[Band.GREEN]),
        ("Not enough data", BookFilter(band=Band.UNKNOWN), whole.bands[Band.UNKNOWN]),
        ("Mine", BookFilter(view="mine"), whole.mine),
    ]
    current = (wanted.view, wanted.band, "")
    return [(name, address(tab), count, (tab.view, tab.band, wanted.saved) == current) for name, tab, count in tabs]


def _bands(wanted: BookFilter, totals: Totals) -> list[tuple[str, str, int, list[tuple[Decimal, str]], str, bool]]:
    """(band, name, accounts, their ARR, address that shows only it or no longer, whether it is the only one)."""
    found = []
    for band in SHOWN:
        only = wanted.band == band
        url = address(wanted, band="" if only else band)
        found.append((band.value, band.label, totals.bands[band], totals.arr_by_band[band].largest_first, url, only))
    return found


def _chips(wanted: BookFilter, request: Request) -> list[tuple[str, str, str]]:
    """(what, value, address without it) of every filter that no tab shows."""
    chips = []
    for name, label in LABELS.items():
        value = getattr(wanted, name)
        if not value or (name == "band" and not wanted.view):
            continue
        say = {
            "owner": lambda: queries.owner_name(wanted.owner, by=request.actor),
            "sample": lambda: "shown alone" if wanted.sample == "only" else "left out",
            "band": lambda: Band(wanted.band).label,
            "where": lambda: words(read(wanted.where, by=request.actor)),
            "stage": lambda: dict(Account.Stage.choices).get(wanted.stage, wanted.stage),
        }.get(name, lambda value=value: value)
        chips.append((label, say(), address(wanted, **{name: ""})))
    return chips


def _picture(accounts: QuerySet[Account], totals: Totals, links: Links) -> dict[str, Any]:
    """Marks while they can be told apart, else how many stand where."""
    if totals.scored > MARKS_MOST:
        bins = queries.spread(totals)
        return {"bins": bins, "tallest": max((one.count for one in bins), default=1)}
    return {"marks": [(m.name, m.score, m.band, m.size, links.page(m.id)) for m in queries.marks(accounts)]}
