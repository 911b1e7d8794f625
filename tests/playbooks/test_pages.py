"""Today, the work list, runs and playbooks as a person meets them, with and without script."""

import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils.timezone import localdate, now

from accounts.models import Account
from playbooks.models import Run, Step
from playbooks.operations import start_run
from tests.playbooks.conftest import ENGINE, entries, playbook
from tests.world import World


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def woken(answer: Any) -> dict[str, Any]:
    return json.loads(answer.headers.get("HX-Trigger", "{}"))


def started(world: World, code: str = "voc-sprint", account: Account | None = None) -> Run:
    account = account or world.account
    return start_run(account_id=account.pk, playbook_id=playbook(code).pk, by=ENGINE, at=now())


# The work list ------------------------------------------------------------------------------------------------


def test_the_work_list_by_whose_it_is_and_when_it_is_due(library: World) -> None:
    run, today = started(library), localdate()
    nobodys = started(library, account=Account.objects.create(name="Ownerless"))
    Step.objects.filter(run=run, code="recruit").update(due_on=today - timedelta(days=3))
    browser = library.browser(library.alice)

    def shown(query: str, who: Any = None) -> list[tuple[str, list[str]]]:
        groups = (who or browser).get(f"/work/{query}").context["groups"]
        return [(group.label, [item.account for item in group.items]) for group in groups]

    assert shown("") == shown("?view=mine") == shown("?view=overdue") == [("Overdue", ["Initech"])]
    assert shown("?view=all") == [("Overdue", ["Initech"])]
    assert shown("?view=unowned") == []
    mona = library.browser(library.mona)
    assert shown("", mona) == []
    assert shown("?view=unowned", mona) == [("Next 7 days", ["Ownerless"])]
    assert shown("?view=all", mona) == [("Overdue", ["Initech"]), ("Next 7 days", ["Ownerless"])]
    assert shown(f"?owner={library.alice.pk}", mona) == [("Overdue", ["Initech"])]
    assert "3 days late" in text_of(browser.get("/work/"))
    Step.objects.filter(run=nobodys, code="recruit").update(due_on=today)
    assert shown("?view=unowned", mona) == [("Today", ["Ownerless"])]
    for wrong in ("nonsense", str(uuid4())):
        assert mona.get(f"/work/?owner={wrong}").status_code == 404


def test_today_is_where_the_person_is(library: World, time_machine: Any) -> None:
    """At 11:30 in UTC on the 20th it is already the 21st in Auckland."""
    from datetime import UTC, date, datetime

    run = started(library)
    Step.objects.filter(run=run, code="recruit").update(due_on=date(2026, 11, 20))
    time_machine.move_to(datetime(2026, 11, 20, 11, 30, tzinfo=UTC))
    for zone, label in (("UTC", "Today"), ("Pacific/Auckland", "Overdue"), ("nowhere", "Today")):
        library.alice.time_zone = zone
        library.alice.save()
        groups = library.browser(library.alice).get("/work/").context["groups"]
        assert [group.label for group in groups] == [label], zone


def test_an_empty_work_list_says_what_comes(world: World) -> None:
    page = text_of(world.browser(world.alice).get("/work/"))
    assert "Nothing is waiting here" in page
    assert "Nothing is overdue" in text_of(world.browser(world.alice).get("/work/?view=overdue"))


def test_to_htmx_lists_are_lists_alone(library: World) -> None:
    started(library)
    run = Run.objects.get()
    browser = library.browser(library.alice, htmx=True)
    for url in ("/", "/work/", "/runs/", f"/runs/{run.pk}/"):
        page = browser.get(url).content.decode()
        assert page.strip().startswith('<div id="list"'), url
        assert "<html" not in page


# Completing ---------------------------------------------------------------------------------------------------


def test_completing_moves_the_run_and_can_be_undone(library: World) -> None:
    run = started(library)
    step = run.steps.get(code="recruit")
    browser = library.browser(library.alice, htmx=True)
    answer = browser.post(f"/steps/{step.pk}/complete/", {"version": "1", "note": "Eight people"})
    changed = {"accounts": [str(library.account.pk)]}
    assert (answer.status_code, answer.content) == (204, b"")
    assert woken(answer) == {
        "toast": {
            "text": "“Recruit sponsors and users” is done.",
            "kind": "done",
            "undoUrl": f"/steps/{step.pk}/reopen/",
        },
        "run-changed": changed,
    }
    assert run.steps.get(code="recruit").note == "Eight people"
    answer = browser.post(f"/steps/{step.pk}/reopen/")
    assert (answer.status_code, woken(answer)["toast"]["text"]) == (204, "“Recruit sponsors and users” is open again.")
    assert run.steps.get(code="recruit").state == "open"
    answer = browser.post(f"/steps/{step.pk}/complete/", {"version": "3", "skip": "true"})
    assert woken(answer)["toast"]["text"] == "“Recruit sponsors and users” is skipped."


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"version": "7"}, 409, "“Recruit sponsors and users” was changed since you opened this page. Look again."),
        ({}, 422, "Load this page again."),
        ({"version": "x"}, 422, "Load this page again."),
        ({"version": "1", "note": "x" * 1001}, 422, "A note can have 1,000 characters."),
    ],
)
def test_a_refused_completion_says_why_and_changes_nothing(
    library: World, given: dict[str, str], status: int, words: str
) -> None:
    step = started(library).steps.get(code="recruit")
    answer = library.browser(library.alice, htmx=True).post(f"/steps/{step.pk}/complete/", given)
    assert (answer.status_code, woken(answer)["toast"]["text"]) == (status, words)
    assert "run-changed" in woken(answer), "the lists look again"
    plain = library.browser(library.alice).post(f"/steps/{step.pk}/complete/", given, follow=True)
    assert plain.redirect_chain == [(f"/runs/{step.run_id}/", 302)]
    assert words in text_of(plain)
    assert entries("playbooks.step_completed") == []


def test_without_script_completing_leads_to_the_run(library: World) -> None:
    step = started(library).steps.get(code="recruit")
    answer = library.browser(library.alice).post(f"/steps/{step.pk}/complete/", {"version": "1"}, follow=True)
    assert answer.redirect_chain == [(f"/runs/{step.run_id}/", 302)]
    assert "“Recruit sponsors and users” is done." in text_of(answer)
    assert "1 of 8 steps" in text_of(answer)


def test_steps_are_closed_to_those_who_may_not(library: World) -> None:
    step = started(library).steps.get(code="recruit")
    for who, status in (("bob", 404), ("vic", 403), ("ana", 403)):
        browser = library.browser(getattr(library, who), htmx=True)
        assert browser.post(f"/steps/{step.pk}/complete/", {"version": "1"}).status_code == status
        assert browser.post(f"/steps/{step.pk}/reopen/").status_code in {403, 404, 422}
    assert run_states() == {"open"}
    assert entries("playbooks.step_completed") == []


def run_states() -> set[str]:
    return set(Step.objects.filter(code="recruit").values_list("state", flat=True))


# Runs ---------------------------------------------------------------------------------------------------------


def test_a_run_page_tells_its_story(library: World) -> None:
    run = started(library)
    page = text_of(library.browser(library.alice).get(f"/runs/{run.pk}/"))
    for shown in (
        "Started by hand by system:playbooks.",
        "0 of 8 steps",
        "What came of it",
        "Waits for the step before it",
    ):
        assert shown in page, shown
    viewer = text_of(library.browser(library.vic).get(f"/runs/{run.pk}/"))
    for hidden in ("What came of it", "End it early", "Take back"):
        assert hidden not in viewer
    assert library.browser(library.bob).get(f"/runs/{run.pk}/").status_code == 404


def test_ending_early_wants_a_reason(library: World) -> None:
    run = started(library)
    browser, url = library.browser(library.alice), f"/runs/{run.pk}/stop/"
    for outcome, words in (
        ("", "Say in a few words why it ends here."),
        ("x" * 401, "Say it in 400 characters."),
    ):
        answer = browser.post(url, {"outcome": outcome})
        assert answer.status_code == 422
        assert words in text_of(answer)
    assert Run.objects.get().state == "open"
    page = text_of(browser.post(url, {"outcome": "Customer declined"}, follow=True))
    assert "“Voice-of-Customer Sprint” has ended." in page
    assert "<b>Ended early:</b> Customer declined" in page
    answer = browser.post(url, {"outcome": "Again"})
    assert answer.status_code == 422
    assert "Customer declined" in text_of(answer)
    assert library.browser(library.vic).post(url, {"outcome": "x"}).status_code == 403


def test_runs_are_listed_by_state_and_playbook(library: World) -> None:
    run = started(library)
    started(library, "renewal-safeguard")
    started(library, account=Account.objects.create(name="Acme", owner=library.bob))
    library.browser(library.alice).post(f"/runs/{run.pk}/stop/", {"outcome": "over"})

    def shown(query: str, who: Any) -> list[tuple[str, str]]:
        rows = library.browser(who).get(f"/runs/{query}").context["page"].rows
        return sorted((row.account.name, row.playbook.code) for row in rows)

    assert shown("", library.alice) == [("Initech", "renewal-safeguard")]
    assert shown("?state=stopped", library.alice) == [("Initech", "voc-sprint")]
    assert shown("?state=all&playbook=voc-sprint", library.mona) == [("Acme", "voc-sprint"), ("Initech", "voc-sprint")]
    assert shown("?state=done", library.mona) == []
    assert library.browser(library.mona).get("/runs/?playbook=nothing").status_code == 404


def test_starting_from_the_account(library: World) -> None:
    browser, url = library.browser(library.alice), f"/accounts/{library.account.pk}/start-playbook/"
    assert text_of(browser.get(url)).count('name="playbook_id"') == 5
    for given in ({}, {"playbook_id": "nonsense"}):
        answer = browser.post(url, given)
        assert answer.status_code == 422
        assert "Choose a playbook." in text_of(answer)
    assert browser.post(url, {"playbook_id": str(uuid4())}).status_code == 404
    assert Run.objects.count() == 0
    answer = browser.post(url, {"playbook_id": str(playbook().pk)}, follow=True)
    assert answer.redirect_chain == [(f"/runs/{Run.objects.get().pk}/", 302)]
    assert "“Voice-of-Customer Sprint” has started." in text_of(answer)
    answer = browser.post(url, {"playbook_id": str(playbook().pk)})
    assert answer.status_code == 422
    assert "“Voice-of-Customer Sprint” is already running on Initech." in text_of(answer)
    assert Run.objects.count() == 1
    assert library.browser(library.vic).get(url).status_code == 403
    assert library.browser(library.bob).get(url).status_code == 404


def test_the_dialog_comes_and_goes(library: World) -> None:
    browser, url = library.browser(library.alice, htmx=True), f"/accounts/{library.account.pk}/start-playbook/"
    dialog = browser.get(url).content.decode()
    assert '<dialog class="dialog' in dialog
    assert "<html" not in dialog
    answer = browser.post(url, {})
    assert answer.status_code == 422
    assert answer.content.decode().strip().startswith('<form class="form" id="start-playbook"')
    answer = browser.post(url, {"playbook_id": str(playbook().pk)})
    assert (answer.status_code, sorted(woken(answer))) == (204, ["closeDialog", "run-changed", "toast"])


def test_the_panel_shows_what_runs_here(library: World, query_count: Any) -> None:
    browser, counts = library.browser(library.alice, htmx=True), []
    url = f"/accounts/{library.account.pk}/panels/playbooks/"
    assert "No playbook is running." in text_of(browser.get(url))
    for code in ("voc-sprint", "sla-stabilizer", "renewal-safeguard"):
        started(library, code)
        with query_count() as queries:
            page = text_of(browser.get(url))
        counts.append(queries.number)
    assert counts[0] == counts[2] <= 7
    assert "3 running" in page
    assert re.findall(r"Complete “([^”]+)”", page) == [
        "Write the strategy brief",
        "Root causes of all breaches",
        "Review capacity",
        "Recruit sponsors and users",
    ]
    Account.objects.filter(pk=library.account.pk).update(archived_at=now())
    Run.objects.all().delete()
    assert "No playbook starts on an archived account." in text_of(browser.get(url))
