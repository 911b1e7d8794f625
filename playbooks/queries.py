"""Reads: the work list, the runs of an account, the checklist of the first steps."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.models import Account
from core.actor import Actor
from core.models import Entry
from kpis.models import AccountHealth, KpiValue
from playbooks.models import Playbook, Run, Step, Trigger


def open_steps(*, by: Actor) -> QuerySet[Step]:
    """Steps that can be done now, of runs that are open; the caller orders and pages them."""
    return (
        Step.objects.visible_to(by)
        .filter(state=Step.State.OPEN, run__state=Run.State.OPEN)
        .select_related("account", "run__playbook", "owner")
    )


@dataclass(frozen=True)
class WorkCounts:
    """Open steps: mine, everybody's that I see, nobody's, and those of mine past their day."""

    mine: int
    all: int
    unowned: int
    overdue: int


def work_counts(*, by: Actor, today: date) -> WorkCounts:
    mine = Q(owner_id=by.user_id)
    counted = open_steps(by=by).aggregate(
        mine=Count("id", filter=mine),
        all=Count("id"),
        unowned=Count("id", filter=Q(owner=None)),
        overdue=Count("id", filter=mine & Q(due_on__lt=today)),
    )
    return WorkCounts(**counted)


def runs_of(account_id: UUID) -> QuerySet[Run]:
    """Runs on one account, open ones first. The caller has made sure that the person sees the account."""
    return (
        Run.objects.filter(account_id=account_id)
        .select_related("playbook")
        .prefetch_related("steps__owner")
        .order_by("finished_at", "-started_at")
    )


def playbooks_with_counts() -> QuerySet[Playbook]:
    return (
        Playbook.objects.order_by("position")
        .prefetch_related("triggers__kpi")
        .annotate(
            open_runs=Count("runs", filter=Q(runs__state=Run.State.OPEN)),
            done_runs=Count("runs", filter=Q(runs__state=Run.State.DONE)),
        )
    )


@dataclass(frozen=True)
class CheckItem:
    """One first step: what, where, whether it is done (from stored data alone)."""

    code: str
    title: str
    hint: str
    url_name: str
    done: bool


def checklist() -> list[CheckItem]:
    """The way from an empty workspace to work that starts itself; each item ticks itself. Five queries."""
    real = Account.objects.filter(sample=False)
    checked = Entry.objects.filter(event="kpis.catalogue_checked")
    values = KpiValue.objects.filter(account__sample=False)
    scores = AccountHealth.objects.filter(account__sample=False, score_hundredths__isnull=False)
    runs = Run.objects.filter(account__sample=False)
    items = [
        ("accounts", "Bring your accounts", "One by one, from a file, or pasted.", "accounts:import", real),
        ("kpis", "Check the KPIs", "62 are ready; see that they mean what you mean.", "kpis:catalogue", checked),
        ("values", "Upload KPI values", "An Excel or CSV file, as you have it.", "kpis:uploads", values),
        ("score", "See the first score", "And open it down to the cell.", "kpis:portfolio", scores),
        ("playbook", "Start a playbook", "By hand, or let a trigger do it.", "playbooks:playbooks", runs),
    ]
    return [CheckItem(code, title, hint, url, found.exists()) for code, title, hint, url, found in items]


@dataclass(frozen=True)
class Reason:
    """Why a trigger fires: the measured value and the threshold, in the same unit, and the sentence of both."""

    measured: Decimal
    threshold: Decimal
    sentence: str


def reason_to_start(trigger: Trigger, account: Account, *, old: int | None, new: int | None, on: date) -> Reason | None:
    """The measured reason for `trigger` to fire now, or None. old and new: health in hundredths, None unknown.

    A crossing needs both sides: the first score of an account starts nothing.
    """
    limit = trigger.threshold
    if trigger.metric in (Trigger.Metric.KPI_BELOW, Trigger.Metric.KPI_ABOVE):
        return _kpi_reason(trigger, account)
    if new is None:
        return None
    score = Decimal(new) / 100
    if trigger.metric == Trigger.Metric.HEALTH_BELOW:
        crossed = old is not None and Decimal(old) / 100 >= limit > score
        return Reason(score, limit, f"Health fell below {limit:g}: it is {score:.1f}.") if crossed else None
    if trigger.metric == Trigger.Metric.HEALTH_FELL:
        change = AccountHealth.objects.filter(pk=account.pk).values_list("change_hundredths", flat=True).first()
        fell = change is not None and -change >= limit * 100
        if not fell or change is None:
            return None
        points = Decimal(-change) / 100
        return Reason(points, limit, f"Health fell by {points:.1f} points in 28 days; the limit is {limit:g}.")
    days = (account.renewal_on - on).days if account.renewal_on else None
    if days is None or not 0 <= days <= 90 or score >= limit:
        return None
    return Reason(score, limit, f"Renewal in {days} days and health is {score:.1f}, below {limit:g}.")


def _kpi_reason(trigger: Trigger, account: Account) -> Reason | None:
    found = KpiValue.objects.current().filter(account=account, kpi=trigger.kpi).order_by("-period").first()
    if found is None or trigger.kpi is None:
        return None
    below = trigger.metric == Trigger.Metric.KPI_BELOW
    if (found.value >= trigger.threshold) if below else (found.value <= trigger.threshold):
        return None
    word, unit = ("below" if below else "above"), trigger.kpi.unit
    sentence = f"{trigger.kpi.name} is {found.value:g} {unit} in {found.period:%B %Y}, {word} {trigger.threshold:g}."
    return Reason(found.value, trigger.threshold, sentence)
