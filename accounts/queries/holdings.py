"""What is sold and who has it: from contract lines in force and from what was said by hand."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.models import Account, Contract, Entitlement, Location, Product, SubscriptionLine
from core.actor import Actor


@dataclass(frozen=True)
class Held:
    """What an account may use of a product. quantity None: without limit. by_hand None: from a contract line."""

    product: Product
    quantity: Decimal | None
    unit: str
    starts_on: date
    ends_on: date | None
    by_hand: Entitlement | None
    contract_id: UUID | None
    over: bool


def held_by(account: Account, *, on: date) -> list[Held]:
    """What an account may use, what is in force first. Two queries."""
    lines = _agreed().filter(contract__account=account).select_related("product", "contract")
    found = [
        Held(
            line.product, line.quantity, "", line.starts_on, _last_day(line), None,
            line.contract_id, not _runs(line.starts_on, _last_day(line), on),
        )
        for line in lines
        if line.product is not None
    ]  # fmt: skip
    for one in Entitlement.objects.filter(account=account).select_related("product"):
        over = not _runs(one.starts_on, one.ends_on, on)
        found.append(Held(one.product, one.quantity, one.unit, one.starts_on, one.ends_on, one, None, over))
    return sorted(found, key=lambda held: (held.over, held.product.name, held.starts_on))


def _agreed() -> QuerySet[SubscriptionLine]:
    """Lines with a product of contracts that came into force; one that is renewed or ended ran until its last day."""
    lines: QuerySet[SubscriptionLine] = SubscriptionLine.objects.filter(superseded_at=None).exclude(product=None)
    return lines.exclude(contract__state=Contract.State.DRAFT)


def _last_day(line: SubscriptionLine) -> date | None:
    return min((day for day in (line.ends_on, line.contract.ends_on) if day is not None), default=None)


def _runs(starts_on: date, ends_on: date | None, on: date) -> bool:
    return starts_on <= on and (ends_on is None or ends_on >= on)


def products(*, by: Actor, on: date) -> list[tuple[Product, int]]:
    """All products with how many accounts that `by` sees have them now. Three queries."""
    having = _having(by=by, on=on)
    return [(one, len(having.get(one.pk, ()))) for one in Product.objects.order_by("-active", "family", "name")[:500]]


@dataclass(frozen=True)
class Row:
    """An account in the matrix; has: for each column whether it has the product now."""

    account: Account
    has: list[bool]
    peers: list[int | None]  # per cent of the accounts of its industry that have it; None: fewer than eight peers


def matrix(columns: list[Product], accounts: list[Account], *, by: Actor, on: date, smallest: int = 8) -> list[Row]:
    """Who has what, and how common that is among the accounts of the same industry that `by` sees."""
    having = _having(by=by, on=on)
    seen = Account.objects.visible_to(by).active().exclude(industry="")
    groups: dict[str, set[UUID]] = defaultdict(set)
    for key, industry in seen.filter(industry__in={one.industry for one in accounts}).values_list("pk", "industry"):
        groups[industry].add(key)
    rows = []
    for one in accounts:
        peers = groups.get(one.industry, set()) - {one.pk}
        shares = [
            round(100 * len(peers & having.get(column.pk, set())) / len(peers)) if len(peers) >= smallest else None
            for column in columns
        ]
        rows.append(Row(one, [one.pk in having.get(column.pk, set()) for column in columns], shares))
    return rows


def _having(*, by: Actor, on: date) -> dict[UUID, set[UUID]]:
    """Product -> the accounts in use that `by` sees and that have it on a day. Two queries."""
    seen = Account.objects.visible_to(by).active()
    going = Q(starts_on__lte=on) & (Q(ends_on=None) | Q(ends_on__gte=on))
    in_time = Q(contract__ends_on=None) | Q(contract__ends_on__gte=on)
    lines = _agreed().filter(going, in_time, contract__account__in=seen)
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for product_id, account_id in lines.values_list("product_id", "contract__account_id").distinct():
        found[product_id].add(account_id)
    for product_id, account_id in Entitlement.objects.filter(going, account__in=seen).values_list(
        "product_id", "account_id"
    ):
        found[product_id].add(account_id)
    return found


def sites_of(account: Account) -> QuerySet[Location]:
    """The places of an account, by region and name."""
    found: QuerySet[Location] = Location.objects.filter(account=account).order_by("region", "name", "id")
    return found


def regions_of(account: Account) -> list[tuple[str, int]]:
    """How many places in each region."""
    rows = Location.objects.filter(account=account).exclude(region="").values_list("region").annotate(n=Count("id"))
    return sorted(rows)
