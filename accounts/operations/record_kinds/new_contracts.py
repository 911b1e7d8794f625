"""Rows that plainly make a contract of their own: hundreds at once, with one pass over their accounts' movements.

What is refused or said differently one by one is left to the operations of contracts; see `accounts...contracts`.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from accounts import custom, rules
from accounts.events import ContractChanged
from accounts.models import Account, Contract, Product, SubscriptionLine
from accounts.operations.movements import rebuild_movements
from accounts.operations.record_kinds.shape import Run, Taken, plain
from accounts.operations.renewals import follow_contract
from accounts.queries.revenue_rules import rules_in_force
from core.audit import record_many
from core.rules import require

OF_ACCOUNT = ("arr", "currency", "renewal_on")  # what an account takes from its contracts


@dataclass(frozen=True)
class Parts:
    """A row in its parts. given: fields of the contract; line: of its line; title: what it is called without a name."""

    account: str
    given: dict[str, Any]
    line: dict[str, Any]
    title: str
    state: str


def take_new(rows: Sequence[Parts], key: str, run: Run) -> dict[int, Taken]:
    """Position of the row -> what it did, for those that could be taken here."""
    accounts = _accounts(rows, run)
    meant = [(accounts[row.account].pk if row.account in accounts else None, row.given.get(key)) for row in rows]
    counted = Counter(meant)
    there = _there(accounts, key)
    fresh: dict[int, tuple[Contract, SubscriptionLine]] = {}
    for at, row in enumerate(rows):
        account = accounts.get(row.account)
        if account is None or counted[meant[at]] > 1 or meant[at] in there or not _plain_enough(row):
            continue
        try:
            require(run.by, rules.EDIT_CONTRACT, account)
        except PermissionDenied:
            continue
        made = _made(account, row, run)
        if made:
            fresh[at] = made
    said: dict[UUID, set[str]] = {}
    for row in rows:
        if account := accounts.get(row.account):
            said.setdefault(account.pk, set()).add(row.given.get("currency", account.currency))
    fresh = {at: pair for at, pair in fresh.items() if _one_currency(pair[0], said[pair[0].account_id])}
    return _save(fresh, run) if fresh else {}


def _accounts(rows: Sequence[Parts], run: Run) -> dict[str, Account]:
    """What the file calls them -> the accounts that are there under exactly that number or name."""
    texts = {row.account for row in rows}
    seen = Account.objects.visible_to(run.by).active().filter(Q(key__in=texts) | Q(name__in=texts))
    found = list(seen.order_by("pk").select_for_update(of=("self",)))
    return {one.name: one for one in found} | {one.key: one for one in found if one.key}


def _there(accounts: Mapping[str, Account], key: str) -> set[tuple[UUID, Any]]:
    known = Contract.objects.filter(account__in={one.pk for one in accounts.values()})
    return set(known.values_list("account_id", key))


def _plain_enough(row: Parts) -> bool:
    starts, ends = row.given.get("starts_on"), row.given.get("ends_on")
    begins = row.line.get("starts_on", starts)
    stops = row.line.get("ends_on")
    ordered = starts is not None and (ends is None or ends >= starts) and (stops is None or stops >= begins)
    return row.state == "active" and ordered and row.line["amount"] >= 0


def _made(account: Account, row: Parts, run: Run) -> tuple[Contract, SubscriptionLine] | None:
    given = {"currency": account.currency, **row.given}
    given["name"] = (given.get("name") or row.title)[:160]
    own = {name: given.pop(name) for name in [*given] if custom.is_own(name)}
    contract = Contract(account=account, state=Contract.State.ACTIVE, activated_at=run.at, **given)
    for name, value in own.items():
        custom.put(contract, name, value)
    line = SubscriptionLine(
        contract=contract, recorded_at=run.at, recorded_by=run.by.label[:160],
        **{"starts_on": contract.starts_on, **row.line},
    )  # fmt: skip
    return (contract, line) if contract.name.strip() else None


def _one_currency(contract: Contract, said: set[str]) -> bool:
    """An account has contracts in one currency; where its rows say two, or another than before, they go one by one."""
    others = contract.account.contracts.exclude(currency=contract.currency).exclude(state=Contract.State.DRAFT)
    return said == {contract.currency} and not others.exists()


def _save(fresh: Mapping[int, tuple[Contract, SubscriptionLine]], run: Run) -> dict[int, Taken]:
    contracts = [contract for contract, _ in fresh.values()]
    before = {one.account_id: {n: plain(getattr(one.account, n)) for n in OF_ACCOUNT} for one in contracts}
    Contract.objects.bulk_create(contracts)
    SubscriptionLine.objects.bulk_create([line for _, line in fresh.values()])
    rules_now = rules_in_force()
    rebuild_movements(account_ids=list(before), on=rules_now.day(run.at), rules=rules_now, by=run.by)
    for contract in contracts:
        if contract.ends_on is not None:
            follow_contract(contract=contract, by=run.by, at=run.at)
    record_many(
        [ContractChanged(one.account_id, one.pk, "activated", {}, "From a file") for one in contracts], by=run.by
    )
    return {
        at: Taken("create", contract.pk, {"account": before[contract.account_id]}, contract.version)
        for at, (contract, _) in fresh.items()
    }


def products() -> Callable[[str], Product | None]:
    """Finds products by code or name; spaces and capitals do not count."""
    known = list(Product.objects.all())
    by_code = {_bare(one.code): one for one in known}
    by_name = {_bare(one.name): one for one in reversed(known)}
    return lambda text: by_code.get(_bare(text)) or by_name.get(_bare(text))


def _bare(text: str) -> str:
    return "".join(text.casefold().split())
