"""Recurring revenue: what is paid, what moved it, and the rates, each down to the account it comes from."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from accounts.models import Account, RevenueMovement, SubscriptionLine
from accounts.models.contracts import Contract
from accounts.queries.revenue_rules import rates_into
from accounts.revenue import (
    Convention,
    Difference,
    Kind,
    Ledger,
    Line,
    Movement,
    Rates,
    Reading,
    Standing,
    differences,
    monthly,
    rates,
)
from accounts.revenue import conventions as readings_of
from core.actor import Actor
from core.among import among

ZERO = Decimal(0)
CENT = Decimal("0.01")
SEGMENTS = ("tier", "industry", "region", "owner")


def lines_of(account_ids: Sequence[UUID] | None = None) -> Iterator[Line]:
    """Every recurring line in force of contracts that came into force, as the revenue engine reads them."""
    rows = SubscriptionLine.objects.filter(superseded_at=None, recurring=True).exclude(
        contract__state=Contract.State.DRAFT
    )
    if account_ids is not None:
        rows = rows.filter(among("contract__account_id", account_ids))
    columns = rows.values_list(
        "contract__account_id", "contract__currency", "contract__ends_on", "contract__unpaid_since",
        "contract__cancelled_on", "amount", "billing", "discount", "uplift", "starts_on", "ends_on",
    )  # fmt: skip
    for (
        account,
        currency,
        until,
        unpaid,
        cancelled,
        amount,
        billing,
        discount,
        uplift,
        start,
        end,
    ) in columns.iterator():
        last = min((day for day in (until, end) if day is not None), default=None)
        if last is not None and last < start:
            continue  # the contract was over before the line began
        yield Line(
            customer=str(account),
            starts_on=start,
            mrr=monthly(amount, billing, discount=discount),
            currency=currency,
            ends_on=last,
            uplift=monthly(uplift, billing, discount=discount),
            unpaid_since=unpaid if unpaid is None or unpaid >= start else start,
            cancelled_on=cancelled,
        )


@dataclass(frozen=True)
class Figures:
    """What stands on an account's row of its revenue. arr None: unknown."""

    arr: Decimal | None
    currency: str
    renewal_on: date | None

    def row(self) -> tuple[Decimal | None, str, date | None]:
        return self.arr, self.currency, self.renewal_on

    def changes_to(self, other: "Figures") -> dict[str, list[str | None]]:
        """field -> [old, new] of what differs, as the trail keeps it."""
        names = ("arr", "currency", "renewal_on")
        pairs = zip(names, self.row(), other.row(), strict=True)
        return {name: [_plain(old), _plain(new)] for name, old, new in pairs if old != new}


def _plain(value: Decimal | str | date | None) -> str | None:
    return None if value is None else str(value)


def figures_by_contracts(account_ids: Sequence[UUID], ledger: Ledger, on: date) -> dict[UUID, Figures]:
    """The figures of those accounts that have a contract that came into force. One query.

    ARR is 12 times the balance of the day; without any line that counts nobody knows what is paid, and it is unknown.
    The next renewal is the nearest last day of a contract in force; when all of them have passed, the latest of them,
    whose renewal is still open.
    """
    active = Q(state=Contract.State.ACTIVE)
    rows = (
        Contract.objects.filter(among("account_id", account_ids))
        .exclude(state=Contract.State.DRAFT)
        .order_by()
        .values_list("account_id")
        .annotate(
            in_currency=Max("currency"),
            next=Min("ends_on", filter=active & Q(ends_on__gte=on)),
            last=Max("ends_on", filter=active & Q(ends_on__lt=on)),
            lines_known=Count("lines", filter=Q(lines__superseded_at=None)),
        )
    )
    return {
        account_id: Figures(
            (ledger.balance(str(account_id), on) * 12).quantize(CENT) if known else None, currency, ahead or passed
        )
        for account_id, currency, ahead, passed, known in rows
    }


@dataclass(frozen=True)
class Exchange:
    """Rates into one reporting currency on a day; `missing` are currencies without one, which are left out."""

    currency: str
    on: date
    rates: Mapping[str, Decimal]
    missing: frozenset[str] = frozenset()

    def __call__(self, currency: str) -> Decimal:
        return self.rates.get(currency, ZERO)


def exchange(reporting: str, on: date, currencies: set[str]) -> Exchange:
    """The newest rate of each currency that had begun by that day."""
    known = rates_into(reporting, on)
    return Exchange(reporting, on, known, frozenset(currencies - set(known)))


@dataclass(frozen=True)
class Bar:
    """One step of the way from opening to closing: signed MRR in the reporting currency, and how many accounts."""

    kind: str
    amount: Decimal
    accounts: int = 0


@dataclass(frozen=True)
class Period:
    """Revenue from the end of `opening` to the end of `closing`, for the accounts that `by` sees.

    opening_mrr, closing_mrr: at the opening day's rates, closing_reported at the closing day's. left_out: MRR per
    currency without a rate. Whether it is true is another question: accounts.queries.revenue_check.
    """

    opening: date
    closing: date
    exchange: Exchange
    opening_mrr: Decimal
    closing_mrr: Decimal
    closing_reported: Decimal
    bars: list[Bar]
    rates: Rates
    readings: list[Reading]
    by_currency: list[tuple[str, Decimal, Decimal, Decimal]]
    left_out: dict[str, Decimal] = field(default_factory=dict)

    @property
    def currency_effect(self) -> Decimal:
        return self.closing_reported - self.closing_mrr


def book(*, by: Actor, where: Q | None = None) -> QuerySet[Account]:
    """Accounts whose revenue counts: no sample among real ones."""
    accounts = Account.objects.visible_to(by)
    if accounts.filter(sample=False).exists():
        accounts = accounts.filter(sample=False)
    return accounts.filter(where) if where is not None else accounts


def samples_left_out(*, by: Actor) -> int:
    """Sample accounts that `by` sees and whose revenue does not count because real ones are there."""
    accounts = Account.objects.visible_to(by)
    samples: int = accounts.filter(sample=True).count()
    return samples if samples and accounts.filter(sample=False).exists() else 0


@dataclass(frozen=True)
class _Facts:
    """What a period is made of: (account, currency) -> MRR at both ends, and what happened in between."""

    balances: dict[tuple[str, str], tuple[Decimal, Decimal]]
    inside: list[Movement]
    start: Exchange
    end: Exchange


def period(accounts: QuerySet[Account], opening: date, closing: date, *, reporting: str) -> Period:
    """Everything of a period in four queries, whatever the number of accounts."""
    return _period(_facts(accounts, opening, closing, reporting), opening, closing)


def _facts(accounts: QuerySet[Account], opening: date, closing: date, reporting: str) -> _Facts:
    moves = RevenueMovement.objects.filter(account__in=accounts.values("pk"), on__lte=closing).order_by()
    ends = moves.values_list("account_id", "currency").annotate(
        before=Sum("amount", filter=Q(on__lte=opening)), after=Sum("amount")
    )
    balances = {(str(account), currency): (before or ZERO, after or ZERO) for account, currency, before, after in ends}
    inside = [
        Movement(str(account), on, Kind(kind), amount, currency)
        for account, on, kind, amount, currency in moves.filter(on__gt=opening).values_list(
            "account_id", "on", "kind", "amount", "currency"
        )
    ]
    currencies = {currency for _, currency in balances}
    ends_of = (exchange(reporting, day, currencies) for day in (opening, closing))
    return _Facts(balances, inside, *ends_of)


def _period(facts: _Facts, opening: date, closing: date) -> Period:
    balances, inside, start = facts.balances, facts.inside, facts.start
    cohort = _cohort(balances, inside, start, facts.end)
    sums, customers = _sums(inside, start)
    return Period(
        opening=opening,
        closing=closing,
        exchange=start,
        opening_mrr=sum((one.opening for one in cohort), ZERO),
        closing_mrr=sum((one.closing for one in cohort), ZERO),
        closing_reported=sum((one.closing_reported for one in cohort), ZERO),
        bars=[Bar(kind.value, sums[kind], len(customers[kind])) for kind in Kind if customers[kind]],
        rates=rates(cohort, sums),
        readings=readings_of(cohort, inside, start, {account: account for account, _ in balances}),
        by_currency=_by_currency(balances, inside),
        left_out={currency: _closing(balances, currency) for currency in start.missing},
    )


def _cohort(
    balances: Mapping[tuple[str, str], tuple[Decimal, Decimal]],
    inside: Sequence[Movement],
    start: Exchange,
    end: Exchange,
) -> list[Standing]:
    uplift: dict[str, Decimal] = defaultdict(Decimal)
    for move in inside:
        if move.kind is Kind.UPLIFT:
            uplift[move.customer] += move.amount * start(move.currency)
    return [
        Standing(account, before * start(currency), after * start(currency), after * end(currency), uplift[account])
        for (account, currency), (before, after) in sorted(balances.items())
        if before or after
    ]


def _sums(inside: Sequence[Movement], start: Exchange) -> tuple[dict[Kind, Decimal], dict[Kind, set[str]]]:
    sums: dict[Kind, Decimal] = dict.fromkeys(Kind, ZERO)
    customers: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for move in inside:
        sums[move.kind] += move.amount * start(move.currency)
        customers[move.kind].add(move.customer)
    return sums, customers


def _by_currency(
    balances: Mapping[tuple[str, str], tuple[Decimal, Decimal]], inside: Sequence[Movement]
) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    """(currency, opening, movements, closing), each in that currency."""
    found: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for (_, currency), (before, after) in balances.items():
        found[currency][0] += before
        found[currency][2] += after
    for move in inside:
        found[move.currency][1] += move.amount
    return [(currency, *figures) for currency, figures in sorted(found.items())]  # type: ignore[misc]


def _closing(balances: Mapping[tuple[str, str], tuple[Decimal, Decimal]], currency: str) -> Decimal:
    return sum((after for (_, one), (_, after) in balances.items() if one == currency), ZERO)


@dataclass(frozen=True)
class Gap:
    """What one account adds to one reading and not to ours."""

    account: Account | None
    difference: Difference


def gaps(found: Period, code: str, *, by: Actor) -> tuple[Convention, list[Gap]]:
    """A convention beside ours (of the same measure), every difference with its account. Raises StopIteration."""
    theirs = next(one for one in found.readings if one.convention.code == code)
    ours = next(one for one in found.readings if one.convention.measure == theirs.convention.measure)
    itemised = differences(ours, theirs)
    names = Account.objects.visible_to(by).in_bulk([UUID(gap.customer) for gap in itemised])
    return theirs.convention, [Gap(names.get(UUID(gap.customer)), gap) for gap in itemised]


@dataclass(frozen=True)
class Slice:
    """One segment of a period."""

    name: str
    period: Period


def segments(
    accounts: QuerySet[Account], by_field: str, opening: date, closing: date, *, reporting: str
) -> list[Slice]:
    """The period for each value of a field that occurs, largest opening first; five queries."""
    facts = _facts(accounts, opening, closing, reporting)
    path = "owner__name" if by_field == "owner" else by_field
    value_of = {str(pk): value or "Not known" for pk, value in accounts.order_by().values_list("pk", path)}
    parts: dict[str, _Facts] = {}
    for (account, currency), ends in facts.balances.items():
        part = parts.setdefault(value_of[account], _Facts({}, [], facts.start, facts.end))
        part.balances[account, currency] = ends
    for move in facts.inside:
        parts[value_of[move.customer]].inside.append(move)
    found = [Slice(name, _period(part, opening, closing)) for name, part in parts.items()]
    return sorted(found, key=lambda one: (-one.period.opening_mrr, one.name))


def movements(
    accounts: QuerySet[Account], opening: date, closing: date, *, kind: str = ""
) -> QuerySet[RevenueMovement]:
    """The movements of a period, newest first, with their accounts."""
    rows = RevenueMovement.objects.filter(account__in=accounts.values("pk"), on__gt=opening, on__lte=closing)
    return (rows.filter(kind=kind) if kind else rows).select_related("account").order_by("-on", "id")
