"""Who gets which account: by rule, from a pooled queue, in a hand-over. Every choice is kept with its reasons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import rules
from accounts.assigning import METHODS, Candidate, Choice, choose
from accounts.conditions import matching, read, words
from accounts.events import AccountAssigned, HandedOver
from accounts.models import Account, Assignment, AssignmentRule, Task, TeamMember
from accounts.queries.teams import (
    Scale,
    candidates_of,
    not_weighable,
    queue_of,
    rules_in_order,
    scale_on,
)
from core.actor import Actor
from core.audit import record, record_many
from core.errors import DomainError
from core.rules import require
from tenants.context import take_lock
from users.models import User

LOCK = "assignment"  # two at once would weigh the same figures


@dataclass
class Assigned:
    """What a run did: accounts with an owner, those put into a pooled queue, those for which nobody was found
    (`kept`), and those to which no rule applies."""

    given: int = 0
    queued: int = 0
    kept: int = 0
    unmatched: int = 0
    rows: list[Assignment] = field(default_factory=list)


@transaction.atomic
def assign_accounts(*, account_ids: Sequence[UUID], by: Actor, at: datetime) -> Assigned:
    """Give those of the accounts that nobody owns to people, by the first rule that applies to each.

    An account of a pooled team waits in its queue instead. Emits one AccountAssigned per owner given. Idempotent.
    Raises PermissionDenied.
    """
    require(by, rules.ASSIGN)
    take_lock(LOCK)
    seen = Account.objects.visible_to(by).active().filter(pk__in=account_ids, owner=None)
    accounts = list(seen.select_for_update(of=("self",)).order_by("created_at", "pk"))
    return _assign(accounts, how="rule", by=by, at=at)


def _assign(accounts: list[Account], *, how: str, by: Actor, at: datetime, leaving: UUID | None = None) -> Assigned:
    """leaving: the person who gets nothing, whatever the rules say."""
    done, scale = Assigned(), scale_on(at.date())
    in_force = list(rules_in_order().filter(active=True, team__archived_at=None))
    people = candidates_of({rule.team_id for rule in in_force}, scale)
    everywhere: dict[UUID, list[Candidate]] = {}  # a person of two teams carries the same in both
    for one in chain.from_iterable(people.values()):
        everywhere.setdefault(one.user_id, []).append(one)
    left = {account.pk: account for account in accounts}
    for rule in in_force:
        hit = _matching(rule, left, at)
        if rule.method == "least_revenue":  # the largest first: what is left over evens out
            hit.sort(key=lambda one: scale.weigh(one.arr, one.currency) or Decimal(0), reverse=True)
        free = [one for one in people.get(rule.team_id, []) if one.user_id != leaving]
        missing = not_weighable({one.user_id for one in free}, scale) if rule.method == "least_revenue" else []
        for account in hit:
            del left[account.pk]
            account.team_id = rule.team_id
            if rule.team.pooled:
                done.queued += 1
                done.rows.append(_waits(account, rule, how, by, at))
                continue
            choice = _choice(account, rule, free, scale, missing, at)
            for one in everywhere.get(choice.chosen.user_id, []) if choice.chosen else []:
                one.take(scale.weigh(account.arr, account.currency), at)
            done.rows.append(_give(account, rule, choice, scale, how, by, at))
            done.given += choice.chosen is not None
            done.kept += choice.chosen is None
    done.unmatched = len(left)
    _store(accounts, done, how=how, by=by)
    return done


def _matching(rule: AssignmentRule, left: dict[UUID, Account], at: datetime) -> list[Account]:
    if not rule.where:
        return list(left.values())
    found = Account.objects.filter(pk__in=left).filter(matching(read(rule.where), today=at.date()))
    ids = set(found.values_list("pk", flat=True))
    return [account for pk, account in left.items() if pk in ids]


def _choice(
    account: Account, rule: AssignmentRule, free: list[Candidate], scale: Scale, missing: list[str], at: datetime
) -> Choice:
    if rule.method == "least_revenue":
        own = {account.currency} - set(scale.rates) if account.arr is not None else set()
        if lacking := sorted({*missing, *own}):
            needed = ", ".join(lacking)
            return Choice(None, f"revenue in {needed} cannot be weighed: no exchange rate into {scale.currency}", [])
    return choose(free, rule.method, today=at.date())


def _give(
    account: Account, rule: AssignmentRule, choice: Choice, scale: Scale, how: str, by: Actor, at: datetime
) -> Assignment:
    before = account.owner_id
    if choice.chosen:
        account.owner_id = choice.chosen.user_id
    why = {**_why(rule, how), "reason": choice.reason, "weighed": choice.weighed, "currency": scale.currency}
    owner = choice.chosen.user_id if choice.chosen else None
    return Assignment(
        account=account, rule=rule, owner_id=owner, before_id=before, why=why, at=at, by_label=by.label[:160]
    )


def _waits(account: Account, rule: AssignmentRule, how: str, by: Actor, at: datetime) -> Assignment:
    before, account.owner_id = account.owner_id, None
    why = {**_why(rule, how), "reason": f"waits in the queue of {rule.team.name}", "weighed": []}
    return Assignment(account=account, rule=rule, owner=None, before_id=before, why=why, at=at, by_label=by.label[:160])


def _why(rule: AssignmentRule, how: str) -> dict[str, Any]:
    condition = words(read(rule.where)) if rule.where else "every account"
    named = {"rule": rule.name, "team": rule.team.name, "condition": condition}
    return {"how": how, "method": METHODS[rule.method], **named}


def _store(accounts: list[Account], done: Assigned, *, how: str, by: Actor) -> None:
    """Write what changed. A reason that was given last time too is not written again."""
    touched = {row.account_id for row in done.rows}
    last = {}
    for row in Assignment.objects.filter(account__in=touched).order_by("account_id", "at", "pk"):
        last[row.account_id] = (row.owner_id, row.why.get("reason"))
    fresh = [
        row
        for row in done.rows
        if row.owner_id or row.before_id or last.get(row.account_id) != (None, row.why["reason"])
    ]
    changed = [account for account in accounts if account.pk in {row.account_id for row in fresh}]
    for account in changed:
        account.version += 1
    Account.objects.bulk_update(changed, ["owner_id", "team_id", "version"], batch_size=500)
    Assignment.objects.bulk_create(fresh, batch_size=500)
    _tell(fresh, how=how, by=by)


def _tell(rows: Iterable[Assignment], *, how: str, by: Actor) -> None:
    """One event for each account whose owner is another now, or nobody."""
    events = []
    for row in rows:
        owner_id = row.account.owner_id
        if owner_id != row.before_id:
            ends = [str(end) if end else None for end in (row.before_id, owner_id)]
            events.append(AccountAssigned(row.account_id, row.pk, owner_id, how, {"owner_id": ends}))
    record_many(events, by=by)


@transaction.atomic
def take_next(*, team_id: UUID, by: Actor, at: datetime) -> Account | None:
    """The account that has waited longest in a pooled queue goes to whoever asks; None when none waits.

    Two who ask at once get two accounts. Emits AccountAssigned. Raises DomainError: not a member, away, full.
    """
    require(by, rules.TAKE_NEXT)
    members = TeamMember.objects.select_related("team").filter(team_id=team_id)
    member = members.filter(user_id=by.user_id).first() if by.user_id else None
    if member is None or not member.team.pooled or member.team.archived_at:
        raise DomainError("You are not in a team with this queue.")
    take_lock(LOCK)
    scale = scale_on(at.date())
    me = next(one for one in candidates_of({team_id}, scale)[team_id] if one.user_id == by.user_id)
    if out := me.out(at.date()):
        raise DomainError(f"You cannot take an account now: {out}.")
    account: Account | None = queue_of(member.team).select_for_update(of=("self",), skip_locked=True).first()
    if account is None:
        return None
    reason = f"{me.name} asked for the next account of {member.team.name}; it had waited longest"
    _hand(account, by.user_id, {"how": "queue", "team": member.team.name, "reason": reason}, by=by, at=at)
    return account


def _hand(account: Account, owner_id: UUID | None, why: dict[str, Any], *, by: Actor, at: datetime) -> None:
    before, account.owner_id = account.owner_id, owner_id
    account.version += 1
    account.save(update_fields=["owner_id", "version"])
    made = Assignment.objects.create(
        account=account, owner_id=owner_id, before_id=before, why={"weighed": [], **why}, at=at, by_label=by.label[:160]
    )
    _tell([made], how=why["how"], by=by)


@transaction.atomic
def hand_over(
    *, user_id: UUID, by: Actor, at: datetime, to_id: UUID | None = None, by_rule: bool = False
) -> HandedOver:
    """What a person has goes to another, or by the rules to several and the rest to that one.

    Open tasks follow the new owner of their account, else go to `to_id`; private ones stay. Open steps of playbooks
    follow their accounts. Emits AccountAssigned per account and HandedOver, which is returned.
    Raises DomainError, PermissionDenied, User.DoesNotExist.
    """
    require(by, rules.ASSIGN)
    person = User.objects.get(pk=user_id)
    if to_id == user_id or (to_id and not User.objects.filter(pk=to_id, is_active=True).exists()):
        raise DomainError("Choose somebody else who can sign in.", field="to_id")
    if not to_id and not by_rule:
        raise DomainError("Choose who takes over, or let the rules decide.", field="to_id")
    take_lock(LOCK)
    accounts = list(Account.objects.filter(owner_id=user_id).select_for_update(of=("self",)).order_by("pk"))
    if by_rule:
        _assign(accounts, how="hand_over", by=by, at=at, leaving=user_id)
    for account in [one for one in accounts if one.owner_id == user_id and to_id]:
        reason = f"{person} handed over what they had"
        _hand(account, to_id, {"how": "hand_over", "reason": reason}, by=by, at=at)
    tasks = _hand_tasks(user_id, to_id)
    stays = sum(account.owner_id == user_id for account in accounts)
    said = HandedOver(None, user_id, len(accounts) - stays, tasks, stays)
    record(said, by=by)
    return said


def _hand_tasks(user_id: UUID, to_id: UUID | None) -> int:
    given = 0
    for task in Task.objects.filter(assignee_id=user_id, done_at=None, private=False).select_related("account"):
        owner = task.account.owner_id if task.account and task.account.owner_id != user_id else None
        if owner or to_id:
            task.assignee_id = owner or to_id
            task.version += 1
            task.save(update_fields=["assignee_id", "version"])
            given += 1
    return given
