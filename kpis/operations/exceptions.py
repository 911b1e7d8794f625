"""Caps and floors that a person sets on one account's score: dated, with a reason, taken back but never erased."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, cast
from uuid import UUID

from django.db import transaction

from accounts.models import Account
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from kpis import rules
from kpis.events import ExceptionSet, ExceptionWithdrawn
from kpis.models import ScorecardVersion, ScoreException
from kpis.operations.scorecard_drafts import edit_draft, lock_draft
from kpis.scoring import with_standard_exceptions

REASON_LENGTH = 200
ORDER = 100  # after the rules of the scorecard, so that a person has the last word


class NotAnException(DomainError):
    """It cannot be set like this; `field` says which input is wrong."""


class ExceptionEnded(Conflict):
    """It was withdrawn in the meantime, or never was."""


@dataclass(frozen=True)
class Wanted:
    """limit: points 0..100 with two places at most. expires_on: the last day; None: until it is withdrawn."""

    kind: Literal["cap", "floor"]
    limit: Decimal
    reason: str
    starts_on: date
    expires_on: date | None = None
    order: int = ORDER


@transaction.atomic
def set_exception(*, account_id: UUID, wanted: Wanted, by: Actor, at: datetime) -> ScoreException:
    """Cap or lift the score of an account from today or a later day on.

    Scores of the past stay as they are. Emits ExceptionSet, after which the account is scored. Raises
    NotAnException, PermissionDenied, Account.DoesNotExist when `by` cannot see it or it is archived.
    """
    account = Account.objects.visible_to(by).active().get(pk=account_id)
    require(by, rules.SET_EXCEPTION, account)
    reason = _checked(wanted, at.date())
    made = ScoreException.objects.create(
        account=account,
        kind=wanted.kind,
        limit_hundredths=int(wanted.limit * 100),
        reason=reason,
        order=wanted.order,
        starts_on=wanted.starts_on,
        expires_on=wanted.expires_on,
        created_at=at,
        created_by=by.label,
    )
    record(_event(made), by=by)
    return made


@transaction.atomic
def withdraw_exception(*, exception_id: UUID, by: Actor, at: datetime) -> ScoreException:
    """Take an exception back from today on; what was scored with it stays on record.

    Emits ExceptionWithdrawn. Raises ExceptionEnded, PermissionDenied, ScoreException.DoesNotExist.
    """
    found = ScoreException.objects.visible_to(by).select_for_update(of=("self",)).get(pk=exception_id)
    require(by, rules.SET_EXCEPTION)
    if found.withdrawn_at is not None:
        raise ExceptionEnded(f"{found.withdrawn_by} withdrew this already.")
    found.withdrawn_at, found.withdrawn_by = at, by.label
    found.save(update_fields=["withdrawn_at", "withdrawn_by"])
    record(
        ExceptionWithdrawn(
            account_id=found.account_id,
            exception_id=found.pk,
            kind=found.kind,
            limit=found.limit_hundredths,
            reason=found.reason,
        ),
        by=by,
    )
    return found


@transaction.atomic
def restore_exception(*, exception_id: UUID, by: Actor, at: datetime) -> ScoreException:
    """Undo a withdrawal: the same exception once more, from today on. A score between the two stays as it was.

    Emits ExceptionSet. Raises ExceptionEnded, NotAnException, PermissionDenied, ScoreException.DoesNotExist.
    """
    gone = ScoreException.objects.visible_to(by).select_for_update(of=("self",)).get(pk=exception_id)
    require(by, rules.SET_EXCEPTION)
    if gone.withdrawn_at is None:
        raise ExceptionEnded("This is not withdrawn.")
    wanted = Wanted(
        kind=cast(Literal["cap", "floor"], gone.kind),
        limit=Decimal(gone.limit_hundredths).scaleb(-2),
        reason=gone.reason,
        starts_on=max(gone.starts_on, at.date()),
        expires_on=gone.expires_on,
        order=gone.order,
    )
    return set_exception(account_id=gone.account_id, wanted=wanted, by=by, at=at)


@transaction.atomic
def add_standard_exceptions(*, version_id: UUID, edits: int, by: Actor) -> ScorecardVersion:
    """Put the usual caps into a draft, such as "Champion left caps overall at 60"; those it has stay as they are.

    edits: as in `edit_draft`, which says what is emitted and raised.
    """
    require(by, rules.EDIT_SCORECARD)
    version = lock_draft(version_id, edits=edits)
    definition = with_standard_exceptions(version.definition)
    return edit_draft(version_id=version_id, definition=definition, edits=edits, by=by)


def _checked(wanted: Wanted, today: date) -> str:
    """The reason as it is kept. Raises NotAnException at the first thing that is wrong."""
    limit, reason = wanted.limit, " ".join(wanted.reason.split())
    if wanted.kind not in ("cap", "floor"):
        raise NotAnException("Choose a cap or a floor.", field="kind")
    if not limit.is_finite() or not 0 <= limit <= 100 or limit * 100 != int(limit * 100):
        raise NotAnException("Enter points from 0 to 100, with two places at most.", field="limit")
    if not reason:
        raise NotAnException("Say why: it is printed beside the score.", field="reason")
    if len(reason) > REASON_LENGTH:
        raise NotAnException(f"Keep it below {REASON_LENGTH} characters.", field="reason")
    if wanted.starts_on < today:
        raise NotAnException("It starts today or later: what was scored before stays as it was.", field="starts_on")
    if wanted.expires_on is not None and wanted.expires_on < wanted.starts_on:
        raise NotAnException("The last day lies before the first.", field="expires_on")
    if not 1 <= wanted.order <= 1000:
        raise NotAnException("The order is a whole number from 1 to 1,000.", field="order")
    return reason


def _event(made: ScoreException) -> ExceptionSet:
    return ExceptionSet(
        account_id=made.account_id,
        exception_id=made.pk,
        kind=made.kind,
        limit=made.limit_hundredths,
        reason=made.reason,
        starts_on=made.starts_on.isoformat(),
        expires_on=made.expires_on.isoformat() if made.expires_on else None,
    )
