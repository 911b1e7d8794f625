"""Contracts and what is paid under them. Every change builds the account's movements anew, in the same transaction."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import custom, rules
from accounts.events import ContractChanged
from accounts.models import Account, Contract, Product, SubscriptionLine
from accounts.operations.custom_values import checked_values
from accounts.operations.movements import rebuild_movements
from accounts.operations.past import remember, stored_state
from accounts.operations.renewals import follow_contract
from accounts.queries.revenue_rules import rules_in_force
from accounts.revenue import BILLING
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.models import Entry
from core.money import CURRENCIES
from core.rules import require

EDITABLE = ("name", "number", "starts_on", "ends_on", "notice_days", "auto_renews", "currency")
LINE = (
    "product_id",
    "description",
    "quantity",
    "amount",
    "billing",
    "discount",
    "uplift",
    "recurring",
    "starts_on",
    "ends_on",
)
DAY = timedelta(days=1)


class NotNow(DomainError):
    """The contract is in a state in which this cannot be done."""


@transaction.atomic
def create_contract(
    *, account_id: UUID, name: str, starts_on: date, by: Actor, at: datetime, lines: Sequence[Mapping[str, Any]] = (),
    **given: Any,
) -> Contract:  # fmt: skip
    """Draft a contract with its lines; `given` are fields of EDITABLE, each line is fields of LINE.

    Emits ContractChanged. Raises DomainError, PermissionDenied, Account.DoesNotExist.
    """
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=account_id)
    require(by, rules.EDIT_CONTRACT, account)
    contract = Contract(account=account, name=name.strip(), starts_on=starts_on, **_known(_usual(given), EDITABLE))
    for field, value in checked_values(given=given, by=by, record=custom.CONTRACT).items():
        custom.put(contract, field, value)
    if "currency" not in given:
        contract.currency = account.currency
    _check(contract)
    contract.save(force_insert=True)
    for line in lines:
        _insert(contract, line, by=by, at=at)
    _tell(contract, "created", by)
    return contract


@transaction.atomic
def edit_contract(
    *, contract_id: UUID, expected_version: int, changes: Mapping[str, Any], by: Actor, at: datetime
) -> Contract:
    """Change fields of EDITABLE. Emits ContractChanged. Raises Conflict, DomainError, PermissionDenied."""
    contract = _locked(contract_id, by)
    if contract.version != expected_version:
        raise Conflict("Somebody else changed this contract since you opened it. Nothing of theirs was overwritten.")
    given = {**_known(_usual(changes), EDITABLE), **checked_values(given=changes, by=by, record=custom.CONTRACT)}
    fields = {name: value for name, value in given.items() if custom.held(contract, name) != value}
    if not fields:
        return contract
    if "currency" in fields and contract.state != Contract.State.DRAFT:
        raise NotNow("The currency of a contract in force stays. End it and make a new one.", field="currency")
    said = {name: [_plain(custom.held(contract, name)), _plain(value)] for name, value in fields.items()}
    for name, value in fields.items():
        custom.put(contract, name, value)
    _check(contract)
    return _save(contract, "edited", by, at, changes=said)


@transaction.atomic
def add_line(*, contract_id: UUID, by: Actor, at: datetime, **line: Any) -> SubscriptionLine:
    """Add what is paid; fields of LINE. Emits ContractChanged. Raises DomainError, PermissionDenied, DoesNotExist."""
    contract = _locked(contract_id, by)
    made = _insert(contract, line, by=by, at=at)
    _save(contract, "line_added", by, at, changes={"amount": [None, str(made.amount)]})
    return made


@transaction.atomic
def correct_line(
    *, line_id: UUID, changes: Mapping[str, Any], reason: str, by: Actor, at: datetime
) -> SubscriptionLine:
    """Put another line in the place of one, which is superseded and kept. Raises as `add_line`, and Conflict."""
    old, contract = _line(line_id, by)
    if not reason.strip():
        raise DomainError("Say why, in a few words.", field="reason")
    fields = {name: getattr(old, name) for name in LINE} | _known(changes, LINE)
    said = {
        name: [_plain(getattr(old, name)), _plain(fields[name])] for name in LINE if getattr(old, name) != fields[name]
    }
    if not said:
        return old
    old.superseded_at = at
    old.save(update_fields=["superseded_at"])
    made = _insert(contract, fields, by=by, at=at, previous=old)
    _save(contract, "line_corrected", by, at, changes=said, reason=reason)
    return made


@transaction.atomic
def change_line(
    *, line_id: UUID, on: date, changes: Mapping[str, Any], by: Actor, at: datetime, reason: str = ""
) -> SubscriptionLine:
    """From `on` something else is paid: the line ends the day before, another goes on where it stops.

    An agreed rise counts on the day it begins, so the new line has none unless `changes` says so.
    Emits ContractChanged. Raises DomainError, Conflict, PermissionDenied, DoesNotExist.
    """
    old, contract = _line(line_id, by)
    last = old.ends_on or contract.ends_on
    if on <= old.starts_on:
        raise DomainError("The line begins that day or later; correct it instead.", field="on")
    if last is not None and on > last:
        raise DomainError("The line has ended by then; add another one.", field="on")
    fields = {name: getattr(old, name) for name in LINE}
    after = {**fields, "uplift": Decimal(0), **_known(changes, LINE), "starts_on": on}
    said = {name: [_plain(fields[name]), _plain(after[name])] for name in LINE if fields[name] != after[name]}
    if not set(said) - {"starts_on", "uplift"}:
        raise DomainError("Say what is paid from then on; it is the same so far.", field="amount")
    old.superseded_at = at
    old.save(update_fields=["superseded_at"])
    _insert(contract, fields | {"ends_on": on - DAY}, by=by, at=at, previous=old)
    made = _insert(contract, after, by=by, at=at)
    _save(contract, "line_changed", by, at, changes=said, reason=reason)
    return made


@transaction.atomic
def remove_line(*, line_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw a line that was entered in error. One that ends gets a last day by `correct_line`.

    Without any line left in contracts that came into force nobody knows what is paid: the ARR is unknown then, not 0.
    """
    old, contract = _line(line_id, by)
    if not reason.strip():
        raise DomainError("Say why, in a few words.", field="reason")
    old.superseded_at = at
    old.save(update_fields=["superseded_at"])
    _save(contract, "line_removed", by, at, changes={"amount": [str(old.amount), None]}, reason=reason)


@transaction.atomic
def activate_contract(*, contract_id: UUID, by: Actor, at: datetime) -> Contract:
    """A draft with at least one line comes into force, and its renewal opens. Emits ContractChanged."""
    contract = _locked(contract_id, by)
    if contract.state != Contract.State.DRAFT:
        raise NotNow("Only a draft can be activated.")
    if not contract.lines.filter(superseded_at=None).exists():
        raise NotNow("A contract needs at least one line before it comes into force.")
    contract.state, contract.activated_at = Contract.State.ACTIVE, at
    return _save(contract, "activated", by, at)


@transaction.atomic
def cancel_contract(
    *, contract_id: UUID, on: date, last_day: date | None, reason: str, by: Actor, at: datetime
) -> Contract:
    """The customer gave notice on a day; the contract runs to `last_day`, or to its end."""
    contract = _locked(contract_id, by)
    if contract.state != Contract.State.ACTIVE:
        raise NotNow("Only a contract in force can be cancelled.")
    if last_day is None and contract.ends_on is None:
        raise DomainError("This contract has no end: say its last day.", field="last_day")
    contract.cancelled_on, contract.end_reason = on, reason.strip()
    contract.ends_on = last_day or contract.ends_on
    contract.auto_renews = False
    _check(contract)
    return _save(contract, "cancelled", by, at, changes={"ends_on": [None, str(contract.ends_on)]}, reason=reason)


@transaction.atomic
def end_contract(*, contract_id: UUID, on: date, reason: str, by: Actor, at: datetime) -> Contract:
    """The contract is over; `on` is its last day."""
    contract = _locked(contract_id, by)
    if contract.state != Contract.State.ACTIVE:
        raise NotNow("Only a contract in force can end.")
    contract.state, contract.ended_at, contract.ends_on = Contract.State.ENDED, at, on
    contract.end_reason = reason.strip() or contract.end_reason
    _check(contract)
    return _save(contract, "ended", by, at, changes={"ends_on": [None, str(on)]}, reason=reason)


@transaction.atomic
def renew_contract(
    *, contract_id: UUID, starts_on: date, ends_on: date | None, by: Actor, at: datetime, uplift: Decimal = Decimal(0),
    reason: str = "",
) -> Contract:  # fmt: skip
    """A new contract in force follows this one, with its lines; uplift: the rise agreed, 0.05 for 5 %."""
    old = _locked(contract_id, by)
    if old.state != Contract.State.ACTIVE:
        raise NotNow("Only a contract in force can be renewed.")
    made = Contract(
        account=old.account, name=old.name, number=old.number, currency=old.currency, notice_days=old.notice_days,
        auto_renews=old.auto_renews, starts_on=starts_on, ends_on=ends_on, renews=old, state=Contract.State.ACTIVE,
        activated_at=at,
    )  # fmt: skip
    _check(made)
    made.save(force_insert=True)
    for line in old.lines.filter(superseded_at=None):
        if line.ends_on is None or line.ends_on >= starts_on - DAY:
            fields = {name: getattr(line, name) for name in LINE} | {"starts_on": starts_on, "ends_on": None}
            rise = (line.amount * uplift).quantize(Decimal("0.01"))
            _insert(made, fields | {"amount": line.amount + rise, "uplift": rise}, by=by, at=at)
    before = stored_state("contract", old)
    old.state, old.ended_at, old.ends_on = Contract.State.RENEWED, at, starts_on - DAY
    old.version += 1
    old.save()
    remember("contract", old, before, _tell(old, "renewed", by, reason=reason))
    follow_contract(contract=old, renewed_as=made, by=by, at=at, reason=reason)
    return _save(made, "activated", by, at)


@transaction.atomic
def mark_unpaid(*, contract_id: UUID, since: date | None, by: Actor, at: datetime) -> Contract:
    """An invoice is due since a day (None: it was paid). After the grace its revenue is involuntary churn."""
    contract = _locked(contract_id, by)
    if contract.unpaid_since == since:
        return contract
    said = {"unpaid_since": [_plain(contract.unpaid_since), _plain(since)]}
    contract.unpaid_since = since
    return _save(contract, "unpaid" if since else "paid", by, at, changes=said)


def _locked(contract_id: UUID, by: Actor) -> Contract:
    """The account is locked first, so that two changes of its contracts build its movements one after the other."""
    found: Contract = Contract.objects.visible_to(by).select_related("account").get(pk=contract_id)
    Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=found.account_id)
    require(by, rules.EDIT_CONTRACT, found.account)
    locked: Contract = Contract.objects.visible_to(by).select_related("account").get(pk=contract_id)
    return locked


def _line(line_id: UUID, by: Actor) -> tuple[SubscriptionLine, Contract]:
    found: SubscriptionLine = SubscriptionLine.objects.get(pk=line_id)
    contract = _locked(found.contract_id, by)
    found.refresh_from_db()
    if found.superseded_at is not None:
        raise Conflict("Somebody else changed this line since you opened it. Nothing of theirs was overwritten.")
    return found, contract


def _insert(
    contract: Contract, given: Mapping[str, Any], *, by: Actor, at: datetime, previous: SubscriptionLine | None = None
) -> SubscriptionLine:
    line = SubscriptionLine(
        contract=contract, recorded_at=at, recorded_by=by.label[:160], previous=previous,
        **{"starts_on": contract.starts_on, **_known(given, LINE)},
    )  # fmt: skip
    _check_line(line)
    line.save(force_insert=True)
    return line


def _check_line(line: SubscriptionLine) -> None:
    if line.amount < 0:
        raise DomainError("An amount is 0 or more.", field="amount")
    if line.billing not in BILLING:
        raise DomainError("Choose how often it is billed.", field="billing")
    if not 0 <= line.discount <= 1:
        raise DomainError("A discount lies between 0 and 100 %.", field="discount")
    if not 0 <= line.uplift <= line.amount:
        raise DomainError("The agreed rise is part of the amount.", field="uplift")
    if line.ends_on is not None and line.ends_on < line.starts_on:
        raise DomainError("It cannot end before it starts.", field="ends_on")
    if line.product_id is not None and not Product.objects.filter(pk=line.product_id).exists():
        raise DomainError("There is no such product.", field="product_id")


def _check(contract: Contract) -> None:
    if not contract.name:
        raise DomainError("Give it a name.", field="name")
    if contract.currency not in CURRENCIES:
        raise DomainError("Choose a currency.", field="currency")
    if contract.ends_on is not None and contract.ends_on < contract.starts_on:
        raise DomainError("It cannot end before it starts.", field="ends_on")
    others = Contract.objects.filter(account_id=contract.account_id).exclude(pk=contract.pk)
    if others.exclude(currency=contract.currency).exclude(state=Contract.State.DRAFT).exists():
        raise DomainError("This account's contracts are in another currency; one account has one.", field="currency")


def _save(
    contract: Contract, what: str, by: Actor, at: datetime, *, changes: dict[str, Any] | None = None, reason: str = ""
) -> Contract:
    before = stored_state("contract", contract)
    contract.version += 1
    contract.save()
    rules_now = rules_in_force()
    rebuild_movements(account_ids=[contract.account_id], on=rules_now.day(at), rules=rules_now, by=by)
    remember("contract", contract, before, _tell(contract, what, by, changes=changes, reason=reason))
    follow_contract(contract=contract, by=by, at=at, reason=reason)
    return contract


def _tell(
    contract: Contract, what: str, by: Actor, *, changes: dict[str, Any] | None = None, reason: str = ""
) -> Entry:
    event = ContractChanged(contract.account_id, contract.pk, what, changes or {}, reason.strip())
    return record(event, by=by)


def _usual(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if not custom.is_own(name)}


def _known(given: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    unknown = set(given) - set(names)
    if unknown:
        raise TypeError(f"no such field: {', '.join(sorted(unknown))}")
    return dict(given)


def _plain(value: Any) -> str | None:
    return None if value is None else str(value)
