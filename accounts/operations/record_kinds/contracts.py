"""Rows of contracts, one for every subscription line: the contract is found within its account, or made."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts import columns, custom, rules
from accounts.events import ContractChanged
from accounts.models import Account, Contract, Product, Renewal, SubscriptionLine
from accounts.operations.contracts import (
    LINE,
    activate_contract,
    add_line,
    correct_line,
    create_contract,
    edit_contract,
    end_contract,
    remove_line,
)
from accounts.operations.record_kinds.names import Held
from accounts.operations.record_kinds.new_contracts import OF_ACCOUNT, Parts, products, take_new
from accounts.operations.record_kinds.people import ACCOUNT
from accounts.operations.record_kinds.shape import (
    Column,
    Kind,
    Run,
    Taken,
    count,
    number,
    one_of,
    plain,
    unchanged,
    whole,
    yes,
)
from accounts.revenue import BILLING
from core.actor import Actor
from core.audit import record
from core.errors import DomainError

OF_CONTRACT = ("name", "number", "starts_on", "ends_on", "currency", "notice_days", "auto_renews")
# word in the file -> field of the line
OF_LINE = {
    "description": "description", "quantity": "quantity", "amount": "amount", "billing": "billing",
    "discount": "discount", "recurring": "recurring", "line_starts_on": "starts_on", "line_ends_on": "ends_on",
}  # fmt: skip
_BILLING = {
    "daily": "day", "weekly": "week", "monthly": "month", "per month": "month", "month to month": "month",
    "month-to-month": "month", "mo": "month", "quarterly": "quarter", "half-yearly": "half-year",
    "semi-annual": "half-year", "semiannual": "half-year", "yearly": "year", "annual": "year", "annually": "year",
    "per year": "year", "one year": "year", "12 months": "year", "biennial": "two years", "two year": "two years",
    "24 months": "two years", "three year": "three years", "36 months": "three years",
}  # fmt: skip
_STATES = {"draft": "draft", "active": "active", "ended": "ended"}
_STATE_WORDS = {"in force": "active", "won": "active", "open": "active", "closed": "ended", "churned": "ended"}
UNDONE = "The import was undone"


def _share(cell: Any) -> Decimal:
    """'10 %', '10' or '0.1' are a tenth."""
    text = columns.cell_text(cell)
    found = number(text.removesuffix("%").strip())
    found = found / 100 if text.endswith("%") or found > 1 else found
    if not 0 <= found <= 1:
        raise ValueError(f"“{text[:40]}” is no discount: it lies between 0 and 100 %.")
    return found.quantize(Decimal("0.0001"))


def _take_all(rows: Sequence[dict[str, Any]], key: str, run: Run) -> list[Taken | DomainError]:
    """Rows that make a contract of their own together, the others one by one in the order of the file."""
    product = products()
    parts = [_parts(fields, product) for fields in rows]
    plainly = {at: part for at, part in enumerate(parts) if isinstance(part, Parts) and key in part.given}
    with transaction.atomic():
        done = take_new(list(plainly.values()), key, run)
    taken = {at: done[number] for number, at in enumerate(plainly) if number in done}
    answers: list[Taken | DomainError] = []
    for at, fields in enumerate(rows):
        part = parts[at]
        if isinstance(part, DomainError):
            answers.append(part)
            continue
        if at in taken:
            answers.append(taken[at])
            continue
        try:
            with transaction.atomic():
                answers.append(_take(fields, part, key, run))
        except DomainError as refusal:
            answers.append(refusal)
    return answers


def _parts(fields: Mapping[str, Any], product: Callable[[str], Product | None]) -> Parts | DomainError:
    line = {name: fields[word] for word, name in OF_LINE.items() if word in fields}
    if text := fields.get("product"):
        found = product(text)
        if found is None:
            return Held(f"There is no product “{text}”.", field="product", fix="Bring the products first.")
        line["product_id"] = found.pk
    given = {name: value for name, value in fields.items() if name in OF_CONTRACT or custom.is_own(name)}
    title = str(fields.get("product") or given.get("number") or "Contract")
    return Parts(fields["account"], given, line, title, fields.get("state", "active"))


def _take(fields: dict[str, Any], part: Parts, key: str, run: Run) -> Taken:
    account = run.names.account(part.account)
    given, line = dict(part.given), part.line
    contract = _contract_of(account, given, key)
    if contract is None:
        return _create(account, fields, given, line, run)
    if contract.state in (Contract.State.RENEWED, Contract.State.ENDED):
        raise Held(f"“{contract.name}” is over. Give the new contract another start or number.", field=key)
    return _update(contract, fields, given, line, run)


def _contract_of(account: Account, given: Mapping[str, Any], key: str) -> Contract | None:
    """The contract of this number or name that starts on that day, else the newest one that is not over."""
    known = list(account.contracts.filter(**{key: given[key]}).order_by("-starts_on", "-pk"))
    if "starts_on" in given and (same := next((one for one in known if one.starts_on == given["starts_on"]), None)):
        return same
    alive = [one for one in known if one.state in (Contract.State.DRAFT, Contract.State.ACTIVE)]
    if "starts_on" in given and alive and alive[0].ends_on and alive[0].ends_on < given["starts_on"]:
        return None
    return alive[0] if alive else (known[0] if known and "starts_on" not in given else None)


def _create(
    account: Account, fields: Mapping[str, Any], given: dict[str, Any], line: dict[str, Any], run: Run
) -> Taken:
    if "starts_on" not in given:
        raise Held("A new contract needs the day on which it starts.", field="starts_on")
    before = {name: plain(getattr(account, name)) for name in OF_ACCOUNT}
    title = given.pop("name", "") or str(fields.get("product") or given.get("number") or "Contract")
    starts_on, state = given.pop("starts_on"), fields.get("state", "active")
    if state == "ended" and "ends_on" not in given:
        raise Held("A contract that is over needs its last day.", field="ends_on")
    made = create_contract(
        account_id=account.pk, name=title[:160], starts_on=starts_on, lines=[line], by=run.by, at=run.at, **given
    )
    if state != "draft":
        made = activate_contract(contract_id=made.pk, by=run.by, at=run.at)
    if state == "ended":
        reason = fields.get("end_reason", "")
        made = end_contract(contract_id=made.pk, on=given["ends_on"], reason=reason, by=run.by, at=run.at)
    return Taken("create", made.pk, {"account": before}, made.version)


def _update(
    contract: Contract, fields: Mapping[str, Any], given: dict[str, Any], line: dict[str, Any], run: Run
) -> Taken:
    before: dict[str, Any] = {}
    fresh = {name: value for name, value in given.items() if custom.held(contract, name) != value}
    if fresh:
        before["contract"] = {name: plain(custom.held(contract, name)) for name in fresh}
        contract = edit_contract(
            contract_id=contract.pk, expected_version=contract.version, changes=fresh, by=run.by, at=run.at
        )
    before |= _line(contract, line, run)
    state = fields.get("state")
    if state == "active" and contract.state == Contract.State.DRAFT:
        before["was"] = contract.state
        activate_contract(contract_id=contract.pk, by=run.by, at=run.at)
    elif state == "ended":
        before["was"] = contract.state
        on, reason = given.get("ends_on") or contract.ends_on, fields.get("end_reason", "")
        if on is None:
            raise Held("A contract that is over needs its last day.", field="ends_on")
        end_contract(contract_id=contract.pk, on=on, reason=reason, by=run.by, at=run.at)
    contract.refresh_from_db(fields=["version"])
    return Taken("update" if before else "same", contract.pk, before, contract.version)


def _line(contract: Contract, line: dict[str, Any], run: Run) -> dict[str, Any]:
    """Put the row's line into the contract: a line is the same by product, words and first day."""
    at = {
        "product_id": line.get("product_id"),
        "description": line.get("description", ""),
        "starts_on": line.get("starts_on", contract.starts_on),
    }
    there = contract.lines.filter(superseded_at=None, **at).order_by("recorded_at", "pk").first()
    if there is None:
        made = add_line(contract_id=contract.pk, by=run.by, at=run.at, **line)
        return {"line": str(made.pk)}
    changed = {name: value for name, value in line.items() if getattr(there, name) != value}
    if not changed:
        return {}
    made = correct_line(line_id=there.pk, changes=changed, reason="From a file", by=run.by, at=run.at)
    return {"line": str(made.pk), "replaced": str(there.pk)}


def _undo(row: Any, *, by: Actor, at: Any, expected: int | None) -> int | None:
    found = Contract.objects.visible_to(by).select_related("account").filter(pk=row.record_id).first()
    if found is None:
        raise DomainError("The contract is not here any more.")
    contract: Contract = found
    unchanged(contract.version, expected, contract.name)
    if row.action == "create":
        _withdraw(contract, row.before["account"], by=by, at=at)
        return None
    if "was" in row.before:
        raise DomainError(f"“{contract.name}” came into force or ended with this row. Change it on its page.")
    if line := SubscriptionLine.objects.filter(pk=row.before.get("line"), superseded_at=None).first():
        old = SubscriptionLine.objects.filter(pk=row.before.get("replaced")).first()
        if old is not None:
            back = {name: getattr(old, name) for name in LINE}
            correct_line(line_id=line.pk, changes=back, reason=UNDONE, by=by, at=at)
        else:
            remove_line(line_id=line.pk, reason=UNDONE, by=by, at=at)
    contract.refresh_from_db(fields=["version"])
    if said := row.before.get("contract"):
        back = {name: _stored(name, value) for name, value in said.items()}
        contract = edit_contract(contract_id=contract.pk, expected_version=contract.version, changes=back, by=by, at=at)
    return contract.version


def _stored(name: str, kept: Any) -> Any:
    """What a contract holds for what a row kept."""
    return kept if custom.is_own(name) else Contract._meta.get_field(name).to_python(kept)  # type: ignore[union-attr]


def _withdraw(contract: Contract, before: Mapping[str, Any], *, by: Actor, at: Any) -> None:
    """As if it had never come; only while nobody said anything about its renewal."""
    said = contract.renewals.exclude(state=Renewal.State.OPEN, status="", category="", likelihood=None)
    if contract.state == Contract.State.ACTIVE and said.exists():
        raise DomainError(f"Somebody worked on the renewal of “{contract.name}”. It stays as it is.")
    for line in contract.lines.filter(superseded_at=None):
        remove_line(line_id=line.pk, reason=UNDONE, by=by, at=at)
    account = Account.objects.select_for_update(of=("self",)).get(pk=contract.account_id)
    record(ContractChanged(account.pk, contract.pk, "withdrawn", {}, UNDONE), by=by)
    contract.delete()
    if not account.contracts.exists():  # what it earned was read from its contracts
        for name, value in before.items():
            setattr(account, name, Account._meta.get_field(name).to_python(value))  # type: ignore[union-attr]
        account.save(update_fields=list(before))


def _billing(cell: Any) -> str:
    return str(one_of([(code, code) for code in BILLING], _BILLING)(cell))


CONTRACTS = Kind(
    "contracts",
    "Contracts",
    rules.EDIT_CONTRACT,
    {
        "account": ACCOUNT,
        "number": Column("Contract number", aliases=("contract number", "contract id", "contract no", "number"),
                         longest=80),
        "name": Column("Contract name", aliases=("contract", "contract name", "agreement", "name"), longest=160),
        "starts_on": Column("Contract starts", columns.read_day, ("start", "start date", "starts on", "contract start"),
                            shape="day"),
        "ends_on": Column("Contract ends", columns.read_day, ("end", "end date", "ends on", "contract end", "renewal"),
                          shape="day"),
        "currency": Column("Currency", columns.read_currency, ("currency",), hint="EUR"),
        "notice_days": Column("Notice, days", whole(3650), ("notice", "notice days", "notice period"), shape="number"),
        "auto_renews": Column("Renews by itself", yes, ("auto renew", "auto renews", "auto renewal")),
        "state": Column("State", one_of([(code, code) for code in _STATES], _STATE_WORDS), ("state", "status"),
                        hint="draft, active or ended"),
        "end_reason": Column("Why it ended", aliases=("end reason", "reason"), longest=200),
        "product": Column("Product", aliases=("product", "product code", "sku", "plan"), longest=120),
        "description": Column("Line", aliases=("line", "description", "item"), longest=200),
        "quantity": Column("Quantity", count, ("quantity", "seats", "units"), shape="number"),
        "amount": Column("Amount", columns.read_amount, ("amount", "price", "mrr", "fee", "monthly charges", "value"),
                         True, "amount"),
        "billing": Column("Billed per", _billing, ("billing", "billing period", "billed", "interval", "frequency"),
                          hint="month, quarter or year"),
        "discount": Column("Discount", _share, ("discount",), hint="10 %"),
        "recurring": Column("Paid again and again", yes, ("recurring",), hint="no: paid once"),
        "line_starts_on": Column("Line starts", columns.read_day, ("line start", "line starts on"), shape="day"),
        "line_ends_on": Column("Line ends", columns.read_day, ("line end", "line ends on"), shape="day"),
    },
    ("number", "name"),
    _undo,
    many=_take_all,
    own=custom.CONTRACT,
    hint="One row for every line; rows with the same number are one contract",
)  # fmt: skip
