"""Teams, their members, and the rules by which accounts find an owner."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from accounts import rules
from accounts.assigning import METHODS
from accounts.conditions import ConditionError, read
from accounts.events import AssignmentRuleChanged, TeamChanged
from accounts.models import AssignmentRule, Team, TeamMember
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from users.models import User

NOBODY = UUID(int=0)


@transaction.atomic
def write_team(
    *,
    name: str,
    by: Actor,
    team_id: UUID | None = None,
    pooled: bool = False,
    lead_id: UUID | None = None,
    expected_version: int | None = None,
) -> Team:
    """Make a team, or change one. Emits TeamChanged. Raises DomainError, Conflict, Team.DoesNotExist."""
    require(by, rules.EDIT_TEAMS)
    name = " ".join(name.split())
    if not name:
        raise DomainError("A team needs a name.", field="name")
    if Team.objects.filter(name__iexact=name).exclude(pk=team_id or NOBODY).exists():
        raise DomainError(f"There is already a team called “{name}”.", field="name")
    if lead_id and not User.objects.filter(pk=lead_id, is_active=True).exists():
        raise DomainError("This person is not here any more.", field="lead_id")
    team = Team.objects.select_for_update(of=("self",)).get(pk=team_id) if team_id else Team()
    if team_id:
        _same_version(team.version, expected_version)
    wanted = {"name": name, "pooled": pooled, "lead_id": lead_id}
    changes = _changed(team, wanted)
    if team_id and not changes:
        return team
    team.version += 1 if team_id else 0
    team.save()
    record(TeamChanged(None, team.pk, "edited" if team_id else "created", changes=changes), by=by)
    return team


@transaction.atomic
def archive_team(*, team_id: UUID, by: Actor, at: datetime, restore: bool = False) -> Team:
    """Take a team out of use, or back. Emits TeamChanged. Raises DomainError while a rule gives accounts to it."""
    require(by, rules.EDIT_TEAMS)
    team = Team.objects.select_for_update(of=("self",)).get(pk=team_id)
    if bool(team.archived_at) != restore:
        return team
    used = None if restore else team.rules.filter(active=True).first()
    if used:
        raise DomainError(f"The rule “{used.name}” gives accounts to this team. Pause or change it first.")
    team.archived_at = None if restore else at
    team.version += 1
    team.save(update_fields=["archived_at", "version"])
    record(TeamChanged(None, team.pk, "restored" if restore else "archived"), by=by)
    return team


@transaction.atomic
def set_member(
    *, team_id: UUID, user_id: UUID, by: Actor, capacity: int | None = None, away_until: date | None = None
) -> TeamMember:
    """Put a person into a team, or change what they can carry and until when they are away. Emits TeamChanged."""
    require(by, rules.EDIT_TEAMS)
    team = Team.objects.select_for_update(of=("self",)).get(pk=team_id)
    if not User.objects.filter(pk=user_id, is_active=True).exists():
        raise DomainError("This person is not here any more.", field="user_id")
    member = TeamMember.objects.filter(team=team, user_id=user_id).first()
    fresh = member is None
    member = member or TeamMember(team=team, user_id=user_id)
    changes = _changed(member, {"capacity": capacity, "away_until": away_until})
    if fresh or changes:
        member.save()
        record(TeamChanged(None, team.pk, "member_set", user_id, changes), by=by)
    return member


@transaction.atomic
def remove_member(*, team_id: UUID, user_id: UUID, by: Actor) -> None:
    """Take a person out of a team; their accounts stay theirs. Emits TeamChanged."""
    require(by, rules.EDIT_TEAMS)
    team = Team.objects.select_for_update(of=("self",)).get(pk=team_id)
    gone, _ = TeamMember.objects.filter(team=team, user_id=user_id).delete()
    if gone:
        record(TeamChanged(None, team.pk, "member_removed", user_id), by=by)


@transaction.atomic
def write_rule(
    *,
    name: str,
    where: str,
    team_id: UUID,
    method: str,
    by: Actor,
    rule_id: UUID | None = None,
    priority: int | None = None,
    expected_version: int | None = None,
) -> AssignmentRule:
    """Make a rule (last in the order without a priority) or change one. Emits AssignmentRuleChanged.

    Raises DomainError with the field: no name, taken name or priority, no condition, no such team or method.
    """
    require(by, rules.EDIT_TEAMS)
    name, where = " ".join(name.split()), where.strip()
    rule = AssignmentRule.objects.select_for_update(of=("self",)).get(pk=rule_id) if rule_id else AssignmentRule()
    if rule_id:
        _same_version(rule.version, expected_version)
    _check_rule(name, where, team_id, method, rule_id)
    if priority is None:
        last = AssignmentRule.objects.aggregate(last=Max("priority"))["last"] or 0
        priority = rule.priority if rule_id else last + 10
    if AssignmentRule.objects.filter(priority=priority).exclude(pk=rule_id or NOBODY).exists():
        raise DomainError(f"Another rule has the place {priority} already.", field="priority")
    wanted = {"name": name, "where": where, "team_id": team_id, "method": method, "priority": priority}
    changes = _changed(rule, wanted)
    if rule_id and not changes:
        return rule
    rule.version += 1 if rule_id else 0
    rule.save()
    record(AssignmentRuleChanged(None, rule.pk, "edited" if rule_id else "created", changes), by=by)
    return rule


def _check_rule(name: str, where: str, team_id: UUID, method: str, rule_id: UUID | None) -> None:
    if not name:
        raise DomainError("A rule needs a name.", field="name")
    if AssignmentRule.objects.filter(name__iexact=name).exclude(pk=rule_id or NOBODY).exists():
        raise DomainError(f"There is already a rule called “{name}”.", field="name")
    if method not in METHODS:
        raise DomainError("Choose how a person of the team is found.", field="method")
    if not Team.objects.filter(pk=team_id, archived_at=None).exists():
        raise DomainError("Choose a team.", field="team_id")
    if where:
        try:
            read(where)
        except ConditionError as error:
            raise DomainError(str(error), field="where") from error


@transaction.atomic
def switch_rule(*, rule_id: UUID, active: bool, by: Actor) -> AssignmentRule:
    """Pause a rule or let it go on. Emits AssignmentRuleChanged."""
    require(by, rules.EDIT_TEAMS)
    rule = AssignmentRule.objects.select_for_update(of=("self",)).get(pk=rule_id)
    if rule.active != active:
        rule.active, rule.version = active, rule.version + 1
        rule.save(update_fields=["active", "version"])
        record(AssignmentRuleChanged(None, rule.pk, "resumed" if active else "paused"), by=by)
    return rule


def _same_version(stored: int, expected: int | None) -> None:
    if expected != stored:
        raise Conflict("Somebody else changed this since you opened it. Nothing of theirs was overwritten.")


def _changed(row: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Set what differs; field -> [old, new] as text."""
    changes = {}
    for name, value in wanted.items():
        old = getattr(row, name)
        if old != value:
            changes[name] = [_text(old), _text(value)]
            setattr(row, name, value)
    return changes


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int) else str(value)
