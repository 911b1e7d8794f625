"""The page of failed steps, approvals and forms on the page of a run, and the same through the API."""

from typing import Any

import pytest

from playbooks.models import Run
from tests.playbooks.conftest import entries
from tests.playbooks.engines import act, approval, begun, http, people, the, work
from tests.playbooks.test_advance import task
from tests.playbooks.test_api import post
from tests.playbooks.test_pages import text_of
from tests.playbooks.test_runs import states
from tests.world import World


@pytest.fixture
def broken(library: World) -> Run:
    """A step that reached out although that is switched off here, and one after it."""
    run = begun(library.account, http(), task("after"))
    work()
    return run


def test_a_failed_step_is_seen_put_right_and_goes_on(library: World, broken: Run) -> None:
    mona, step = library.browser(library.mona), the(broken, "call")
    page = text_of(mona.get("/playbooks/failed/"))
    assert "is switched off here" in page
    assert 'value="https://example.com/hook"' in page
    assert "Failed" in text_of(mona.get(f"/runs/{broken.pk}/"))
    url = f"/steps/{step.pk}/resume/"
    answer = mona.post(url, {"version": step.version, "url": "ftp://x", "method": "POST"})
    assert answer.status_code == 422
    assert "starts with https://" in text_of(answer)
    assert 'value="ftp://x"' in text_of(answer)
    assert mona.post(url, {"version": "99", "url": "https://example.com/b"}).status_code == 409
    assert mona.post(url, {"version": "x"}).status_code == 422
    answer = mona.post(url, {"version": step.version, "url": "https://example.com/b", "method": "PUT"}, follow=True)
    assert "is tried again" in text_of(answer)
    assert the(broken, "call").mended == {"url": "https://example.com/b", "method": "PUT"}


def test_a_failed_step_is_left_out(library: World, broken: Run) -> None:
    step = the(broken, "call")
    answer = library.browser(library.mona).post(f"/steps/{step.pk}/resume/", {"version": step.version, "skip": "true"})
    assert answer.status_code == 302
    assert states(broken) == {"call": "skipped", "after": "open"}
    assert "Nothing has failed" in text_of(library.browser(library.mona).get("/playbooks/failed/"))


def test_failed_steps_are_of_the_accounts_one_sees_and_mended_by_few(library: World, broken: Run) -> None:
    step = the(broken, "call")
    assert "Nothing has failed" in text_of(library.browser(library.bob).get("/playbooks/failed/"))
    page = text_of(library.browser(library.alice).get("/playbooks/failed/"))
    assert "is switched off here" in page
    assert "Try again" not in page
    for who in ("alice", "vic"):
        answer = library.browser(getattr(library, who)).post(f"/steps/{step.pk}/resume/", {"version": step.version})
        assert answer.status_code == 403
    assert (the(broken, "call").state, entries("playbooks.step_resumed")) == ("failed", [])


def test_failed_steps_through_the_api(library: World, broken: Run) -> None:
    mona, step = library.browser(library.mona), the(broken, "call")
    (found,) = mona.get("/api/v1/work-items/failed/").json()["results"]
    assert (found["id"], found["state"], found["attempts"]) == (str(step.pk), "failed", 1)
    assert library.browser(library.bob).get("/api/v1/work-items/failed/").json()["results"] == []
    answer = post(mona, f"/api/v1/work-items/{step.pk}/resume/", {"version": step.version, "skip": True})
    assert (answer.status_code, answer.json()["state"]) == (200, "skipped")


def test_one_who_is_asked_decides_on_the_page_of_the_run(library: World) -> None:
    run = begun(library.account, approval("serial", *people(library, "alice", "mona")), task("after"))
    work()
    step = the(run, "ask")
    assert "Agree" in text_of(library.browser(library.alice).get(f"/runs/{run.pk}/"))
    assert "Waits for the yes or no of somebody else." in text_of(library.browser(library.mona).get(f"/runs/{run.pk}/"))
    assert library.browser(library.mona).post(f"/steps/{step.pk}/decide/", {"agrees": "true"}).status_code == 302
    assert entries("playbooks.approval_given") == []
    answer = library.browser(library.alice).post(f"/steps/{step.pk}/decide/", {"agrees": "true"}, follow=True)
    assert "You said yes to “Ask”." in text_of(answer)
    assert library.browser(library.mona, htmx=True).post(f"/steps/{step.pk}/decide/", {}).status_code == 422
    answer = post(library.browser(library.mona), f"/api/v1/work-items/{step.pk}/decide/", {"agrees": True})
    assert (answer.status_code, states(run)) == (200, {"ask": "done", "after": "open"})


def test_a_form_is_answered_on_the_page_of_the_run(library: World) -> None:
    questions = [{"id": "seats", "label": "How many seats", "kind": "number", "required": True}]
    run = begun(library.account, act("ask", "form", questions=questions))
    alice, step = library.browser(library.alice), the(run, "ask")
    assert "How many seats" in text_of(alice.get(f"/runs/{run.pk}/"))
    answer: Any = alice.post(f"/steps/{step.pk}/complete/", {"version": 1, "seats": "many"}, follow=True)
    assert "Write a number" in text_of(answer)
    alice.post(f"/steps/{step.pk}/complete/", {"version": 1, "seats": "12"})
    assert the(run, "ask").result == {"answers": {"seats": "12"}}
    assert "12" in text_of(alice.get(f"/runs/{run.pk}/"))
