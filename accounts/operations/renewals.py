"""Renewals follow their contracts: one that is open for every contract in force with an end, closed with its outcome.

`follow_contract` is called by every change of a contract, in its transaction and under its account's lock.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import rules
from accounts.events import OutcomeRecorded, RenewalChanged, RenewalDecided
from accounts.models import Account, Contract, Outcome, Renewal, RenewalCheckpoint
from accounts.queries.renewals import measured
from accounts.renewing import AT_RISK, CHECKPOINTS, SECURE, STATUSES, WATCH, automatic
from accounts.revenue import monthly
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require

EDITABLE = ("category", "likelihood", "status")
ZERO = Decimal(0)


def run_rate(contract: Contract, on: date) -> Decimal:
    """What the lines in force on a day come to in a year, in the contract's currency, to the cent. One query."""
    total = ZERO
    for line in contract.lines.filter(superseded_at=None, recurring=True, starts_on__lte=on):
        if line.ends_on is None or line.ends_on >= on:
            total += monthly(line.amount, line.billing, discount=line.discount)
    return (total * 12).quantize(Decimal("0.01"))


def follow_contract(
    *, contract: Contract, by: Actor, at: datetime, renewed_as: Contract | None = None, reason: str = ""
) -> Renewal | None:
    """Bring the contract's renewal up to what the contract says now; returns the one that is open, if any.

    renewed_as: the contract that follows this one. Emits RenewalChanged and, when one closes, OutcomeRecorded.
    """
    found = Renewal.objects.filter(contract=contract, state=Renewal.State.OPEN).first()
    if contract.state == Contract.State.ACTIVE and contract.ends_on is not None:
        return _open(contract, by, at) if found is None else _move(found, contract, by)
    if found is None:
        return None
    if renewed_as is not None:
        _close(found, Renewal.State.RENEWED, run_rate(renewed_as, renewed_as.starts_on), reason, by, at)
    elif contract.state == Contract.State.ACTIVE:  # until further notice from now on
        _close(found, Renewal.State.EXTENDED, run_rate(contract, found.due_on), reason, by, at)
    else:
        _close(found, Renewal.State.LOST, ZERO, reason or contract.end_reason, by, at)
    return None


def extend(*, contract: Contract, reason: str, by: Actor, at: datetime) -> None:
    """Close the open renewal as extended before the contract gets its later end; what follows opens the next one."""
    found = Renewal.objects.filter(contract=contract, state=Renewal.State.OPEN).first()
    if found is not None:
        _close(found, Renewal.State.EXTENDED, found.amount, reason, by, at)


def _open(contract: Contract, by: Actor, at: datetime) -> Renewal:
    due = contract.ends_on
    assert due is not None
    made = Renewal(
        contract=contract, account_id=contract.account_id, due_on=due, amount=run_rate(contract, due),
        currency=contract.currency, opened_at=at,
    )  # fmt: skip
    _judge(made, contract)
    made.save(force_insert=True)
    _tell(made, "opened", by)
    return made


def _judge(one: Renewal, contract: Contract) -> bool:
    """The automatic status as of now, without saving; whether it changed. A query where signals are connected."""
    signals = measured([contract.account_id]).get(contract.account_id)
    said = automatic(signals, cancelled_on=contract.cancelled_on, unpaid=contract.unpaid_since is not None)
    before = (one.auto_status, one.auto_reason)
    one.auto_status, one.auto_reason = said.status, said.reason[:300]
    return before != (one.auto_status, one.auto_reason)


def _move(found: Renewal, contract: Contract, by: Actor) -> Renewal:
    assert contract.ends_on is not None
    now = {"due_on": contract.ends_on, "amount": run_rate(contract, contract.ends_on), "currency": contract.currency}
    changed = {name: value for name, value in now.items() if getattr(found, name) != value}
    judged = _judge(found, contract)
    if not changed:
        if judged:
            found.save(update_fields=["auto_status", "auto_reason"])
        return found
    said = {name: [str(getattr(found, name)), str(value)] for name, value in changed.items()}
    for name, value in changed.items():
        setattr(found, name, value)
    found.version += 1
    found.save()
    if "due_on" in changed:  # what nobody has decided is asked again when its time comes
        found.checkpoints.filter(decision="").delete()
    _tell(found, "moved", by, changes=said)
    return found


def _close(found: Renewal, state: str, renewed: Decimal, reason: str, by: Actor, at: datetime) -> None:
    found.state, found.renewed_amount, found.outcome_reason = state, renewed, reason.strip()[:300]
    found.closed_at, found.closed_by = at, by.label[:160]
    found.version += 1
    found.save()
    _tell(found, state, by, reason=found.outcome_reason)
    _outcome(found, by, at)


def _outcome(found: Renewal, by: Actor, at: datetime) -> None:
    """The account's outcome, once a day and kind. It has churned when nothing else is in force, else it shrank."""
    kind, amount = Outcome.Kind.RENEWED, found.renewed_amount
    if found.state == Renewal.State.LOST:
        others = Contract.objects.filter(account_id=found.account_id, state=Contract.State.ACTIVE)
        left = not others.exclude(pk=found.contract_id).exists()
        kind, amount = (Outcome.Kind.CHURNED if left else Outcome.Kind.CONTRACTED), found.amount
    made = Outcome(account_id=found.account_id, kind=kind, on=at.date(), amount=amount)
    made.reason, made.recorded_at, made.recorded_by = found.outcome_reason[:200], at, by.label[:160]
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        return  # a person, a file or another contract has said so already
    told = OutcomeRecorded(made.account_id, made.pk, made.kind, made.on.isoformat(), str(amount), made.reason)
    record(told, by=by)


@transaction.atomic
def edit_renewal(
    *, renewal_id: UUID, expected_version: int, changes: Mapping[str, Any], by: Actor, at: datetime
) -> Renewal:
    """Say what is expected: fields of EDITABLE. likelihood in per cent, None: nobody has said.

    Emits RenewalChanged. Raises Conflict, DomainError, PermissionDenied, Renewal.DoesNotExist.
    """
    found = _locked(renewal_id, by, rules.FORECAST_RENEWAL)
    if found.version != expected_version:
        raise Conflict("Somebody else changed this renewal since you opened it. Nothing of theirs was overwritten.")
    if found.state != Renewal.State.OPEN:
        raise DomainError("This renewal is closed.")
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise TypeError(f"no such field: {', '.join(sorted(unknown))}")
    new = {name: value for name, value in changes.items() if getattr(found, name) != value}
    if not new:
        return found
    _check(found, new, at.date())
    said = {name: [_plain(getattr(found, name)), _plain(value)] for name, value in new.items()}
    for name, value in new.items():
        setattr(found, name, value)
    found.version += 1
    found.save()
    _tell(found, "forecast", by, changes=said)
    return found


def _check(found: Renewal, new: Mapping[str, Any], today: date) -> None:
    if "category" in new and new["category"] not in ("", *Renewal.Category.values):
        raise DomainError("Choose a forecast category.", field="category")
    likelihood = new.get("likelihood")
    if likelihood is not None and not 0 <= likelihood <= 100:
        raise DomainError("A likelihood lies between 0 and 100 %.", field="likelihood")
    status = new.get("status", "")
    if status not in ("", *dict(STATUSES)):
        raise DomainError("Choose a status.", field="status")
    last = max(CHECKPOINTS)
    if status == WATCH and (found.due_on - today).days <= CHECKPOINTS[last]:
        words = f"From {CHECKPOINTS[last]} days before the end it is secure or at risk; watch is no longer accepted."
        raise DomainError(words, field="status")


@transaction.atomic
def decide_checkpoint(*, checkpoint_id: UUID, decision: str, note: str, by: Actor, at: datetime) -> RenewalCheckpoint:
    """A leader says secure or at risk; that is the renewal's status, and earlier open checkpoints are settled with it.

    Emits RenewalDecided. Raises Conflict when it is decided already, DomainError, PermissionDenied, DoesNotExist.
    """
    asked = RenewalCheckpoint.objects.select_related("renewal").get(pk=checkpoint_id)
    renewal = _locked(asked.renewal_id, by, rules.DECIDE_RENEWAL)
    found: RenewalCheckpoint = RenewalCheckpoint.objects.get(pk=checkpoint_id)
    if found.decision:
        raise Conflict(f"{found.decided_by} has decided this already.")
    if renewal.state != Renewal.State.OPEN or found.escalated_at is None:
        raise DomainError("There is nothing to decide here.")
    if decision not in (SECURE, AT_RISK):
        raise DomainError("Decide: secure or at risk.", field="decision")
    if not note.strip():
        raise DomainError("Say why, in a few words.", field="note")
    said = {"decision": decision, "decision_note": note.strip()[:300], "decided_at": at, "decided_by": by.label[:160]}
    open_ones = renewal.checkpoints.filter(decision="", number__lte=found.number).exclude(escalated_at=None)
    open_ones.update(**said)
    renewal.status = decision
    renewal.version += 1
    renewal.save()
    record(RenewalDecided(renewal.account_id, renewal.pk, found.pk, found.number, decision, note.strip()[:300]), by=by)
    found.refresh_from_db()
    return found


def _locked(renewal_id: UUID, by: Actor, permission: str) -> Renewal:
    """Under the account's lock, as contracts change it too."""
    found: Renewal = Renewal.objects.visible_to(by).get(pk=renewal_id)
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=found.account_id)
    require(by, permission, account)
    found.refresh_from_db()
    return found


def _tell(found: Renewal, what: str, by: Actor, *, changes: dict[str, Any] | None = None, reason: str = "") -> None:
    record(RenewalChanged(found.account_id, found.pk, found.contract_id, what, changes or {}, reason), by=by)


def _plain(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
