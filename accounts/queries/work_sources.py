"""What of customers needs somebody: tasks, mentions, renewals and their disputes. Named in config.wiring.WORK."""

from datetime import date, timedelta
from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Concat

from accounts.models import Account, Notice, Renewal, RenewalCheckpoint
from accounts.queries.tasks import notices_of, open_tasks
from accounts.queries.work import DECISION, MENTION, address, columns, day_rank
from accounts.renewing import CHECKPOINTS, WATCH
from accounts.rules import DECIDE_RENEWAL
from core.actor import Actor
from core.rules import allowed

RENEWAL_DAYS = 30  # a renewal further away waits for nobody, unless nobody has said how it stands


def tasks_to_do(*, by: Actor, on: date) -> QuerySet[Any]:
    """Open tasks; one's own also where one does not see the account any more."""
    seen = Case(When(account__in=Account.objects.visible_to(by).values("pk"), then=F("account_id")), default=None)
    own = Q(created_by_id=F("assignee_id"))
    why = Case(
        When(own, then=Value("")), default=Concat(Value("From "), F("created_by_label"), output_field=CharField())
    )
    return columns(
        open_tasks(by=by).select_related(None), "task", rank=day_rank("due_on", on), due=F("due_on"),
        priority=F("priority"), owner=F("assignee_id"), account=F("account_id") if by.sees_all else seen,
        title=F("title"), why=why, url=address("/tasks/"), version=F("version"), until=F("snoozed_until"),
        because=F("snooze_reason"),
    )  # fmt: skip


def mentions(*, by: Actor, on: date) -> QuerySet[Any]:
    """Unread notices that somebody named me; what is given to me or falls due is on the list itself."""
    found = notices_of(by=by).filter(read_at=None, kind="mention") if by.user_id else Notice.objects.none()
    return columns(
        found, "mention", rank=MENTION, owner=F("user_id"), account=F("account_id"), title=F("text"), url=F("url"),
        until=F("snoozed_until"), because=F("snooze_reason"),
    )  # fmt: skip


def renewals_due(*, by: Actor, on: date) -> QuerySet[Any]:
    """Open renewals that are due soon or late, and those at a checkpoint of which nobody has said how they stand."""
    silent = Q(status="", due_on__lte=on + timedelta(days=CHECKPOINTS[1]))
    near = Q(due_on__lte=on + timedelta(days=RENEWAL_DAYS))
    found = Renewal.objects.visible_to(by).filter(silent | near, state=Renewal.State.OPEN, account__archived_at=None)
    rank = Case(When(status="", due_on__gte=on, then=Value(DECISION)), default=day_rank("due_on", on))
    words = Case(When(status="", then=Value("Say how this renewal stands")), default=Value("Close this renewal"))
    urgent = Case(When(due_on__lte=on + timedelta(days=RENEWAL_DAYS), then=Value(1)), default=Value(2))
    return columns(
        found, "renewal", rank=rank, due=F("due_on"), priority=urgent, owner=F("account__owner_id"),
        account=F("account_id"), title=words, why=F("contract__name"), url=address("/renewals/"), version=F("version"),
    )  # fmt: skip


_DISPUTE = Case(  # in the order of renewing.goes_up: why a checkpoint went up to a leader
    When(status="", then=Value("The owner has not said how it stands")),
    When(status=WATCH, number=max(CHECKPOINTS), then=Value("“Watch” is no longer enough: is it secure or at risk?")),
    When(auto_status="", then=Value("The rule knows too little to agree with the owner")),
    default=Value("Rule and owner disagree"),
)


def disputes(*, by: Actor, on: date) -> QuerySet[Any]:
    """Checkpoints at which rule and owner disagree: for whoever may decide them, the newest of each renewal."""
    seen = Renewal.objects.visible_to(by).filter(state=Renewal.State.OPEN, account__archived_at=None)
    later = RenewalCheckpoint.objects.filter(renewal=OuterRef("renewal"), number__gt=OuterRef("number"))
    found = RenewalCheckpoint.objects.filter(~Exists(later.exclude(escalated_at=None)), renewal__in=seen, decision="")
    found = found.exclude(escalated_at=None) if allowed(by, DECIDE_RENEWAL) else found.none()
    return columns(
        found, "decision", rank=DECISION, due=F("renewal__due_on"), priority=1,
        owner=by.user_id, account=F("renewal__account_id"), title=Value("Decide how this renewal stands"),
        why=_DISPUTE, url=address("/renewals/", "renewal_id"),
    )  # fmt: skip
