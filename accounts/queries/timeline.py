"""One list of an account by time: what people wrote down and what the product noticed."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from accounts.models import Account, Activity, Contact
from accounts.queries.accounts import PARTS, TimelineItem, entries_of, timeline
from core.actor import Actor
from core.rules import allowed

ICONS = {"call": "phone", "mail": "mail", "meeting": "users", "note": "sticky-note"}
# Parts that are kinds of activity, before the parts of the trail.
KINDS = {"people": "Notes and calls", "call": "Calls", "mail": "Mails", "meeting": "Meetings", "note": "Notes"}
ALL_PARTS = {"": "All", **KINDS, **{name: label for name, (label, _) in PARTS.items() if name}}
EPOCH, MICRO = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_WRITTEN = ("recorded", "edited")  # the activity itself stands in the list


@dataclass(frozen=True)
class Mixed:
    """A page of the timeline; `after` is the cursor of the next one, None at the end."""

    rows: list[TimelineItem]
    after: str | None


def mixed_timeline(account_id: UUID, *, part: str, after: str, size: int, by: Actor, may: str = "") -> Mixed:
    """A page of activities and trail entries of an account, newest first. Three queries however deep the page is.

    The caller has made sure that `by` sees the account. may: permission to log, which opens one's own activities.
    An unreadable cursor gives the first page.
    """
    seq, when, last = _read(after)
    noticed: list[TimelineItem] = []
    written: list[TimelineItem] = []
    if part not in KINDS:
        entries = entries_of(account_id, by=by, part=part)
        entries = entries.exclude(event="accounts.activity_changed", data__what__in=_WRITTEN)
        entries = entries.filter(seq__lt=seq) if seq is not None else entries
        noticed = timeline(list(entries.order_by("-seq")[: size + 1]))
    if part in KINDS or not part:
        editable = bool(may) and allowed(by, may)
        written = [_said(one, editable) for one in _activities(account_id, part, when, last, size + 1)]
    rows: list[TimelineItem] = []
    # Each list keeps its own order; its cursor is the last row that was taken from it.
    while (noticed or written) and len(rows) < size:
        if noticed and (not written or noticed[0].at >= written[0].at):
            rows.append(noticed.pop(0))
            seq = rows[-1].seq
        else:
            rows.append(written.pop(0))
            when, last = rows[-1].at, rows[-1].activity_id
    return Mixed(rows, _write(seq, when, last) if noticed or written else None)


def people_of(account: Account, activity: Activity | None = None) -> list[tuple[str, str]]:
    """Who of the account can have taken part, by name: those there now, and who was there then. One query."""
    there = Q(roles__account=account, roles__ends_on=None)
    if activity is not None:
        there |= Q(activities=activity)
    found = Contact.objects.filter(there, archived_at=None).distinct().order_by("name")[:60]
    return [(str(one.pk), one.name) for one in found]


def activities_with(contact_id: UUID, *, by: Actor) -> list[Activity]:
    """The newest twenty talks with somebody, at accounts that `by` sees."""
    found = Activity.objects.visible_to(by).filter(contacts=contact_id, removed_at=None).select_related("account")
    return list(found.order_by("-happened_at", "id")[:20])


def _activities(account_id: UUID, part: str, when: datetime | None, last: UUID | None, size: int) -> list[Activity]:
    found = Activity.objects.filter(account_id=account_id, removed_at=None)
    if part in Activity.Kind.values:
        found = found.filter(kind=part)
    if when is not None:
        found = found.filter(Q(happened_at__lt=when) | Q(happened_at=when, id__gt=last), happened_at__lte=when)
    return list(found.prefetch_related("contacts").order_by("-happened_at", "id")[:size])


def _said(one: Activity, may: bool) -> TimelineItem:
    minutes = f" · {one.minutes} min" if one.minutes else ""
    item = TimelineItem(0, one.happened_at, ICONS.get(one.kind, "circle"), "", one.subject, "", one.by_label, "")
    return replace(
        item, activity_id=one.pk, kind=f"{one.get_kind_display()}{minutes}", body=one.body, version=one.version,
        editable=may, people=tuple((person.pk, person.name) for person in one.contacts.all()),
    )  # fmt: skip


def _write(seq: int | None, when: datetime | None, last: UUID | None) -> str:
    micros = "" if when is None else str((when - EPOCH) // MICRO)
    return f"{'' if seq is None else seq}.{micros}.{last.hex if last else ''}"


def _read(cursor: str) -> tuple[int | None, datetime | None, UUID | None]:
    try:
        seq, micros, last = cursor.split(".")
        number = int(seq) if seq else None
        if number is not None and not 0 <= number < 2**63:
            return None, None, None
        if not micros:
            return number, None, None
        return number, EPOCH + int(micros) * MICRO, UUID(last)
    except (ValueError, OverflowError):
        return None, None, None
