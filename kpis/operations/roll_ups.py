"""The health of parents: after their children are scored, one figure by the method that the parent names.

Children's revenue is that of the child and of everything below it, in the parent's currency only: amounts of different
currencies are never added. A child that has children itself counts with its own roll-up.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts.models import Account
from core.actor import Actor
from core.among import among
from core.audit import record_many
from kpis.events import RolledUp as RolledUpEvent
from kpis.models import RollUp
from kpis.queries.assignment import live_versions
from kpis.queries.family import Member, families
from kpis.scoring.assignment import FACTS, Facts, matches
from kpis.scoring.roll_up import REVENUE_WEIGHTED, Child, RolledUp, roll_up
from tenants.context import take_lock


@transaction.atomic
def roll_up_accounts(*, account_ids: Sequence[UUID] | None, at: datetime, by: Actor) -> int:
    """Bring the figures of every parent up to date in whose tree one of these accounts is; None: of all parents.

    Idempotent. Emits RolledUp for every parent whose figure or band moved. Returns how many parents there are.
    """
    if not families(account_ids):
        _forget(account_ids, keep={})
        return 0
    take_lock("roll-ups")
    members = families(account_ids)  # once more: what another worker has just scored counts
    figures = _figures(members, _bands(members, at.date()))
    before = {row.account_id: row for row in RollUp.objects.filter(account_id__in=figures)}
    rows = [_row(account_id, figure, at) for account_id, figure in figures.items()]
    RollUp.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["account"],
        update_fields=["method", "score_hundredths", "band", "red_share", "known_share", "parts", "as_of", "scored_at"],
    )
    _forget(None if account_ids is None else [*account_ids, *(member.id for member in members)], keep=figures)
    record_many(_news(figures, before), by=by)
    return len(figures)


def _forget(account_ids: Sequence[UUID] | None, *, keep: Mapping[UUID, RolledUp]) -> None:
    """A parent that has lost its last child has no figure any more."""
    rows = RollUp.objects.all() if account_ids is None else RollUp.objects.filter(among("account_id", account_ids))
    rows.exclude(account_id__in=list(keep)).delete()


def _bands(members: Sequence[Member], today: date) -> dict[UUID, tuple[int, int]]:
    """From where on each account is green and yellow, in hundredths: as the scorecard says that applies to it."""
    versions = live_versions()
    rows = Account.objects.filter(among("id", [member.id for member in members])).values_list(*FACTS)
    found = {}
    for facts in (Facts(*row) for row in rows):
        version = next((one for one in versions if matches(one.scorecard.rule, facts, today)), None)
        text = version.definition if version else {}
        found[facts.account_id] = (int(text.get("green_from", 75) * 100), int(text.get("yellow_from", 50) * 100))
    return found


def _figures(members: Sequence[Member], bands: Mapping[UUID, tuple[int, int]]) -> dict[UUID, RolledUp]:
    """Bottom-up: a parent's figure is made when those of all its children are."""
    by_id = {member.id: member for member in members}
    below: dict[UUID, list[Member]] = defaultdict(list)
    for member in members:
        if member.parent_id in by_id:
            below[member.parent_id].append(member)
    figures: dict[UUID, RolledUp] = {}
    money: dict[UUID, dict[str, Decimal]] = {}
    for member in _from_below(members, below):
        money[member.id] = _revenue(member, [money[child.id] for child in below[member.id]])
        if below[member.id]:
            children = [_child(child, member.currency, figures, money) for child in below[member.id]]
            green, yellow = bands.get(member.id, (7500, 5000))
            figures[member.id] = roll_up(
                member.method or REVENUE_WEIGHTED, children, own=member.score, green_from=green, yellow_from=yellow
            )
    return figures


def _from_below(members: Sequence[Member], below: dict[UUID, list[Member]]) -> list[Member]:
    """Children before their parents, without recursion: a tree may be deep."""
    ids = {member.id for member in members}
    found, open_ = [], [member for member in members if member.parent_id not in ids]
    while open_:
        member = open_.pop()
        found.append(member)
        open_.extend(below[member.id])
    return found[::-1]


def _revenue(member: Member, children: Sequence[dict[str, Decimal]]) -> dict[str, Decimal]:
    """Revenue of an account and everything below it, by currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    if member.arr is not None:
        sums[member.currency] += member.arr
    for amounts in children:
        for currency, amount in amounts.items():
            sums[currency] += amount
    return dict(sums)


def _child(
    member: Member, currency: str, figures: dict[UUID, RolledUp], money: dict[UUID, dict[str, Decimal]]
) -> Child:
    figure, amount = figures.get(member.id), money[member.id].get(currency)
    score, band = (figure.score, figure.band) if figure else (member.score, member.band)
    return Child(member.id, score, band, None if amount is None else int(amount * 100))


def _row(account_id: UUID, figure: RolledUp, at: datetime) -> RollUp:
    return RollUp(
        account_id=account_id,
        method=figure.method,
        score_hundredths=figure.score,
        band=figure.band,
        red_share=figure.red_share,
        known_share=figure.known_share,
        parts=[
            [str(one.child.id), one.child.score, one.child.arr, one.share, one.contribution, one.child.band]
            for one in figure.parts
        ],
        as_of=at.date(),
        scored_at=at,
    )


def _news(figures: dict[UUID, RolledUp], before: dict[UUID, RollUp]) -> list[RolledUpEvent]:
    """A first "unknown" is no news."""
    news = []
    for account_id, figure in figures.items():
        row = before.get(account_id)
        old = (row.score_hundredths, row.band) if row else (None, "unknown")
        if old != (figure.score, figure.band):
            news.append(
                RolledUpEvent(
                    account_id=account_id, method=figure.method, old=old[0], new=figure.score, band=figure.band
                )
            )
    return news
