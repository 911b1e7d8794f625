"""Reads of accounts: finding one by name, the timeline, what changed since."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Account
from core.actor import Actor
from core.models import Entry

# Which page regions listen for which events of the trail.
LIVE = {
    "kpis.health_changed": "health-changed",
    "kpis.portfolio_scored": "health-changed",
    "kpis.value_corrected": "health-changed",
    "kpis.batch_imported": "upload-changed",
    "kpis.upload_finished": "upload-changed",
    "kpis.sample_added": "health-changed",
    "kpis.sample_removed": "health-changed",
    "playbooks.run_started": "run-changed",
    "playbooks.step_completed": "run-changed",
    "playbooks.run_finished": "run-changed",
    "accounts.account_created": "account-changed",
    "accounts.account_edited": "account-changed",
    "accounts.account_archived": "account-changed",
    "accounts.accounts_imported": "account-changed",
    "analytics.report_created": "report-changed",
}


def accounts_matching(text: str, *, by: Actor) -> QuerySet[Account]:
    """Active accounts whose name or number contains `text`, at most one page of them by name."""
    found = Account.objects.visible_to(by).active()
    for word in text.split()[:5]:
        found = found.filter(name__icontains=word)
    return found.order_by("name")


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


# Sentences of the timeline, by event. Only figures and codes that the entry holds.
SENTENCES = {
    "accounts.account_created": ("building-2", "Account created"),
    "accounts.account_edited": ("pencil", "Account edited"),
    "accounts.account_archived": ("archive", "Account archived"),
    "kpis.value_corrected": ("pencil-line", "KPI value corrected"),
    "kpis.health_changed": ("activity", "Health changed"),
    "playbooks.run_started": ("play", "Playbook started"),
    "playbooks.step_completed": ("circle-check", "Step completed"),
    "playbooks.run_finished": ("flag", "Playbook finished"),
    "analytics.report_created": ("file-text", "Report created"),
}


@dataclass(frozen=True)
class TimelineItem:
    """One line of an account's timeline."""

    seq: int
    at: datetime
    icon: str
    title: str
    detail: str
    who: str

    @property
    def day(self) -> date:
        return timezone.localtime(self.at).date()


def timeline_item(entry: Entry) -> TimelineItem:
    icon, title = SENTENCES.get(entry.event, ("dot", entry.event.replace(".", ": ").replace("_", " ")))
    return TimelineItem(entry.seq, entry.at, icon, title, _detail(entry.event, entry.data), entry.actor_label)


def _detail(event: str, data: dict[str, Any]) -> str:
    if event == "kpis.health_changed":
        return f"{_points(data['old'])} to {_points(data['new'])}"
    if event == "kpis.value_corrected":
        return f"{data['kpi']} {data['period'][:7]}: {data['old'] or 'nothing'} to {data['new'] or 'nothing'}. {data['reason']}"
    if event == "accounts.account_edited":
        return ", ".join(name.removesuffix("_id").replace("_", " ") for name in data["changes"])
    if event == "accounts.account_archived":
        return "restored" if data["restored"] else ""
    if event.startswith("playbooks.run"):
        return str(data["playbook"]).replace("-", " ")
    if event == "playbooks.step_completed":
        return str(data["step"]).replace("-", " ") + (" (skipped)" if data["skipped"] else "")
    return ""


def _points(hundredths: int | None) -> str:
    return "not enough data" if hundredths is None else f"{hundredths / 100:.1f}"


def entries_of(account_id: UUID) -> QuerySet[Entry]:
    """The trail of one account. The caller has made sure that the person sees the account."""
    return Entry.objects.filter(account_id=account_id)
