"""Reference ranges with the day they begin: set, taken back, taken in from a sheet, and brought into force."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from kpis import rules
from kpis.catalogue import Anchors
from kpis.catalogue.edges import BadEdges, Frame, NewRange, anchors_of
from kpis.events import RangeSet, RangesImported, RangeTookEffect, RangeWithdrawn
from kpis.models import Kpi, ReferenceRange

OLDEST = date(2000, 1, 1)
AHEAD = timedelta(days=366)


class NotARange(DomainError):
    """Edges that make no range of this KPI; `problems`: name of the edge -> what is wrong."""

    def __init__(self, problems: dict[str, str]) -> None:
        field, message = next(iter(problems.items()))
        super().__init__(message, field=field)
        self.problems = problems


class RangeAsBefore(DomainError):
    """The range that would be set is in force already."""


@transaction.atomic
def set_range(
    *, new: NewRange, valid_from: date, by: Actor, at: datetime, expected_version: int | None = None
) -> ReferenceRange:
    """Put a range of a KPI in force from a day on, `Kpi.anchors` following when that day has come.

    A range that begins on the same day is superseded; earlier and later ones stay. Live scorecards keep the ranges
    they were published with. expected_version: of the KPI as the person saw it. Emits RangeSet. Raises
    Kpi.DoesNotExist, PermissionDenied, Conflict, NotARange, RangeAsBefore, DomainError at its field.
    """
    require(by, rules.EDIT_CATALOGUE)
    kpi = Kpi.objects.select_for_update(of=("self",)).get(code=new.kpi)
    if expected_version is not None and kpi.version != expected_version:
        raise Conflict("Somebody else changed this KPI or its ranges since you opened the page. Look at theirs first.")
    _day_can_be(valid_from, at)
    anchors = _as_stored(range_anchors(kpi, new))
    before = in_force(kpi, valid_from)
    old = before.anchors if before else []
    if before and old == anchors and (before.source, before.source_year) == (new.source, new.source_year):
        raise RangeAsBefore("This is the range that is in force on that day already.", field="valid_from")
    ReferenceRange.objects.filter(kpi=kpi, valid_from=valid_from, superseded_at=None).update(superseded_at=at)
    made = ReferenceRange.objects.create(
        kpi=kpi,
        valid_from=valid_from,
        anchors=anchors,
        source=new.source,
        source_year=new.source_year,
        note=new.note,
        created_at=at,
        created_by=by.label,
    )
    _follow(kpi, at.date())
    record(
        RangeSet(
            account_id=None,
            kpi=kpi.code,
            range_id=made.pk,
            valid_from=valid_from.isoformat(),
            old=old,
            new=anchors,
            source=new.source,
        ),
        by=by,
    )
    return made


@transaction.atomic
def withdraw_range(*, range_id: UUID, by: Actor, at: datetime) -> Kpi:
    """Take a range back; what it superseded on its day counts again, else the one before it.

    The range itself stays on record. Emits RangeWithdrawn. Raises ReferenceRange.DoesNotExist, PermissionDenied,
    DomainError when it is superseded already, or is the only one of a KPI of the catalogue.
    """
    require(by, rules.EDIT_CATALOGUE)
    found = ReferenceRange.objects.select_related("kpi").get(pk=range_id)
    kpi = Kpi.objects.select_for_update(of=("self",)).get(pk=found.kpi_id)
    found.refresh_from_db()
    if found.superseded_at is not None:
        raise DomainError("This range is not in force any more.")
    others = ReferenceRange.objects.filter(kpi=kpi, superseded_at=None).exclude(pk=found.pk)
    replaced = ReferenceRange.objects.filter(kpi=kpi, valid_from=found.valid_from, superseded_at=found.created_at)
    if not kpi.custom and not others.exists() and not replaced.exists():
        raise DomainError("It is the only range of this KPI. Set another one instead.")
    found.superseded_at = at
    found.save(update_fields=["superseded_at"])
    replaced.update(superseded_at=None)
    _follow(kpi, at.date())
    record(
        RangeWithdrawn(account_id=None, kpi=kpi.code, range_id=found.pk, valid_from=found.valid_from.isoformat()), by=by
    )
    return kpi


@transaction.atomic
def import_ranges(*, ranges: Sequence[NewRange], valid_from: date, by: Actor, at: datetime) -> list[ReferenceRange]:
    """Take in a whole sheet of ranges, all or none; a range that is in force already is passed over.

    Emits RangeSet for each and RangesImported once. Raises as `set_range`.
    """
    require(by, rules.EDIT_CATALOGUE)
    made = []
    for new in sorted(ranges, key=lambda one: one.kpi):  # in one order, so that two sheets never wait for each other
        try:
            made.append(set_range(new=new, valid_from=valid_from, by=by, at=at))
        except RangeAsBefore:
            continue
    if made:
        record(RangesImported(account_id=None, ranges=len(made), valid_from=valid_from.isoformat()), by=by)
    return made


@transaction.atomic
def bring_into_force(*, at: datetime, by: Actor) -> int:
    """Let the copies on the KPIs follow the ranges whose day has come; returns how many did. Safe to repeat."""
    begun = ReferenceRange.objects.filter(superseded_at=None, valid_from__lte=at.date(), valid_from__gt=OLDEST)
    count = 0
    for kpi in Kpi.objects.filter(pk__in=begun.values("kpi")).order_by("pk").select_for_update(of=("self",)):
        now = in_force(kpi, at.date())
        if now and kpi.anchors != now.anchors:
            _follow(kpi, at.date())
            record(RangeTookEffect(account_id=None, kpi=kpi.code, valid_from=now.valid_from.isoformat()), by=by)
            count += 1
    return count


def in_force(kpi: Kpi, day: date) -> ReferenceRange | None:
    """The newest range that has begun by that day."""
    begun = ReferenceRange.objects.filter(kpi=kpi, superseded_at=None, valid_from__lte=day)
    found: ReferenceRange | None = begun.order_by("-valid_from").first()
    return found


def frame_of(kpi: Kpi) -> Frame:
    return Frame(kpi.direction, kpi.unit, kpi.minimum, kpi.maximum)


def range_anchors(kpi: Kpi, new: NewRange) -> Anchors:
    """The anchors of a range to be. Raises NotARange with every problem at its edge."""
    try:
        return anchors_of(new.edges, frame_of(kpi), never_red=new.never_red)
    except BadEdges as wrong:
        raise NotARange(wrong.problems) from None


def _as_stored(anchors: Anchors) -> list[list[Any]]:
    return [[float(value), points] for value, points in anchors]


def _day_can_be(day: date, at: datetime) -> None:
    if day < OLDEST:
        raise DomainError(f"Days before {OLDEST.year} are not kept.", field="valid_from")
    if day > at.date() + AHEAD:
        raise DomainError("A range can begin within a year from now.", field="valid_from")


def _follow(kpi: Kpi, today: date) -> None:
    now = in_force(kpi, today)
    kpi.anchors = now.anchors if now else []
    kpi.version += 1
    kpi.save(update_fields=["anchors", "version"])
