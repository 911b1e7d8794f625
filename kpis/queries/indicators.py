"""Indicators: what their rules look at, what holds now, and how long it has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from accounts.models import Account
from accounts.panels import Chip
from core.actor import Actor
from kpis.freshness import CADENCE_DAYS, MONTH_DAYS, ZERO_AT, age_in_days
from kpis.models import AccountHealth, Indicator, IndicatorRule, Kpi, KpiValue
from kpis.workbook.units import plain

HEALTH, HEALTH_CHANGE, DAYS_TO_RENEWAL = "health", "health_change", "days_to_renewal"
SPECIAL = {
    HEALTH: ("Health score", "points"),
    HEALTH_CHANGE: ("Change of health in 28 days", "points"),
    DAYS_TO_RENEWAL: ("Days to renewal", "days"),
}
OPERATORS = {"<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least"}
SHOWN = 20  # accounts of a preview


@dataclass(frozen=True)
class Condition:
    """measure: KPI code or a key of SPECIAL. op: a key of OPERATORS."""

    measure: str
    op: str
    limit: Decimal

    def holds(self, value: Decimal) -> bool:
        match self.op:
            case "<":
                return value < self.limit
            case "<=":
                return value <= self.limit
            case ">":
                return value > self.limit
        return value >= self.limit


@dataclass(frozen=True)
class Fact:
    """A measured value; value_id: of the KPI value or the health score it was read from."""

    value: Decimal
    value_id: UUID | None = None


Facts = Mapping[str, Fact]


@dataclass(frozen=True)
class Verdict:
    """holds None: something it looks at is not known, so nothing opens and nothing closes.

    why: [[measure, value as text, value id or None, op, limit as text], ...] of what is known.
    """

    holds: bool | None
    why: list[list[str | None]]


def conditions_of(rule: IndicatorRule) -> list[Condition]:
    return [Condition(one["measure"], one["op"], Decimal(one["value"])) for one in rule.conditions]


def judge(conditions: Sequence[Condition], facts: Facts) -> Verdict:
    """All conditions must hold; one that certainly does not decides, whatever is unknown beside it."""
    known = [(one, facts[one.measure]) for one in conditions if one.measure in facts]
    why: list[list[str | None]] = [
        [one.measure, plain(fact.value), str(fact.value_id) if fact.value_id else None, one.op, plain(one.limit)]
        for one, fact in known
    ]
    if any(not one.holds(fact.value) for one, fact in known):
        return Verdict(False, why)
    return Verdict(True if len(known) == len(conditions) else None, why)


_NEWEST = """
select a.id, k.code, v.value, v.id, v.period, k.cadence, k.expires_days
from unnest(%s::uuid[]) a(id)
cross join kpis_kpi k
cross join lateral (
    select id, value, period from kpis_kpivalue
    where account_id = a.id and kpi_id = k.id and superseded_at is null and period <= %s
    order by period desc limit 1
) v
where k.code = any(%s) and k.active
"""


def facts_of(accounts: Sequence[UUID], measures: Iterable[str], *, on: date) -> dict[UUID, dict[str, Fact]]:
    """What is known of the accounts on that day. A value that has faded out completely is not known any more."""
    wanted = set(measures)
    found: dict[UUID, dict[str, Fact]] = {account: {} for account in accounts}
    if wanted & {HEALTH, HEALTH_CHANGE}:
        _health(found, accounts)
    if DAYS_TO_RENEWAL in wanted:
        renewals = Account.objects.filter(pk__in=accounts, renewal_on__isnull=False)
        for account, day in renewals.values_list("pk", "renewal_on"):
            found[account][DAYS_TO_RENEWAL] = Fact(Decimal((day - on).days))
    if codes := sorted(wanted - set(SPECIAL)):
        with connection.cursor() as cursor:
            cursor.execute(_NEWEST, [list(accounts), on, codes])
            for account, code, value, value_id, period, cadence, expires in cursor.fetchall():
                if not _faded(period, on, cadence, expires):
                    found[account][code] = Fact(value, value_id)
    return found


def taken_back(opened: Mapping[Indicator, Facts]) -> set[Indicator]:
    """Of these open indicators, those that were opened by a KPI value which was taken back since, with nothing in its
    place: an upload was rolled back, an edit undone, a formula found that it is unknown. One query, none for none.

    opened: each with what is known of its account now; a measure that is known by another month stands by itself.
    """
    ids = {
        value_id: one
        for one, facts in opened.items()
        for measure, _, value_id, *_ in one.opened_by
        if value_id and measure not in SPECIAL and measure not in facts
    }
    if not ids:
        return set()
    same = KpiValue.objects.current().filter(
        account=OuterRef("account"), kpi=OuterRef("kpi"), period=OuterRef("period")
    )
    gone = KpiValue.objects.filter(pk__in=ids, superseded_at__isnull=False).exclude(Exists(same))
    return {ids[str(pk)] for pk in gone.values_list("pk", flat=True)}


def _health(found: dict[UUID, dict[str, Fact]], accounts: Sequence[UUID]) -> None:
    rows = AccountHealth.objects.filter(account__in=accounts)
    for account, score, change, latest in rows.values_list(
        "account_id", "score_hundredths", "change_hundredths", "latest_id"
    ):
        if score is not None:
            found[account][HEALTH] = Fact(Decimal(score) / 100, latest)
        if change is not None:
            found[account][HEALTH_CHANGE] = Fact(Decimal(change) / 100, latest)


def _faded(period: date, on: date, cadence: str, expires: int | None) -> bool:
    days = CADENCE_DAYS.get(cadence, MONTH_DAYS)
    if days is None:
        return False
    gone = ZERO_AT * max(days, MONTH_DAYS)
    return age_in_days(period, on) >= min(gone, expires if expires is not None else gone)


# Words ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    code: str
    name: str
    unit: str


def measures() -> dict[str, Measure]:
    """Everything a condition may look at: health, renewal, and the KPIs of an account, in the catalogue's order."""
    found = {code: Measure(code, name, unit) for code, (name, unit) in SPECIAL.items()}
    for kpi in Kpi.objects.filter(active=True, portfolio_only=False).order_by("position", "name"):
        found[kpi.code] = Measure(kpi.code, kpi.name.partition(" (")[0], kpi.unit)
    return found


def sentence(conditions: Iterable[Condition], known: Mapping[str, Measure]) -> str:
    """ "Seat use is below 50 % and Days to renewal is at least 0 and at most 90 days"."""
    of_measure: dict[str, list[Condition]] = {}
    for one in conditions:
        of_measure.setdefault(one.measure, []).append(one)
    parts = []
    for code, limits in of_measure.items():
        measure = known.get(code) or Measure(code, code, "")
        words = [f"{OPERATORS[one.op]} {plain(one.limit).replace('-', '−')}" for one in limits]
        said = " and ".join([words[0], *(word.removeprefix("is ") for word in words[1:])])
        parts.append(f"{measure.name} {said} {measure.unit if measure.unit in ('%', 'days', 'h') else ''}".strip())
    return " and ".join(parts)


@dataclass(frozen=True)
class Reason:
    """One condition as it was met: "Seat use 42 % is below 50"."""

    measure: Measure
    value: Decimal
    value_id: str | None
    op: str
    limit: Decimal

    @property
    def words(self) -> str:
        return OPERATORS.get(self.op, self.op)


def reasons(why: Iterable[Sequence[Any]], known: Mapping[str, Measure]) -> list[Reason]:
    """What was measured, each measure once however many conditions look at it."""
    found: dict[str, Reason] = {}
    for code, value, value_id, op, limit in why:
        measure = known.get(code) or Measure(code, code, "")
        found.setdefault(code, Reason(measure, Decimal(value), value_id, op, Decimal(limit)))
    return list(found.values())


# Lists ---------------------------------------------------------------------------------------------------------


def indicators_seen(*, by: Actor) -> QuerySet[Indicator]:
    """Indicators of accounts that `by` sees and that are not archived, with rule and account."""
    found: QuerySet[Indicator] = Indicator.objects.visible_to(by).filter(account__archived_at=None)
    return found.select_related("rule", "account__owner")


def of_account(account_id: UUID, *, by: Actor) -> tuple[list[Indicator], list[Indicator]]:
    """What is open, the oldest first, and the five that closed last."""
    mine = Indicator.objects.visible_to(by).filter(account_id=account_id).select_related("rule")
    return list(mine.filter(closed_at=None).order_by("opened_on", "pk")), list(
        mine.filter(closed_at__isnull=False).order_by("-closed_at")[:5]
    )


def indicator_chips(account_id: UUID) -> list[Chip]:
    """Open indicators beside the account's name."""
    found = Indicator.objects.filter(account_id=account_id, closed_at=None).select_related("rule").order_by("opened_on")
    tones = {IndicatorRule.Kind.RISK: "bad", IndicatorRule.Kind.OPPORTUNITY: "good"}
    return [
        Chip(one.rule.name, f"/indicators/?rule={one.rule_id}", tones.get(one.rule.kind, "info")) for one in found[:4]
    ]


@dataclass(frozen=True)
class RuleRow:
    """A rule with what it says and how it has done. median_days: of those that closed, None without any."""

    rule: IndicatorRule
    sentence: str
    open: int
    closed: int
    median_days: float | None


_MEDIAN = """
select rule_id, count(*), percentile_cont(0.5) within group (order by closed_on - opened_on)
from kpis_indicator where closed_at is not null and account_id = any(%s::uuid[]) group by rule_id
"""


def rule_rows(*, by: Actor) -> list[RuleRow]:
    """Every rule with its counts over the accounts that `by` sees. Five queries."""
    accounts = list(Account.objects.visible_to(by).active().values_list("pk", flat=True))
    counts = indicators_seen(by=by).filter(closed_at=None).order_by().values_list("rule").annotate(n=Count("pk"))
    open_now = dict(counts.values_list("rule_id", "n"))
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, [accounts])
        closed = {rule: (count, float(median)) for rule, count, median in cursor.fetchall()}
    known = measures()
    return [
        RuleRow(
            rule,
            sentence(conditions_of(rule), known),
            open_now.get(rule.pk, 0),
            closed.get(rule.pk, (0, None))[0],
            closed.get(rule.pk, (0, None))[1],
        )
        for rule in IndicatorRule.objects.order_by("-active", "kind", "name")
    ]


@dataclass(frozen=True)
class WouldOpen:
    account: Account
    reasons: list[Reason]


@dataclass(frozen=True)
class RulePreview:
    """Who would be in the state today. unknown: accounts of which something it looks at is not known."""

    holds: int
    not_so: int
    unknown: int
    rows: list[WouldOpen]


def preview_rule(conditions: Sequence[Condition], *, by: Actor, on: date) -> RulePreview:
    """Hold the conditions against every account that `by` sees; the largest customers first."""
    accounts = list(Account.objects.visible_to(by).active().order_by(F("arr").desc(nulls_last=True), "pk"))
    facts = facts_of([account.pk for account in accounts], {one.measure for one in conditions}, on=on)
    verdicts = [(account, judge(conditions, facts[account.pk])) for account in accounts]
    held = [(account, verdict) for account, verdict in verdicts if verdict.holds]
    known = measures()
    return RulePreview(
        holds=len(held),
        not_so=sum(verdict.holds is False for _, verdict in verdicts),
        unknown=sum(verdict.holds is None for _, verdict in verdicts),
        rows=[WouldOpen(account, reasons(verdict.why, known)) for account, verdict in held[:SHOWN]],
    )


def filtered(
    found: QuerySet[Indicator], *, rule: UUID | None, kind: str, owner: UUID | None, state: str, q: str
) -> QuerySet[Indicator]:
    """The list as the address asks for it; empty words ask for nothing."""
    found = found.filter(closed_at__isnull=state != "closed")
    if rule:
        found = found.filter(rule_id=rule)
    if kind:
        found = found.filter(rule__kind=kind)
    if owner:
        found = found.filter(account__owner_id=owner)
    return found.filter(Q(account__name__icontains=q)) if q else found
