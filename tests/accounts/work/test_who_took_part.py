"""People of an activity: chosen in the form, shown on the timeline and on the person's page."""

from typing import Any

import pytest
from django.utils.timezone import now

from accounts.models import Account, Activity, Contact
from accounts.operations.activities import edit_activity, record_activity
from accounts.operations.people import create_contact
from accounts.operations.roles import leave_account, open_role
from core.errors import DomainError
from tests.world import World


def person(world: World, name: str, account: Account | None = None) -> Contact:
    made = create_contact(name=name, by=world.amy.as_actor(), at=now())
    open_role(
        contact_id=made.pk, account_id=(account or world.account).pk, role="user", by=world.amy.as_actor(), at=now()
    )
    return made


def call(world: World, *people: Contact) -> Activity:
    return record_activity(
        account_id=world.account.pk, kind="call", subject="Roll-out", contact_ids=[one.pk for one in people],
        by=world.alice.as_actor(), at=now(),
    )  # fmt: skip


def test_who_took_part_is_on_the_timeline_and_on_their_page(world: World) -> None:
    ines = person(world, "Ines Brandt")
    browser, url = world.browser(world.alice, htmx=True), f"/accounts/{world.account.pk}/activities/"
    assert "Ines Brandt" in browser.get(url).content.decode()
    browser.post(url, {"kind": "call", "subject": "Roll-out", "contact_ids": [str(ines.pk)], "people": "1"})
    one = Activity.objects.get()
    assert list(one.contacts.all()) == [ines]
    assert f'with <a class="link" href="/contacts/{ines.pk}/">Ines Brandt</a>' in browser.get(url).content.decode()
    assert "Roll-out" in world.browser(world.alice).get(f"/contacts/{ines.pk}/").content.decode()
    edit = {"kind": "call", "subject": "Roll-out", "version": "1", "people": "1"}
    browser.post(f"{url}{one.pk}/", edit)
    assert list(one.contacts.all()) == []


def test_only_people_of_the_account_take_part(world: World) -> None:
    stranger = person(world, "Marek Novak", Account.objects.create(name="Acme", owner=world.bob))
    with pytest.raises(DomainError) as refusal:
        call(world, stranger)
    assert refusal.value.field == "contact_ids"
    assert not Activity.objects.exists()


def test_who_was_there_stays_so_after_they_left(world: World) -> None:
    ines, one = person(world, "Ines Brandt"), None
    one = call(world, ines)
    leave_account(
        contact_id=ines.pk, account_id=world.account.pk, on=now().date(), reason="x", by=world.amy.as_actor(), at=now()
    )
    changes: dict[str, Any] = {"subject": "New", "contact_ids": [ines.pk]}
    edit_activity(activity_id=one.pk, expected_version=1, changes=changes, by=world.alice.as_actor(), at=now())
    assert list(one.contacts.all()) == [ines]


def test_through_the_api(world: World) -> None:
    ines, json = person(world, "Ines Brandt"), {"content_type": "application/json"}
    given = {"account_id": str(world.account.pk), "kind": "mail", "subject": "Offer", "contact_ids": [str(ines.pk)]}
    made = world.browser(world.alice).post("/api/v1/activities/", given, **json).json()
    assert made["contact_ids"] == [str(ines.pk)]
    gone = {**given, "contact_ids": [str(world.account.pk)]}
    assert world.browser(world.alice).post("/api/v1/activities/", gone, **json).json()["field"] == "contact_ids"
