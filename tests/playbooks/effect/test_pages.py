"""The pages and the API of effects: what they show, what they refuse, and to whom."""

from datetime import timedelta
from typing import Any

import pytest

from core.actor import Actor
from playbooks.models import EffectEstimate, Measurement, Run, RunResult
from playbooks.operations import start_run, stop_run
from playbooks.operations.effects import run_estimate
from playbooks.operations.measuring import measure_what_is_due
from tests.playbooks.conftest import AT, give_health, playbook
from tests.playbooks.effect.book import NOW, confounded_book
from tests.world import World

ENGINE = Actor.system("playbooks")
EFFECT = "/playbooks/voc-sprint/effect/"


def estimate() -> EffectEstimate:
    made = EffectEstimate.objects.create(playbook=playbook(), created_at=NOW, created_by="Mona")
    return run_estimate(estimate_id=made.pk, job=None, by=ENGINE, at=NOW)


def ended(world: World) -> Run:
    give_health(world.account, 4000, at=AT - timedelta(days=100))
    run = start_run(
        account_id=world.account.pk, playbook_id=playbook().pk, by=world.alice.as_actor(), at=AT - timedelta(days=99)
    )
    stop_run(run_id=run.pk, outcome="Enough.", by=world.alice.as_actor(), at=AT - timedelta(days=40))
    give_health(world.account, 6450, at=AT - timedelta(days=20))
    measure_what_is_due(by=ENGINE, at=AT)
    return run


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_the_page_of_an_effect_shows_raw_and_estimate_and_who_was_compared(library: World) -> None:
    confounded_book(library)
    made = estimate()

    page = text(library.browser(library.mona).get(EFFECT))

    assert "It helps" in page
    assert f"<b>+{made.result['estimate']['value']:.2f}</b>" in page
    assert f"+{made.result['raw']['value']:.2f}" in page
    assert f"{made.result['treated']} runs" in page
    assert made.inputs_hash[:12] in page
    assert 'class="ran"' in page  # the picture of the overlap
    pair = made.result["pairs"][0]
    assert f"?score={pair['ran']['before_id']}" in page
    assert "An account you do not see" not in page


def test_whoever_sees_some_accounts_sees_the_figures_and_only_their_names(library: World) -> None:
    confounded_book(library)
    estimate()

    page = text(library.browser(library.alice).get(EFFECT))

    assert "It helps" in page
    assert "An account you do not see" in page
    assert "Estimate it again" not in page


def test_too_few_runs_are_a_refusal_in_words_beside_the_raw_change(library: World) -> None:
    confounded_book(library, accounts=30)
    estimate()

    page = text(library.browser(library.mona).get(EFFECT))

    assert "Cannot tell" in page
    assert "at least 20 are needed" in page
    assert "none can be given" in page


def test_nothing_yet_is_said_and_a_manager_may_ask(library: World) -> None:
    browser = library.browser(library.mona)
    assert "No estimate yet" in text(browser.get(EFFECT))

    assert browser.post(EFFECT).url == EFFECT

    assert EffectEstimate.objects.get().job.kind == "playbooks.estimate_effect"
    waiting = text(browser.get(EFFECT))
    assert "Waiting for a free worker" in waiting
    assert "Waiting for a free worker" in text(library.browser(library.mona, htmx=True).get(f"{EFFECT}state/"))
    browser.post(f"{EFFECT}cancel/")
    assert EffectEstimate.objects.get().job.state == "cancelled"


def test_who_may_not_edit_playbooks_may_not_ask(library: World) -> None:
    assert library.browser(library.alice).post(EFFECT).status_code == 403
    assert not EffectEstimate.objects.exists()
    assert library.browser(library.mona).get("/playbooks/no-such/effect/").status_code == 404


def test_a_run_shows_what_it_started_from_and_what_it_came_to(library: World) -> None:
    run = ended(library)
    browser = library.browser(library.alice)

    page = text(browser.get(f"/runs/{run.pk}/effect/"))

    start = Measurement.objects.get(run=run, moment="start", metric="health")
    assert f"?score={start.score_id}" in page
    assert "<b>+24.50</b>" in page
    assert "A change is no effect" in page
    assert f"/runs/{run.pk}/effect/" in text(browser.get(f"/runs/{run.pk}/"))
    assert EFFECT in text(browser.get("/playbooks/"))
    assert library.browser(library.bob).get(f"/runs/{run.pk}/effect/").status_code == 404


def test_a_result_is_recorded_on_the_page_with_its_errors_beside_the_fields(library: World) -> None:
    run = ended(library)
    browser, address = library.browser(library.alice), f"/runs/{run.pk}/effect/"

    wrong = browser.post(address, {"code": "", "reason": "", "version": 0})

    assert wrong.status_code == 422
    assert "Choose what came of it." in text(wrong)
    assert "Say in a few words why." in text(wrong)
    assert not RunResult.objects.exists()

    browser.post(address, {"code": "no_effect", "reason": "Nothing moved.", "version": 0})
    late = browser.post(address, {"code": "success", "reason": "It did.", "version": 0})

    assert (late.status_code, RunResult.objects.get().code) == (409, "no_effect")
    assert "has changed the result" in text(late)
    assert "It did." in text(late)  # what was typed is not lost
    assert "No effect</b>: Nothing moved." in text(browser.get(address))


def test_the_api_has_measurements_results_and_estimates(library: World) -> None:
    run = ended(library)
    browser = library.browser(library.mona)

    taken = browser.get(f"/api/v1/runs/{run.pk}/measurements/").json()
    assert [(row["moment"], row["value"]) for row in taken if row["metric"] == "health"] == [
        ("start", "40.000000"), ("end", "40.000000"), ("30", "64.500000"),
    ]  # fmt: skip
    said = {"code": "success", "reason": "Back.", "version": 0}
    assert browser.post(f"/api/v1/runs/{run.pk}/result/", said, "application/json").json()["code"] == "success"
    assert browser.post(f"/api/v1/runs/{run.pk}/result/", said, "application/json").status_code == 409
    made = browser.post("/api/v1/playbook-effects/", {"playbook_id": str(playbook().pk)}, "application/json")
    assert (made.status_code, made.json()["result"]) == (202, None)
    estimate()
    rows = browser.get("/api/v1/playbook-effects/?playbook=voc-sprint").json()["results"]
    assert {row["result"]["verdict"] for row in rows if row["result"]} == {"cannot_tell"}
    assert library.browser(library.bob).get(f"/api/v1/runs/{run.pk}/measurements/").status_code == 404


@pytest.mark.parametrize("accounts", [40, 160])
def test_the_page_costs_the_same_with_few_and_many(library: World, accounts: int, query_count: Any) -> None:
    confounded_book(library, accounts=accounts)
    estimate()
    browser = library.browser(library.mona)
    browser.get(EFFECT)

    with query_count() as queries:
        browser.get(EFFECT)

    assert queries.number <= 11
