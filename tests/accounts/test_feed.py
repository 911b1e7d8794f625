"""The feed over one's accounts: only what one may see, newest first, repeats as one line."""

from typing import Any

from django.utils.timezone import now

from accounts.models import Account
from accounts.operations import create_account, edit_account
from accounts.operations.people import create_contact
from accounts.operations.roles import open_role
from accounts.queries.feed import feed, feed_entries
from tests.world import World


def edited(account: Account, world: World, tier: str) -> None:
    account.refresh_from_db()
    edit_account(
        account_id=account.pk, expected_version=account.version, changes={"tier": tier}, by=world.mona.as_actor()
    )


def lines(world: World, user: Any, *, mine: bool = True) -> list[tuple[str, str, int]]:
    rows = list(feed_entries(by=user.as_actor(), mine=mine).order_by("-seq"))
    return [(line.account, line.item.title, line.times) for line in feed(rows)]


def test_only_what_one_may_see_newest_first_and_repeats_once(world: World) -> None:
    edited(world.account, world, "A")
    bobs = create_account(name="Umbrella", owner_id=world.bob.pk, by=world.mona.as_actor())
    edited(world.account, world, "B")
    edited(world.account, world, "A")
    edited(world.account, world, "B")  # from A, as an hour ago
    assert lines(world, world.alice) == [
        ("Initech", "Changed the account", 2),
        ("Initech", "Changed the account", 1),
        ("Initech", "Changed the account", 1),
    ]
    assert lines(world, world.alice, mine=False) == lines(world, world.alice)
    assert [name for name, _, _ in lines(world, world.bob)] == ["Umbrella"]
    assert [name for name, _, _ in lines(world, world.mona, mine=False)] == [
        "Initech",
        "Initech",
        "Umbrella",
        "Initech",
    ]
    assert lines(world, world.mona) == []
    assert "Umbrella" not in world.browser(world.alice).get("/feed/?whose=all").content.decode()
    assert bobs.name in world.browser(world.mona).get("/feed/").content.decode()


def test_what_only_begins_alike_is_no_repeat(world: World) -> None:
    """Two people became champion on one day, one of them sponsor as well: three lines, not one of them twice."""
    at, by = now(), world.mona.as_actor()
    for name, roles in (("Nina Berg", ("champion", "sponsor")), ("Olaf Dahl", ("champion",))):
        person = create_contact(name=name, by=by, at=at)
        for role in roles:
            open_role(contact_id=person.pk, account_id=world.account.pk, role=role, by=by, at=at)
    rows = list(feed_entries(by=world.alice.as_actor(), mine=True).filter(event="accounts.role_opened").order_by("seq"))
    assert [(entry.data["role"], line.times) for entry, line in zip(rows, feed(rows), strict=True)] == [
        ("champion", 1),
        ("sponsor", 1),
        ("champion", 1),
    ]


def test_the_feed_costs_the_same_however_many_accounts(world: World, query_count: Any) -> None:
    page = world.browser(world.mona)
    edited(world.account, world, "A")
    page.get("/feed/")
    with query_count() as one:
        page.get("/feed/")
    for number in range(3):
        create_account(name=f"More {number}", by=world.mona.as_actor())
    with query_count() as many:
        page.get("/feed/")
    assert one.number == many.number <= 25
