"""What needs somebody, across accounts and kinds of thing: one list over the sources that the wiring names."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Count,
    DateField,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat

from accounts.models import Account
from accounts.models.work import Snooze
from core.actor import Actor
from core.http import Page, keyset_union
from users.models import User

FAR = date(9999, 12, 31)
SOON = timedelta(days=7)
# Why something is on the list: rank -> code in the address, heading. The list goes by rank, then by day.
REASONS: dict[int, tuple[str, str]] = {
    1: ("overdue", "Overdue"),
    2: ("today", "Today"),
    3: ("mention", "Somebody named you"),
    4: ("decision", "Waits for a decision"),
    5: ("soon", "Next 7 days"),
    6: ("data", "Data is missing"),
    7: ("later", "Later"),
    8: ("undated", "Without a date"),
}
RANKS = {code: rank for rank, (code, _) in REASONS.items()}
MENTION, DECISION, DATA = RANKS["mention"], RANKS["decision"], RANKS["data"]
PRIORITIES = {1: "High", 2: "Normal", 3: "Low"}
ORDER = ("w_rank", "w_due", "w_priority", "w_id")
COLUMNS = (
    "w_kind", "w_id", "w_rank", "w_due", "w_priority", "w_owner", "w_account", "w_title", "w_why", "w_url", "w_version",
    "w_until", "w_because",
)  # fmt: skip
VIEWS = {"mine": "Mine", "team": "My team", "unowned": "Nobody's", "all": "All", "snoozed": "Put away"}


@dataclass(frozen=True)
class Source:
    """One kind of work. find(by=, on=) gives its rows with the annotations of `columns`.

    done: name of the address that finishes one, taking its id; permission: who may. parts: ids of the page's events.
    """

    kind: str
    label: str
    icon: str
    find: Callable[..., QuerySet[Any]]
    done: str = ""
    done_words: str = "Done"
    permission: str = ""


_SOURCES: list[Source] = []


def connect_work(sources: Sequence[Source]) -> None:
    """Called once by config.connections with config.wiring.WORK."""
    _SOURCES[:] = sources


def sources() -> list[Source]:
    return list(_SOURCES)


def source_of(kind: str) -> Source | None:
    return next((one for one in _SOURCES if one.kind == kind), None)


def day_rank(due: str, on: date) -> Case:
    """The rank of something by the day in column `due`."""
    return Case(
        When(**{f"{due}__lt": on}, then=Value(RANKS["overdue"])),
        When(**{due: on}, then=Value(RANKS["today"])),
        When(**{f"{due}__lte": on + SOON}, then=Value(RANKS["soon"])),
        When(**{f"{due}__isnull": True}, then=Value(RANKS["undated"])),
        default=Value(RANKS["later"]),
        output_field=IntegerField(),
    )


def columns(
    rows: QuerySet[Any], kind: str, *, rank: Any, title: Any, url: Any, due: Any = None, priority: Any = 2,
    owner: Any = None, account: Any = None, why: Any = "", version: Any = 0, until: Any = None, because: Any = None,
    key: str = "pk",
) -> QuerySet[Any]:  # fmt: skip
    """The rows of a source as the list wants them; plain values are taken as they are, F() and the like as columns.

    until, because: where the row keeps its own snooze; else the table of snoozes is asked.
    """
    put_off = Snooze.objects.filter(kind=kind, subject_id=OuterRef(key))
    snoozed = until if until is not None else Subquery(put_off.values("until")[:1])
    reason = because if because is not None else Subquery(put_off.values("reason")[:1])
    return rows.annotate(
        w_kind=_as(Value(kind), CharField()),
        w_id=_as(F(key), UUIDField()),
        w_rank=_as(rank, IntegerField()),
        w_due=Coalesce(_as(due, DateField()), _as(FAR, DateField()), output_field=DateField()),
        w_priority=_as(priority, IntegerField()),
        w_owner=_as(owner, UUIDField()),
        w_account=_as(account, UUIDField()),
        w_title=_as(title, CharField()),
        w_why=_as(why, CharField()),
        w_url=_as(url, CharField()),
        w_version=_as(version, IntegerField()),
        w_until=_as(snoozed, DateField()),
        w_because=Coalesce(_as(reason, CharField()), Value(""), output_field=CharField()),
    )


def address(before: str, key: str = "pk", after: str = "/") -> Any:
    """'/tasks/<id>/' as a column."""
    return Concat(Value(before), Cast(key, CharField()), Value(after), output_field=CharField())


def _as(value: Any, kind: Any) -> Any:
    """An expression of one type; a union wants the same types from every table, also where there is only None."""
    return Cast(value if hasattr(value, "resolve_expression") else Value(value), kind)


@dataclass(frozen=True)
class Asked:
    """What the address asks for. view: one of VIEWS; empty strings and None narrow nothing."""

    view: str = "mine"
    kind: str = ""
    reason: str = ""
    priority: int | None = None
    owner: UUID | None = None
    account: UUID | None = None


@dataclass(frozen=True)
class Item:
    """One thing that needs somebody. due None: no day. snoozed_until lies ahead for what is put away."""

    source: Source
    id: UUID
    reason: str
    title: str
    why: str
    due: date | None
    priority: int
    owner_id: UUID | None
    owner: str
    account_id: UUID | None
    account: str
    sample: bool
    url: str
    version: int
    snoozed_until: date | None
    snooze_reason: str

    @property
    def kind(self) -> str:
        return self.source.kind

    @property
    def reason_label(self) -> str:
        return REASONS[RANKS[self.reason]][1]


@dataclass(frozen=True)
class Group:
    """Items under one heading."""

    code: str
    label: str
    items: list[Item]


@dataclass
class Counts:
    """How much is in each view (awake, but for `snoozed`), and of the view that is shown by kind and by reason."""

    views: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VIEWS, 0))
    kinds: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def mine(self) -> int:
        return self.views["mine"]

    @property
    def overdue(self) -> int:
        return self.reasons.get("overdue", 0)


def led_by(by: Actor) -> list[UUID]:
    """The people of the teams that `by` leads, without `by`."""
    from_teams = User.objects.filter(memberships__team__lead_id=by.user_id, memberships__team__archived_at=None)
    return list(from_teams.exclude(pk=by.user_id).distinct().values_list("pk", flat=True)) if by.user_id else []


def work_page(
    asked: Asked, *, by: Actor, on: date, team: Sequence[UUID], size: int, after: str = "", before: str = ""
) -> Page[Item]:
    """One page of the list. Three queries."""
    found = [_narrowed(source.find(by=by, on=on), asked, by, on, team) for source in _asked_sources(asked)]
    page = keyset_union(found, COLUMNS, ORDER, size=size, after=after, before=before)
    return Page(_items(page.rows, on), page.after, page.before)


def work_counts(asked: Asked, *, by: Actor, on: date, team: Sequence[UUID]) -> Counts:
    """One query for each source."""
    counts = Counts()
    awake = Q(w_until=None) | Q(w_until__lte=on)
    within = {name: _whose(name, by, team) & (~awake if name == "snoozed" else awake) for name in VIEWS}
    shown = within[asked.view] if asked.owner is None else Q(w_owner=asked.owner) & awake
    if asked.account is not None:
        shown &= Q(w_account=asked.account)
    for source in _SOURCES:
        rows = source.find(by=by, on=on).order_by().values("w_rank")
        sums = {f"n_{name}": Count("pk", filter=condition) for name, condition in within.items()}
        for row in rows.annotate(n_shown=Count("pk", filter=shown), **sums):
            for name in VIEWS:
                counts.views[name] += row[f"n_{name}"]
            if row["n_shown"]:
                code = REASONS[row["w_rank"]][0]
                counts.kinds[source.kind] = counts.kinds.get(source.kind, 0) + row["n_shown"]
                counts.reasons[code] = counts.reasons.get(code, 0) + row["n_shown"]
    return counts


def one_item(kind: str, item_id: UUID, *, by: Actor, on: date) -> Item | None:
    """One thing of the list, put away or not; None when there is no such thing for `by`."""
    source = source_of(kind)
    rows = source.find(by=by, on=on).filter(w_id=item_id).values(*COLUMNS)[:1] if source else []
    found = _items(list(rows), on)
    return found[0] if found else None


def by_reason(items: Iterable[Item]) -> list[Group]:
    """Items in the order of the list, cut at its headings."""
    groups: list[Group] = []
    for item in items:
        if not groups or groups[-1].code != item.reason:
            groups.append(Group(item.reason, item.reason_label, []))
        groups[-1].items.append(item)
    return groups


def _asked_sources(asked: Asked) -> list[Source]:
    return [one for one in _SOURCES if not asked.kind or one.kind == asked.kind]


def _whose(view: str, by: Actor, team: Sequence[UUID]) -> Q:
    if view == "team":
        return Q(w_owner__in=list(team))
    if view == "unowned":
        return Q(w_owner=None)
    if view == "snoozed":  # of everything one answers for
        return Q(w_owner=by.user_id) | Q(w_owner__in=list(team)) | Q(w_owner=None)
    return Q() if view == "all" else Q(w_owner=by.user_id)


def _narrowed(rows: QuerySet[Any], asked: Asked, by: Actor, on: date, team: Sequence[UUID]) -> QuerySet[Any]:
    awake = Q(w_until=None) | Q(w_until__lte=on)
    rows = rows.filter(~awake if asked.view == "snoozed" else awake)
    rows = rows.filter(Q(w_owner=asked.owner) if asked.owner else _whose(asked.view, by, team))
    if asked.reason:
        rows = rows.filter(w_rank=RANKS[asked.reason])
    if asked.priority:
        rows = rows.filter(w_priority=asked.priority)
    return rows.filter(w_account=asked.account) if asked.account else rows


def _items(rows: Sequence[dict[str, Any]], on: date) -> list[Item]:
    people = {one.pk: str(one) for one in User.objects.filter(pk__in={row["w_owner"] for row in rows} - {None})}
    ids = {row["w_account"] for row in rows} - {None}
    accounts = {one.pk: one for one in Account.objects.filter(pk__in=ids).only("name", "sample")}
    known = {one.kind: one for one in _SOURCES}
    return [
        Item(
            source=known[row["w_kind"]], id=row["w_id"], reason=REASONS[row["w_rank"]][0], title=row["w_title"],
            why=row["w_why"], due=None if row["w_due"] == FAR else row["w_due"], priority=row["w_priority"],
            owner_id=row["w_owner"], owner=people.get(row["w_owner"], ""), account_id=row["w_account"],
            account=accounts[row["w_account"]].name if row["w_account"] in accounts else "",
            sample=row["w_account"] in accounts and accounts[row["w_account"]].sample, url=row["w_url"],
            version=row["w_version"],
            snoozed_until=row["w_until"] if row["w_until"] and row["w_until"] > on else None,
            snooze_reason=row["w_because"] if row["w_until"] and row["w_until"] > on else "",
        )
        for row in rows
    ]  # fmt: skip
