"""Record and take back what really happened to an account. Scorecards and predictions are held against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import rules
from accounts.events import OutcomeRecorded, OutcomeWithdrawn
from accounts.models import Account, Outcome
from accounts.operations.accounts import edit_account
from core.actor import Actor
from core.audit import record, record_many
from core.errors import DomainError
from core.rules import require

EARLIEST = date(2000, 1, 1)
# Columns of a file of accounts that say what happened, and what they say.
COLUMNS = {"churned_on": Outcome.Kind.CHURNED, "renewed_on": Outcome.Kind.RENEWED}


class OutcomeThere(DomainError):
    """The same outcome of that day is recorded already."""


@transaction.atomic
def record_outcome(
    *,
    account_id: UUID,
    kind: str,
    on: date,
    by: Actor,
    at: datetime,
    amount: Decimal | None = None,
    reason: str = "",
    set_stage: bool = False,
) -> Outcome:
    """Say that an account left, renewed, shrank or grew on a day that has come.

    amount: yearly revenue lost, kept or won, in the account's currency; None: not known. set_stage: move an account
    that left to the stage "churned" as well, which needs the right to edit it; nothing else follows by itself.
    Emits OutcomeRecorded. Raises OutcomeThere, DomainError, PermissionDenied, Account.DoesNotExist.
    """
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=account_id)
    require(by, rules.RECORD_OUTCOME, account)
    if kind not in Outcome.Kind.values:
        raise DomainError("Choose what happened.", field="kind")
    if problem := _impossible(on, account.customer_since, at):
        raise DomainError(problem, field="on")
    if amount is not None and amount < 0:
        raise DomainError("An amount is 0 or more: what happened says whether it was lost or won.", field="amount")
    made = Outcome(account=account, kind=kind, on=on, amount=amount, reason=reason.strip()[:200])
    made.recorded_at, made.recorded_by = at, by.label[:160]
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        raise OutcomeThere(f"“{made.get_kind_display()}” is recorded for that day already.", field="on") from error
    record(_recorded(made), by=by)
    if set_stage and kind == Outcome.Kind.CHURNED and account.stage != Account.Stage.CHURNED:
        stage = {"stage": Account.Stage.CHURNED.value}
        edit_account(account_id=account.pk, expected_version=account.version, changes=stage, by=by)
    return made


@transaction.atomic
def withdraw_outcome(*, outcome_id: UUID, by: Actor, at: datetime) -> Outcome:
    """Take back an outcome that was recorded in error; it stays on the trail and counts nowhere.

    Emits OutcomeWithdrawn; a second time nothing happens. Raises PermissionDenied, Outcome.DoesNotExist.
    """
    found: Outcome = Outcome.objects.visible_to(by).select_for_update(of=("self",)).get(pk=outcome_id)
    require(by, rules.RECORD_OUTCOME, found.account)
    if found.withdrawn_at is None:
        found.withdrawn_at, found.withdrawn_by = at, by.label[:160]
        found.save(update_fields=["withdrawn_at", "withdrawn_by"])
        record(OutcomeWithdrawn(found.account_id, found.pk, found.kind, found.on.isoformat()), by=by)
    return found


def _recorded(made: Outcome) -> OutcomeRecorded:
    amount = None if made.amount is None else str(made.amount)
    return OutcomeRecorded(made.account_id, made.pk, made.kind, made.on.isoformat(), amount, made.reason)


def _impossible(on: date, since: date | None, at: datetime) -> str:
    if on > at.date():
        return "That day has not come yet. An outcome is what has happened."
    if on < (since or EARLIEST):
        return f"It was no customer before {since or EARLIEST}."
    return ""


@dataclass(frozen=True)
class Said:
    """An outcome that a row of a file speaks of; the account may not be stored yet."""

    account: Account
    kind: str
    on: date


def take_outcomes(fields: dict[str, Any]) -> dict[str, date]:
    """Take the outcomes out of the fields of a row: kind -> day."""
    found = {kind.value: fields.pop(column, None) for column, kind in COLUMNS.items()}
    return {kind: on for kind, on in found.items() if on}


def outcome_problem(said: Mapping[str, date], since: date | None, at: datetime) -> str:
    """Why the outcomes of a row cannot be taken, "" when they can."""
    problems = ((kind, _impossible(on, since, at)) for kind, on in said.items())
    return next((f"{Outcome.Kind(kind).label} on {said[kind]}: {why}" for kind, why in problems if why), "")


def new_outcomes(said: Sequence[Said]) -> list[Said]:
    """Those that are not recorded yet. One query."""
    accounts = {one.account.pk for one in said}
    there = set(
        Outcome.objects.filter(account_id__in=accounts, withdrawn_at=None).values_list("account_id", "kind", "on")
    )
    return [one for one in said if (one.account.pk, one.kind, one.on) not in there]


def save_outcomes(*, said: Sequence[Said], by: Actor, at: datetime) -> None:
    """Record the outcomes of a file, each on its account's timeline. The caller holds the accounts' locks."""
    made = [
        Outcome(account=one.account, kind=one.kind, on=one.on, recorded_at=at, recorded_by=by.label[:160])
        for one in said
    ]
    Outcome.objects.bulk_create(made, batch_size=1000)
    record_many([_recorded(one) for one in made], by=by)
