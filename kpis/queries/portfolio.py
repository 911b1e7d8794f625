"""The portfolio: which accounts a person sees, in which order, and what they add up to."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Lower

from accounts.conditions import Field, matching, read
from accounts.models import Account
from core.actor import Actor
from core.money import CURRENCIES
from kpis.models import Band, Kpi
from kpis.queries.orders import group_key, sort_key

SORTS = ("attention", "name", "score", "change", "arr", "coverage", "renewal")
RENEWING_DAYS = 90
BIN = 250  # hundredths; 50 and 75 are edges of bins, so that none holds two bands
UNSCORED = 7500  # where an account without a standing is sorted, as one without enough data
FARTHEST = 1_000_000  # beyond every hundredth, so that what is unknown comes last in either direction
MANY = 20_000  # accounts; from here on adding all of them up takes longer than a page may
NO_DAY = {False: date.max, True: date.min}


LOOK = ("sort", "group", "shut", "columns", "pins", "widths", "density", "saved")  # what is no filter
NONE = "none"


@dataclass(frozen=True)
class BookFilter:
    """What of the portfolio is shown, as it stands in the address. Empty means "any"."""

    view: str = ""  # attention: red or falling; mine: owned by whoever looks; renewing: within RENEWING_DAYS
    band: str = ""
    q: str = ""
    owner: str = ""  # a user's id, or "nobody"
    tier: str = ""
    industry: str = ""
    region: str = ""
    stage: str = ""
    sample: str = ""  # only or without
    where: str = ""  # a condition of accounts.conditions
    sort: str = "attention"  # one of SORTS or the code of a field, with "-" downwards
    group: str = ""  # code of a field, see orders.groups
    shut: str = ""  # marks of the groups that show no more than their heading, with commas between them
    columns: str = ""  # codes with commas between them; empty means those this person is used to
    pins: str = ""  # codes of the columns that stay in sight, NONE for none
    widths: str = ""  # code-pixels with commas between them, NONE for none
    density: str = ""
    saved: str = ""  # id of the saved view it began with

    @property
    def narrows(self) -> bool:
        return replace(self, **dict.fromkeys(LOOK, "")) != BookFilter(**dict.fromkeys(LOOK, ""))


def book(wanted: BookFilter, *, by: Actor, today: date) -> QuerySet[Account]:
    """The accounts `by` sees of those wanted, unordered. Raises ConditionError for a `where` that is none."""
    accounts = Account.objects.visible_to(by).active().filter(_of_view(wanted.view, by, today))
    if wanted.band == Band.UNKNOWN:
        accounts = accounts.filter(Q(health__band=Band.UNKNOWN) | Q(health=None))
    elif wanted.band:
        accounts = accounts.filter(health__band=wanted.band)
    for word in wanted.q.split()[:5]:
        accounts = accounts.filter(name__icontains=word)
    if wanted.owner:
        accounts = accounts.filter(owner=None if wanted.owner == "nobody" else wanted.owner)
    for name in ("tier", "industry", "region", "stage"):
        if given := getattr(wanted, name):
            accounts = accounts.filter(**{name: given})
    if wanted.sample:
        accounts = accounts.filter(sample=wanted.sample == "only")
    if wanted.where:
        accounts = accounts.filter(matching(read(wanted.where, by=by), today=today))
    return accounts


def many() -> bool:
    """Whether this tenant's accounts are too many to be added up before a page is shown. Ten minutes old at most."""
    return bool(cache.get_or_set("portfolio-many", _many, 600))


def _many() -> bool:
    with connection.cursor() as cursor:  # PostgreSQL's own estimate, which costs nothing
        cursor.execute("select reltuples > %s from pg_class where oid = %s::regclass", [MANY, Account._meta.db_table])
        return bool(cursor.fetchone()[0])


def all_scored(*, by: Actor) -> bool:
    """Whether every account that `by` sees has a standing. `totals` counts it too; this looks for the first one."""
    return not Account.objects.visible_to(by).active().filter(health=None).exists()


def _of_view(view: str, by: Actor, today: date) -> Q:
    if view == "attention":
        return Q(health__band=Band.RED) | Q(health__arrow__lt=0)
    if view == "mine":
        return Q(owner_id=by.user_id)
    if view == "renewing":
        return _renewing(today)
    return Q()


def _renewing(today: date) -> Q:
    return Q(renewal_on__gte=today, renewal_on__lt=today + timedelta(days=RENEWING_DAYS))


# What a line of the portfolio shows; the other columns are not worth reading fifty times a page.
_SHOWN = (
    "name", "version", "industry", "region", "tier", "stage", "sample", "arr", "currency", "renewal_on", "owner__name",
    "health__score_hundredths", "health__band", "health__coverage", "health__fingerprint", "health__trend",
    "health__change_hundredths", "health__arrow", "health__attention", "health__as_of", "health__scored_at",
    "health__driver", "health__driver_hundredths",
)  # fmt: skip


def _driver_name() -> Subquery:
    """What the KPI is called that costs an account most."""
    return Subquery(Kpi.objects.filter(code=OuterRef("health__driver")).values("name")[:1])


def in_order(
    accounts: QuerySet[Account], sort: str, *, all_scored: bool, field: Field | None = None, group: Field | None = None
) -> tuple[QuerySet[Account], list[str]]:
    """The accounts with what they are ordered by, and the order for `keyset_page`; what is unknown comes last.

    field: what it is ordered by when `sort` is none of SORTS; by attention without. all_scored: every account of the
    tenant has a standing, so that the index of the portfolio can be walked.
    """
    name, down = sort.lstrip("-"), sort.startswith("-")
    accounts = accounts.select_related("owner", "health").only(*_SHOWN)
    accounts = accounts.annotate(driver_name=_driver_name())
    grouped = ["group_key"] if group else []
    if group:
        accounts = accounts.annotate(group_key=group_key(group))
    if name == "attention" and all_scored:
        accounts, key = accounts.filter(health__isnull=False), "health__attention"
    else:
        accounts, key = accounts.annotate(sort_key=_key(name, down, field)), "sort_key"
    return accounts, [*grouped, f"-{key}" if down else key, "id"]


def _key(name: str, down: bool, field: Field | None) -> Any:
    if name not in SORTS and field is not None:
        return sort_key(field, down=down)
    if name in _HUNDREDTHS:
        # The output field is a plain integer: a comparison with what lies beyond a small one would find nothing.
        last = Value(-FARTHEST if down else FARTHEST)
        return Coalesce(_HUNDREDTHS[name], last, output_field=IntegerField())
    match name:
        case "arr":
            return Coalesce("arr", Value(Decimal(-1) if down else Decimal(10) ** 12))
        case "renewal":
            return Coalesce("renewal_on", Value(NO_DAY[down]))
        case "name":
            return Lower("name")
        case _:
            return Coalesce("health__attention", Value(UNSCORED), output_field=IntegerField())


_HUNDREDTHS = {
    "score": "health__score_hundredths",
    "change": "health__change_hundredths",
    "coverage": "health__coverage",
}


@dataclass
class Sums:
    """Money per currency; nothing is converted. `unknown` counts accounts whose amount is not known."""

    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unknown: int = 0

    def add(self, amount: Decimal | None, currency: str, *, unknown: int) -> None:
        self.amounts[currency] += amount or 0
        self.unknown += unknown

    @property
    def largest_first(self) -> list[tuple[Decimal, str]]:
        known = [(amount, currency) for currency, amount in self.amounts.items() if amount]
        return sorted(known, key=lambda one: (-one[0], CURRENCIES.index(one[1]) if one[1] in CURRENCIES else 99))


@dataclass
class Totals:
    """What a set of accounts adds up to. bins: (number of the bin, band) -> accounts."""

    accounts: int = 0
    unscored: int = 0
    attention: int = 0
    mine: int = 0
    sample: int = 0
    renewing: int = 0
    bands: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Band.values, 0))
    arr: Sums = field(default_factory=Sums)
    arr_by_band: dict[str, Sums] = field(default_factory=lambda: {band: Sums() for band in Band.values})
    arr_renewing: Sums = field(default_factory=Sums)
    bins: dict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))
    coverage_sum: int = 0
    score_sum: int = 0

    @property
    def scored(self) -> int:
        """Accounts with a score."""
        return sum(self.bands.values()) - self.bands[Band.UNKNOWN]

    @property
    def mean_score(self) -> Decimal | None:
        """Every account counts once."""
        return Decimal(self.score_sum) / 100 / self.scored if self.scored else None

    @property
    def mean_coverage(self) -> int | None:
        return self.coverage_sum // self.accounts if self.accounts else None


def totals(accounts: QuerySet[Account], *, by: Actor, today: date) -> Totals:
    """Count and add up in one query, whatever the number of accounts; a row of it is a band, a currency and a bin."""
    renewing = _renewing(today)
    rows = (
        accounts.order_by()
        .values_list("health__band", "currency", F("health__score_hundredths") / BIN)
        .annotate(
            n=Count("pk"),
            n_arr=Count("arr"),
            sum_arr=Sum("arr"),
            n_attention=Count("pk", filter=_of_view("attention", by, today)),
            n_mine=Count("pk", filter=Q(owner_id=by.user_id)),
            n_sample=Count("pk", filter=Q(sample=True)),
            n_renewing=Count("pk", filter=renewing),
            n_arr_renewing=Count("arr", filter=renewing),
            sum_arr_renewing=Sum("arr", filter=renewing),
            sum_coverage=Coalesce(Sum("health__coverage"), 0),
            sum_score=Coalesce(Sum("health__score_hundredths"), 0),
        )
    )
    found = Totals()
    for row in rows:
        _add(found, *row)
    return found


def _add(found: Totals, band: str | None, currency: str, place: int | None, n: int, *rest: Any) -> None:
    n_arr, sum_arr, attention, mine, sample, renewing, n_arr_renewing, sum_arr_renewing, coverage, score = rest
    found.accounts += n
    found.unscored += 0 if band else n
    found.bands[band or Band.UNKNOWN] += n
    if band and place is not None:
        found.bins[int(place), band] += n
    for sums in (found.arr, found.arr_by_band[band or Band.UNKNOWN]):
        sums.add(sum_arr, currency, unknown=n - n_arr)
    found.attention += attention
    found.mine += mine
    found.sample += sample
    found.renewing += renewing
    found.arr_renewing.add(sum_arr_renewing, currency, unknown=renewing - n_arr_renewing)
    found.coverage_sum += coverage
    found.score_sum += score


@dataclass(frozen=True)
class Mark:
    """One account on the health axis; size is its ARR whatever the currency, None unknown."""

    id: UUID
    name: str
    score: Decimal
    band: str
    size: Decimal | None


def marks(accounts: QuerySet[Account]) -> list[Mark]:
    """Every account with a score. For a few hundred accounts; above that use `spread`."""
    rows = accounts.filter(health__score_hundredths__isnull=False).order_by("pk")
    fields = rows.values_list("pk", "name", "health__score_hundredths", "health__band", "arr")
    return [Mark(pk, name, Decimal(score or 0) / 100, band, arr) for pk, name, score, band, arr in fields]


@dataclass(frozen=True)
class Bin:
    """Accounts whose score lies in [low, high), in points."""

    low: float
    high: float
    count: int
    band: str


def spread(totals: Totals) -> list[Bin]:
    """How many accounts stand where."""
    last, width = 100 * 100 // BIN - 1, BIN / 100
    counted: dict[tuple[int, str], int] = defaultdict(int)
    for (place, band), count in totals.bins.items():
        counted[min(place, last), band] += count
    return [Bin(place * width, (place + 1) * width, count, band) for (place, band), count in sorted(counted.items())]


@dataclass(frozen=True)
class Choices:
    """What a filter can be set to, as (value, label)."""

    owners: list[tuple[str, str]]
    tiers: list[tuple[str, str]]
    industries: list[tuple[str, str]]
    regions: list[tuple[str, str]]
    stages: list[tuple[str, str]]


def choices(*, by: Actor) -> Choices:
    """The values that occur among the accounts `by` sees; read only when somebody opens the filter."""
    accounts = Account.objects.visible_to(by).active().order_by()
    owners = accounts.filter(owner__isnull=False).values_list("owner_id", "owner__name").distinct()
    labels = dict(Account.Stage.choices)
    return Choices(
        owners=sorted(((str(pk), name) for pk, name in owners), key=lambda one: one[1].casefold()),
        tiers=_occurring(accounts, "tier"),
        industries=_occurring(accounts, "industry"),
        regions=_occurring(accounts, "region"),
        stages=[(code, labels.get(code, code)) for code, _ in _occurring(accounts, "stage")],
    )


def _occurring(accounts: QuerySet[Account], name: str) -> list[tuple[str, str]]:
    found: Iterable[str] = accounts.exclude(**{name: ""}).values_list(name, flat=True).distinct()
    return [(value, value) for value in sorted(found, key=str.casefold)]


def owner_name(owner: str, *, by: Actor) -> str:
    """How the owner of a filter is called; the id itself for somebody who owns nothing that `by` sees."""
    if owner == "nobody":
        return "Nobody"
    owned = Account.objects.visible_to(by).filter(owner_id=owner)
    return next(iter(owned.values_list("owner__name", flat=True)[:1]), owner)
