"""Reads of teams and assignment: what members carry, what waits, why an account has its owner."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet, Sum

from accounts.assigning import Candidate, without_rate
from accounts.models import Account, Assignment, AssignmentRule, Task, Team, TeamMember
from accounts.queries.revenue_rules import rates_into
from core.actor import Actor


@dataclass(frozen=True)
class Scale:
    """One currency in which revenue is weighed, with what one unit of each currency is worth in it."""

    currency: str = "EUR"
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    def weigh(self, amount: Decimal | None, currency: str) -> Decimal | None:
        """None: not known, or in a currency without a rate."""
        return amount * self.rates[currency] if amount is not None and currency in self.rates else None


def scale_on(day: date) -> Scale:
    """The currency most accounts have, and the newest rates into it."""
    used = Account.objects.active().exclude(arr=None).values_list("currency").annotate(n=Count("pk"))
    main = max(used, key=lambda row: (row[1], row[0]), default=("EUR", 0))[0]
    return Scale(main, rates_into(main, day))


def candidates_of(team_ids: set[UUID], scale: Scale) -> dict[UUID, list[Candidate]]:
    """The members of each team with what they carry everywhere; in each team with what they can carry there."""
    members = TeamMember.objects.filter(team__in=team_ids).select_related("user").order_by("user__name", "pk")
    people = {member.user_id: Candidate(member.user_id, str(member.user)) for member in members}
    for user_id, currency, number, known, total in (
        Account.objects.active()
        .filter(owner__in=people)
        .values_list("owner_id", "currency")
        .annotate(number=Count("pk"), known=Count("arr"), total=Sum("arr"))
    ):
        one, worth = people[user_id], scale.weigh(total, currency)
        one.accounts += number
        one.revenue += worth or 0
        one.unknown += number - (known if worth is not None else 0)
    last = Assignment.objects.filter(owner__in=people).values_list("owner_id").annotate(at=Max("at"))
    for user_id, at in last:
        people[user_id].idle_since = at
    found: dict[UUID, list[Candidate]] = defaultdict(list)
    for member in members:
        limits: dict[str, Any] = {
            "capacity": member.capacity,
            "away_until": member.away_until,
            "active": member.user.is_active,
        }
        found[member.team_id].append(replace(people[member.user_id], **limits))
    return found


def currencies_of(user_ids: set[UUID]) -> set[str]:
    """In which currencies the revenue of these people stands."""
    owned = Account.objects.active().filter(owner__in=user_ids).exclude(arr=None)
    return set(owned.order_by().values_list("currency", flat=True).distinct())


def not_weighable(user_ids: set[UUID], scale: Scale) -> list[str]:
    """Currencies of these people's revenue for which there is no rate."""
    return without_rate(currencies_of(user_ids), scale.rates)


@dataclass(frozen=True)
class TeamRow:
    """A team in the list. waiting: accounts of it that nobody owns."""

    team: Team
    people: int
    accounts: int
    waiting: int


def team_rows(*, archived: bool = False) -> list[TeamRow]:
    teams = Team.objects.select_related("lead").filter(archived_at__isnull=not archived).order_by("name")
    people = Counter(TeamMember.objects.values_list("team_id", flat=True))
    open_now = Q(owner=None)
    counted = Account.objects.active().exclude(team=None).values_list("team_id")
    counts = {pk: (n, w) for pk, n, w in counted.annotate(n=Count("pk"), w=Count("pk", filter=open_now))}
    return [TeamRow(team, people[team.pk], *counts.get(team.pk, (0, 0))) for team in teams]


def rules_in_order() -> QuerySet[AssignmentRule]:
    return AssignmentRule.objects.select_related("team").order_by("priority")


def waiting_accounts() -> QuerySet[Account]:
    """Accounts that nobody owns."""
    return Account.objects.active().filter(owner=None)


def queue_of(team: Team) -> QuerySet[Account]:
    """What waits in a pooled team's queue, longest first."""
    return waiting_accounts().filter(team=team).order_by("created_at", "pk")


def pools_of(user_id: UUID | None) -> list[tuple[TeamMember, int]]:
    """The pooled teams a person is in, each with how many accounts wait there."""
    mine = TeamMember.objects.select_related("team").filter(
        user_id=user_id or UUID(int=0), team__pooled=True, team__archived_at=None
    )
    members = list(mine.order_by("team__name"))
    waiting = waiting_accounts().filter(team__in=[member.team_id for member in members])
    counts = dict(waiting.order_by().values_list("team_id").annotate(n=Count("pk")))
    return [(member, counts.get(member.team_id, 0)) for member in members]


def assignments_of(account_id: UUID) -> QuerySet[Assignment]:
    """Why an account has its owner, newest first. The caller has made sure that the person sees the account."""
    found = Assignment.objects.filter(account_id=account_id).select_related("rule", "owner", "before")
    return found.order_by("-at", "-pk")


@dataclass(frozen=True)
class Belongings:
    """What a person would leave behind; private tasks stay private and are counted apart, as are archived accounts."""

    accounts: int
    archived: int
    tasks: int
    private: int
    teams: int


def belongings(user_id: UUID) -> Belongings:
    tasks = Task.objects.filter(assignee_id=user_id, done_at=None)
    counts: dict[str, Any] = tasks.aggregate(
        tasks=Count("pk", filter=Q(private=False)), private=Count("pk", filter=Q(private=True))
    )
    owned = Account.objects.filter(owner_id=user_id)
    active = owned.active().count()
    teams = TeamMember.objects.filter(user_id=user_id).count()
    return Belongings(active, owned.count() - active, counts["tasks"], counts["private"], teams)


def recent_assignments(*, by: Actor) -> QuerySet[Assignment]:
    return Assignment.objects.visible_to(by).select_related("account", "owner", "rule").order_by("-at", "-pk")
