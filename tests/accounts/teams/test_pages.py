"""Pages and API of teams, assignment, the queue and the hand-over."""

from typing import Any

import pytest
from django.utils.timezone import now

from accounts.models import Account, Assignment, AssignmentRule, Team
from tests.accounts.teams.test_assignment import a_rule, a_team, accounts, assign
from tests.world import World


def test_a_manager_makes_a_team_and_a_rule_and_sees_why(world: World) -> None:
    page = world.browser(world.mona)
    made = page.post("/settings/teams/", {"name": "Growth"})
    team = Team.objects.get()
    assert made.headers["Location"] == f"/settings/teams/{team.pk}/"
    page.post(f"/settings/teams/{team.pk}/member/", {"user_id": world.bob.pk, "capacity": "40"})
    answer = page.post("/settings/assignment/new/", {"name": "EMEA", "where": 'region = "EMEA', "team_id": team.pk})
    assert answer.status_code == 422
    looked = page.post("/settings/assignment/new/", {"where": 'name = "initech"', "do": "check"}).content.decode()
    assert "1 account today" in looked
    rule = {"name": "All", "where": "", "team_id": team.pk, "method": "fewest"}
    assert page.post("/settings/assignment/new/", rule).status_code == 302
    account = accounts(1)[0]
    page.post(f"/accounts/{account.pk}/panels/owner/")
    panel = page.get(f"/accounts/{account.pk}/panels/owner/", headers={"hx-request": "true"}).content.decode()
    assert "Bob has the fewest accounts: 0" in panel
    assert "Rule “All” (every account), team Growth" in panel
    listed = page.get("/settings/assignment/").content.decode()
    assert account.name in listed
    for url in (
        "/settings/teams/",
        f"/settings/teams/{team.pk}/",
        f"/settings/assignment/{AssignmentRule.objects.get().pk}/",
    ):
        assert page.get(url).status_code == 200


def test_two_who_edit_a_rule_notice_each_other(world: World) -> None:
    rule = a_rule(world, a_team(world, world.bob))
    form = {"name": "Other", "team_id": rule.team_id, "method": "fewest", "version": "1", "priority": rule.priority}
    page = world.browser(world.mona)
    assert page.post(f"/settings/assignment/{rule.pk}/", form).status_code == 302
    again = page.post(f"/settings/assignment/{rule.pk}/", {**form, "name": "Third"})
    assert again.status_code == 409
    assert "Nothing of theirs was overwritten" in again.content.decode()


def test_the_queue_gives_the_next_account_to_who_asks(world: World) -> None:
    team = a_team(world, world.bob, pooled=True)
    a_rule(world, team)
    found = accounts(1)
    assign(world, found)
    page = world.browser(world.bob)
    assert "Next account" in page.get("/queue/").content.decode()
    assert page.post(f"/queue/{team.pk}/next/").headers["Location"] == f"/accounts/{found[0].pk}/"
    assert page.post(f"/queue/{team.pk}/next/").headers["Location"] == "/queue/"
    assert Account.objects.get(pk=found[0].pk).owner == world.bob


def test_who_is_shut_out_is_handed_over_first(world: World) -> None:
    page = world.browser(world.amy)
    link = f"/settings/hand-over/{world.alice.pk}/"
    assert link in page.get(f"/settings/people/{world.alice.pk}/").content.decode()
    assert page.post(link, {}).status_code == 422
    assert page.post(link, {"to_id": world.bob.pk}).status_code == 302
    assert Account.objects.get(pk=world.account.pk).owner == world.bob


def test_the_api_does_what_the_pages_do(world: World) -> None:
    page = world.browser(world.mona)

    def post(url: str, **data: Any) -> Any:
        return page.post(f"/api/v1/{url}/", data, content_type="application/json")

    team = post("teams", name="North").json()
    assert post(f"teams/{team['id']}/members", user_id=str(world.bob.pk)).json()["members"][0]["capacity"] is None
    rule = post("assignment-rules", name="All", team_id=team["id"], method="fewest").json()
    account = accounts(1)[0]
    assert post("assignments", account_ids=[str(account.pk)]).json()["given"] == 1
    rows = page.get(f"/api/v1/assignments/?account_id={account.pk}").json()["results"]
    assert rows[0]["rule_id"] == rule["id"]
    assert rows[0]["owner_id"] == str(world.bob.pk)
    done = post("assignments/hand-over", user_id=str(world.bob.pk), to_id=str(world.amy.pk)).json()
    assert done == {"accounts": 1, "tasks": 0, "kept": 0}
    assert post(f"teams/{team['id']}/next").status_code == 409
    assert world.browser(world.alice).get("/api/v1/assignments/").json()["results"] == []


@pytest.mark.parametrize("url", ["/settings/teams/", "/settings/assignment/", "/queue/"])
def test_a_page_costs_the_same_for_one_and_for_three(world: World, query_count: Any, url: str) -> None:
    page = world.browser(world.mona)
    by_number = []
    for number in (1, 2, 3):
        a_rule(world, a_team(world, world.mona, name=f"T{number}", pooled=True), name=f"R{number}")
        Assignment.objects.create(
            account=world.account, owner=world.bob, why={"reason": "so"}, at="2026-11-20T09:30Z", by_label="x"
        )
        page.get(url)
        with query_count() as queries:
            page.get(url)
        by_number.append(queries.number)
    assert by_number[0] == by_number[2] <= 25


def test_the_hand_over_counts_what_the_list_of_accounts_shows_and_the_archive_apart(world: World) -> None:
    Account.objects.create(name="Gone", owner=world.alice, archived_at=now())
    page = world.browser(world.amy).get(f"/settings/hand-over/{world.alice.pk}/")
    active = Account.objects.filter(owner=world.alice, archived_at=None).count()
    assert (page.context["has"].accounts, page.context["has"].archived) == (active, 1)
    assert '<a class="link" href="/accounts/archived/">1 archived</a>' in page.content.decode()
