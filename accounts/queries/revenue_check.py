"""Whether the stored movements say what the subscription lines say, and the renewals what the contracts say.

The movements are a copy of what accounts.revenue reads from the lines. Here it is read once more and held against the
copy, so that a row that somebody wrote, lost or changed elsewhere is found.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from accounts.models import Account, Contract, Renewal, RevenueDay, RevenueMovement
from accounts.queries.revenue import ZERO, lines_of
from accounts.queries.revenue_rules import Rules
from accounts.revenue import Kind, ledger_of
from core.actor import Actor
from core.among import among

AT_ONCE = 5000  # accounts
MOST = 100  # rows on a page
MOST_READ = 10_000  # accounts that one request reads anew; the daily run reads all

Key = tuple[UUID, str]  # account, currency


@dataclass
class Reading:
    """MRR at both ends of a period, and what moved it in between by kind; zeros are left out."""

    opening: Decimal = ZERO
    closing: Decimal = ZERO
    kinds: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def same_as(self, other: "Reading") -> bool:
        ends = (self.opening, self.closing) == (other.opening, other.closing)
        return ends and all(self.kinds.get(k, ZERO) == other.kinds.get(k, ZERO) for k in {*self.kinds, *other.kinds})


@dataclass(frozen=True)
class Off:
    """An account whose stored movements say something else than its lines, in one currency."""

    account: Account
    currency: str
    stored: Reading
    read: Reading

    @property
    def kinds(self) -> list[tuple[str, Decimal, Decimal]]:
        """(kind, stored, read) of those kinds of movement that differ."""
        every = [kind.value for kind in Kind if kind.value in {*self.stored.kinds, *self.read.kinds}]
        both = [(kind, self.stored.kinds.get(kind, ZERO), self.read.kinds.get(kind, ZERO)) for kind in every]
        return [one for one in both if one[1] != one[2]]


@dataclass(frozen=True)
class Check:
    """The movements of a period against the lines, as known on a day. behind: accounts that say what was known when the
    day was followed last (`followed`): they are not wrong but wait for the worker. off: largest gap first. unread: how
    many more there are than were read (`accounts`); of them nothing is said."""

    opening: date
    closing: date
    known_on: date
    accounts: int
    off: list[Off]
    behind: int
    followed: RevenueDay | None
    unread: int = 0

    @property
    def holds(self) -> bool:
        return not self.off


def check(
    accounts: QuerySet[Account], opening: date, closing: date, *, known_on: date, rules: Rules, most: int = MOST_READ
) -> Check:
    """Read the lines of these accounts anew, at most so many, and compare. A few queries for every 5,000 accounts."""
    followed = RevenueDay.objects.exclude(finished_at=None).order_by("-on").first()
    wrong: list[tuple[Key, Reading, Reading]] = []
    behind = total = 0
    asked = _with_revenue(accounts)
    for ids in _parts(asked, most):
        total += len(ids)
        stored = _stored(ids, opening, closing)
        others = _differing(stored, _read(ids, opening, closing, known_on, rules))
        if others and followed and followed.on < known_on:
            earlier = _read(sorted({key[0] for key, _, _ in others}), opening, closing, followed.on, rules)
            late = {key for key, said, _ in others if said.same_as(earlier.get(key, Reading()))}
            behind += len({account for account, _ in late})
            others = [one for one in others if one[0] not in late]
        wrong += others
    names = Account.objects.in_bulk([key[0] for key, _, _ in wrong])
    off = [Off(names[key[0]], key[1], said, read) for key, said, read in wrong]
    off.sort(key=lambda one: (-abs(one.stored.closing - one.read.closing), one.account.name, one.currency))
    unread = asked.count() - total if total == most else 0
    return Check(opening, closing, known_on, total, off, behind, followed, unread)


def _with_revenue(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Those with anything to compare."""
    lined = Contract.objects.filter(account=OuterRef("pk")).exclude(state=Contract.State.DRAFT)
    moved = RevenueMovement.objects.filter(account=OuterRef("pk"))
    return accounts.filter(Q(Exists(lined)) | Q(Exists(moved)))


def _parts(accounts: QuerySet[Account], most: int) -> Iterator[list[UUID]]:
    ids = iter(accounts.order_by("pk").values_list("pk", flat=True)[:most])
    while part := list(islice(ids, AT_ONCE)):
        yield part


def _stored(ids: Sequence[UUID], opening: date, closing: date) -> dict[Key, Reading]:
    rows = RevenueMovement.objects.filter(among("account_id", ids), on__lte=closing).order_by()
    found: dict[Key, Reading] = defaultdict(Reading)
    for account, currency, kind, before, until in rows.values_list("account_id", "currency", "kind").annotate(
        before=Sum("amount", filter=Q(on__lte=opening)), until=Sum("amount")
    ):
        one, before = found[account, currency], before or ZERO
        one.opening += before
        one.closing += until
        one.kinds[kind] += until - before
    return dict(found)


def _read(ids: Sequence[UUID], opening: date, closing: date, known_on: date, rules: Rules) -> dict[Key, Reading]:
    """Balances are taken from the staircase, not from its movements."""
    ledger = ledger_of(lines_of(ids), known_on=known_on, settings=rules.settings)
    found: dict[Key, Reading] = defaultdict(Reading)
    for customer in ledger.steps:
        one = found[UUID(customer), ledger.currencies[customer]]
        one.opening, one.closing = ledger.balance(customer, opening), ledger.balance(customer, closing)
    for move in ledger.between(opening, closing):
        found[UUID(move.customer), move.currency].kinds[move.kind.value] += move.amount
    return dict(found)


def _differing(stored: Mapping[Key, Reading], read: Mapping[Key, Reading]) -> list[tuple[Key, Reading, Reading]]:
    every: Iterable[Key] = {*stored, *read}
    pairs = ((key, stored.get(key, Reading()), read.get(key, Reading())) for key in sorted(every))
    return [(key, said, anew) for key, said, anew in pairs if not said.same_as(anew)]


@dataclass(frozen=True)
class Broken:
    """A contract that breaks the rule of one open renewal, and how, in words."""

    contract: Contract
    why: str


def broken_renewals(*, by: Actor) -> list[Broken]:
    """Where "every contract in force with an end has exactly one open renewal, due on its last day" does not hold, for
    the accounts that `by` sees. Two queries. That there are not two, the database itself refuses."""
    waiting = Renewal.objects.filter(contract=OuterRef("pk"), state=Renewal.State.OPEN)
    seen = Contract.objects.visible_to(by).select_related("account", "account__owner")
    asked = seen.filter(state=Contract.State.ACTIVE).exclude(ends_on=None)
    found = [Broken(one, "has no open renewal") for one in asked.exclude(Exists(waiting))]
    strays = Renewal.objects.visible_to(by).filter(state=Renewal.State.OPEN)
    strays = strays.select_related("contract", "contract__account", "contract__account__owner")
    over = ~Q(contract__state=Contract.State.ACTIVE) | Q(contract__ends_on=None)
    for one in strays.filter(over | ~Q(due_on=F("contract__ends_on"))):
        due = one.contract.state == Contract.State.ACTIVE and one.contract.ends_on is not None
        why = f"has a renewal due on {one.due_on.isoformat()}, another day than its last" if due else (
            "has an open renewal though nothing is left to renew"
        )  # fmt: skip
        found.append(Broken(one.contract, why))
    return sorted(found, key=lambda one: (one.contract.account.name, str(one.contract.pk)))


def overdue_contracts(*, by: Actor, on: date) -> QuerySet[Contract]:
    """Contracts in force whose last day has passed and that nobody has decided; longest first."""
    rows: QuerySet[Contract] = Contract.objects.visible_to(by).filter(state=Contract.State.ACTIVE, ends_on__lt=on)
    return rows.select_related("account", "account__owner", "account__team").order_by("ends_on", "pk")
