"""Accounts above and below each other: what a roll-up is made of, and what the page of a parent shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from accounts.models import Account
from core.actor import Actor
from kpis.models import Band, RollUp
from kpis.scoring.roll_up import OWN, REVENUE_WEIGHTED, SHARE_IN_GOOD, WORST_CHILD

METHODS = dict(Account.RollUp.choices)
MEANING = {
    REVENUE_WEIGHTED: "The mean of the children's scores, weighted by their revenue.",
    WORST_CHILD: "The lowest score of any child.",
    SHARE_IN_GOOD: "How much of the children's revenue is in healthy children, as points of 100.",
    OWN: "The parent's own score; its children are listed only.",
}

# From these accounts up to the top of their trees; an account that has children is the start of its own way up.
_TOPS = """
with recursive up(id, parent_id) as (
    select id, parent_id from accounts_account where id = any(%s::uuid[])
    union
    select a.id, a.parent_id from accounts_account a join up on a.id = up.parent_id
)
select id from up where parent_id is null
  and exists (select 1 from accounts_account c where c.parent_id = up.id)
"""
_BELOW = """
with recursive down(id) as (
    select id from accounts_account where id = any(%s::uuid[])
    union
    select a.id from accounts_account a join down on a.parent_id = down.id
)
select a.id, a.parent_id, a.roll_up_method, a.currency, a.arr, h.score_hundredths, coalesce(h.band, 'unknown')
from accounts_account a join down on down.id = a.id
left join kpis_accounthealth h on h.account_id = a.id
where a.archived_at is null
order by lower(a.name), a.id
"""


@dataclass(frozen=True)
class Member:
    """One account of a family as a roll-up needs it; score in hundredths, None: unknown."""

    id: UUID
    parent_id: UUID | None
    method: str
    currency: str
    arr: Decimal | None
    score: int | None
    band: str


def families(account_ids: Sequence[UUID] | None) -> list[Member]:
    """Everybody in the trees that these accounts are in, archived ones left out, by name; None: all trees. Two
    queries, one when none of them is in a tree."""
    with connection.cursor() as cursor:
        if account_ids is None:
            cursor.execute("select distinct parent_id from accounts_account where parent_id is not null")
            cursor.execute(_TOPS, [[row[0] for row in cursor.fetchall()]])
        else:
            cursor.execute(_TOPS, [list(account_ids)])
        tops = [row[0] for row in cursor.fetchall()]
        if not tops:
            return []
        cursor.execute(_BELOW, [tops])
        return [Member(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class ChildLine:
    """A child on its parent's page. score, contribution: points; share: per cent of the figure. why_not: why it takes
    no part, in words, "" when it does. rolled_up: it has children itself and its score is their figure."""

    account: Account
    score: Decimal | None
    band: str
    arr: Decimal | None
    share: Decimal
    contribution: Decimal
    why_not: str
    rolled_up: bool


@dataclass(frozen=True)
class Family:
    """The roll-up of a parent. hidden: children that `by` does not see; their part is in the figure."""

    method: str
    score: Decimal | None
    band: str
    red_share: int | None
    known_share: int | None
    lines: list[ChildLine]
    hidden: int
    hidden_contribution: Decimal
    scored_at: datetime

    @property
    def method_name(self) -> str:
        return METHODS.get(self.method, self.method)

    @property
    def meaning(self) -> str:
        return MEANING.get(self.method, "")

    @property
    def get_band(self) -> str:
        return str(Band(self.band).label)

    @property
    def unknown(self) -> list[ChildLine]:
        return [line for line in self.lines if line.why_not]

    @property
    def total(self) -> Decimal:
        """What the lines and the hidden children give together: the score."""
        return sum((line.contribution for line in self.lines), self.hidden_contribution)


def _points(hundredths: int | None) -> Decimal | None:
    return None if hundredths is None else Decimal(hundredths).scaleb(-2)


def family(account: Account, *, by: Actor) -> Family | None:
    """The stored roll-up of an account with its children; None when it has none. Three queries."""
    found = RollUp.objects.filter(account=account).first()
    if found is None:
        return None
    ids = [UUID(part[0]) for part in found.parts]
    seen = {child.pk: child for child in Account.objects.visible_to(by).filter(pk__in=ids)}
    parents = set(RollUp.objects.filter(account_id__in=ids).values_list("account_id", flat=True))
    lines, hidden, hidden_points = [], 0, 0
    for child_id, score, arr, share, contribution, band in found.parts:
        child = seen.get(UUID(child_id))
        if child is None:
            hidden, hidden_points = hidden + 1, hidden_points + contribution
            continue
        lines.append(
            ChildLine(
                account=child,
                score=_points(score),
                band=band,
                arr=None if arr is None else Decimal(arr).scaleb(-2),
                share=Decimal(share).scaleb(-2),
                contribution=Decimal(contribution).scaleb(-2),
                why_not=_why_not(found.method, account, child, score, arr),
                rolled_up=child.pk in parents,
            )
        )
    return Family(
        found.method,
        _points(found.score_hundredths),
        found.band,
        found.red_share,
        found.known_share,
        sorted(lines, key=lambda line: (-line.contribution, line.account.name)),
        hidden,
        Decimal(hidden_points).scaleb(-2),
        found.scored_at,
    )


@dataclass(frozen=True)
class Place:
    """The parent of an account that `by` sees; line: what the account gives to its figure, None before it is made."""

    parent: Account
    score: Decimal | None
    method_name: str
    line: ChildLine | None


def place_in_parent(account: Account, *, by: Actor) -> Place | None:
    """None without a parent, and for a parent that `by` does not see."""
    parent = Account.objects.visible_to(by).filter(pk=account.parent_id).first() if account.parent_id else None
    if parent is None:
        return None
    found = family(parent, by=by)
    line = next((one for one in found.lines if one.account.pk == account.pk), None) if found else None
    return Place(parent, found.score if found else None, found.method_name if found else "", line)


def _why_not(method: str, parent: Account, child: Account, score: int | None, arr: int | None) -> str:
    """Why a child takes no part in the figure, in words."""
    if method == OWN:
        return ""
    if score is None:
        return "no score yet"
    if method == WORST_CHILD or arr:
        return ""
    if arr is None and child.arr is not None and child.currency != parent.currency:
        return f"revenue in {child.currency}, not added to {parent.currency}"
    return "no revenue" if arr == 0 else "revenue unknown"
