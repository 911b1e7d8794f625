"""What a change of many accounts did."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from accounts import custom
from accounts.models import Account, BulkChange, BulkRow
from accounts.queries.custom import fields_seen
from core.actor import Actor
from users.models import User

LABELS = {
    "owner_id": "Owner", "tier": "Tier", "industry": "Industry", "region": "Region", "stage": "Stage", "arr": "ARR",
    "archived_at": "Archived",
    "currency": "Currency", "renewal_on": "Renewal", "customer_since": "Customer since",
}  # fmt: skip
PASTED = "Pasted cells"  # what a change is called whose rows differ


def said(
    values: Mapping[str, str | None], people: Mapping[str, str] | None = None, *, own: Mapping[str, str] | None = None
) -> str:
    """field -> value as text, in words: "Owner: Mona". people: what names_of() found; own: what labels_of() found, of
    other own fields nothing is said but that they are there."""
    people = names_of([values]) if people is None else people
    labels = {**LABELS, **(own or {})}
    hidden = [name for name in values if custom.is_own(name) and name not in labels]
    shown = [f"{labels.get(n, n)}: {_word(n, value, people)}" for n, value in values.items() if n not in hidden]
    return ", ".join([*shown, *(["an own field"] if hidden else [])])


def labels_of(*, by: Actor) -> dict[str, str]:
    """custom.<code> -> label of the own fields of accounts that `by` may know of."""
    return {f"{custom.PREFIX}{one.code}": one.label for one in fields_seen(by=by)}


def seen_part(values: Mapping[str, Any] | None, *, own: Container[str]) -> dict[str, Any] | None:
    """Of what a change or a row holds, that which somebody may see who knows these own fields."""
    return None if values is None else {n: v for n, v in values.items() if not custom.is_own(n) or n in own}


def _word(name: str, value: str | bool | None, people: Mapping[str, str]) -> str:
    if value is False or (name == "archived_at" and not value):
        return "no"
    if not value:
        return "nothing"
    if name == "owner_id":
        return people.get(str(value), "somebody who is gone")
    if name == "stage":
        return Account(stage=str(value)).stage_label
    return "yes" if value is True else str(value)


def names_of(values: Sequence[Mapping[str, str | None]]) -> dict[str, str]:
    """Owner's id as text -> name, of many rows in one query."""
    ids = {one["owner_id"] for one in values if one.get("owner_id")}
    return {str(pk): name for pk, name in User.objects.filter(pk__in=ids).values_list("pk", "name")} if ids else {}


def rows_of(change: BulkChange, *, by: Actor, state: str = "") -> QuerySet[BulkRow]:
    """Of the accounts that `by` sees, in the order of the change; state as on the page."""
    rows: QuerySet[BulkRow] = BulkRow.objects.filter(change=change, account__in=Account.objects.visible_to(by))
    same = _same(change)
    narrowed = {
        "changed": Q(before__isnull=False) & ~same & Q(undone=False),
        "same": same,
        "failed": ~Q(error=""),
        "undone": Q(undone=True),
    }
    return rows.filter(narrowed.get(state, Q())).select_related("account")


def _same(change: BulkChange) -> Q:
    """Rows that said so already."""
    return Q(before=stored(change.changes)) if change.changes else Q(before=F("after"))


def stored(changes: Mapping[str, str]) -> dict[str, str | None]:
    """The new values as a row keeps the old ones: nobody is None, other fields are empty."""
    return {name: (value or None) if name == "owner_id" else value for name, value in changes.items()}


@dataclass(frozen=True)
class Figures:
    total: int
    changed: int
    same: int
    failed: int
    undone: int
    waiting: int


def figures(change: BulkChange) -> Figures:
    """In one query. changed counts what was changed, also if it was taken back since."""
    same = _same(change)
    found = BulkRow.objects.filter(change=change).aggregate(
        total=Count("pk"),
        changed=Count("pk", filter=Q(before__isnull=False) & ~same),
        same=Count("pk", filter=same),
        failed=Count("pk", filter=~Q(error="")),
        undone=Count("pk", filter=Q(undone=True) & ~same),
        waiting=Count("pk", filter=Q(before__isnull=True, error="")),
    )
    return Figures(**found)
