"""Accounts find owners: by rules that explain themselves, from a queue, and when somebody leaves."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account, Assignment, ExchangeRate, Task, Team
from accounts.operations.assignment import assign_accounts, hand_over, take_next
from accounts.operations.teams import archive_team, set_member, switch_rule, write_rule, write_team
from accounts.tasks import assign_new
from core.errors import Conflict, DomainError
from tests.accounts.conftest import entries
from tests.world import World

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def a_team(world: World, *people: Any, name: str = "North", pooled: bool = False, capacity: int | None = None) -> Team:
    by = world.mona.as_actor()
    team = write_team(name=name, pooled=pooled, by=by)
    for person in people:
        set_member(team_id=team.pk, user_id=person.pk, capacity=capacity, by=by)
    return team


def a_rule(world: World, team: Team, method: str = "fewest", where: str = "", name: str = "All") -> Any:
    return write_rule(name=name, where=where, team_id=team.pk, method=method, by=world.mona.as_actor())


def accounts(count: int, **given: Any) -> list[Account]:
    more = [Account(name=f"New {number:04}", **given) for number in range(count)]
    return Account.objects.bulk_create(more)


def assign(world: World, found: list[Account], at: datetime = AT) -> Any:
    return assign_accounts(account_ids=[one.pk for one in found], by=world.mona.as_actor(), at=at)


def test_a_thousand_new_accounts_are_spread_evenly_and_each_choice_is_explained(world: World) -> None:
    people = [world.alice, world.bob, world.amy, world.mona]
    a_rule(world, a_team(world, *people))
    done = assign(world, accounts(1000))
    carried = Counter(Account.objects.exclude(owner=None).values_list("owner_id", flat=True))
    assert done.given == 1000
    assert max(carried.values()) - min(carried.values()) <= 1
    assert Assignment.objects.count() == 1000
    assert len(entries("accounts.account_assigned")) == 1000
    for row in Assignment.objects.order_by("?")[:50]:
        free = {one["user"]: one["accounts"] for one in row.why["weighed"] if not one["out"]}
        assert free[str(row.owner_id)] == min(free.values()), "the figures give the choice"
        assert "fewest accounts" in row.why["reason"]
        assert row.why["condition"] == "every account"


def test_revenue_is_spread_within_the_largest_account(world: World) -> None:
    a_rule(world, a_team(world, world.bob, world.amy, world.mona), "least_revenue")
    found = [
        Account(name=f"R {number}", arr=Decimal(1000 + number * 37 % 9000), currency="EUR") for number in range(200)
    ]
    assign(world, Account.objects.bulk_create(found))
    sums: Counter[Any] = Counter()
    for owner, arr in Account.objects.filter(name__startswith="R ").values_list("owner_id", "arr"):
        sums[owner] += arr
    assert len(sums) == 3
    assert max(sums.values()) - min(sums.values()) <= 9999


def test_revenue_in_several_currencies_is_never_added_up(world: World) -> None:
    a_rule(world, a_team(world, world.alice, world.bob), "least_revenue")
    Account.objects.filter(pk=world.account.pk).update(arr=100, currency="EUR")
    Account.objects.create(name="Dear", owner=world.alice, arr=50, currency="EUR")
    Account.objects.create(name="Yen", owner=world.bob, arr=9000, currency="JPY")
    found = accounts(1, arr=10, currency="EUR")
    done = assign(world, found)
    row = Assignment.objects.get()
    assert (done.given, done.kept, row.owner_id) == (0, 1, None)
    assert row.why["reason"] == "revenue in JPY cannot be weighed: no exchange rate into EUR"
    assign(world, found)
    assert Assignment.objects.count() == 1, "the same reason is not written twice"
    ExchangeRate.objects.create(currency="JPY", on=date(2026, 1, 1), rate=Decimal("0.006"))
    assign(world, found)
    assert Account.objects.get(pk=found[0].pk).owner == world.bob  # 54 EUR against 150


def test_who_waits_longest_is_next_and_who_is_away_or_full_is_not(world: World) -> None:
    by = world.mona.as_actor()
    team = a_team(world, world.alice, world.bob, world.amy)
    a_rule(world, team, "longest_idle")
    set_member(team_id=team.pk, user_id=world.amy.pk, away_until=date(2026, 12, 1), by=by)
    set_member(team_id=team.pk, user_id=world.alice.pk, capacity=2, by=by)
    owners = []
    for number, account in enumerate(accounts(4)):
        assign(world, [account], AT + timedelta(minutes=number))
        owners.append(Account.objects.get(pk=account.pk).owner)
    assert owners == [world.alice, world.bob, world.bob, world.bob]
    out = {one["name"]: one["out"] for one in Assignment.objects.order_by("-at")[0].why["weighed"]}
    assert out == {"Alice": "full: 2 of 2", "Amy": "away until 2026-12-01", "Bob": ""}


def test_the_first_rule_that_applies_decides(world: World) -> None:
    by = world.mona.as_actor()
    gold = a_rule(world, a_team(world, world.amy, name="Gold"), where='tier = "Gold"', name="Gold")
    a_rule(world, a_team(world, world.bob, name="Rest"), name="Rest")
    dear, plain = accounts(2)
    Account.objects.filter(pk=dear.pk).update(tier="Gold")
    assign(world, [dear, plain])
    assert [Account.objects.get(pk=one.pk).owner for one in (dear, plain)] == [world.amy, world.bob]
    assert Assignment.objects.get(account=dear).why["condition"] == "Tier is “Gold”"
    switch_rule(rule_id=gold.pk, active=False, by=by)
    third = Account.objects.create(name="Third", tier="Gold")
    assign(world, [third])
    assert Account.objects.get(pk=third.pk).owner == world.bob


def test_new_accounts_are_given_by_the_worker_and_owned_ones_are_left(world: World) -> None:
    a_rule(world, a_team(world, world.bob))
    fresh = Account.objects.create(name="Fresh")
    assign_new.run(account_id=str(fresh.pk))
    assign_new.run(account_id=str(world.account.pk))
    assign_new.run(account_id=None)
    assert Account.objects.get(pk=fresh.pk).owner == world.bob
    assert Account.objects.get(pk=world.account.pk).owner == world.alice
    assert Assignment.objects.count() == 1


def test_a_pooled_queue_hands_the_next_account_to_a_free_person(world: World) -> None:
    team = a_team(world, world.bob, pooled=True, capacity=2)
    a_rule(world, team)
    found = accounts(3)
    assert assign(world, found).queued == 3
    by = world.bob.as_actor()
    first, second = (take_next(team_id=team.pk, by=by, at=AT) for _ in range(2))
    assert first == found[0]
    assert second == found[1]
    assert first.owner == world.bob
    why = Assignment.objects.get(account=first, owner=world.bob).why
    assert why["how"] == "queue"
    assert why["team"] == "North"
    assert entries("accounts.account_assigned")[0]["how"] == "queue"
    with pytest.raises(DomainError, match="full: 2 of 2"):
        take_next(team_id=team.pk, by=by, at=AT)
    with pytest.raises(DomainError, match="not in a team"):
        take_next(team_id=team.pk, by=world.alice.as_actor(), at=AT)


def test_what_a_leaver_has_goes_to_others(world: World) -> None:
    task = Task.objects.create(account=world.account, title="Call", assignee=world.alice, created_by_label="x")
    secret = Task.objects.create(title="Mine", assignee=world.alice, private=True, created_by_label="x")
    a_rule(world, a_team(world, world.alice, world.bob))
    said = hand_over(user_id=world.alice.pk, by_rule=True, by=world.mona.as_actor(), at=AT)
    assert (said.accounts, said.tasks, said.kept) == (1, 1, 0)
    task.refresh_from_db(), secret.refresh_from_db()
    assert Account.objects.get(pk=world.account.pk).owner == world.bob == task.assignee
    assert secret.assignee == world.alice
    hand_over(user_id=world.bob.pk, to_id=world.amy.pk, by=world.mona.as_actor(), at=AT)
    assert Account.objects.get(pk=world.account.pk).owner == world.amy
    with pytest.raises(DomainError, match="Choose who"):
        hand_over(user_id=world.bob.pk, by=world.mona.as_actor(), at=AT)


def test_only_who_may_keeps_teams_and_rules(world: World) -> None:
    team = a_team(world, world.bob)
    with pytest.raises(PermissionDenied):
        write_team(name="Mine", by=world.alice.as_actor())
    with pytest.raises(PermissionDenied):
        assign_accounts(account_ids=[], by=world.alice.as_actor(), at=AT)
    with pytest.raises(Conflict):
        write_team(team_id=team.pk, name="South", expected_version=9, by=world.mona.as_actor())
    with pytest.raises(DomainError) as refused:
        a_rule(world, team, where="tier =")
    assert refused.value.field == "where"
    a_rule(world, team)
    with pytest.raises(DomainError, match="gives accounts to this team"):
        archive_team(team_id=team.pk, by=world.mona.as_actor(), at=AT)
