import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from accounts import rules as accounts_rules
from accounts.conditions import read, words
from accounts.models import Account
from accounts.queries import last_seq
from core.http import Request, keyset_page, permission_required
from core.models import Job
from core.rules import allowed
from core.templatetags import formats, marks
from kpis import rules
from kpis.catalogue import CATEGORIES
from kpis.models import AccountHealth, Band
from kpis.queries import portfolio as queries
from kpis.queries.portfolio import BookFilter, Totals
from kpis.serializers.portfolio import PortfolioQuery
from kpis.views.whole import whole
from kpis.workbook import neutralise

PAGE = 50
SPARK_LEAST = 24.0  # points of health that a trend's drawing spans at least
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


@dataclass(frozen=True)
class Row:
    """One line of the portfolio, drawn already: fifty lines of tags would take longer than all queries."""

    name: str
    hint: str
    driver: str
    sample: bool
    url: str
    evidence_url: str
    avatar: SafeString
    health: SafeString
    change: SafeString
    trend: SafeString
    coverage: int | None
    arr: str
    renewal: str
    renews_in: int | None
    owner: str
    face: SafeString

    @classmethod
    def of(cls, account: Account, today: date, links: "Links", drivers: Mapping[str, str]) -> "Row":
        standing = getattr(account, "health", None)
        owner = account.owner.name if account.owner else ""
        return cls(
            name=account.name,
            hint=", ".join(filter(None, (account.industry, account.region))),
            driver=_driver(standing, drivers),
            sample=account.sample,
            url=links.page(account.pk),
            evidence_url=links.evidence(account.pk),
            avatar=marks.avatar(account.name, kind="account"),
            health=_health(standing),
            change=_change(standing),
            trend=_trend(standing),
            coverage=standing.coverage if standing else None,
            arr=formats.money(account.arr, account.currency),
            renewal=formats.day(account.renewal_on),
            renews_in=_days(account.renewal_on, today),
            owner=owner,
            face=marks.avatar(owner) if owner else SafeString(""),
        )


def _driver(standing: AccountHealth | None, names: Mapping[str, str]) -> str:
    """The KPI that costs the score most, with the points; empty without one."""
    if standing is None or standing.driver not in names:
        return ""
    return f"{names[standing.driver]} costs {formats.number(Decimal(standing.driver_hundredths) / 100, 1)}"


def _health(standing: AccountHealth | None) -> SafeString:
    """Score and fingerprint."""
    if standing is None:
        return marks.score(None, Band.UNKNOWN)
    bars = [(c.name, value, band_of(value)) for c, value in zip(CATEGORIES, standing.fingerprint, strict=False)]
    return marks.score(whole(standing.score), standing.band) + marks.fingerprint(bars)


def _change(standing: AccountHealth | None) -> SafeString:
    """Coloured only when it has an arrow: a small move, or one by ageing alone, is neither good nor bad news."""
    if standing is None:
        return marks.delta(None)
    return marks.delta(standing.change, places=0, good="up" if standing.arrow else "none")


def _trend(standing: AccountHealth | None) -> SafeString:
    points = [None if point is None else point / 100 for point in standing.trend] if standing else []
    low, high = _scale([point for point in points if point is not None])
    band = standing.band if standing else Band.UNKNOWN
    return marks.sparkline(points, band=band, label="Twelve months", low=low, high=high)


def _scale(points: list[float]) -> tuple[float, float]:
    """Around the year's points, but never so narrow that a point or two look like a fall."""
    low, high = min(points, default=0), max(points, default=100)
    air = max(4.0, (SPARK_LEAST - (high - low)) / 2)
    return low - air, high + air


class Links:
    """Addresses of many accounts for one look-up in the URL table."""

    def __init__(self) -> None:
        self._page, self._evidence = (self._form(name) for name in ("accounts:account", "kpis:evidence"))

    def page(self, account_id: UUID) -> str:
        return self._page.format(account_id)

    def evidence(self, account_id: UUID) -> str:
        return self._evidence.format(account_id)

    @staticmethod
    def _form(name: str) -> str:
        nobody = UUID(int=0)
        return reverse(name, args=[nobody]).replace(str(nobody), "{}")


def _days(day: date | None, today: date) -> int | None:
    """Days until a renewal that is near enough to plan for."""
    days = (day - today).days if day else None
    return days if days is not None and 0 <= days < queries.RENEWING_DAYS else None


def band_of(points: int | None) -> str:
    """Band of a category's points; the edges are those of the score."""
    if points is None:
        return Band.UNKNOWN
    return Band.GREEN if points >= 75 else Band.YELLOW if points >= 50 else Band.RED


def address(wanted: BookFilter, **changes: str) -> str:
    """The portfolio with this filter; empty values stay out of the address."""
    given = {name: value for name, value in {**vars(wanted), **changes}.items() if value}
    if given.get("sort") == "attention":
        del given["sort"]
    return reverse("kpis:portfolio") + (f"?{urlencode(given)}" if given else "")


@login_required
@require_GET
def portfolio(request: Request) -> HttpResponse:
    """Every account with its health, what needs attention first."""
    wanted, today, by = _wanted(request), now().date(), request.actor
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
        "unread": asked(request).errors.get("where"),
    }
    if whole.accounts:
        context |= _filled(request, wanted, whole, today)
    regional = request.htmx and "book" in (request.htmx.target or "")
    return render(request, "kpis/portfolio.html#book" if regional else "kpis/portfolio.html", context)


def _wanted(request: Request) -> BookFilter:
    return asked(request).wanted()


def asked(request: Request) -> PortfolioQuery:
    """What the address asks for, with what of it could not be read in `errors`."""
    given = PortfolioQuery(data=request.GET.dict())
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
    return {
        "wanted": wanted,
        "totals": totals,
        "rows": [Row.of(account, today, links, drivers) for account in page.rows],
        "newer": address(wanted, before=page.before) if page.before else "",
        "older": address(wanted, after=page.after) if page.after else "",
        "tabs": _tabs(wanted, whole),
        "bands": _bands(wanted, totals),
        "chips": _chips(wanted, request),
        "sorted_by": SORTED_BY[wanted.sort.lstrip("-")],
        "sorts": {name: address(wanted, sort=_next_sort(name, wanted.sort)) for name in queries.SORTS},
        "unfiltered": address(BookFilter(sort=wanted.sort)),
        "filter_url": f"{reverse('kpis:portfolio-filter')}?{request.GET.urlencode()}",
        "export_url": f"{reverse('kpis:portfolio-export')}?{request.GET.urlencode()}",
        **_picture(accounts, totals, links),
    }


def _next_sort(name: str, current: str) -> str:
    """What a click on the column's head asks for: the telling end first, then the other."""
    first = name if name in ("attention", "name", "renewal", "change", "score") else f"-{name}"
    other = f"-{name}" if first == name else name
    return other if current == first else first


def _tabs(wanted: BookFilter, whole: Totals) -> list[tuple[str, str, int, bool]]:
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
    current = (wanted.view, wanted.band)
    return [(name, address(tab), count, (tab.view, tab.band) == current) for name, tab, count in tabs]


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
            "where": lambda: words(read(wanted.where)),
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


@login_required
@require_GET
@permission_required(accounts_rules.EXPORT)
def portfolio_export(request: Request) -> HttpResponse:
    """Exactly the accounts that are shown, in their order, as CSV."""
    wanted, today = _wanted(request), now().date()
    accounts = queries.book(wanted, by=request.actor, today=today)
    ordered, order = queries.in_order(accounts, wanted.sort, all_scored=False)
    text = io.StringIO()
    csv.writer(text).writerows(_lines(ordered.order_by(*order)))
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="accounts-{today:%Y-%m-%d}.csv"'
    return response


def _lines(accounts: Iterable[Account]) -> Iterator[list[Any]]:
    yield [
        "Account", "Industry", "Region", "Sample", "Band", "Score", *(category.name for category in CATEGORIES),
        "Change in 28 days", "Coverage %", "ARR", "Currency", "Owner", "Renewal", "As of",
    ]  # fmt: skip
    for account in accounts:
        health = getattr(account, "health", None)
        prints = list(health.fingerprint) if health else [None] * len(CATEGORIES)
        text = (account.name, account.industry, account.region)
        yield [
            *(neutralise(one) for one in text),
            "yes" if account.sample else "no",
            Band(health.band).label if health else Band.UNKNOWN.label,
            health.score if health else None,
            *prints,
            health.change if health else None,
            health.coverage if health else None,
            account.arr,
            account.currency,
            neutralise(account.owner.name if account.owner else ""),
            account.renewal_on,
            health.as_of if health else None,
        ]
