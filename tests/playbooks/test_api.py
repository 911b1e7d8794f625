"""Playbooks, runs and work items through the API: the same operations, the same refusals."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils.timezone import now

from accounts.models import Account
from playbooks.models import Run, Step
from playbooks.operations import start_run
from tests.playbooks.conftest import ENGINE, entries, playbook, trigger
from tests.world import World


def post(browser: Any, url: str, data: Any = None) -> Any:
    return browser.post(url, data or {}, content_type="application/json")


def started(world: World, account: Account | None = None, code: str = "voc-sprint") -> Run:
    return start_run(account_id=(account or world.account).pk, playbook_id=playbook(code).pk, by=ENGINE, at=now())


def test_start_work_and_stop(library: World) -> None:
    browser = library.browser(library.alice)
    given = {"account_id": str(library.account.pk), "playbook_id": str(playbook().pk)}
    answer = post(browser, "/api/v1/runs/", given)
    run = answer.json()
    assert answer.status_code == 201
    assert (run["playbook"], run["state"], run["started_by"], run["why"]) == (
        "voc-sprint",
        "open",
        "Alice",
        {"sentence": "Started by hand by Alice."},
    )
    assert [step["code"] for step in run["steps"]][:3] == ["recruit", "interviews", "mine"]
    answer = post(browser, "/api/v1/runs/", given)
    said = {"detail": "“Voice-of-Customer Sprint” is already running on Initech.", "code": "AlreadyRunning"}
    assert (answer.status_code, answer.json()) == (409, said)

    (item,) = browser.get("/api/v1/work-items/").json()["results"]
    assert (item["account"], item["playbook"], item["code"], item["version"]) == ("Initech", "voc-sprint", "recruit", 1)
    url = f"/api/v1/work-items/{item['id']}/"
    answer = post(browser, f"{url}complete/", {"version": 1, "note": "Eight people"})
    done = answer.json()
    assert (answer.status_code, done["state"], done["note"], done["completed_by"]) == (
        200,
        "done",
        "Eight people",
        "Alice",
    )
    answer = post(browser, f"{url}complete/", {"version": 1})
    said = {"detail": "“Recruit sponsors and users” was already completed by Alice.", "code": "Conflict"}
    assert (answer.status_code, answer.json()) == (409, said)
    assert post(browser, f"{url}reopen/").json()["state"] == "open"

    url = f"/api/v1/runs/{run['id']}/"
    answer = post(browser, f"{url}stop/")
    assert (answer.status_code, answer.json()) == (400, {"outcome": ["Say in a few words why it ends here."]})
    answer = post(browser, f"{url}stop/", {"outcome": "Declined"})
    assert (answer.status_code, answer.json()["state"], answer.json()["outcome"]) == (200, "stopped", "Declined")
    answer = post(browser, f"{url}stop/", {"outcome": "Declined"})
    assert answer.json() == {"detail": "This playbook has ended already.", "code": "RunEnded"}


def test_triggers_are_set_through_the_api_too(library: World) -> None:
    rule = trigger("health_below")
    url = f"/api/v1/playbooks/triggers/{rule.pk}/"
    answer = post(library.browser(library.mona), url, {"threshold": "45", "active": False})
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "id": str(rule.pk),
            "metric": "health_below",
            "kpi": None,
            "threshold": "45.00",
            "active": False,
            "cooldown_days": 28,
        },
    )
    answer = post(library.browser(library.mona), url, {"threshold": "101", "active": False})
    said = {"detail": "Health goes from 0 to 100.", "code": "DomainError", "field": "threshold"}
    assert (answer.status_code, answer.json()) == (409, said)
    assert post(library.browser(library.alice), url, {"threshold": "1"}).status_code == 403
    assert float(trigger("health_below").threshold) == 45
    found = library.browser(library.vic).get("/api/v1/playbooks/?code=voc-sprint").json()["results"]
    assert [known["metric"] for known in found[0]["triggers"]] == ["health_below", "health_fell"]


@pytest.mark.parametrize("key", ["01a1f940-ac31-7196-9d34-b951238a9b42", "1", "x" * 36, "-" * 36])
def test_what_is_not_there_is_404(library: World, key: str) -> None:
    browser = library.browser(library.mona)
    for url in (f"runs/{key}/", f"work-items/{key}/", f"playbooks/{key}/"):
        assert browser.get(f"/api/v1/{url}").status_code == 404, url
    for url, given in (
        (f"runs/{key}/stop/", {"outcome": "x"}),
        (f"work-items/{key}/complete/", {"version": 1}),
        (f"work-items/{key}/reopen/", {}),
        (f"playbooks/triggers/{key}/", {"threshold": "1"}),
    ):
        assert post(browser, f"/api/v1/{url}", given).status_code == 404, url
    given = {"account_id": str(library.account.pk), "playbook_id": str(uuid4())}
    assert post(browser, "/api/v1/runs/", given).status_code == 404
    assert Run.objects.count() == 0


def test_a_colleagues_work_is_404_and_a_missing_right_403(library: World) -> None:
    run = started(library)
    step = run.steps.get(code="recruit")
    for who, status in (("bob", 404), ("vic", 403)):
        browser = library.browser(getattr(library, who))
        assert post(browser, f"/api/v1/work-items/{step.pk}/complete/", {"version": 1}).status_code == status
        assert post(browser, f"/api/v1/runs/{run.pk}/stop/", {"outcome": "x"}).status_code == status
        given = {"account_id": str(library.account.pk), "playbook_id": str(playbook("sla-stabilizer").pk)}
        assert post(browser, "/api/v1/runs/", given).status_code == status
    assert (Run.objects.get().state, Step.objects.get(pk=step.pk).state) == ("open", "open")
    assert entries("playbooks.step_completed") == []
    assert library.browser(library.bob).get("/api/v1/runs/").json()["results"] == []
    assert library.browser(library.bob).get("/api/v1/work-items/").json()["results"] == []


def test_lists_are_filtered(library: World) -> None:
    started(library)
    other = Account.objects.create(name="Acme", owner=library.bob)
    started(library, other)
    started(library, other, "sla-stabilizer")
    browser = library.browser(library.mona)

    def count(url: str) -> int:
        return len(browser.get(f"/api/v1/{url}").json()["results"])

    assert [
        count(f"runs/?{query}") for query in ("", f"account_id={other.pk}", "playbook=voc-sprint", "state=done")
    ] == [
        3,
        2,
        2,
        0,
    ]
    assert count("work-items/") == 4
    assert count(f"work-items/?owner_id={library.alice.pk}") == 1
    assert count("work-items/?unowned=true") == 0
    assert count("work-items/?due_before=2000-01-01") == 0
    assert browser.get("/api/v1/work-items/?owner_id=nonsense").status_code == 400
    assert browser.get("/api/v1/runs/?account_id=nonsense").status_code == 400


def test_lists_cost_the_same_with_one_and_three_rows(library: World, query_count: Any) -> None:
    browser = library.browser(library.mona)
    browser.get("/api/v1/runs/")
    counts: dict[str, list[int]] = {"runs": [], "work-items": [], "playbooks": []}
    for number in range(3):
        started(library, Account.objects.create(name=f"Acme {number}", owner=library.bob))
        for name, found in counts.items():
            with query_count() as queries:
                assert browser.get(f"/api/v1/{name}/").status_code == 200
            found.append(queries.number)
    assert {name: found[0] - found[2] for name, found in counts.items()} == dict.fromkeys(counts, 0)
    assert {name: found[0] for name, found in counts.items()} == {"runs": 4, "work-items": 3, "playbooks": 4}
