"""What an account and all accounts below it pay together, and each of them alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Q, Sum

from accounts.models import Account, RevenueMovement
from accounts.queries.contracts import with_contracts
from accounts.queries.revenue import CENT, ZERO, Exchange, Period, exchange, period
from core.actor import Actor

_BELOW = """
with recursive down(id, depth) as (
    select id, 0 from accounts_account where id = %s
    union
    select a.id, down.depth + 1 from accounts_account a join down on a.parent_id = down.id
    where a.archived_at is null and down.depth < 100
)
select id, min(depth) from down group by id
"""


@dataclass(frozen=True)
class Member:
    """One account of a family. opening, closing: MRR at both ends in `currency`, None without contracts in force ever.

    arr: 12 times the closing MRR, or what was entered by hand (by_hand), None: unknown. depth: 0 is the top.
    """

    account: Account
    depth: int
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    arr: Decimal | None
    by_hand: bool

    @property
    def steps(self) -> range:
        return range(self.depth)

    @property
    def change(self) -> Decimal | None:
        return None if self.closing is None or self.opening is None else self.closing - self.opening


@dataclass(frozen=True)
class FamilyRevenue:
    """An account with everything below it, as far as `by` sees it. Figures are in `exchange.currency`, at the rates of
    the period's last day.

    hidden: accounts below that `by` does not see; nothing of theirs is in any figure. unknown: members whose ARR nobody
    knows. missing: currencies without a rate, which are left out. found: the period in constant currency.
    """

    members: list[Member]
    hidden: int
    exchange: Exchange
    mrr: Decimal
    arr: Decimal
    by_hand: Decimal
    unknown: int
    missing: list[str]
    found: Period

    @property
    def currency(self) -> str:
        return self.exchange.currency


def below(account_id: UUID) -> Mapping[UUID, int]:
    """The account and all that are below it and not archived, with how far below. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, [account_id])
        return dict(cursor.fetchall())


def family_revenue(account: Account, opening: date, closing: date, *, by: Actor) -> FamilyRevenue | None:
    """None for an account without any below it. The caller has made sure that `by` sees the account."""
    depths = below(account.pk)
    if len(depths) < 2:
        return None
    seen = {one.pk: one for one in Account.objects.visible_to(by).filter(pk__in=list(depths)).select_related("owner")}
    members = _members(seen, depths, opening, closing)
    rates = exchange(account.currency, closing, {one.currency for one in members})
    known = [(one, one.arr * rates(one.currency)) for one in members if one.arr is not None]
    return FamilyRevenue(
        members=members,
        hidden=len(depths) - len(seen),
        exchange=rates,
        mrr=sum((one.closing * rates(one.currency) for one in members if one.closing is not None), ZERO),
        arr=sum((arr for _, arr in known), ZERO),
        by_hand=sum((arr for one, arr in known if one.by_hand), ZERO),
        unknown=sum(one.arr is None for one in members),
        missing=sorted(rates.missing),
        found=period(Account.objects.filter(pk__in=list(seen)), opening, closing, reporting=account.currency),
    )


def _members(seen: Mapping[UUID, Account], depths: Mapping[UUID, int], opening: date, closing: date) -> list[Member]:
    """By name below the account above them."""
    rows = RevenueMovement.objects.filter(account_id__in=list(seen), on__lte=closing).order_by()
    ends = {
        account: (before or ZERO, until)
        for account, before, until in rows.values_list("account_id").annotate(
            before=Sum("amount", filter=Q(on__lte=opening)), until=Sum("amount")
        )
    }
    led, found = with_contracts(list(seen)), []
    for pk in _in_order(seen, depths):
        account, unknown = seen[pk], pk in led and seen[pk].arr is None
        before, until = ends.get(pk, (ZERO, ZERO)) if pk in led and not unknown else (None, None)
        arr = (until * 12).quantize(CENT) if until is not None else account.arr
        found.append(Member(account, depths[pk], account.currency, before, until, arr, pk not in led))
    return found


def _in_order(seen: Mapping[UUID, Account], depths: Mapping[UUID, int]) -> list[UUID]:
    """Each account behind the one above it, where that one is seen; else by name at the end of its depth."""
    above: dict[UUID | None, list[Account]] = {}
    for one in sorted(seen.values(), key=lambda one: (one.name.lower(), one.pk)):
        top = depths[one.pk] == 0 or one.parent_id not in seen
        above.setdefault(None if top else one.parent_id, []).append(one)
    ordered: list[UUID] = []
    waiting = sorted(above.get(None, []), key=lambda one: depths[one.pk])[::-1]
    while waiting:
        one = waiting.pop()
        ordered.append(one.pk)
        waiting += reversed(above.get(one.pk, []))
    return ordered
