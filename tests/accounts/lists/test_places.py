"""Recent and pinned: one's own, in the palette, the navigation and on Today; gone with the right to see it."""

from html import unescape
from typing import Any

import pytest
from django.utils.timezone import now

from accounts.models import Account, Place
from accounts.operations import archive_account, edit_account
from accounts.operations.places import MOST_PINS, TooManyPins, pin
from accounts.operations.views import change_view, save_view
from accounts.queries.places import at_hand, places
from tests.kpis.health.book import furnish
from tests.world import World


@pytest.fixture
def book(world: World) -> World:
    furnish()
    for name in ("Anvil", "Bolt"):
        Account.objects.create(name=name, owner=world.alice)
    return world


def of(name: str) -> Account:
    return Account.objects.get(name=name)


def names(book: World, user: Any) -> tuple[list[str], list[str]]:
    pinned, recent = places(by=user.as_actor())
    return [one.name for one in pinned], [one.name for one in recent]


def test_what_one_opens_is_recent_newest_first_and_for_oneself_alone(book: World) -> None:
    alice = book.browser(book.alice)
    for name in ("Anvil", "Bolt", "Anvil"):
        assert alice.get(f"/accounts/{of(name).pk}/").status_code == 200

    assert names(book, book.alice) == ([], ["Anvil", "Bolt"])
    assert names(book, book.mona) == ([], [])
    assert Place.objects.count() == 2
    palette = unescape(book.browser(book.alice, htmx=True).get("/search/?q=").content.decode())
    assert palette.index("Anvil") < palette.index("Bolt")
    assert "Anvil" in book.browser(book.alice, htmx=True).get("/places/").content.decode()


def test_a_pin_stands_in_the_navigation_of_every_page_until_it_is_taken_away(book: World) -> None:
    alice, url = book.browser(book.alice), f"/places/account/{of('Bolt').pk}/pin/"
    assert alice.post(url, {"back": "/accounts/"})["Location"] == "/accounts/"

    page = alice.get("/tasks/").content.decode()
    assert f'<a href="/accounts/{of("Bolt").pk}/" title="Bolt"' in page
    assert 'title="Bolt"' not in book.browser(book.mona).get("/tasks/").content.decode()
    assert 'aria-pressed="true"' in alice.get(f"/accounts/{of('Bolt').pk}/").content.decode()
    alice.post(url, {"off": "1", "back": "//evil.example/"})
    assert 'title="Bolt"' not in alice.get("/tasks/").content.decode()
    assert alice.post(url, {"back": "//evil.example/"})["Location"] == "/places/"


def test_what_one_may_not_see_any_more_is_not_shown(book: World) -> None:
    for name in ("Anvil", "Bolt"):
        pin(kind="account", thing_id=of(name).pk, by=book.alice.as_actor(), at=now())
    edit_account(
        account_id=of("Anvil").pk, expected_version=1, changes={"owner_id": book.bob.pk}, by=book.mona.as_actor()
    )
    assert names(book, book.alice)[0] == ["Bolt"]
    archive_account(account_id=of("Bolt").pk, by=book.mona.as_actor(), at=now())

    assert names(book, book.alice) == ([], [])
    assert at_hand(by=book.alice.as_actor(), on=now().date()).pins == ()
    with pytest.raises(Account.DoesNotExist):
        pin(kind="account", thing_id=of("Anvil").pk, by=book.alice.as_actor(), at=now())
    assert book.browser(book.alice).post(f"/places/account/{of('Anvil').pk}/pin/").status_code == 404


def test_a_saved_view_is_pinned_and_goes_when_it_is_no_longer_shared(book: World) -> None:
    view = save_view(name="Golden ones", filters={}, shared=True, by=book.mona.as_actor())
    book.browser(book.alice).get(f"/accounts/?saved={view.pk}&sort=name")
    pin(kind="view", thing_id=view.pk, by=book.alice.as_actor(), at=now())

    assert names(book, book.alice)[0] == ["Golden ones"]
    assert f"/accounts/?saved={view.pk}" in book.browser(book.alice).get("/tasks/").content.decode()
    change_view(view_id=view.pk, expected_version=1, shared=False, by=book.mona.as_actor())
    assert names(book, book.alice) == ([], [])


def test_pins_are_few_and_cost_the_navigation_no_query_of_their_own(book: World, query_count: Any) -> None:
    by = book.mona.as_actor()
    client = book.browser(book.mona)
    client.get("/places/")
    with query_count() as without:
        client.get("/places/")
    for number in range(MOST_PINS):
        account = Account.objects.create(name=f"Customer {number:02}")
        pin(kind="account", thing_id=account.pk, by=by, at=now())
    with query_count() as filled:
        client.get("/places/")

    assert filled.number == without.number
    with pytest.raises(TooManyPins):
        pin(kind="account", thing_id=of("Bolt").pk, by=by, at=now())
    assert Place.objects.filter(pinned_at__isnull=False).count() == MOST_PINS


def test_the_api_lists_and_pins_what_is_ones_own(book: World) -> None:
    client, asked = book.browser(book.alice), {"kind": "account", "id": str(of("Anvil").pk)}
    client.get(f"/accounts/{of('Bolt').pk}/")
    assert client.post("/api/v1/places/", asked, content_type="application/json").status_code == 204

    listed = [(one["kind"], one["name"], one["pinned"]) for one in client.get("/api/v1/places/").json()]
    assert listed == [("account", "Anvil", True), ("account", "Bolt", False)]
    assert book.browser(book.bob).post("/api/v1/places/", asked, content_type="application/json").status_code == 404
    assert book.browser(book.bob).get("/api/v1/places/").json() == []
    assert client.post("/api/v1/places/", {**asked, "kind": "moon"}, content_type="application/json").status_code == 400
    client.post("/api/v1/places/", {**asked, "pinned": False}, content_type="application/json")
    assert [one["pinned"] for one in client.get("/api/v1/places/").json()] == [False]
