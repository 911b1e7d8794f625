"""Reads of what came of playbooks: a run's measurements, results counted, the estimate for a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.models import Account
from core.actor import Actor
from kpis.backtest import wilson
from kpis.models import Kpi
from playbooks.effect.criteria import criteria_of
from playbooks.models import EffectEstimate, Measurement, Playbook, Run, RunResult, Trigger

LEAST_RESULTS = 5  # results a trigger needs before its share of invalid ones is held against it
MOST_INVALID = 0.1  # the lower end of the interval of that share


# -- a run -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One figure of a run over its moments. taken: moment -> measurement; change: newest against the start.

    met: whether the success criterion holds at the newest moment; None: no criterion or it cannot be said.
    """

    metric: str
    name: str
    unit: str
    taken: Mapping[str, Measurement]
    change: Decimal | None
    again: bool
    criterion: str
    met: bool | None

    @property
    def labelled(self) -> list[tuple[str, Measurement | None]]:
        """(moment in words, its measurement or None), in order."""
        return [(moment.label, self.taken.get(moment)) for moment in Measurement.Moment]


def measurements_of(run: Run) -> list[Line]:
    """Health first, then the KPIs of the success criteria, as they were measured. The caller has made sure that the
    person sees the run. Two queries."""
    taken: dict[str, dict[str, Measurement]] = {}
    for one in Measurement.objects.filter(run=run).order_by("at", "metric"):
        taken.setdefault(one.metric, {})[one.moment] = one
    names = dict(Kpi.objects.filter(code__in=list(taken)).values_list("code", "name"))
    wanted = {one.metric: one for one in criteria_of(run.playbook.code)}
    order = sorted(taken, key=lambda metric: (metric != Measurement.HEALTH, list(wanted).index(metric)
                                              if metric in wanted else 99, metric))  # fmt: skip
    return [_line(metric, names, taken[metric], wanted.get(metric)) for metric in order]


def _spoken(unit: str) -> str:
    """A unit that is a scale, such as 1-5, is said as points."""
    return "points" if any(sign.isdigit() for sign in unit) else unit


def measured_of(run: Run) -> QuerySet[Measurement]:
    """Its measurements, oldest first. The caller has made sure that the person sees the run."""
    found: QuerySet[Measurement] = Measurement.objects.filter(run=run).order_by("at", "metric")
    return found


def _line(metric: str, names: Mapping[str, str], taken: Mapping[str, Measurement], wanted: Any) -> Line:
    start = taken.get(Measurement.Moment.START)
    later = [taken[moment] for moment in Measurement.Moment if moment in taken and moment != Measurement.Moment.START]
    last = later[-1] if later else None
    before, after = (start.value if start else None), (last.value if last else None)
    # The same value as at the start is no second measurement: nothing was recorded since.
    again = (
        last is not None and start is not None and (last.value_id, last.score_id) != (start.value_id, start.score_id)
    )
    unit = _spoken(next(iter(taken.values())).unit)
    return Line(
        metric,
        "Health" if metric == Measurement.HEALTH else names.get(metric, metric).partition(" (")[0],
        unit,
        taken,
        after - before if after is not None and before is not None and again else None,
        again,
        wanted.words(unit) if wanted else "",
        wanted.met(before, after) if wanted and again else None,
    )


# -- results counted -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counted:
    """Results of the runs of one trigger, or of those started by hand (trigger None)."""

    trigger: Trigger | None
    success: int
    no_effect: int
    invalid: int
    lost: int
    undecided: int

    @property
    def decided(self) -> int:
        return self.success + self.no_effect + self.invalid + self.lost

    @property
    def invalid_share(self) -> tuple[float, float, float] | None:
        """The share that was invalid with its 95 % interval, in per cent; None without a result."""
        if not self.decided:
            return None
        share = self.invalid / self.decided
        low, high = wilson(share, self.decided)
        return 100 * share, 100 * low, 100 * high

    @property
    def flagged(self) -> bool:
        """Too many starts of a trigger were for nothing: more than one in ten, and not by chance."""
        found = self.invalid_share
        return (
            self.trigger is not None
            and found is not None
            and self.decided >= LEAST_RESULTS
            and found[1] > 100 * MOST_INVALID
        )


def results_of(playbook: Playbook, *, by: Actor) -> list[Counted]:
    """By trigger, those started by hand last; of ended runs that `by` sees. Two queries."""
    return _counted(Q(playbook=playbook), by=by)


def often_invalid(*, by: Actor) -> dict[UUID, Counted]:
    """Triggers of any playbook that start too much for nothing, by their id. Two queries."""
    found = _counted(Q(trigger__isnull=False), by=by)
    return {one.trigger.pk: one for one in found if one.trigger is not None and one.flagged}


def _counted(which: Q, *, by: Actor) -> list[Counted]:
    Code = RunResult.Code
    counted = {
        name: Count("pk", filter=Q(result__code=code))
        for name, code in (
            ("success", Code.SUCCESS), ("no_effect", Code.NO_EFFECT), ("invalid", Code.INVALID), ("lost", Code.LOST),
        )
    }  # fmt: skip
    runs = Run.objects.visible_to(by).filter(which, finished_at__isnull=False).order_by()
    rows = list(runs.values("trigger_id").annotate(undecided=Count("pk", filter=Q(result=None)), **counted))
    wanted = [row["trigger_id"] for row in rows if row["trigger_id"]]
    triggers = {one.pk: one for one in Trigger.objects.filter(pk__in=wanted).select_related("kpi")}
    found = [Counted(triggers.get(row["trigger_id"]), *(row[name] for name in (*counted, "undecided"))) for row in rows]
    return sorted(found, key=lambda one: (one.trigger is None, str(one.trigger)))


# -- the estimate ----------------------------------------------------------------------------------------------------


def newest_estimate(playbook: Playbook) -> EffectEstimate | None:
    return EffectEstimate.objects.filter(playbook=playbook, finished_at__isnull=False).order_by("-finished_at").first()


def running_estimate(playbook: Playbook) -> EffectEstimate | None:
    found = EffectEstimate.objects.filter(playbook=playbook, finished_at=None, job__finished_at=None)
    return found.select_related("job").filter(job__isnull=False).first()


VERDICTS = {
    "better": ("good", "It helps"),
    "worse": ("bad", "It does harm"),
    "open": ("warn", "No effect has been shown"),
    "cannot_tell": ("unknown", "Cannot tell"),
}


@dataclass(frozen=True)
class Compared:
    """One account at one moment with its health then and 90 days later; account None: not seen by whoever asks."""

    account: Account | None
    run_id: UUID | None
    on: date
    before: float
    after: float
    before_id: str | None
    after_id: str | None

    @property
    def change(self) -> float:
        return round(self.after - self.before, 2)


@dataclass(frozen=True)
class Pair:
    ran: Compared
    others: Sequence[Compared]

    @property
    def difference(self) -> float:
        return round(self.ran.change - sum(one.change for one in self.others) / len(self.others), 2)


@dataclass(frozen=True)
class Bin:
    """A tenth of the range of chances; heights in per cent of the highest bar of the group. x, ran_y: of the bar in
    a picture 500 wide, with the line at 100."""

    low: float
    high: float
    ran: int
    others: int
    ran_height: float
    others_height: float
    x: int

    @property
    def ran_y(self) -> float:
        return 100 - self.ran_height


@dataclass(frozen=True)
class Estimated:
    """A finished estimate for a page."""

    estimate: EffectEstimate
    result: Mapping[str, Any]
    pairs: list[Pair]
    bins: list[Bin]

    @property
    def tone(self) -> str:
        return VERDICTS[self.result["verdict"]][0]

    @property
    def verdict(self) -> str:
        return VERDICTS[self.result["verdict"]][1]

    @property
    def more_needed(self) -> int | None:
        """Runs that are still missing before an effect worth knowing would be seen; None: nobody knows."""
        needed = self.result["needed"]
        return None if needed is None else max(0, needed - self.result["treated"])

    @property
    def company(self) -> int:
        """Per cent of those that ran it with anybody comparable."""
        return round(100 * self.result["overlap"]["company"])


def estimated(estimate: EffectEstimate, *, by: Actor) -> Estimated:
    """The record with the accounts that `by` sees by name. One query."""
    result: Mapping[str, Any] = estimate.result or {}
    rows = [row for pair in result["pairs"] for row in (pair["ran"], *pair["others"])]
    ids = {UUID(row["account"]) for row in rows}
    seen = {account.pk: account for account in Account.objects.visible_to(by).filter(pk__in=ids)}
    pairs = [
        Pair(_compared(pair["ran"], seen), [_compared(other, seen) for other in pair["others"]])
        for pair in result["pairs"]
    ]
    return Estimated(estimate, result, pairs, _bins((result["overlap"] or {}).get("bins", [])))


def _compared(row: Mapping[str, Any], seen: Mapping[UUID, Account]) -> Compared:
    account = seen.get(UUID(row["account"]))
    return Compared(
        account,
        UUID(row["run"]) if row["run"] and account else None,
        date.fromisoformat(row["on"]),
        row["before"],
        row["after"],
        row["before_id"] if account else None,
        row["after_id"] if account else None,
    )


def _bins(rows: Sequence[Sequence[float]]) -> list[Bin]:
    if not rows:
        return []
    width = rows[1][0] - rows[0][0] if len(rows) > 1 else 1.0
    most_ran, most_others = (max(1.0, *(row[at] for row in rows)) for at in (1, 2))
    return [
        Bin(low, round(low + width, 2), int(ran), int(others), round(100 * ran / most_ran, 1),
            round(100 * others / most_others, 1), 50 * number + 3)
        for number, (low, ran, others) in enumerate(rows)
    ]  # fmt: skip


def visible_result(estimate: EffectEstimate, *, by: Actor) -> dict[str, Any]:
    """The stored record, its pairs without the accounts that `by` does not see."""
    result: dict[str, Any] = dict(estimate.result or {})
    rows = [row for pair in result["pairs"] for row in (pair["ran"], *pair["others"])] + result["alone"]
    ids = {UUID(row["account"]) for row in rows}
    seen = {str(pk) for pk in Account.objects.visible_to(by).filter(pk__in=ids).values_list("pk", flat=True)}
    result["alone"] = [row for row in result["alone"] if row["account"] in seen]
    result["pairs"] = [
        {**pair, "others": [row for row in pair["others"] if row["account"] in seen]}
        for pair in result["pairs"]
        if pair["ran"]["account"] in seen
    ]
    return result
