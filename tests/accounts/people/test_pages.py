"""The pages of people: the list, one person, the map, the forms."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import localdate

from accounts.models import Account, Contact, ContactRole
from accounts.operations.people import create_contact, edit_contact
from tests.world import World

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MOST_QUERIES = 25


def person(world: World, name: str, role: str = "", **given: Any) -> Contact:
    placed = {"account_id": world.account.pk, "role": role, "starts_on": date(2026, 3, 2), **given}
    return create_contact(name=name, role=placed if role else None, by=world.mona.as_actor(), at=AT)


def pages(world: World) -> list[str]:
    return ["/contacts/", f"/accounts/{world.account.pk}/people/", f"/accounts/{world.account.pk}/panels/people/"]


def test_pages_take_as_many_queries_for_three_people_as_for_one(world: World) -> None:
    browser = world.browser(world.mona)
    browser.get("/contacts/")  # what a process asks once
    counts = []
    boss = person(world, "Boss", "champion")
    for names in (["Boss"], ["Boss", "Second", "Third"]):
        for name in names[1:]:
            person(world, name, "user", reports_to_id=boss.roles.get().pk)
        counted = []
        for url in [*pages(world), f"/contacts/{boss.pk}/"]:
            with CaptureQueriesContext(connection) as seen:
                answer = browser.get(url)
            assert answer.status_code == 200
            assert "Boss" in answer.content.decode()
            counted.append(len(seen))
        counts.append(counted)
    assert counts[0] == counts[1]
    assert max(counts[0]) <= MOST_QUERIES


def test_pages_are_there_with_nobody(world: World) -> None:
    browser = world.browser(world.vic)
    for url in pages(world):
        answer = browser.get(url)
        assert answer.status_code == 200
    assert "Nobody is known here" in browser.get(pages(world)[1]).content.decode()


def test_the_list_goes_on_page_by_page_and_keeps_its_filters(world: World) -> None:
    for number in range(27):
        person(world, f"Person {number:02}", "user")
    browser = world.browser(world.alice)
    first = browser.get("/contacts/", {"role": "user"})
    text = first.content.decode()
    assert "Person 24" in text
    assert "Person 25" not in text
    older = first.context["older"]
    assert "role=user" in older
    text = browser.get(f"/contacts/{older}").content.decode()
    assert "Person 26" in text
    assert "Person 24" not in text
    assert "Nobody fits" in browser.get("/contacts/", {"q": "zzz"}).content.decode()
    assert browser.get("/contacts/", {"after": "made-up", "state": "?", "role": "x", "account": "y"}).status_code == 200


def test_a_person_is_added_at_an_account_and_errors_stand_at_their_field(world: World) -> None:
    browser = world.browser(world.alice)
    url = f"/contacts/new/?account={world.account.pk}"
    assert browser.get(url).status_code == 200
    answer = browser.post(url, {"name": "", "email": "nonsense", "influence": "1", "starts_on": "2026-03-02"})
    assert answer.status_code == 422
    assert set(answer.context["errors"]) == {"name", "email", "role"}
    good = {"name": "Nina", "role": "champion", "influence": "3", "stance": "", "starts_on": "2026-03-02"}
    assert browser.post(url, {**good, "reports_to_id": ""}).status_code == 302
    role = ContactRole.objects.get()
    assert (role.contact.name, role.influence, role.stance) == ("Nina", 3, None)
    assert browser.get(f"/contacts/new/?account={world.foreign_account.pk}").status_code == 404


def test_a_stale_edit_asks_field_by_field(world: World) -> None:
    made = person(world, "Nina", "user")
    browser = world.browser(world.alice)
    edit_contact(contact_id=made.pk, expected_version=2, changes={"title": "CFO"}, by=world.mona.as_actor())
    mine = {"version": "2", "name": "Nina B", "was-name": "Nina", "title": "", "was-title": ""}
    answer = browser.post(f"/contacts/{made.pk}/edit/", mine)
    assert answer.status_code == 409
    assert answer.context["theirs"]["title"] == {"text": "CFO", "keep": True}
    assert answer.context["version"] == 3
    answer = browser.post(f"/contacts/{made.pk}/edit/", {**mine, "version": "3", "theirs": "title"})
    assert answer.status_code == 302
    made.refresh_from_db()
    assert (made.name, made.title) == ("Nina B", "CFO")


def test_roles_are_given_changed_ended_and_moved(world: World) -> None:
    made = person(world, "Nina", "champion")
    Account.objects.create(name="Globex", owner=world.alice)
    browser, today = world.browser(world.alice), localdate().isoformat()
    base = f"/contacts/{made.pk}"
    assert browser.get(f"{base}/roles/new/").status_code == 200
    answer = browser.post(f"{base}/roles/new/", {"to": "Nowhere", "role": "user", "starts_on": today})
    assert (answer.status_code, list(answer.context["errors"])) == (422, ["to"])
    answer = browser.post(f"{base}/roles/new/?account={world.account.pk}", {"role": "admin", "starts_on": today})
    assert answer.status_code == 302
    champion, admin = made.roles.get(role="champion"), made.roles.get(role="admin")
    edit = f"{base}/roles/{champion.pk}/edit/"
    assert browser.get(edit).context["version"] == 3
    stale = browser.post(edit, {"version": "2", "influence": "3", "stance": "2", "reports_to_id": ""})
    assert (stale.status_code, stale.context["version"]) == (409, 3)
    assert browser.post(edit, {"version": "3", "influence": "3", "stance": "2", "reports_to_id": ""}).status_code == 302
    assert set(made.roles.values_list("influence", "stance")) == {(3, 2)}
    end = f"{base}/roles/{admin.pk}/end/"
    assert browser.get(end).status_code == 200
    assert browser.post(end, {"on": today, "reason": ""}).status_code == 422
    assert browser.post(end, {"on": today, "reason": "Handed over"}).status_code == 302
    chosen = f'<option value="{world.account.pk}" selected>'
    assert chosen in browser.get(f"{base}/move/").content.decode(), "the only account there is"
    move = f"{base}/move/?account={world.account.pk}"
    assert browser.get(move).status_code == 200
    gone = {"account_id": str(world.account.pk), "on": today, "reason": "Hired away"}
    answer = browser.post(move, {**gone, "to": "globex", "role": ""})
    assert (answer.status_code, list(answer.context["errors"])) == (422, ["role"])
    assert browser.post(move, {**gone, "to": "globex", "role": "sponsor"}).status_code == 302
    assert made.roles.get(ends_on=None).account.name == "Globex"
    assert "No champion" in browser.get(f"/accounts/{world.account.pk}/people/").content.decode()
    assert "Hired away" in browser.get(f"{base}/").content.decode()


def test_archive_says_why_not_and_brings_back(world: World) -> None:
    made, free = person(world, "Nina", "user"), person(world, "Free")
    browser = world.browser(world.alice)
    answer = browser.post(f"/contacts/{made.pk}/archive/", follow=True)
    assert "has a role at an account" in answer.content.decode()
    assert "is archived" in browser.post(f"/contacts/{free.pk}/archive/", follow=True).content.decode()
    assert "is back" in browser.post(f"/contacts/{free.pk}/archive/", {"restore": "1"}, follow=True).content.decode()


@pytest.mark.parametrize("who", ["vic", "bob"])
def test_doors_are_shut(world: World, who: str) -> None:
    made = person(world, "Nina", "user")
    browser, role = world.browser(getattr(world, who)), made.roles.get()
    doors = ["edit/", "move/", "roles/new/", f"roles/{role.pk}/edit/", f"roles/{role.pk}/end/"]
    for door in doors:
        assert browser.get(f"/contacts/{made.pk}/{door}").status_code == (403 if who == "vic" else 404)
