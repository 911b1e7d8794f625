"""An account as it stood on a past day, and its way through the stages, from the trail."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.utils.timezone import get_current_timezone, localdate, make_aware

from accounts.as_of import Change, Then, alike, value_at
from accounts.conditions.fields import Kind
from accounts.models import Account, Activity, Outcome
from accounts.queries.custom import own_values
from core.actor import Actor
from core.models import Entry
from core.templatetags import formats
from users.models import User

LABELS = {
    "name": "Name",
    "key": "Number",
    "owner_id": "Owner",
    "tier": "Tier",
    "industry": "Industry",
    "region": "Region",
    "stage": "Stage",
    "arr": "ARR",
    "currency": "Currency",
    "renewal_on": "Next renewal",
    "customer_since": "Customer since",
    "parent_id": "Parent account",
    "roll_up_method": "Health of the accounts below it",
    "archived": "Archived",
}
CHANGING = ("accounts.account_edited", "accounts.account_imported", "accounts.account_archived")


@dataclass(frozen=True)
class Line:
    """One field: what it said then and says now, in words; known False: the trail cannot say. last: who changed it last
    before, None when nobody had."""

    name: str
    label: str
    known: bool
    then: str
    now: str
    differs: bool
    last: Change | None


def changes_of(account_id: UUID) -> dict[str, list[Change]]:
    """Field -> its changes, oldest first. One query. The caller has made sure that the person sees the account."""
    found: dict[str, list[Change]] = defaultdict(list)
    for entry in Entry.objects.filter(account_id=account_id, event__in=CHANGING).order_by("seq"):
        if entry.event == "accounts.account_archived":
            gone = not entry.data.get("restored")
            found["archived"].append(Change(entry.at, entry.actor_label, not gone, gone))
        for name, (old, new) in entry.data.get("changes", {}).items():
            found[name].append(Change(entry.at, entry.actor_label, old, new))
    return dict(found)


def end_of(day: date) -> datetime:
    """The last moment of a day where the reader is."""
    return make_aware(datetime.combine(day, time.max), get_current_timezone())


def account_as_of(account: Account, *, on: date, by: Actor) -> list[Line]:
    """Every field that `by` may see as it stood at the end of a day. The account was here by then."""
    changes, moment = changes_of(account.pk), end_of(on)
    own = {one.name: one for one in own_values(account, by=by)}
    now: dict[str, Any] = {name: getattr(account, name) for name in LABELS if name != "archived"}
    now |= {"archived": account.archived_at is not None} | {name: one.value for name, one in own.items()}
    then = {name: value_at(moment, changes.get(name, []), plain(value)) for name, value in now.items()}
    words = _Words.of([*(one.value for one in then.values()), *map(plain, now.values())], by)
    lines = []
    for name, value in now.items():
        kind = own[name].field.kind if name in own else ""
        label = own[name].field.label if name in own else LABELS[name]
        lines.append(_line(name, label, then[name], plain(value), words, kind))
    return lines


def plain(value: Any) -> Any:
    """As the trail keeps it."""
    return value if value is None or isinstance(value, bool | str) else str(value)


def _line(name: str, label: str, then: Then, now: Any, words: "_Words", kind: str) -> Line:
    said = words.say(name, then.value, kind) if then.known else formats.UNKNOWN
    differs = then.known and not alike(then.value, now)
    return Line(name, label, then.known, said, words.say(name, now, kind), differs, then.last)


@dataclass(frozen=True)
class _Words:
    """Names of the people and of the accounts that the reader sees, by id as text."""

    people: Mapping[str, str]
    accounts: Mapping[str, str]

    @classmethod
    def of(cls, values: Iterable[Any], by: Actor) -> "_Words":
        ids = {found for value in values if isinstance(value, str) and (found := _uuid(value))}
        people = {str(one.pk): str(one) for one in User.objects.filter(pk__in=ids)}
        seen = Account.objects.visible_to(by).filter(pk__in=ids).values_list("pk", "name")
        return cls(people, {str(pk): name for pk, name in seen})

    def say(self, name: str, value: Any, kind: str) -> str:
        if value in (None, ""):
            return "nothing"
        if isinstance(value, bool) or kind == Kind.YES:
            return "yes" if value else "no"
        if name == "owner_id":
            return self.people.get(str(value), "somebody who is not here")
        if name == "parent_id":
            return self.accounts.get(str(value), "another account")
        if name == "stage":
            return Account(stage=value).stage_label
        if name == "roll_up_method" and value in Account.RollUp.values:
            return str(Account.RollUp(value).label)
        if name in ("renewal_on", "customer_since") or kind == Kind.DATE:
            return formats.day(date.fromisoformat(value))
        return str(value)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Stay:
    """Time in one stage; label "Unknown" where the trail cannot say. until None: it goes on. share: per mille of the
    whole way."""

    stage: str
    label: str
    since: date
    until: date | None
    days: int
    start: str  # as place of a Mark
    share: str


@dataclass(frozen=True)
class Mark:
    """A key event on the way. place: per mille of the whole way, as a drawing takes it."""

    on: date
    text: str
    tone: str
    place: str


@dataclass(frozen=True)
class Journey:
    stays: list[Stay]
    marks: list[Mark]


def journey(account: Account, *, today: date) -> Journey:
    """The stages of an account with the days in each since it was added here, and what happened on the way."""
    began = localdate(account.created_at)
    whole = max((today - began).days, 1)
    stays = _stays(account, began, today, whole)

    def place(day: date) -> str:
        return f"{min(max((day - began).days / whole, 0), 0.997) * 1000:.1f}"

    found = [*_outcomes(account.pk), *_happened(account.pk), *_meetings(account.pk, account.created_at)]
    marks = [Mark(day, text, tone, place(day)) for day, text, tone in sorted(found, key=lambda one: one[0])]
    return Journey(stays, marks)


def _stays(account: Account, began: date, today: date, whole: int) -> list[Stay]:
    changes = changes_of(account.pk).get("stage", [])
    first = changes[0].old if changes else account.stage
    turns: list[tuple[date, Any]] = [(began, first or "")]
    for number, change in enumerate(changes):
        said = changes[number + 1].old if number + 1 < len(changes) else account.stage
        turns.append((max(localdate(change.at), began), change.new if alike(change.new, said) else None))
    stays = []
    for (since, stage), until in zip(turns, [*(turn[0] for turn in turns[1:]), None], strict=True):
        days = ((until or today) - since).days
        if until == since:
            continue  # put right on the same day
        label = "Unknown" if stage is None else (Account(stage=stage).stage_label or "Not said")
        start, share = (since - began).days / whole * 1000, max(days / whole * 1000, 2) if today > began else 1000
        stays.append(Stay(stage or "", label, since, until, days, f"{start:.1f}", f"{share:.1f}"))
    return stays


def _outcomes(account_id: UUID) -> list[tuple[date, str, str]]:
    tones = {"churned": "bad", "contracted": "warn"}
    found = Outcome.objects.filter(account_id=account_id, withdrawn_at=None).order_by("-on")[:50]
    return [(one.on, one.get_kind_display(), tones.get(one.kind, "good")) for one in found]


def _meetings(account_id: UUID, since: datetime) -> list[tuple[date, str, str]]:
    """Where people met; the newest fifty."""
    found = Activity.objects.filter(account_id=account_id, kind=Activity.Kind.MEETING, removed_at=None)
    newest = found.filter(happened_at__gte=since).order_by("-happened_at")[:50]
    return [(localdate(one.happened_at), f"Meeting: {one.subject}", "info") for one in newest]


BANDS = {"green": ("healthy", "good"), "yellow": ("watch", "warn"), "red": ("at risk", "bad")}
HAPPENING = ("kpis.health_changed", "playbooks.run_started", "playbooks.run_finished")
MOST_HAPPENINGS = 500


def _happened(account_id: UUID) -> list[tuple[date, str, str]]:
    """Playbooks begun and ended, and the days on which health went into another band."""
    entries = Entry.objects.filter(account_id=account_id, event__in=HAPPENING).order_by("-seq")[:MOST_HAPPENINGS]
    found, band = [], ""
    for entry in reversed(list(entries)):
        day = localdate(entry.at)
        if entry.event != "kpis.health_changed":
            playbook = str(entry.data.get("playbook", "playbook")).replace("-", " ")
            verb = "started" if entry.event.endswith("started") else "ended"
            found.append((day, f"Playbook {playbook} {verb}", "info"))
        elif entry.data["band"] != band:
            band = entry.data["band"]
            words, tone = BANDS.get(band, ("unknown", ""))
            found.append((day, f"Health became {words}", tone))
    return found


def day_before(today: date) -> date:
    """Where the page begins when no day is named: a month ago."""
    return today - timedelta(days=30)
