"""Two accounts become one, and part again: every row that points to the one that goes is moved and remembered."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction

from accounts import rules
from accounts.events import AccountsMerged, MergeUndone
from accounts.models import Account, Assignment, DuplicatePair, Membership, Merge, RevenueMovement
from accounts.operations.accounts import EDITABLE
from accounts.operations.movements import rebuild_movements
from accounts.queries.duplicates import merged_into, pair_of
from accounts.queries.revenue_rules import finance_day
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from tenants.context import take_lock

CHOOSABLE = tuple(name for name in EDITABLE if name != "parent_id")
_UNIQUE = ("name", "key")
_OF_CONTRACTS = ("arr", "currency", "renewal_on")  # what an account with contracts takes from them
# What was found out about the one account by itself, or is made anew: it is not moved.
_STAYS: set[type[models.Model]] = {Assignment, DuplicatePair, Membership, Merge, RevenueMovement}


def connect_merging(stays: Collection[type[models.Model]]) -> None:
    """Name the tables of the floors above whose rows stay with the account that goes, as config.wiring has them."""
    _STAYS.update(stays)


def default_choice(kept: Account, gone: Account) -> set[str]:
    """The fields that only the one that goes can tell."""
    return {name for name in CHOOSABLE if getattr(kept, name) in (None, "") and getattr(gone, name) not in (None, "")}


@transaction.atomic
def merge_accounts(
    *, kept_id: UUID, gone_id: UUID, take: Collection[str], versions: tuple[int, int], by: Actor, at: datetime
) -> Merge:
    """Make `gone` part of `kept`: rows move, the fields in `take` are taken from it, and it is archived.

    What cannot move because the kept account has its own (the same KPI in the same month) stays and is listed.
    versions: of both, as the person saw them. Emits AccountsMerged for both.
    Raises Conflict, DomainError, PermissionDenied, Account.DoesNotExist.
    """
    require(by, rules.MERGE)
    kept, gone = _both(kept_id, gone_id, by)
    if (kept.version, gone.version) != versions:
        raise Conflict("Somebody changed one of these accounts since you opened them. Look at them again.")
    if kept.archived_at or gone.archived_at:
        raise DomainError("One of them is archived. Bring it back first.")
    parent_id = _free_parent(kept, gone)
    plan = _Plan.of(kept, gone)
    plan.move()
    fields = _take(kept, gone, take, parent_id, at)
    _follow_contracts(kept, gone, fields, at)
    moved = {"moved": _filled(plan.moving), "stayed": _filled(plan.staying)}
    merge: Merge = Merge.objects.create(
        kept=kept, gone=gone, moved=_plain(moved), fields=fields, at=at, by_label=by.label[:160]
    )
    _mark(kept, gone, DuplicatePair.State.MERGED, by.label[:160], at)
    _tell(AccountsMerged, merge, plan.rows, by)
    return merge


@transaction.atomic
def undo_merge(*, merge_id: UUID, by: Actor, at: datetime) -> Merge:
    """Part two accounts: every row that was moved goes back, and every field that nobody has changed since.

    A second time nothing happens. Emits MergeUndone for both. Raises DomainError when one of them was merged
    again or a name is taken by now, PermissionDenied, Merge.DoesNotExist.
    """
    require(by, rules.MERGE)
    merge: Merge = Merge.objects.select_for_update(of=("self",)).get(pk=merge_id)
    kept, gone = _both(merge.kept_id, merge.gone_id, by)
    if merge.undone_at:
        return merge
    if later := merged_into(kept.pk):
        raise DomainError(f"“{kept.name}” was merged into “{later.kept.name}” since. Undo that first.")
    tables = _tables()
    rows, back = 0, _going_back(kept, gone, merge.fields)
    try:
        with transaction.atomic():
            for label, ids in merge.moved["moved"].items():
                model, name = tables[label]
                rows += model.objects.filter(pk__in=ids, **{name: kept.pk}).update(**{name: gone.pk})
            rebuild_movements(account_ids=[kept.pk, gone.pk], on=finance_day(at))
            kept.refresh_from_db()
            gone.refresh_from_db()
            _save(kept, gone, back)
    except IntegrityError as error:
        raise DomainError(
            "What was merged cannot be parted: something of the same name or for the same day is there by now."
        ) from error
    merge.undone_at, merge.undone_by = at, by.label[:160]
    merge.save(update_fields=["undone_at", "undone_by"])
    _mark(kept, gone, DuplicatePair.State.OPEN, "", None)
    _tell(MergeUndone, merge, rows, by)
    return merge


def _both(kept_id: UUID, gone_id: UUID, by: Actor) -> tuple[Account, Account]:
    """Both accounts, locked in one order so that two merges do not wait for each other."""
    if kept_id == gone_id:
        raise DomainError("An account cannot be merged with itself.")
    take_lock("account parents")
    seen = Account.objects.visible_to(by).select_for_update(of=("self",)).order_by("pk")
    found = {account.pk: account for account in seen.filter(pk__in=[kept_id, gone_id])}
    if len(found) < 2:
        raise Account.DoesNotExist
    return found[kept_id], found[gone_id]


def _free_parent(kept: Account, gone: Account) -> UUID | None:
    """The kept account's parent after the merge. Raises DomainError when it is deeper below the one that goes."""
    if kept.parent_id == gone.pk:
        return gone.parent_id
    above = dict(Account.objects.exclude(parent=None).values_list("pk", "parent_id"))
    higher, seen = kept.parent_id, set()
    while higher is not None and higher not in seen:
        if higher == gone.pk:
            raise DomainError(f"“{kept.name}” is further below “{gone.name}”. Keep “{gone.name}” instead.")
        seen.add(higher)
        higher = above.get(higher)
    return kept.parent_id


def _tables() -> dict[str, tuple[Any, str]]:
    """Everything that points to an account and can move: "app.Model.field" -> model, column."""
    return {
        f"{relation.related_model._meta.label}.{relation.field.name}": (relation.related_model, relation.field.attname)
        for relation in Account._meta.related_objects
        if not relation.field.unique and relation.related_model not in _STAYS  # one row an account: made anew
    }


@dataclass
class _Plan:
    """Which rows move and which stay, with why. Keys as in `_tables`."""

    kept: Account
    gone: Account
    moving: dict[str, list[Any]] = field(default_factory=dict)
    staying: dict[str, list[list[Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Account, gone: Account) -> "_Plan":
        plan = cls(kept, gone)
        for label, (model, name) in _tables().items():
            rows = model.objects.filter(**{name: gone.pk})
            ids = set(rows.exclude(pk=kept.pk).values_list("pk", flat=True))
            clashing = set(_clashing(model, name, kept, gone)) & ids if ids else set()
            plan.moving[label] = sorted(ids - clashing, key=str)
            plan.staying[label] = [[pk, "the kept account has its own"] for pk in sorted(clashing, key=str)]
        plan._follow()
        return plan

    @property
    def rows(self) -> int:
        return sum(map(len, self.moving.values()))

    def _follow(self) -> None:
        """What belongs to a row that stays, stays with it: the steps of a run, for example."""
        tables, more = _tables(), True
        while more:
            more = False
            staying: dict[type[Any], set[Any]] = {}
            for label, rows in self.staying.items():
                staying.setdefault(tables[label][0], set()).update(pk for pk, _ in rows)
            for label, pk, owner in list(self._belonging(tables, staying)):
                self.moving[label].remove(pk)
                self.staying[label].append([pk, f"belongs to a {owner} that stays"])
                more = True

    def _belonging(
        self, tables: Mapping[str, tuple[Any, str]], staying: Mapping[type[Any], set[Any]]
    ) -> Iterator[tuple[str, Any, str]]:
        for label, (model, _) in tables.items():
            told: set[Any] = set()
            for link in model._meta.concrete_fields:
                other: Any = link.related_model if link.is_relation else None
                there = staying.get(other) if other is not model else None
                if there and self.moving[label]:
                    rows = model.objects.filter(pk__in=self.moving[label], **{f"{link.attname}__in": there})
                    for pk in set(rows.values_list("pk", flat=True)) - told:
                        told.add(pk)
                        yield label, pk, str(other._meta.verbose_name)

    def move(self) -> None:
        for label, (model, name) in _tables().items():
            if self.moving[label]:
                model.objects.filter(pk__in=self.moving[label]).update(**{name: self.kept.pk})


def _clashing(model: Any, name: str, kept: Account, gone: Account) -> Iterator[Any]:
    """Rows of the one that goes for which the kept account has one that may be there only once.

    Of values that are superseded, never overwritten, the history stays with the value.
    """
    column = model._meta.get_field(name.removesuffix("_id")).name
    for rule in model._meta.constraints:
        if not isinstance(rule, models.UniqueConstraint) or column not in rule.fields:
            continue
        others = [other for other in rule.fields if other != column]
        counting = rule.condition or models.Q()
        there = set(model.objects.filter(counting, **{name: kept.pk}).values_list(*others))
        mine = model.objects.filter(**{name: gone.pk})
        if "superseded_at" not in str(counting):
            mine = mine.filter(counting)
        yield from (pk for pk, *key in mine.values_list("pk", *others) if tuple(key) in there)


def _take(kept: Account, gone: Account, take: Collection[str], parent_id: UUID | None, at: datetime) -> dict[str, Any]:
    """Change both accounts; returns {"kept"|"gone": {field: [before, after]}}, in plain values. Unique fields are
    swapped."""
    if unknown := set(take) - set(CHOOSABLE):
        raise DomainError(f"Not fields that can be chosen: {', '.join(sorted(unknown))}.")
    changes: dict[str, dict[str, Any]] = {"kept": {}, "gone": {"archived_at": at}}
    for name in sorted(take):
        changes["kept"][name] = getattr(gone, name)
        if name in _UNIQUE:
            changes["gone"][name] = getattr(kept, name)
    changes["kept"]["parent_id"] = parent_id
    changes["kept"]["custom"] = {**gone.custom, **kept.custom}
    sides = {"kept": kept, "gone": gone}
    noted = {
        side: {n: [getattr(sides[side], n), v] for n, v in fields.items() if getattr(sides[side], n) != v}
        for side, fields in changes.items()
    }
    _save(kept, gone, {side: {n: after for n, (_, after) in fields.items()} for side, fields in noted.items()})
    plain: dict[str, Any] = _plain(noted)
    return plain


def _follow_contracts(kept: Account, gone: Account, noted: dict[str, Any], at: datetime) -> None:
    """Contracts moved, so movements and what is read from them follow; noted with the other fields."""
    before = {side: {n: getattr(one, n) for n in _OF_CONTRACTS} for side, one in (("kept", kept), ("gone", gone))}
    rebuild_movements(account_ids=[kept.pk, gone.pk], on=finance_day(at))
    for side, account in (("kept", kept), ("gone", gone)):
        account.refresh_from_db()
        for name in _OF_CONTRACTS:
            first = noted[side][name][0] if name in noted[side] else _plain(before[side][name])
            now_there = _plain(getattr(account, name))
            if first != now_there:
                noted[side][name] = [first, now_there]


def _going_back(kept: Account, gone: Account, noted: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Fields as they were before the merge, but for those of the kept account that somebody has changed since."""
    back: dict[str, dict[str, Any]] = {}
    for side, account in (("kept", kept), ("gone", gone)):
        now_there = _plain({name: getattr(account, name) for name in noted[side]})
        back[side] = {
            name: _read(name, before)
            for name, (before, after) in noted[side].items()
            if side == "gone" or now_there[name] == after
        }
    return back


def _read(name: str, plain: Any) -> Any:
    column: Any = Account._meta.get_field(name)
    return column.to_python(plain)


def _save(kept: Account, gone: Account, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Both accounts with their new fields and a new version; unique ones are freed first, so that they can change
    places."""
    if any(name in changes["gone"] for name in _UNIQUE):
        Account.objects.filter(pk=gone.pk).update(name=f"{gone.pk}", key=None)
    for side, account in (("kept", kept), ("gone", gone)):
        for name, value in changes[side].items():
            setattr(account, name, value)
        account.version += 1
    kept.save()
    gone.save()


def _filled(rows: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {label: found for label, found in rows.items() if found}


def _plain(value: Any) -> Any:
    """As the database gives it back: ids, days and amounts as text."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def _mark(kept: Account, gone: Account, state: str, who: str, at: datetime | None) -> None:
    first, second = pair_of(kept.pk, gone.pk)
    pairs = DuplicatePair.objects.filter(first_id=first, second_id=second)
    pairs.update(state=state, decided_at=at, decided_by=who)


def _tell(event: type[AccountsMerged] | type[MergeUndone], merge: Merge, rows: int, by: Actor) -> None:
    record(event(merge.kept_id, merge.pk, merge.gone_id, True, rows), by=by)
    record(event(merge.gone_id, merge.pk, merge.kept_id, False, rows), by=by)
