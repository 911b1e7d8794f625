"""The timeline of an account: sentences, pages, parts, and days where the reader is."""

import json
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils.timezone import localdate, now

from accounts.models import Account
from accounts.operations import archive_account, edit_account
from accounts.queries import entries_of, timeline
from core.actor import Actor
from core.audit import record
from kpis.events import HealthChanged, KpiValueCorrected
from playbooks.events import RunFinished, RunStarted, StepCompleted, StepsHandedOver
from tests.accounts.test_pages import text_of
from tests.world import World


def _record(world: World, count: int) -> None:
    for number in range(count):
        version = Account.objects.get(pk=world.account.pk).version
        edit_account(
            account_id=world.account.pk,
            expected_version=version,
            changes={"tier": f"T{number}"},
            by=world.alice.as_actor(),
        )


def test_the_timeline_reads_as_sentences(world: World) -> None:
    _record(world, 1)
    archive_account(account_id=world.account.pk, by=world.mona.as_actor(), at=now())
    browser = world.browser(world.alice, htmx=True)
    answer = browser.get(f"/accounts/{world.account.pk}/panels/timeline/")
    items = answer.context["items"]
    assert [(item.title, item.detail, item.who) for item in items] == [
        ("Archived the account", "", "Mona"),
        ("Changed the account", "tier", "Alice"),
    ]
    page = text_of(answer)
    assert "<h3>Today</h3>" in page
    assert "<html" not in page
    assert browser.get(f"/accounts/{world.account.pk}/panels/timeline/?show=work").context["items"] == []
    assert len(browser.get(f"/accounts/{world.account.pk}/panels/timeline/?show=nonsense").context["items"]) == 2


def test_without_script_a_panel_is_a_page(world: World) -> None:
    page = world.browser(world.alice).get(f"/accounts/{world.account.pk}/panels/timeline/").content.decode()
    assert "<html" in page
    assert "Nothing has happened on this account since it was added on" in page


def test_older_entries_come_after_the_newest_twenty(world: World) -> None:
    _record(world, 25)
    browser = world.browser(world.alice, htmx=True)
    url = f"/accounts/{world.account.pk}/panels/timeline/"
    first = browser.get(url)
    assert len(first.context["items"]) == 20
    day = localdate().isoformat()
    second = browser.get(url, {"after": first.context["page"].after, "day": day})
    assert len(second.context["items"]) == 5
    page = text_of(second)
    assert "<h3>" not in page, "the day is named already"
    assert '<section class="card' not in page, "only the entries"
    assert "Added to this workspace on" in page


def test_the_timeline_costs_the_same_with_one_and_three_entries(world: World, query_count: Any) -> None:
    browser, counts = world.browser(world.alice, htmx=True), []
    browser.get("/work/")
    for _ in range(3):
        _record(world, 1)
        with query_count() as queries:
            browser.get(f"/accounts/{world.account.pk}/panels/timeline/")
        counts.append(queries.number)
    assert counts[0] == counts[2] <= 7


def test_days_are_those_of_the_reader(world: World) -> None:
    """23:30 in UTC on 20 November is already the 21st in Auckland."""
    at = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into core_entry (event, account_id, data, actor_label, at) values (%s, %s, %s, %s, %s)",
            ["accounts.account_edited", world.account.pk, json.dumps({"changes": {}}), "Alice", at],
        )
    for zone, hour, day in (
        ("Pacific/Auckland", "12:30", "Saturday 21 November"),
        ("UTC", "23:30", "Friday 20 November"),
    ):
        world.alice.time_zone = zone
        world.alice.save()
        page = text_of(world.browser(world.alice, htmx=True).get(f"/accounts/{world.account.pk}/panels/timeline/"))
        assert hour in page
        assert day in page or "<h3>Today</h3>" in page


def test_a_panel_as_a_page_is_called_as_on_the_account(world: World) -> None:
    browser = world.browser(world.alice)
    for panel, title in (("timeline", "Timeline"), ("playbooks", "Playbooks"), ("reports", "Reports")):
        page = browser.get(f"/accounts/{world.account.pk}/panels/{panel}/").content.decode()
        assert f"<title>{title}, Initech · North</title>" in " ".join(page.split())


def test_sentences_name_kpis_and_playbooks_as_people_know_them(world: World) -> None:
    value, account = world.account.pk, world.account.pk
    for event in (
        KpiValueCorrected(account, value, "champion_status", "2026-10-01", "50", "0", "she left: mail of Monday"),
        RunStarted(account, value, "voc-sprint", None),
        StepCompleted(account, value, value, "voc-sprint", "recruit", True),
        StepsHandedOver(account, 1, world.bob.pk),
        RunFinished(account, value, "renewal-safeguard", "stopped"),
        HealthChanged(account, value, None, 4864, "red"),
    ):
        record(event, by=Actor.system("scoring") if isinstance(event, HealthChanged) else world.mona.as_actor())
    items = timeline(list(entries_of(world.account.pk, by=world.amy.as_actor()).order_by("seq")))
    assert [(item.title, item.detail, item.who, item.url) for item in items] == [
        ("Corrected Champion status of Oct 2026 from 50 to 0", "she left: mail of Monday", "Mona", ""),
        ("Started Voice-of-Customer Sprint", "", "Mona", f"/runs/{value}/"),
        ("Skipped “Recruit sponsors and users”", "Voice-of-Customer Sprint", "Mona", f"/runs/{value}/"),
        ("Gave 1 open step to the account's owner", "", "Mona", ""),
        ("Renewal Safeguard ended early", "", "Mona", f"/runs/{value}/"),
        (
            "Health score went from unknown to 48.64",
            "at risk",
            "Plumbline",
            f"/accounts/{account}/evidence/?score={value}",
        ),
    ]
