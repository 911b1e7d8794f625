"""Segments as people look at them: as far as they see the accounts."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet, Sum

from accounts.conditions import ConditionError, matching, read, words
from accounts.models import Account, Membership, Segment
from core.actor import Actor


@dataclass(frozen=True)
class SegmentRow:
    """members, entered and left (in the last `days`): of the accounts that the reader sees."""

    segment: Segment
    members: int
    entered: int
    left: int


def segment_rows(*, by: Actor, today: date, days: int = 30) -> list[SegmentRow]:
    """Every segment with its counts, in two queries."""
    since = today - timedelta(days=days)
    counted = (
        Membership.objects.visible_to(by)
        .filter(account__archived_at=None)
        .values("segment_id")
        .annotate(
            members=Count("pk", filter=Q(left_at=None)),
            entered=Count("pk", filter=Q(entered_at__date__gt=since)),
            gone=Count("pk", filter=Q(left_at__date__gt=since)),
        )
    )
    found = {row["segment_id"]: row for row in counted}
    nothing = {"members": 0, "entered": 0, "gone": 0}
    rows = ((segment, found.get(segment.pk, nothing)) for segment in Segment.objects.all())
    return [SegmentRow(segment, row["members"], row["entered"], row["gone"]) for segment, row in rows]


def stays(segment: Segment, *, by: Actor, state: str = "") -> QuerySet[Membership]:
    """Stays in it; state: "in" those that go on, "left" those that ended, "" both."""
    found: QuerySet[Membership] = Membership.objects.visible_to(by).filter(segment=segment, account__archived_at=None)
    if state:
        found = found.filter(left_at__isnull=state == "in")
    return found.select_related("account", "account__owner")


@dataclass(frozen=True)
class Preview:
    """What a condition would hold. says: it in words; wrong: why it cannot be read; arr: sums by currency."""

    says: str = ""
    wrong: str = ""
    accounts: int = 0
    arr: tuple[tuple[str, str], ...] = ()


def preview(where: str, *, by: Actor, today: date) -> Preview:
    """Of the accounts that `by` sees."""
    text = where.replace("\0", "").strip()
    if not text:
        return Preview()
    try:
        node = read(text, by=by)
    except ConditionError as wrong:
        return Preview(wrong=str(wrong))
    accounts = Account.objects.visible_to(by).active().filter(matching(node, today=today)).order_by()
    rows = accounts.values_list("currency").annotate(n=Count("pk"), sum=Sum("arr"))
    found = list(rows)
    sums = tuple((str(total), currency) for currency, _, total in found if total)
    return Preview(words(node), "", sum(n for _, n, _ in found), sums)
