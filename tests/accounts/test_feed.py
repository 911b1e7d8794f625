"""The feed over one's accounts: only what one may see, newest first, repeats as one line."""

from typing import Any

from accounts.models import Account
from accounts.operations import create_account, edit_account
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
    edited(world.account, world, "C")
    assert lines(world, world.alice) == [("Initech", "Changed the account", 3)]
    assert lines(world, world.alice, mine=False) == lines(world, world.alice)
    assert [name for name, _, _ in lines(world, world.bob)] == ["Umbrella"]
    assert [name for name, _, _ in lines(world, world.mona, mine=False)] == ["Initech", "Umbrella"]
    assert lines(world, world.mona) == []
    assert "Umbrella" not in world.browser(world.alice).get("/feed/?whose=all").content.decode()
    assert bobs.name in world.browser(world.mona).get("/feed/").content.decode()


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
