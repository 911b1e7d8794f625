"""Scorecards: made, given to accounts by a rule and a priority, archived. Their texts: scorecard_drafts, _reviews."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from kpis import rules
from kpis.events import ScorecardArchived, ScorecardCreated, ScorecardRuleSet
from kpis.models import Scorecard, ScorecardVersion
from kpis.scoring.assignment import RULE_FIELDS, YOUNGER
from tenants.context import take_lock

LAST_PRIORITY = 9_999  # what a person may give; archived scorecards keep a number beyond it
MOST_VALUES = 50
MOST_DAYS = 3_650


class PriorityTaken(DomainError):
    """Another scorecard has this priority, so that neither would come first."""


class OneForTheRest(DomainError):
    """It would leave accounts that no scorecard is for."""


class ScorecardArchivedAlready(DomainError):
    """An archived scorecard takes no change."""


@transaction.atomic
def create_scorecard(
    *,
    name: str,
    by: Actor,
    at: datetime,
    description: str = "",
    priority: int | None = None,
    rule: Mapping[str, Any] | None = None,
) -> Scorecard:
    """A scorecard without any text yet; it scores nothing before a version of it is live.

    rule: see `set_rule`. priority None: the first free one before the scorecard for all the rest.
    Emits ScorecardCreated. Raises DomainError (name, priority, rule), PermissionDenied.
    """
    require(by, rules.EDIT_SCORECARD)
    take_lock("scorecards")
    made = Scorecard(
        name=_free_name(name),
        description=description.strip()[:400],
        priority=_free_priority(priority) if priority is not None else _next_priority(),
        rule=clean_rule(rule or {}),
        created_at=at,
        created_by=by.label,
    )
    made.save(force_insert=True)
    record(ScorecardCreated(None, made.pk, None), by=by)
    return made


def _free_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise DomainError("A scorecard needs a name.", field="name")
    if len(name) > 80:
        raise DomainError("A name has at most 80 characters.", field="name")
    if taken := Scorecard.objects.filter(name__iexact=name).first():
        archived = "An archived scorecard" if taken.archived_at else "Another scorecard"
        raise DomainError(f"{archived} is called so already.", field="name")
    return name


def _free_priority(wanted: int, *, but: UUID | None = None) -> int:
    if not 1 <= wanted <= LAST_PRIORITY:
        raise DomainError(f"A priority is a whole number from 1 to {LAST_PRIORITY:,}.", field="priority")
    others = Scorecard.objects.exclude(pk=but) if but else Scorecard.objects.all()
    taken = others.filter(priority=wanted).first()
    if taken is not None:
        raise PriorityTaken(
            f"“{taken.name}” has priority {wanted}. Free before it: {_free_before(wanted) or 'none'}.", field="priority"
        )
    return wanted


def _free_before(priority: int) -> int | None:
    used = set(Scorecard.objects.values_list("priority", flat=True))
    return next((number for number in range(priority - 1, 0, -1) if number not in used), None)


def _next_priority() -> int:
    """After every scorecard with a rule, before those for all the rest, in tens where there is room."""
    cards = list(Scorecard.objects.filter(archived_at=None).values_list("priority", "rule"))
    rest = min((priority for priority, rule in cards if not rule), default=LAST_PRIORITY)
    before = max((priority for priority, rule in cards if rule and priority < rest), default=0)
    wanted = min((before // 10 + 1) * 10, rest - 1)
    used = {priority for priority, _ in cards}
    free = wanted if wanted > 0 and wanted not in used else _free_before(rest)
    if free is None:
        raise PriorityTaken("No priority is free before the scorecard for all the rest.", field="priority")
    return free


def clean_rule(given: Mapping[str, Any]) -> dict[str, Any]:
    """A rule of known parts with plain values, parts without a value left out. Raises DomainError at its part."""
    if not isinstance(given, Mapping) or set(given) - {*RULE_FIELDS, YOUNGER}:
        raise DomainError(f"A rule speaks of {', '.join(RULE_FIELDS)} and {YOUNGER} only.", field="rule")
    cleaned: dict[str, Any] = {}
    for name in RULE_FIELDS:
        values = given.get(name) or []
        if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
            raise DomainError(f"The {name} of a rule is a list of values.", field=name)
        kept = dict.fromkeys(" ".join(value.split()) for value in values if value.strip())
        if len(kept) > MOST_VALUES or any(len(value) > 80 for value in kept):
            raise DomainError(f"A rule names at most {MOST_VALUES} values of a {name}.", field=name)
        if kept:
            cleaned[name] = sorted(kept)
    days = given.get(YOUNGER)
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS):
        raise DomainError(f"Days as a customer are a whole number from 1 to {MOST_DAYS:,}.", field=YOUNGER)
    return cleaned | ({YOUNGER: days} if days is not None else {})


@transaction.atomic
def set_rule(
    *, scorecard_id: UUID, rule: Mapping[str, Any], priority: int, edits: int, by: Actor, at: datetime
) -> Scorecard:
    """Say which accounts a scorecard is for and which of several comes first (the lowest priority).

    rule: {stage|tier|industry|region: [values], "younger_than_days": days as a customer}; an account matches when
    every part does, and without any part every account does. edits: as the person saw it. With a live version it takes
    the right to publish.
    Emits ScorecardRuleSet, nothing when all is as it was. Raises Conflict, PriorityTaken, OneForTheRest, DomainError,
    PermissionDenied, Scorecard.DoesNotExist.
    """
    take_lock("scorecards")
    card = lock_scorecard(scorecard_id)
    require(by, rules.PUBLISH_SCORECARD if live_of(card) else rules.EDIT_SCORECARD)
    if card.edits != edits:
        raise Conflict("Somebody else changed this scorecard since you opened it. Nothing of theirs was overwritten.")
    before = (card.rule, card.priority)
    card.rule, card.priority = clean_rule(rule), _free_priority(priority, but=card.pk)
    if before == (card.rule, card.priority):
        return card
    if card.rule and not before[0]:
        _require_another_for_the_rest(card)
    card.edits += 1
    card.save(update_fields=["rule", "priority", "edits"])
    record(ScorecardRuleSet(None, card.pk, None, [before[1], card.priority], [before[0], card.rule]), by=by)
    return card


@transaction.atomic
def archive_scorecard(*, scorecard_id: UUID, edits: int, by: Actor, at: datetime) -> Scorecard:
    """Take a scorecard out of use; its versions and every score made with them stay.

    Its live version retires, drafts and reviews end, and its accounts go to the next scorecard that is for them.
    Emits ScorecardArchived. Raises Conflict, OneForTheRest, PermissionDenied, Scorecard.DoesNotExist.
    """
    require(by, rules.PUBLISH_SCORECARD)
    take_lock("scorecards")
    card = lock_scorecard(scorecard_id)
    if card.edits != edits:
        raise Conflict("Somebody else changed this scorecard since you opened it. It was not archived.")
    if not card.rule:
        _require_another_for_the_rest(card)
    state = ScorecardVersion.State
    card.versions.filter(state=state.LIVE).update(state=state.RETIRED, retired_at=at)
    card.versions.filter(state__in=[state.DRAFT, state.REVIEW]).update(state=state.DROPPED)
    highest = Scorecard.objects.order_by("-priority").values_list("priority", flat=True).first() or 0
    card.archived_at, card.edits = at, card.edits + 1
    card.priority = max(highest, LAST_PRIORITY) + 1  # its own number is free again
    card.save(update_fields=["archived_at", "edits", "priority"])
    record(ScorecardArchived(None, card.pk, None), by=by)
    return card


def _require_another_for_the_rest(card: Scorecard) -> None:
    others = ScorecardVersion.objects.filter(
        state=ScorecardVersion.State.LIVE, scorecard__rule={}, scorecard__archived_at=None
    )
    if live_of(card) and not others.exclude(scorecard=card).exists():
        raise OneForTheRest(
            "This is the only live scorecard for every account that no other one is for. Publish another one without "
            "a rule first.",
            field="rule",
        )


def live_of(card: Scorecard) -> ScorecardVersion | None:
    """The version of this scorecard that is in force."""
    found: ScorecardVersion | None = card.versions.filter(state=ScorecardVersion.State.LIVE).first()
    return found


def lock_scorecard(scorecard_id: UUID) -> Scorecard:
    """The row, locked. Whoever changes a scorecard or a version of it holds this first: so nobody waits crosswise.

    Raises Scorecard.DoesNotExist, ScorecardArchivedAlready.
    """
    card: Scorecard = Scorecard.objects.select_for_update().get(pk=scorecard_id)
    if card.archived_at is not None:
        raise ScorecardArchivedAlready(f"“{card.name}” is archived.")
    return card


def lock_version(version_id: UUID) -> ScorecardVersion:
    """A version with its scorecard, both locked. Raises ScorecardVersion.DoesNotExist, ScorecardArchivedAlready."""
    of = ScorecardVersion.objects.values_list("scorecard_id", flat=True).get(pk=version_id)
    card = lock_scorecard(of)
    version: ScorecardVersion = ScorecardVersion.objects.select_for_update().get(pk=version_id)
    version.scorecard = card
    return version
