"""Reads of accounts: finding one by name, the timeline, what changed since."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Account, CustomObject, Outcome
from core.actor import Actor
from core.models import Entry
from users import trail

# Which page regions listen for which events of the trail.
LIVE = {
    "kpis.health_changed": "health-changed",
    "kpis.portfolio_scored": "health-changed",
    "kpis.value_corrected": "health-changed",
    "kpis.rolled_up": "health-changed",
    "kpis.indicator_opened": "indicators-changed",
    "kpis.indicator_closed": "indicators-changed",
    "kpis.exception_set": "exceptions-changed",
    "kpis.exception_withdrawn": "exceptions-changed",
    "kpis.batch_imported": "upload-changed",
    "kpis.upload_finished": "upload-changed",
    "kpis.sample_added": "account-changed",
    "kpis.sample_removed": "account-changed",
    "playbooks.run_started": "run-changed",
    "playbooks.step_completed": "run-changed",
    "playbooks.step_reopened": "run-changed",
    "playbooks.steps_handed_over": "run-changed",
    "playbooks.run_finished": "run-changed",
    "accounts.account_created": "account-changed",
    "accounts.account_edited": "account-changed",
    "accounts.account_archived": "account-changed",
    "accounts.accounts_imported": "account-changed",
    "accounts.account_assigned": "account-changed",
    "accounts.role_opened": "people-changed",
    "accounts.role_ended": "people-changed",
    "accounts.standing_changed": "people-changed",
    "accounts.champion_left": "people-changed",
    "accounts.outcome_recorded": "outcome-changed",
    "accounts.outcome_withdrawn": "outcome-changed",
    "accounts.activity_changed": "activity-changed",
    "accounts.task_changed": "task-changed",
    "accounts.work_snoozed": "task-changed",
    "accounts.comment_changed": "comment-changed",
    "accounts.document_changed": "document-changed",
    "accounts.record_changed": "record-changed",
    "analytics.report_created": "report-changed",
}

# Parts of the timeline: name in the address, label, app whose events it shows.
PARTS = {
    "": ("All", ""),
    "health": ("Health", "kpis."),
    "work": ("Work", "playbooks."),
    "account": ("Account", "accounts."),
    "reports": ("Reports", "analytics."),
}


def accounts_matching(text: str, *, by: Actor) -> QuerySet[Account]:
    """Active accounts whose name holds every word of `text`, or whose number it is; names that begin so first."""
    text = text.strip()
    words = Q()
    for word in text.split()[:5]:
        words &= Q(name__icontains=word)
    if not words:
        return Account.objects.visible_to(by).active().order_by(Lower("name"), "pk")
    first = Case(When(name__istartswith=text, then=0), default=1, output_field=IntegerField())
    found = Account.objects.visible_to(by).active().filter(words | Q(key=text))
    return found.order_by(first, Lower("name"), "pk")


def named(name: str, *, by: Actor) -> Account | None:
    """The active account of exactly this name that `by` sees; else the only one that differs in case alone."""
    seen = Account.objects.visible_to(by).active()
    exact: Account | None = seen.filter(name=name).first()
    if exact is not None:
        return exact
    alike = list(seen.filter(name__iexact=name)[:2])
    return alike[0] if len(alike) == 1 else None


_ABOVE = """
with recursive up(id, parent_id) as (
    select id, parent_id from accounts_account where id = %s
    union
    select a.id, a.parent_id from accounts_account a join up on a.id = up.parent_id
)
select id from up
"""


def above_of(account_id: UUID) -> set[UUID]:
    """An account and every account above it."""
    with connection.cursor() as cursor:
        cursor.execute(_ABOVE, [account_id])
        return {row[0] for row in cursor.fetchall()}


@dataclass(frozen=True)
class Changes:
    """What happened after `since`: trail events by the page event they wake, with the account ids."""

    seq: int
    events: dict[str, list[str]]


def changes_since(seq: int, *, by: Actor) -> Changes:
    """New entries of the trail that a page may listen to; account ids only of accounts `by` sees."""
    rows = list(Entry.objects.filter(seq__gt=seq).order_by("seq").values_list("seq", "event", "account_id")[:500])
    woken: dict[str, set[str]] = defaultdict(set)
    ids = {account for _, event, account in rows if account and event in LIVE}
    if ids and not by.sees_all:
        ids = set(Account.objects.visible_to(by).filter(pk__in=ids).values_list("pk", flat=True))
    for _, event, account in rows:
        if event in LIVE and (account is None or account in ids):
            woken[LIVE[event]].update([str(account)] if account else [])
    return Changes(rows[-1][0] if rows else seq, {name: sorted(accounts) for name, accounts in woken.items()})


def last_seq() -> int:
    """Number of the newest entry of the trail; 0 when nothing has happened yet."""
    return Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


@dataclass(frozen=True)
class TimelineItem:
    """One line of an account's timeline: what happened, more about it, by whom; `url` opens it ('' = nothing)."""

    seq: int
    at: datetime
    icon: str
    tone: str
    title: str
    detail: str
    who: str
    url: str
    activity_id: UUID | None = None  # of what a person wrote down; then kind, body and version say more
    kind: str = ""
    body: str = ""
    version: int = 0
    editable: bool = False
    people: tuple[tuple[UUID, str], ...] = ()  # who took part: id and name

    @property
    def day(self) -> date:
        """In the time zone of the reader."""
        return timezone.localtime(self.at).date()


_LINKS: dict[str, Callable[[UUID, Mapping[str, Any]], str]] = {}


def connect_links(links: Mapping[str, Callable[[UUID, Mapping[str, Any]], str]]) -> None:
    """Event -> address of what it speaks of, from the account's id and the entry's data; named in config.wiring."""
    _LINKS.update(links)


def timeline(entries: list[Entry]) -> list[TimelineItem]:
    """The entries of one account as sentences of the trail; what stands behind a colon is the detail."""
    items = []
    for line in trail.lines(entries, {}):
        entry, (title, _, detail) = line.entry, line.text.partition(": ")
        link = _LINKS.get(entry.event)
        url = link(entry.account_id, entry.data) if link and entry.account_id else ""
        items.append(TimelineItem(entry.seq, entry.at, line.icon, line.tone, title, detail, _who(entry), url))
    return items


def _who(entry: Entry) -> str:
    return "Plumbline" if entry.actor_label.startswith("system:") else entry.actor_label


def entries_of(account_id: UUID, *, by: Actor | None, part: str = "") -> QuerySet[Entry]:
    """The trail of one account, or one part of it. The caller has made sure that the person sees the account; by None:
    it goes to anybody."""
    found = known_to(Entry.objects.filter(account_id=account_id), by=by)
    _, app = PARTS.get(part, PARTS[""])
    return found.filter(event__startswith=app) if app else found


def known_to(entries: QuerySet[Entry], *, by: Actor | None) -> QuerySet[Entry]:
    """Without what happened to records of own objects that `by` may not know of."""
    known = CustomObject.objects.filter(view_roles=[]) if by is None else CustomObject.objects.visible_to(by)
    same = CustomObject.objects.filter(code=KeyTextTransform("code", OuterRef("data")))
    secret = same.exclude(pk__in=known.values("pk"))
    return entries.exclude(Q(event="accounts.record_changed") & Exists(secret))


def outcomes_of(account_id: UUID) -> QuerySet[Outcome]:
    """What counts of what was recorded, newest first. The caller has made sure that the person sees the account."""
    return Outcome.objects.filter(account_id=account_id, withdrawn_at=None).order_by("-on", "kind")


def last_edit(account_id: UUID) -> Entry | None:
    """The newest edit of an account, for whoever was about to overwrite it."""
    return Entry.objects.filter(account_id=account_id, event="accounts.account_edited").order_by("-seq").first()
