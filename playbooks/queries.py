"""Reads: the work list, runs, the playbooks themselves, the checklist of the first steps, reasons to start."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from accounts import rules as accounts_rules
from accounts.models import Account
from accounts.panels import Chip
from accounts.queries.work import address, columns, day_rank
from core.actor import Actor
from core.models import Entry
from kpis.models import AccountHealth, KpiValue
from kpis.queries.uses import Use
from kpis.rules import EDIT_CATALOGUE, UPLOAD
from playbooks import rules
from playbooks.engine.approval import turn
from playbooks.models import Playbook, Run, Step, Trigger, plain

RENEWAL_DAYS = 90  # a renewal further away is no reason yet


def open_steps(*, by: Actor) -> QuerySet[Step]:
    """Steps that can be done now, of runs that are open, on accounts in use; the caller orders and pages them."""
    return (
        Step.objects.visible_to(by)
        .filter(state=Step.State.OPEN, completed_at=None, run__finished_at=None, account__archived_at=None)
        .filter(kind__in=Step.WORK)
        .select_related("account", "run__playbook", "owner")
    )


def failed_steps(*, by: Actor) -> QuerySet[Step]:
    """Steps that were given up, of runs that are open; the caller orders and pages them."""
    found = Step.objects.visible_to(by).filter(state=Step.State.FAILED, run__finished_at=None)
    return found.select_related("account", "run__playbook", "run__version")


def words_of(step: Step) -> dict[str, str]:
    """The settings of a step that are plain words: what a person can put right after it failed."""
    known = {**step.run.version.node(step.code).settings, **step.mended}
    return {name: value for name, value in known.items() if isinstance(value, str)}


def may_decide(step: Step, run: Run, *, by: Actor) -> bool:
    """Whether an open approval waits for the word of `by`."""
    if step.kind != "approval" or step.state != Step.State.OPEN or run.finished_at is not None:
        return False
    said = {person: one["agrees"] for person, one in step.result.get("said", {}).items()}
    mode = run.version.node(step.code).settings["mode"]
    return str(by.user_id) in turn(mode, step.result.get("asked", []), said)


def questions_of(step: Step, run: Run) -> list[dict[str, Any]]:
    """The questions of a form, each with its answer as it stands."""
    answers = step.result.get("answers", {})
    asked = run.version.node(step.code).settings["questions"]
    return [{**one, "answer": answers.get(one["id"], "")} for one in asked]


def steps_to_do(*, by: Actor, on: date) -> QuerySet[Any]:
    """Open steps as a source of the work list."""
    return columns(
        open_steps(by=by).select_related(None), "step", rank=day_rank("due_on", on), due=F("due_on"),
        owner=F("owner_id"), account=F("account_id"), title=F("name"), why=F("run__playbook__name"),
        url=address("/runs/", "run_id"), version=F("version"),
    )  # fmt: skip


def runs_of(account_id: UUID) -> QuerySet[Run]:
    """Runs on one account, open ones first. The caller has made sure that the person sees the account."""
    return (
        Run.objects.filter(account_id=account_id)
        .select_related("playbook")
        .prefetch_related("steps__owner")
        .order_by(F("finished_at").desc(nulls_first=True), "-started_at")
    )


def runs_seen(*, by: Actor, state: str = "", playbook: str = "") -> QuerySet[Run]:
    """Runs with `steps_done` and `steps_all`; the caller orders and pages them."""
    found = Run.objects.visible_to(by).select_related("account", "playbook")
    if state:
        found = found.filter(state=state)
    if playbook:
        found = found.filter(playbook__code=playbook)
    return found.annotate(
        steps_all=Count("steps"), steps_done=Count("steps", filter=Q(steps__completed_at__isnull=False))
    )


def running_chips(account_id: UUID) -> list[Chip]:
    """Open playbooks beside the account's name: 'Renewal Safeguard, step 2 of 7'."""
    done = Count("steps", filter=Q(steps__completed_at__isnull=False))
    running = Run.objects.filter(account_id=account_id, finished_at=None).select_related("playbook")
    return [
        Chip(f"{run.playbook.name}, step {min(run.done + 1, run.total)} of {run.total}", f"/runs/{run.pk}/")
        for run in running.annotate(total=Count("steps"), done=done).order_by("started_at")
    ]


def playbooks_with_counts(*, by: Actor) -> QuerySet[Playbook]:
    """Playbooks with their triggers, and how many runs `by` sees of them: open_runs, done_runs."""
    seen = Q() if by.sees_all else Q(runs__account__in=Account.objects.visible_to(by))
    return (
        Playbook.objects.order_by("position")
        .select_related("live")
        .prefetch_related("triggers__kpi")
        .annotate(
            open_runs=Count("runs", filter=seen & Q(runs__state=Run.State.OPEN)),
            done_runs=Count("runs", filter=seen & Q(runs__state=Run.State.DONE)),
        )
    )


@dataclass(frozen=True)
class Startable:
    """A playbook that could start on an account; `run_id` of the run that is open already, else None."""

    playbook: Playbook
    run_id: UUID | None


def startable(account_id: UUID) -> list[Startable]:
    running = dict(
        Run.objects.filter(account_id=account_id, finished_at=None).values_list("playbook_id", "pk"),
    )
    found = Playbook.objects.filter(active=True, live__isnull=False).select_related("live").order_by("position")
    return [Startable(playbook, running.get(playbook.pk)) for playbook in found]


@dataclass(frozen=True)
class CheckItem:
    """One first step: what, where, who may do it, whether it is done (from stored data alone)."""

    title: str
    hint: str
    url_name: str
    permission: str
    done: bool


def checklist() -> list[CheckItem]:
    """The way from an empty workspace to work that starts itself; each item ticks itself. Five queries."""
    real = Account.objects.filter(sample=False)
    checked = Entry.objects.filter(event="kpis.catalogue_checked")
    values = KpiValue.objects.filter(account__sample=False)
    scores = AccountHealth.objects.filter(account__sample=False, score_hundredths__isnull=False)
    runs = Run.objects.filter(account__sample=False)
    accounts, kpis = "accounts:import", "kpis:catalogue"
    return [
        CheckItem("Bring your accounts", "From a file, or pasted.", accounts, accounts_rules.IMPORT, real.exists()),
        CheckItem("Check the KPIs", "See that they mean what you mean.", kpis, EDIT_CATALOGUE, checked.exists()),
        CheckItem("Upload KPI values", "Excel or CSV, as you have it.", "kpis:uploads", UPLOAD, values.exists()),
        CheckItem("See the first score", "And open it down to the cell.", "kpis:portfolio", "", scores.exists()),
        CheckItem("Start a playbook", "By hand, or by a trigger.", "playbooks:playbooks", rules.START, runs.exists()),
    ]


@dataclass(frozen=True)
class Reason:
    """Why a trigger fires: the measured value and the threshold in the same unit, and the sentence of both.

    occasion: the score, value or renewal date behind it; one occasion starts a playbook once.
    """

    measured: Decimal
    threshold: Decimal
    sentence: str
    occasion: str
    score_id: UUID | None = None

    def as_stored(self) -> dict[str, str | None]:
        return {
            "sentence": self.sentence,
            "measured": f"{self.measured:f}",
            "threshold": f"{self.threshold:f}",
            "occasion": self.occasion,
            "score_id": str(self.score_id) if self.score_id else None,
        }


def reason_to_start(
    trigger: Trigger, account: Account, *, score_id: UUID, old: int | None, new: int | None, on: date
) -> Reason | None:
    """The measured reason for `trigger` to fire now, or None. old and new: health in hundredths, None unknown.

    A crossing needs both sides: the first score of an account, or the first value of a KPI, starts nothing.
    """
    if trigger.kpi is not None:
        return _kpi_reason(trigger, account)
    if new is None:
        return None
    if trigger.metric == Trigger.Metric.HEALTH_BELOW:
        return _below_reason(trigger, score_id, old, new)
    if trigger.metric == Trigger.Metric.HEALTH_FELL:
        return _fell_reason(trigger, account, score_id)
    return _renewal_reason(trigger, account, score_id, new, on)


def _below_reason(trigger: Trigger, score_id: UUID, old: int | None, new: int) -> Reason | None:
    limit, score = trigger.threshold, Decimal(new) / 100
    if old is None or not Decimal(old) / 100 >= limit > score:
        return None
    return Reason(score, limit, f"Health fell below {plain(limit)}: it is {score:.2f}.", f"score:{score_id}", score_id)


def _fell_reason(trigger: Trigger, account: Account, score_id: UUID) -> Reason | None:
    limit = trigger.threshold
    change = AccountHealth.objects.filter(pk=account.pk).values_list("change_hundredths", flat=True).first()
    if change is None or change >= 0 or -change < limit * 100:
        return None
    points = Decimal(-change) / 100
    sentence = f"Health fell by {points:.2f} points in 28 days; the limit is {plain(limit)}."
    return Reason(points, limit, sentence, f"score:{score_id}", score_id)


def _renewal_reason(trigger: Trigger, account: Account, score_id: UUID, new: int, on: date) -> Reason | None:
    limit, score = trigger.threshold, Decimal(new) / 100
    days = (account.renewal_on - on).days if account.renewal_on else None
    if days is None or not 0 <= days <= RENEWAL_DAYS or score >= limit:
        return None
    when = "today" if days == 0 else f"in {days} day{'' if days == 1 else 's'}"
    sentence = f"Renewal {when} and health is {score:.2f}, below {plain(limit)}."
    return Reason(score, limit, sentence, f"renewal:{account.renewal_on}", score_id)


def _kpi_reason(trigger: Trigger, account: Account) -> Reason | None:
    """The newest value is beyond the threshold and the one before it was not: the month before, or what it corrects."""
    current = KpiValue.objects.current().filter(account=account, kpi=trigger.kpi).select_related("previous")
    newest = list(current.order_by("-period")[:2])
    if not newest or trigger.kpi is None:
        return None
    found, before = newest[0], newest[0].previous or (newest[1] if len(newest) > 1 else None)
    if before is None or not _beyond(trigger, found) or _beyond(trigger, before):
        return None
    word, unit = "below" if trigger.metric == Trigger.Metric.KPI_BELOW else "above", trigger.kpi.unit
    measured, limit = plain(found.value, unit), plain(trigger.threshold, unit)
    sentence = f"{trigger.kpi.name} is {measured} in {found.period:%B %Y}, {word} {limit}."
    return Reason(found.value, trigger.threshold, sentence, f"value:{found.pk}")


def _beyond(trigger: Trigger, value: KpiValue) -> bool:
    below: bool = value.value < trigger.threshold
    above: bool = value.value > trigger.threshold
    return below if trigger.metric == Trigger.Metric.KPI_BELOW else above


def watching(metrics: Iterable[str]) -> bool:
    """Whether any trigger of these kinds is on."""
    return Trigger.objects.filter(metric__in=list(metrics), active=True, playbook__active=True).exists()


def renewals_at_risk(*, on: date) -> list[UUID]:
    """Accounts whose renewal is near and whose health is below the highest threshold of a trigger that watches it."""
    watched = Trigger.objects.filter(metric=Trigger.Metric.RENEWAL_RISK, active=True, playbook__active=True)
    highest = watched.order_by("-threshold").values_list("threshold", flat=True).first()
    if highest is None:
        return []
    # One day more on each side: accounts live in several time zones.
    near = (on - timedelta(days=1), on + timedelta(days=RENEWAL_DAYS + 1))
    found = AccountHealth.objects.filter(score_hundredths__lt=highest * 100, account__renewal_on__range=near)
    return list(found.filter(account__archived_at=None).values_list("account_id", flat=True))


def trigger_uses(code: str) -> list[Use]:
    """The triggers that watch a KPI, for its card."""
    watching = Trigger.objects.filter(kpi__code=code).select_related("kpi", "playbook")
    return [
        Use("Trigger", f"{trigger.playbook}: {trigger}", "/playbooks/", trigger.active, "" if trigger.active else "off")
        for trigger in watching
    ]
