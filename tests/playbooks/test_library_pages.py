"""The playbooks themselves: read by all, set by few, errors where they belong."""

from typing import Any

import pytest

from accounts.models import Account
from playbooks.models import Playbook, Trigger
from tests.playbooks.conftest import entries, trigger
from tests.playbooks.test_pages import started, text_of
from tests.world import World


def test_triggers_are_set_where_they_stand(library: World) -> None:
    rule = trigger("health_below")
    url = f"/playbooks/triggers/{rule.pk}/"
    browser = library.browser(library.mona)
    answer = browser.post(url, {"threshold": "45.5", "active": "true"}, follow=True)
    assert answer.redirect_chain == [("/playbooks/", 302)]
    assert "Saved: Health falls below 45.5 points, on." in text_of(answer)
    answer = browser.post(url, {"threshold": "45.5"}, follow=True)
    assert "Saved: Health falls below 45.5 points, off." in text_of(answer)
    stored = trigger("health_below")
    assert (float(stored.threshold), stored.active) == (45.5, False)


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        ("low", "Write a number, for example 50."),
        ("", "Write a number, for example 50."),
        ("101", "Health goes from 0 to 100."),
    ],
)
def test_a_wrong_threshold_is_said_beside_it(library: World, threshold: str, words: str) -> None:
    rule = trigger("health_below")
    for htmx in (False, True):
        answer = library.browser(library.mona, htmx=htmx).post(
            f"/playbooks/triggers/{rule.pk}/", {"threshold": threshold, "active": "true"}
        )
        page = text_of(answer)
        assert answer.status_code == 422
        assert words in page
        assert f'value="{threshold}"' in page
        assert ("<html" in page) is not htmx
    assert float(trigger("health_below").threshold) == 50
    assert entries("playbooks.trigger_changed") == []


def test_playbooks_are_read_by_all_and_set_by_few(library: World) -> None:
    rule = trigger("health_below")
    for who in ("alice", "ana", "vic"):
        browser = library.browser(getattr(library, who))
        page = text_of(browser.get("/playbooks/"))
        assert "Voice-of-Customer Sprint" in page
        assert 'name="threshold"' not in page
        answer = browser.post(f"/playbooks/triggers/{rule.pk}/", {"threshold": "1"})
        assert answer.status_code == 403
    assert float(trigger("health_below").threshold) == 50


def test_counts_of_runs_are_of_the_accounts_one_sees(library: World) -> None:
    started(library)
    started(library, account=Account.objects.create(name="Acme", owner=library.bob))

    def running(who: Any) -> int:
        playbooks = library.browser(who).get("/playbooks/").context["playbooks"]
        return next(found.open_runs for found in playbooks if found.code == "voc-sprint")

    assert (running(library.alice), running(library.mona)) == (1, 2)


def test_a_workspace_without_playbooks_says_so(world: World) -> None:
    assert Playbook.objects.count() == Trigger.objects.count() == 0
    assert "No playbooks yet" in text_of(world.browser(world.alice).get("/playbooks/"))
    assert "Nothing is running" in text_of(world.browser(world.alice).get("/runs/"))
