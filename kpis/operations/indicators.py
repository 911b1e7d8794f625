"""Indicators: their rules are written by people; after scoring they open and close by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Account
from core.actor import Actor
from core.audit import record, record_many
from core.errors import Conflict, DomainError
from core.jobs import start_job
from core.models import Job
from core.rules import require
from kpis import rules
from kpis.events import IndicatorClosed, IndicatorOpened, IndicatorRuleChanged
from kpis.models import Indicator, IndicatorRule
from kpis.queries.indicators import (
    DAYS_TO_RENEWAL,
    HEALTH,
    HEALTH_CHANGE,
    OPERATORS,
    Condition,
    Facts,
    Verdict,
    conditions_of,
    facts_of,
    judge,
    measures,
    taken_back,
)
from tenants.context import take_lock

EVALUATE = "kpis.evaluate_indicators"
CHUNK = 500  # accounts a transaction
MOST_CONDITIONS, NAME_LENGTH = 6, 80
LARGEST = Decimal(10) ** 14

# What a new workspace starts with. Limits are those of the catalogue's red edges and the triggers of the playbooks.
STANDARD: tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...] = (
    ("Champion left", "risk", (("champion_status", "<=", "0"),)),
    ("Health fell by ten points", "risk", ((HEALTH_CHANGE, "<=", "-10"),)),
    ("Half the seats unused", "risk", (("seat_use", "<", "50"),)),
    ("No executive contact for a quarter", "risk", (("executive_contact_days", ">", "90"),)),
    ("Detractors", "risk", (("relationship_nps", "<", "10"),)),
    (
        "Renewal near, health weak",
        "risk",
        ((DAYS_TO_RENEWAL, ">=", "0"), (DAYS_TO_RENEWAL, "<=", "90"), (HEALTH, "<", "70")),
    ),
    ("Outgrowing its plan", "opportunity", (("plan_limit_use", ">", "80"), (HEALTH, ">", "80"))),
)


class NotARule(DomainError):
    """The rule says nothing that can be measured; `field` is name, conditions or condition-<number>."""


class RuleChanged(Conflict):
    """Somebody else changed the rule since it was opened."""


@dataclass(frozen=True)
class Evaluated:
    opened: int = 0
    closed: int = 0

    def __add__(self, other: "Evaluated") -> "Evaluated":
        return Evaluated(self.opened + other.opened, self.closed + other.closed)


# Rules ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def install_indicators(*, at: datetime, by: Actor) -> None:
    """Lay down the standard rules; one that is there under its name stays as it is."""
    there = set(IndicatorRule.objects.values_list("name", flat=True))
    IndicatorRule.objects.bulk_create(
        IndicatorRule(
            name=name,
            kind=kind,
            conditions=[{"measure": measure, "op": op, "value": value} for measure, op, value in conditions],
            created_at=at,
            created_by=by.label[:160],
        )
        for name, kind, conditions in STANDARD
        if name not in there
    )


def checked_conditions(given: Sequence[Mapping[str, Any]]) -> list[Condition]:
    """[{"measure", "op", "value"}, ...] as conditions. Raises NotARule at the first that is wrong."""
    if not given:
        raise NotARule("Say what must be so: at least one condition.", field="conditions")
    if len(given) > MOST_CONDITIONS:
        raise NotARule(f"A rule has at most {MOST_CONDITIONS} conditions.", field="conditions")
    known = measures()
    found = []
    for number, one in enumerate(given):
        field = f"condition-{number}"
        if one.get("measure") not in known:
            raise NotARule("Choose what is looked at.", field=field)
        if one.get("op") not in OPERATORS:
            raise NotARule("Choose how it is compared.", field=field)
        found.append(Condition(one["measure"], one["op"], _limit(one.get("value"), field)))
    return found


def _limit(text: Any, field: str) -> Decimal:
    try:
        limit = Decimal(str(text).strip().replace("−", "-"))
    except InvalidOperation:
        raise NotARule("Enter a number, like 50 or -10.", field=field) from None
    if not limit.is_finite() or abs(limit) >= LARGEST:
        raise NotARule("Enter a number, like 50 or -10.", field=field)
    return limit


@transaction.atomic
def write_rule(
    *,
    rule_id: UUID | None,
    name: str,
    kind: str,
    conditions: Sequence[Mapping[str, Any]],
    expected_version: int | None,
    by: Actor,
    at: datetime,
) -> IndicatorRule:
    """Make a rule (rule_id None) or change one; every account is then held against it by the worker.

    Emits IndicatorRuleChanged. Raises IndicatorRule.DoesNotExist, PermissionDenied, NotARule, RuleChanged.
    """
    require(by, rules.EDIT_INDICATORS)
    take_lock("indicator rules")
    rule = IndicatorRule(created_at=at, created_by=by.label[:160], version=0)
    if rule_id is not None:
        rule = IndicatorRule.objects.select_for_update().get(pk=rule_id)
        if rule.version != expected_version:
            raise RuleChanged("Somebody changed this rule since you opened it. Look at it again before you save.")
    rule.name, rule.kind = _name(name, rule), kind
    if kind not in IndicatorRule.Kind.values:
        raise NotARule("Say whether it is a risk or an opportunity.", field="kind")
    rule.conditions = [
        {"measure": one.measure, "op": one.op, "value": f"{one.limit:f}"} for one in checked_conditions(conditions)
    ]
    rule.version += 1
    rule.save()
    record(IndicatorRuleChanged(None, rule.pk, rule.name, "changed" if rule_id else "made"), by=by)
    start_evaluating(by=by)
    return rule


def _name(given: str, rule: IndicatorRule) -> str:
    name = " ".join(given.split())
    if not name or len(name) > NAME_LENGTH:
        raise NotARule(f"Give it a name of at most {NAME_LENGTH} characters.", field="name")
    if IndicatorRule.objects.filter(name__iexact=name).exclude(pk=rule.pk).exists():
        raise NotARule("Another rule has this name.", field="name")
    return name


@transaction.atomic
def switch_rule(*, rule_id: UUID, active: bool, by: Actor, at: datetime) -> IndicatorRule:
    """Pause a rule, which closes what it holds open, or let it go on. Emits IndicatorRuleChanged, IndicatorClosed.

    Raises IndicatorRule.DoesNotExist, PermissionDenied.
    """
    require(by, rules.EDIT_INDICATORS)
    take_lock("indicator rules")
    rule = IndicatorRule.objects.select_for_update().get(pk=rule_id)
    if rule.active == active:
        return rule
    rule.active = active
    rule.version += 1
    rule.save(update_fields=["active", "version"])
    record(IndicatorRuleChanged(None, rule.pk, rule.name, "resumed" if active else "paused"), by=by)
    if active:
        start_evaluating(by=by)
    else:
        still = list(Indicator.objects.filter(rule=rule, closed_at=None).select_related("rule"))
        _close([(one, Verdict(False, [])) for one in still], at=at, by=by)
    return rule


def start_evaluating(*, by: Actor) -> Job:
    """Have the worker hold every account against the rules; a job that waits already is the answer."""
    waiting = Job.objects.filter(kind=EVALUATE, finished_at=None, started_at=None).first()
    return waiting or start_job(EVALUATE, by=by, unit="accounts")


# Evaluation ----------------------------------------------------------------------------------------------------


def evaluate_indicators(*, account_ids: Sequence[UUID], at: datetime, by: Actor) -> Evaluated:
    """Open and close the indicators of these accounts by what is known now, in transactions of CHUNK accounts.

    Idempotent: what is open stays the one that is open. What is unknown neither opens nor closes, unless the value
    that opened it was taken back. Emits
    IndicatorOpened and IndicatorClosed.
    """
    done = Evaluated()
    active = list(IndicatorRule.objects.filter(active=True).order_by("name"))
    for start in range(0, len(account_ids) if active else 0, CHUNK):
        done += evaluate_chunk(rules_in_force=active, account_ids=account_ids[start : start + CHUNK], at=at, by=by)
    return done


@transaction.atomic
def evaluate_chunk(
    *, rules_in_force: Sequence[IndicatorRule], account_ids: Sequence[UUID], at: datetime, by: Actor
) -> Evaluated:
    """At most a few hundred accounts, each looked at by one worker at a time."""
    locked = Account.objects.visible_to(by).active().filter(pk__in=account_ids).order_by("pk")
    accounts = list(locked.select_for_update(no_key=True).values_list("pk", flat=True))
    read = {rule: conditions_of(rule) for rule in rules_in_force}
    facts = facts_of(accounts, {one.measure for conditions in read.values() for one in conditions}, on=at.date())
    still = {
        (one.account_id, one.rule_id): one
        for one in Indicator.objects.filter(account__in=accounts, closed_at=None).select_related("rule")
    }
    opening: list[Indicator] = []
    closing: list[tuple[Indicator, Verdict]] = []
    unknown: dict[Indicator, Facts] = {}
    for account in accounts:
        for rule, conditions in read.items():
            verdict, there = judge(conditions, facts[account]), still.get((account, rule.pk))
            if verdict.holds and there is None:
                opening.append(
                    Indicator(rule=rule, account_id=account, opened_on=at.date(), opened_at=at, opened_by=verdict.why)
                )
            elif verdict.holds is False and there is not None:
                closing.append((there, verdict))
            elif verdict.holds is None and there is not None:
                unknown[there] = facts[account]
    closing += [(one, Verdict(False, [])) for one in taken_back(unknown)]
    _open(opening, by=by)
    _close(closing, at=at, by=by)
    return Evaluated(len(opening), len(closing))


def _open(opening: list[Indicator], *, by: Actor) -> None:
    Indicator.objects.bulk_create(opening)
    news = [
        IndicatorOpened(one.account_id, one.pk, one.rule.name, one.rule.kind, _plain(one.opened_by)) for one in opening
    ]
    record_many(news, by=by)


def _close(closing: list[tuple[Indicator, Verdict]], *, at: datetime, by: Actor) -> None:
    for one, verdict in closing:
        one.closed_on, one.closed_at, one.closed_by = at.date(), at, verdict.why
    Indicator.objects.bulk_update([one for one, _ in closing], ["closed_on", "closed_at", "closed_by"])
    news = [
        IndicatorClosed(
            one.account_id,
            one.pk,
            one.rule.name,
            one.rule.kind,
            (at.date() - one.opened_on).days,
            _plain(verdict.why),
        )
        for one, verdict in closing
    ]
    record_many(news, by=by)


def _plain(why: Sequence[Sequence[str | None]]) -> list[list[str]]:
    """Without the ids: measure, value, op, limit."""
    return [[str(measure), str(value), str(op), str(limit)] for measure, value, _, op, limit in why]
