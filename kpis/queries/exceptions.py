"""Caps and floors that people have set, as scoring and as pages need them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, cast
from uuid import UUID

from accounts.models import Account
from core.actor import Actor
from core.among import among
from kpis import scoring
from kpis.models import AccountHealth, ScoreException


def exceptions_of(
    account_ids: Sequence[UUID], *, known_at: datetime | None = None
) -> dict[UUID, list[scoring.ScoreException]]:
    """What people have set on these accounts, each from its first to its last day. One query.

    A withdrawn one holds for the days before it was withdrawn: what was scored then stays true. known_at: only what
    was known at that moment, so that a score can be computed again as it was then.
    """
    rows = ScoreException.objects.filter(among("account_id", account_ids)).order_by("created_at", "pk")
    if known_at is not None:
        rows = rows.filter(created_at__lte=known_at)
    found: dict[UUID, list[scoring.ScoreException]] = {}
    for row in rows:
        last = last_day(row, known_at=known_at)
        if last is None or last >= row.starts_on:
            found.setdefault(row.account_id, []).append(_plain(row, last))
    return found


def last_day(row: ScoreException, *, known_at: datetime | None = None) -> date | None:
    """The last day it holds, the day before its withdrawal at the latest; None: until somebody withdraws it."""
    withdrawn = row.withdrawn_at
    if withdrawn is None or (known_at is not None and withdrawn > known_at):
        return row.expires_on
    before = withdrawn.date() - timedelta(days=1)
    return before if row.expires_on is None else min(before, row.expires_on)


def _plain(row: ScoreException, last: date | None) -> scoring.ScoreException:
    return scoring.ScoreException(
        kind=cast(Literal["cap", "floor"], row.kind),
        limit=Decimal(row.limit_hundredths).scaleb(-2),
        reason=row.reason,
        order=row.order,
        starts_on=row.starts_on,
        expires_on=last,
        id=row.pk,
    )


@dataclass(frozen=True)
class Moved:
    """A cap or a floor that moved a stored score. before, after: points with two places. by_rule: of the scorecard."""

    exception_id: UUID | None
    kind: str
    limit: Decimal
    reason: str
    before: Decimal
    after: Decimal

    @property
    def by_rule(self) -> bool:
        return self.exception_id is None

    @property
    def moved(self) -> Decimal:
        """Points it added; a cap takes away."""
        return self.after - self.before

    @property
    def text(self) -> str:
        """ "Champion left caps overall at 60; without it 81.20"."""
        verb = "caps" if self.kind == "cap" else "lifts"
        where = "overall at" if self.kind == "cap" else "overall to"
        return f"{self.reason} {verb} {where} {_short(self.limit)}; without it {self.before:.2f}"


def _short(points: Decimal) -> str:
    return f"{points.normalize():f}"


def moved_by(stored: Sequence[Sequence[Any]]) -> tuple[Moved, ...]:
    """The exceptions of a stored score, in the order they were applied."""
    return tuple(
        Moved(
            UUID(exception_id) if exception_id else None,
            kind,
            Decimal(limit).scaleb(-2),
            reason,
            Decimal(before).scaleb(-2),
            Decimal(after).scaleb(-2),
        )
        for exception_id, kind, limit, reason, before, after in stored
    )


@dataclass(frozen=True)
class SetException:
    """One exception of the list on an account. state: coming, holds, expired or withdrawn. moves: the score."""

    row: ScoreException
    state: str
    moves: bool

    @property
    def limit(self) -> Decimal:
        return Decimal(self.row.limit_hundredths).scaleb(-2)

    @property
    def text(self) -> str:
        """ "Cap at 60"."""
        return f"{'Cap' if self.row.kind == 'cap' else 'Floor'} at {_short(self.limit)}"


def state_on(row: ScoreException, today: date) -> str:
    """coming, holds, expired or withdrawn."""
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.expires_on is not None and row.expires_on < today:
        return "expired"
    return "coming" if row.starts_on > today else "holds"


def one_exception(row: ScoreException, *, today: date, moving: Collection[UUID] = ()) -> SetException:
    return SetException(row, state_on(row, today), row.pk in moving)


def exceptions_on(account: Account, *, today: date, by: Actor) -> list[SetException]:
    """Everything people have set on an account: in force first, then coming, then ended. Two queries."""
    standing = AccountHealth.objects.filter(account=account).select_related("latest").only("latest__exceptions").first()
    stored = standing.latest.exceptions if standing else []
    moving = {one.exception_id for one in moved_by(stored) if one.exception_id}
    order = {"holds": 0, "coming": 1, "expired": 2, "withdrawn": 3}
    rows = ScoreException.objects.visible_to(by).filter(account=account).order_by("-created_at", "-pk")
    return sorted((one_exception(row, today=today, moving=moving) for row in rows), key=lambda one: order[one.state])
