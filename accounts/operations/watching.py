"""What happens to renewals as days pass: the automatic status, the two checkpoints, the week's snapshot."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from accounts import rules
from accounts.events import RenewalChanged
from accounts.models import Account, Renewal, RenewalCheckpoint, RenewalSnapshot
from accounts.operations.notices import tell
from accounts.queries.leaders import leaders
from accounts.queries.renewals import measured
from accounts.renewing import CHECKPOINTS, automatic, checkpoints_reached, goes_up, monday_of
from core.actor import Actor
from core.audit import record_many

AT_ONCE = 500
SNAPSHOT = ("due_on", "amount", "currency", "state", "category", "likelihood", "auto_status", "status")


def watch_renewals(*, by: Actor, at: datetime) -> int:
    """Set the automatic status of every open renewal and open the checkpoints whose day has come; returns how many.

    A part at a time; safe to repeat. Emits RenewalChanged for what goes up to a leader.
    """
    ids = list(
        Renewal.objects.filter(state=Renewal.State.OPEN).order_by("account_id", "id").values_list("pk", flat=True)
    )
    for start in range(0, len(ids), AT_ONCE):
        _watch(ids[start : start + AT_ONCE], by, at)
    return len(ids)


@transaction.atomic
def _watch(ids: list[UUID], by: Actor, at: datetime) -> None:
    asked = Renewal.objects.filter(pk__in=ids).values("account_id")
    list(Account.objects.filter(pk__in=asked).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    found = list(Renewal.objects.filter(pk__in=ids, state=Renewal.State.OPEN).select_related("contract", "account"))
    signals = measured([one.account_id for one in found])
    for one in found:
        now = automatic(
            signals.get(one.account_id),
            cancelled_on=one.contract.cancelled_on,
            unpaid=one.contract.unpaid_since is not None,
        )
        one.auto_status, one.auto_reason = now.status, now.reason[:300]
    Renewal.objects.bulk_update(found, ["auto_status", "auto_reason"])
    _check(found, by, at)


def _check(found: list[Renewal], by: Actor, at: datetime) -> None:
    """The checkpoints whose time has come and that do not stand yet."""
    there = set(RenewalCheckpoint.objects.filter(renewal__in=found).values_list("renewal_id", "number"))
    made, up = [], []
    for one in found:
        for number in checkpoints_reached(one.due_on, localdate(at)):
            if (one.pk, number) in there:
                continue
            point = RenewalCheckpoint(renewal=one, number=number, auto_status=one.auto_status, status=one.status)
            point.due_on = one.due_on - timedelta(days=CHECKPOINTS[number])
            if goes_up(number, one.auto_status, one.status):
                point.escalated_at = at
                up.append(point)
            made.append(point)
    RenewalCheckpoint.objects.bulk_create(made)
    if up:
        _escalate(up, by, at)


def _escalate(up: list[RenewalCheckpoint], by: Actor, at: datetime) -> None:
    """On the account's timeline, and to everybody who sees the whole book and may decide."""
    above = leaders(rules.DECIDE_RENEWAL)
    events = []
    for point in up:
        one = point.renewal
        reason = f"by rule {_word(point.auto_status)}, by its owner {_word(point.status)}"
        events.append(RenewalChanged(one.account_id, one.pk, one.contract_id, "escalated", {}, reason))
        tell(
            people=above, kind="renewal", text=f"Decide a renewal of {one.account.name}: {reason}.",
            url=f"/renewals/{one.pk}/", key=f"renewal:{point.pk}", at=at, account_id=one.account_id,
        )  # fmt: skip
    record_many(events, by=by)


def _word(status: str) -> str:
    return status.replace("_", " ") or "unknown"


@transaction.atomic
def snapshot_week(*, on: date) -> int:
    """Write down how every renewal stands in the running week: the last day of a week is what stays.

    What closed in the week says so; earlier weeks are never touched. Returns how many were written. Idempotent.
    """
    week = monday_of(on)
    rows = Renewal.objects.filter(Q(state=Renewal.State.OPEN) | Q(closed_at__date__gte=week)).order_by("pk")
    made = [
        RenewalSnapshot(renewal_id=one.pk, week=week, **{name: getattr(one, name) for name in SNAPSHOT}) for one in rows
    ]
    RenewalSnapshot.objects.bulk_create(
        made, batch_size=1000, update_conflicts=True, unique_fields=["renewal", "week"], update_fields=list(SNAPSHOT)
    )
    return len(made)
