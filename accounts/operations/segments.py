"""Segments: a named condition, and the days on which accounts came and went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import rules
from accounts.conditions import ConditionError, matching, read
from accounts.events import SegmentChanged, SegmentEntered, SegmentLeft
from accounts.models import Account, Membership, Segment
from core.actor import Actor
from core.audit import record, record_many
from core.errors import Conflict, DomainError
from core.jobs import start_job
from core.models import Job
from core.rules import require
from tenants.context import take_lock

EVALUATE = "accounts.evaluate_segments"
MOST_SEGMENTS = 100
AT_ONCE = 1000  # rows a statement


class NotASegment(DomainError):
    """A segment cannot be like this."""


class SegmentEdited(Conflict):
    """Somebody changed the segment in the meantime."""


@dataclass(frozen=True)
class Moved:
    entered: int = 0
    left: int = 0

    def __add__(self, other: "Moved") -> "Moved":
        return Moved(self.entered + other.entered, self.left + other.left)


@transaction.atomic
def write_segment(
    *,
    segment_id: UUID | None,
    name: str,
    description: str = "",
    where: str,
    active: bool = True,
    expected_version: int | None,
    by: Actor,
    at: datetime,
) -> Segment:
    """Make a segment (segment_id None) or change one; the worker then holds every account against it.

    A paused one (active False) keeps its members and its history and is left alone. Emits SegmentChanged. Raises
    NotASegment, SegmentEdited, PermissionDenied, Segment.DoesNotExist.
    """
    require(by, rules.EDIT_SEGMENTS)
    take_lock("segments")
    segment = Segment(created_at=at, created_by=by.label[:160], version=0)
    if segment_id is not None:
        segment = Segment.objects.select_for_update().get(pk=segment_id)
        if segment.version != expected_version:
            raise SegmentEdited("Somebody changed this segment since you opened it. Look at it again before you save.")
    elif Segment.objects.count() >= MOST_SEGMENTS:
        raise NotASegment(f"There are {MOST_SEGMENTS} segments already. Change one that is not used.")
    what = "made" if segment_id is None else "changed"
    if segment_id is not None and segment.active != active:
        what = "resumed" if active else "paused"
    segment.name, segment.description = _name(name, segment), " ".join(description.split())[:300]
    segment.where, segment.active = checked(where), active
    segment.version += 1
    segment.save()
    record(SegmentChanged(None, segment.pk, segment.name, what, segment.where), by=by)
    if active:
        start_evaluating_segments(by=by)
    return segment


def checked(where: str) -> str:
    """The condition, tidied. Raises NotASegment with the place."""
    text = where.replace("\0", "").strip()
    if not text or len(text) > 2000:
        raise NotASegment("Write the condition its accounts meet.", field="where")
    try:
        read(text)
    except ConditionError as wrong:
        raise NotASegment(str(wrong), field="where") from wrong
    return text


def _name(given: str, segment: Segment) -> str:
    name = " ".join(given.replace("\0", "").split())
    if not name or len(name) > 80:
        raise NotASegment("Give it a name of at most 80 characters.", field="name")
    if Segment.objects.filter(name__iexact=name).exclude(pk=segment.pk).exists():
        raise NotASegment("Another segment has this name.", field="name")
    return name


def start_evaluating_segments(*, by: Actor) -> Job:
    """Have the worker hold every account against the segments; a job that waits already is the answer."""
    waiting = Job.objects.filter(kind=EVALUATE, finished_at=None, started_at=None).first()
    return waiting or start_job(EVALUATE, by=by, unit="segments")


def evaluate_segments(*, account_ids: Sequence[UUID] | None, at: datetime, by: Actor) -> Moved:
    """Let these accounts (None: all) enter and leave the active segments by what is known now.

    A transaction a segment; idempotent: who is in stays in the stay that is open. A segment whose condition no
    longer reads is left as it is. Emits SegmentEntered and SegmentLeft.
    """
    moved = Moved()
    for segment in Segment.objects.filter(active=True):
        moved += evaluate_segment(segment_id=segment.pk, account_ids=account_ids, at=at, by=by)
    return moved


@transaction.atomic
def evaluate_segment(*, segment_id: UUID, account_ids: Sequence[UUID] | None, at: datetime, by: Actor) -> Moved:
    """As evaluate_segments, of one; looked at by one worker at a time."""
    segment = Segment.objects.select_for_update().filter(pk=segment_id, active=True).first()
    return _evaluate(segment, account_ids, at=at, by=by) if segment else Moved()


def _evaluate(segment: Segment, account_ids: Sequence[UUID] | None, *, at: datetime, by: Actor) -> Moved:
    try:
        condition = matching(read(segment.where), today=at.date())
    except ConditionError:
        return Moved()
    accounts = Account.objects.visible_to(by).active().filter(condition)
    stays = Membership.objects.filter(segment=segment, left_at=None)
    if account_ids is not None:
        accounts, stays = accounts.filter(pk__in=account_ids), stays.filter(account__in=account_ids)
    meant = set(accounts.values_list("pk", flat=True))
    there = {stay.account_id: stay for stay in stays}
    coming = sorted(meant - set(there))
    leaving = [stay for account_id, stay in there.items() if account_id not in meant]
    came = [Membership(segment=segment, account_id=one, entered_at=at) for one in coming]
    Membership.objects.bulk_create(came, batch_size=AT_ONCE)
    Membership.objects.filter(pk__in=[stay.pk for stay in leaving]).update(left_at=at)
    if account_ids is None or came or leaving:
        Segment.objects.filter(pk=segment.pk).update(evaluated_at=at)
    _tell(segment, came, leaving, at=at, by=by)
    return Moved(len(coming), len(leaving))


def _tell(segment: Segment, came: Sequence[Membership], left: Sequence[Membership], *, at: datetime, by: Actor) -> None:
    """On the trail of every account; last, because the trail is locked until the commit."""
    record_many([SegmentEntered(stay.account_id, segment.pk, segment.name) for stay in came], by=by)
    ended = [
        SegmentLeft(stay.account_id, segment.pk, segment.name, (at.date() - stay.entered_at.date()).days)
        for stay in left
    ]
    record_many(ended, by=by)
