from dataclasses import fields
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from config.sentences import AREAS, SENTENCES
from core.audit import Event, record
from core.models import Entry
from tests.world import World
from users import trail
from users.events import RoleChanged
from users.operations import create_token, invite_person


def all_events() -> list[type[Event]]:
    found, rest = [], [Event]
    while rest:
        rest += (kinds := rest.pop().__subclasses__())
        found += [
            kind
            for kind in kinds
            if "events" in kind.__module__.split(".") and not kind.__module__.startswith("tests.")
        ]
    return found


# What some events carry in a form of their own.
OF_ONE_KIND: dict[str, dict[str, Any]] = {
    "kpis.health_changed": {"old": None, "new": 4120},
    "kpis.rolled_up": {"old": None, "new": 4120},
    "kpis.exception_set": {"limit": 6000, "starts_on": "2026-11-01", "expires_on": None},
    "kpis.exception_withdrawn": {"limit": 6000},
    "kpis.range_set": {"new": [[0, 0], [80, 100]], "valid_from": "2026-11-01"},
    "kpis.target_set": {"due_on": "2026-12-31"},
    "kpis.alias_changed": {"alias": "Seats"},
    "accounts.contract_changed": {"what": "activated"},
    "accounts.renewal_changed": {"what": "opened"},
    "accounts.champion_left": {"others": 2},
    "accounts.bulk_change_started": {"accounts": 1200},
    "accounts.team_changed": {"what": "created"},
    "accounts.assignment_rule_changed": {"what": "paused"},
    "kpis.indicator_opened": {"why": [["seat_use", "40"]]},
    "kpis.indicator_closed": {"why": [["seat_use", "80"]]},
}


@pytest.mark.parametrize("event", all_events(), ids=lambda event: event.name)
def test_every_event_reads_as_a_sentence(event: type[Event]) -> None:
    known = SENTENCES[event.name]
    values: dict[str, Any] = {
        "old": "1", "new": "2", "changes": {"owner_id": [1, 2]}, "threshold": ["50", "60"], "active": [True, False],
        "fields": ["name"], "added": ["a"], "removed": [], "period": "2026-11-01", "step": "call-them",
        "on": "2026-11-01", "playbook": "onboarding", "what": "password_changed", "band": "red",
    }  # fmt: skip
    values |= OF_ONE_KIND.get(event.name, {})
    data = {field.name: values.get(field.name, "x") for field in fields(event)}

    text = trail.sentence(event.name, data, {})

    assert text.lstrip("“")[0].isupper()
    assert "{" not in text
    assert known.label
    assert event.name.partition(".")[0] in AREAS


def test_names_of_people_and_roles_stand_in_the_sentence(world: World) -> None:
    names = {str(world.bob.pk): "Bob"}
    data = {"user_id": str(world.bob.pk), "old": "csm", "new": "manager"}

    assert trail.sentence("users.role_changed", data, names) == "Changed the role of Bob from CSM to Manager"
    assert trail.sentence("kpis.health_changed", {"old": None, "new": 4120, "band": "red"}, {}) == (
        "Health score went from unknown to 41.20: at risk"
    )
    assert trail.sentence("sales.deal_won", {}, {}) == "Deal won"
    assert trail.who("system:scoring") == "Plumbline, scoring"
    assert trail.who("Bob") == "Bob"


def happenings(world: World, count: int = 1) -> None:
    for number in range(count):
        invite_person(email=f"p{number}@example.com", name=f"P{number}", role="csm", by=world.amy.as_actor(), at=now())


def test_the_page_shows_who_did_what_newest_first(world: World) -> None:
    happenings(world)
    create_token(name="x", hint="north", expires_at=None, by=world.mona.as_actor(), at=now())

    page = world.browser(world.mona).get("/settings/trail/").text

    assert page.index("Made an API token for Mona") < page.index("Invited P0 as CSM")
    assert Entry.objects.order_by("-seq")[0].hash in page


def test_the_trail_is_narrowed_from_the_address(world: World) -> None:
    happenings(world)
    create_token(name="x", hint="north", expires_at=None, by=world.mona.as_actor(), at=now())
    mona = world.browser(world.mona)

    by_event = mona.get("/settings/trail/?event=users.token_created").text
    assert "Made an API token" in by_event
    assert "Invited" not in by_event
    by_person = mona.get(f"/settings/trail/?person={world.amy.pk}").text
    assert "Invited" in by_person
    assert "Made an API token for" not in by_person
    assert "Nothing matches" in mona.get("/settings/trail/?event=kpis.&until=2020-01-01").text
    assert mona.get("/settings/trail/?since=yesterday").status_code == 422
    assert mona.get("/settings/trail/?person=x&after=made-up").status_code == 422


def test_a_fragment_asked_for_by_htmx_is_the_list_alone(world: World) -> None:
    text = world.browser(world.mona, htmx=True).get("/settings/trail/?event=users.").text

    assert text.strip().startswith('<div id="entries"')


def test_pages_of_the_trail_lead_back_and_forth(world: World) -> None:
    happenings(world, 55)
    amy = world.browser(world.amy)
    first = amy.get("/settings/trail/?event=users.person_invited").text
    assert first.count("Invited P") == 50
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = amy.get(f"/settings/trail/{older}").text

    assert second.count("Invited P") == 5
    assert "event=users.person_invited" in older
    assert 'rel="prev"' in second


@pytest.mark.parametrize("who", ["alice", "ana", "vic"])
def test_the_trail_is_not_for_everybody(world: World, who: str) -> None:
    browser = world.browser(getattr(world, who))

    assert browser.get("/settings/trail/").status_code == 403
    assert browser.post("/settings/trail/check/").status_code == 403
    assert browser.get("/api/v1/entries/").status_code == 403


def test_who_sees_only_own_accounts_does_not_read_the_trail_even_with_the_permission(world: World) -> None:
    world.alice.role.permissions = [*world.alice.role.permissions, "core.view_trail"]
    world.alice.role.save()

    assert world.browser(world.alice).get("/settings/trail/").status_code == 403


def test_the_chain_is_checked_at_a_click(world: World) -> None:
    happenings(world, 3)
    mona = world.browser(world.mona, htmx=True)

    assert "The chain is whole." in mona.post("/settings/trail/check/").text
    assert "Audit trail: check" in world.browser(world.mona).post("/settings/trail/check/").text


def test_a_changed_entry_is_found(world: World) -> None:
    happenings(world, 3)
    with connection.cursor() as cursor:
        cursor.execute("alter table core_entry disable trigger user")
        cursor.execute("update core_entry set actor_label = 'Nobody' where seq = 2")
        cursor.execute("alter table core_entry enable trigger user")

    text = world.browser(world.mona, htmx=True).post("/settings/trail/check/").text

    assert "The chain is broken." in text
    assert "Entry 2: content changed" in text


def test_the_api_gives_the_entries_with_their_hashes(world: World) -> None:
    happenings(world, 3)
    amy = world.browser(world.amy)

    answer = amy.get("/api/v1/entries/?event=users.person_invited&page_size=2").json()
    assert [row["event"] for row in answer["results"]] == ["users.person_invited"] * 2
    assert answer["results"][0]["previous_hash"] == answer["results"][1]["hash"]
    assert len(amy.get(answer["next"]).json()["results"]) == 1
    assert amy.get("/api/v1/entries/?since=x").status_code == 400


def test_nothing_of_another_tenant_is_in_the_trail(world: World) -> None:
    world.enter("south")
    with connection.cursor():
        record_in_south = Entry.objects.count()
    world.enter("north")

    assert "Charlie" not in world.browser(world.amy).get("/settings/trail/").text
    assert record_in_south >= 1


def test_an_event_with_an_unknown_person_still_reads(world: World) -> None:
    from uuid import uuid4

    record(RoleChanged(None, uuid4(), "csm", "viewer"), by=world.amy.as_actor())

    assert world.browser(world.amy).get("/settings/trail/").status_code == 200
