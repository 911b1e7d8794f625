from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from accounts import rules as accounts_rules
from accounts.conditions import Kind, fields_named, read, words
from accounts.models import Account
from accounts.operations.places import saw
from accounts.queries import last_seq
from accounts.queries.views import views_of
from core.actor import Actor
from core.http import Request, keyset_page
from core.models import Job
from core.rules import allowed
from kpis import rules
from kpis.models import Band
from kpis.queries import columns
from kpis.queries import portfolio as queries
from kpis.queries.orders import GROUPS
from kpis.queries.portfolio import BookFilter, Totals
from kpis.queries.sums import Bundle, bundles, numbers
from kpis.serializers.portfolio import PageQuery
from kpis.views import portfolio_frame as frame
from kpis.views.looks import Looks, address, of_view
from kpis.views.portfolio_cells import Links, row_of

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
AROUND = {
    "keep": "kpis:portfolio-columns-keep",
    "filter": "kpis:portfolio-filter",
    "export": "kpis:portfolio-export",
    "workbook": "kpis:portfolio-workbook",
    "columns": "kpis:portfolio-columns",
    "save": "kpis:view-save",
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
    given, today, by = asked(request), now().date(), request.actor
    wanted = given.wanted()
    if wanted.saved and not wanted.narrows and set(request.GET) == {"saved"}:
        there = opened(request)
        if there not in ("", request.get_full_path()):
            return redirect(there)
    if not all(request.GET.values()) and not request.htmx:
        return redirect(address(wanted))  # the form sends every field; the address keeps those that say something
    book = queries.book(BookFilter(), by=by, today=today)
    # A large book shows its lines first and asks for the same page with its figures then.
    later = "figures" not in request.GET and queries.many()
    whole = None if later else queries.totals(book, by=by, today=today)
    jobs = Job.objects.filter(kind__in=SAMPLE_JOBS, finished_at=None)
    context: dict[str, Any] = {
        "whole": whole,
        "some": book.exists() if whole is None else whole.accounts,
        "sample_job": jobs.first(),
        "may_sample": allowed(by, rules.SAMPLE_DATA),
        "may_create": allowed(by, accounts_rules.CREATE),
        "may_import": allowed(by, accounts_rules.IMPORT),
        "may_export": allowed(by, accounts_rules.EXPORT),
        "may_edit_cells": allowed(by, accounts_rules.EDIT),
        "may_upload": allowed(by, rules.UPLOAD),
        "live_since": last_seq(),
        "here": _without_figures(request),
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
        "unread": given.errors.get("where"),
    }
    if context["some"]:
        context |= _filled(request, wanted, whole, today, unread=bool(context["unread"]))
        if not request.htmx and context["looks"].current:
            saw(view=context["looks"].current, by=by, at=now())
    regional = request.htmx and "book" in (request.htmx.target or "")
    return render(request, "kpis/portfolio.html#book" if regional else "kpis/portfolio.html", context)


def asked(request: Request) -> PageQuery:
    """What the address asks for, with what of it could not be read in `errors`."""
    given = PageQuery(data=request.GET.dict(), context={"by": request.actor})
    given.is_valid()
    return given


def _filled(request: Request, wanted: BookFilter, whole: Totals | None, today: date, *, unread: bool) -> dict[str, Any]:
    """whole: what every account adds up to; None leaves out all that has to be added up.

    unread: the address has a condition that cannot be read. Nobody knows who is meant, so nobody is shown: all of them
    would stand a click away from being changed.
    """
    by = request.actor
    accounts = queries.book(wanted, by=by, today=today)
    accounts = accounts.none() if unread else accounts
    totals = queries.totals(accounts, by=by, today=today) if whole and (wanted.narrows or unread) else whole
    looks = Looks.of(wanted, by=by)
    by_field = looks.sort.label if looks.sort else SORTED_BY["attention"]
    return {
        "wanted": wanted,
        "totals": totals,
        **_table(request, accounts, looks, wanted, whole),
        "dense": looks.density == "dense",
        "looks": looks,
        "groupings": _groupings(wanted, looks, by),
        "tabs": [*_tabs(wanted, whole), *looks.tabs],
        "bands": _bands(wanted, totals) if totals else [],
        "chips": _chips(wanted, request),
        "sorted_by": SORTED_BY.get(wanted.sort.lstrip("-"), by_field),
        "sorts": {name: address(wanted, sort=frame.next_sort(name, wanted.sort)) for name in queries.SORTS},
        "unfiltered": address(BookFilter(**{name: getattr(wanted, name) for name in queries.LOOK if name != "saved"})),
        **{f"{name}_url": f"{reverse(page)}?{request.GET.urlencode()}" for name, page in AROUND.items()},
        "bulk_url": f"{reverse('kpis:bulk-edit')}?{urlencode({**_said(wanted), 'all': '1'})}",
        **(_picture(accounts, totals, Links()) if totals else {"figures_url": _with_figures(request)}),
    }


def _without_figures(request: Request) -> str:
    """The address as it was asked for, a condition that cannot be read included: the page asks for it again later."""
    asked_for = {name: text for name, text in request.GET.items() if name != "figures"}
    return f"{request.path}?{urlencode(asked_for)}" if asked_for else request.path


def _with_figures(request: Request) -> str:
    return f"{request.path}?{urlencode({**request.GET.dict(), 'figures': 'now'})}"


def _table(
    request: Request, accounts: QuerySet[Account], looks: Looks, wanted: BookFilter, whole: Totals | None
) -> dict[str, Any]:
    """One page of lines with what stands around them."""
    by, links, today = request.actor, Links(), now().date()
    may_edit = allowed(by, accounts_rules.EDIT)
    name, slots = frame.slots(looks, ticked=may_edit)
    bundle, groups = _sums(accounts, looks) if whole or looks.group else (Bundle(), [])
    scored = not whole.unscored if whole else "attention" in wanted.sort and queries.all_scored(by=by)
    ordered, order = queries.in_order(accounts, wanted.sort, all_scored=scored, field=looks.sort, group=looks.group)
    ordered = ordered.annotate(**columns.asked_of([slot.column for slot in slots]))
    shut = wanted.shut.split(",") if wanted.shut and looks.group else []
    if shut:
        ordered = ordered.exclude(Q(group_key__in=[one.key for one in groups if one.mark in shut]))
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    page = keyset_page(ordered, order, size=PAGE, after=after, before=before)
    rows = [
        (getattr(one, "group_key", ""), row_of(one, slots, today=today, links=links, editable=may_edit))
        for one in page.rows
    ]
    cut = frame.Cut(shut, first=not page.before, last=not page.after)
    sections = (
        frame.sections(rows, groups, looks.group, slots, cut, to=lambda marks: _here(wanted, after, before, shut=marks))
        if looks.group
        else [frame.Section([row for _, row in rows])]
    )
    return {
        "rows": page.rows or groups,
        "sections": sections,
        "name": name,
        "heads": frame.heads(slots, sort=wanted.sort, to=lambda sort: address(wanted, sort=sort)),
        "feet": frame.feet(slots, bundle),
        "may_edit": may_edit,
        "newer": address(wanted, before=page.before) if page.before else "",
        "older": address(wanted, after=page.after) if page.after else "",
    }


def _said(wanted: BookFilter) -> dict[str, str]:
    return {name: value for name, value in vars(wanted).items() if value}


def _sums(accounts: QuerySet[Account], looks: Looks) -> tuple[Bundle, list[Bundle]]:
    """What the list adds up to; without figures and groups of its own nothing more is asked."""
    if looks.group or numbers(looks.columns):
        return bundles(accounts, looks.columns, group=looks.group)
    return Bundle(), []


def _here(wanted: BookFilter, after: str, before: str, **changes: str) -> str:
    """The same page with something else about it."""
    there = address(wanted, **changes)
    cursor = urlencode({name: text for name, text in (("after", after), ("before", before)) if text})
    return f"{there}{'&' if '?' in there else '?'}{cursor}" if cursor else there


def _groupings(wanted: BookFilter, looks: Looks, by: Actor) -> list[tuple[str, str, bool]]:
    """(name, address, whether the list is grouped so) of what is offered: the usual fields, and shown choices."""
    fields = fields_named(GROUPS, by=by)
    offered = [fields[code] for code in GROUPS if code in fields]
    shown = [one.field for one in looks.columns if one.field and one.code not in GROUPS]
    offered += [one for one in shown if one.kind is Kind.CHOICE and one.choices]
    now_by = looks.group.code if looks.group else ""
    found = [("No groups", address(wanted, group="", shut=""), not now_by)]
    return found + [(one.label, address(wanted, group=one.code, shut=""), one.code == now_by) for one in offered]


def _tabs(wanted: BookFilter, whole: Totals | None) -> list[tuple[str, str, int | None, bool]]:
    """(name, address, accounts, whether it is the one that is shown). Every tab starts from the whole book."""
    counts = [None] * 3 if whole is None else [whole.accounts, whole.attention, whole.mine]
    bands = whole.bands if whole else {}
    tabs = [
        ("All", BookFilter(), counts[0]),
        ("Needs attention", BookFilter(view="attention"), counts[1]),
        ("At risk", BookFilter(band=Band.RED), bands.get(Band.RED)),
        ("Watch", BookFilter(band=Band.YELLOW), bands.get(Band.YELLOW)),
        ("Healthy", BookFilter(band=Band.GREEN), bands.get(Band.GREEN)),
        ("Not enough data", BookFilter(band=Band.UNKNOWN), bands.get(Band.UNKNOWN)),
        ("Mine", BookFilter(view="mine"), counts[2]),
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
