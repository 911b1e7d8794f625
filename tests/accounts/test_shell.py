"""The command palette, and the endpoint that every page asks what has changed."""

from typing import Any

import pytest
from django.utils.timezone import now

from accounts.models import Account
from accounts.operations import archive_account, create_account, edit_account
from accounts.queries import LIVE, last_seq
from config.sentences import SENTENCES
from core.audit import record
from core.models import Entry
from kpis.events import PortfolioScored
from tests.accounts.conftest import woken
from tests.world import World


def names(answer: Any) -> list[str]:
    found = answer.context["found"] if answer.context else []  # nothing was rendered
    return [hit.title for group in found if group.kind == "accounts" for hit in group.hits]


def test_the_palette_finds_accounts_by_words_of_the_name_or_by_number(world: World) -> None:
    for name, key in (("Meridian Freight", "M1"), ("Freight Meridian Ltd", None), ("50% Off_Ltd", None)):
        Account.objects.create(name=name, key=key)
    browser = world.browser(world.mona, htmx=True)
    assert names(browser.get("/search/?q=meridian")) == ["Meridian Freight", "Freight Meridian Ltd"]
    assert names(browser.get("/search/?q=freight+ltd")) == ["Freight Meridian Ltd"]
    assert names(browser.get("/search/?q=M1")) == ["Meridian Freight"]
    assert names(browser.get("/search/?q=%25")) == ["50% Off_Ltd"]
    assert names(browser.get("/search/?q=_")) == ["50% Off_Ltd"]
    assert names(browser.get("/search/?q=%00")) == []
    assert browser.get("/search/?q=nobody").content.strip() == b""
    assert browser.get("/search/?q=").content.strip() == b""


def test_an_option_of_the_palette_leads_to_its_account(world: World) -> None:
    page = world.browser(world.mona, htmx=True).get("/search/?q=init").content.decode()
    assert page.strip().startswith('<div role="group" aria-label="Accounts">')
    assert f'id="account-{world.account.pk}" href="/accounts/{world.account.pk}/"' in page


def test_the_palette_shows_at_most_eight_and_none_from_the_archive(world: World, query_count: Any) -> None:
    for number in range(12):
        Account.objects.create(name=f"Acme {number:02}")
    archive_account(account_id=Account.objects.get(name="Acme 00").pk, by=world.mona.as_actor(), at=now())
    browser = world.browser(world.mona, htmx=True)
    browser.get("/search/?q=x")
    with query_count() as queries:
        answer = browser.get("/search/?q=acme")
    assert names(answer) == [f"Acme {number:02}" for number in range(1, 9)]
    assert queries.number <= 7  # who asks, and one for each kind of thing


def test_the_palette_hides_what_one_does_not_see(world: World) -> None:
    assert names(world.browser(world.alice, htmx=True).get("/search/?q=init")) == ["Initech"]
    assert world.browser(world.bob, htmx=True).get("/search/?q=init").content.strip() == b""


# Live ---------------------------------------------------------------------------------------------------------


def test_nothing_new_is_204_with_the_place_to_go_on_from(world: World) -> None:
    answer = world.browser(world.alice).get(f"/live/?after={last_seq()}")
    assert (answer.status_code, woken(answer), answer["PL-Cursor"]) == (204, {}, str(last_seq()))
    assert answer["Cache-Control"] == "no-store"


def test_an_edit_wakes_the_pages_of_those_who_see_the_account(world: World) -> None:
    before = last_seq()
    edit_account(account_id=world.account.pk, expected_version=1, changes={"tier": "A"}, by=world.mona.as_actor())
    for who, heard in (
        (world.alice, {"account-changed": {"accounts": [str(world.account.pk)]}}),
        (world.vic, {"account-changed": {"accounts": [str(world.account.pk)]}}),
        (world.bob, {}),
    ):
        answer = world.browser(who).get(f"/live/?after={before}")
        assert (answer.status_code, woken(answer), answer["PL-Cursor"]) == (204, heard, str(last_seq()))
    again = world.browser(world.alice).get(f"/live/?after={last_seq()}")
    assert woken(again) == {}


def test_what_concerns_nobody_in_particular_wakes_everybody(world: World) -> None:
    before = last_seq()
    record(PortfolioScored(account_id=None, scored=10, moved=2), by=world.amy.as_actor())
    assert woken(world.browser(world.bob).get(f"/live/?after={before}")) == {"health-changed": {"accounts": []}}


@pytest.mark.parametrize("after", ["", "x", "-1", "1e9", "9" * 30, "٣"])
def test_a_made_up_place_starts_at_the_end(world: World, after: str) -> None:
    create_account(name="Acme", by=world.mona.as_actor())
    answer = world.browser(world.alice).get("/live/", {"after": after})
    assert (answer.status_code, woken(answer), answer["PL-Cursor"]) == (204, {}, str(last_seq()))


def test_live_reads_five_hundred_entries_at_a_time(world: World, query_count: Any) -> None:
    before = last_seq()
    for number in range(3):
        create_account(name=f"Acme {number}", by=world.mona.as_actor())
    browser = world.browser(world.alice)
    browser.get("/live/")
    with query_count() as queries:
        browser.get(f"/live/?after={before}")
    assert queries.number <= 4


def test_what_pages_listen_for_are_events_of_the_trail() -> None:
    assert set(LIVE) <= set(SENTENCES)


def test_all_page_events_are_in_the_contract_of_the_pages() -> None:
    known = {
        *("health-changed", "run-changed", "upload-changed", "account-changed", "report-changed", "outcome-changed"),
        *("exceptions-changed", "indicators-changed", "task-changed", "comment-changed", "people-changed"),
        *("activity-changed", "document-changed", "record-changed"),
    }
    assert set(LIVE.values()) == known


def test_asking_what_changed_writes_nothing(world: World) -> None:
    before = Entry.objects.count()
    world.browser(world.alice).get("/live/?after=0")
    assert Entry.objects.count() == before
