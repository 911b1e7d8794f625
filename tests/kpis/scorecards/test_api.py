"""Scorecards through the API: the same verbs, the same refusals."""

from typing import Any

import pytest

from kpis.models import ScorecardVersion
from tests.kpis.health.book import furnish
from tests.kpis.scorecards.cards import record_of, standard, text_with
from tests.world import World

API = "/api/v1"


@pytest.fixture(autouse=True)
def _catalogue(world: World) -> None:
    furnish()


def send(browser: Any, url: str, **data: Any) -> Any:
    return browser.post(f"{API}{url}", data, content_type="application/json")


def test_the_whole_way_of_a_change(world: World) -> None:
    ana, mona = world.browser(world.ana), world.browser(world.mona)
    (card,) = ana.get(f"{API}/scorecards/").json()["results"]
    assert (card["name"], card["applies_to"], card["live"], card["drafts"]) == ("Standard", "every account", 1, 0)

    made = send(ana, f"/scorecards/{card['id']}/drafts/", note="Stricter")
    assert made.status_code == 201
    version, url = made.json(), f"/scorecard-versions/{made.json()['id']}/"
    definition = version["definition"] | {"green_from": 80}
    edited = send(ana, f"{url}edit/", definition=definition, edits=1)
    assert (edited.status_code, edited.json()["edits"]) == (200, 2)
    stale = send(ana, f"{url}edit/", definition=definition, edits=1)
    assert (stale.status_code, stale.json()["code"]) == (409, "Conflict")

    early = send(ana, f"{url}submit/", edits=2)
    assert (early.status_code, early.json()["code"]) == (409, "NotChecked")
    checked = send(ana, f"{url}check/", edits=2).json()
    assert checked["refused"] == 0
    record_of(ScorecardVersion.objects.get(pk=version["id"]))
    assert send(ana, f"{url}submit/", edits=2).json()["state"] == "review"
    queue = mona.get(f"{API}/scorecard-versions/?state=review").json()["results"]
    assert [row["id"] for row in queue] == [version["id"]]
    assert "definition" not in queue[0]
    assert send(ana, f"{url}approve/", edits=2).status_code == 403

    live = send(mona, f"{url}approve/", edits=2, note="Good")
    assert (live.status_code, live.json()["state"], live.json()["review_note"]) == (200, "live", "Good")
    before = standard().versions.get(number=1)
    rows = ana.get(f"{API}{url}compare/?with={before.pk}").json()
    assert [(row["name"], row["lines"]) for row in rows] == [
        ("Healthy from", [{"label": "", "before": "80", "after": "75"}])
    ]
    assert ana.get(f"{API}{url}compare/?with=x").status_code == 400

    record_of(before)
    back = send(mona, f"/scorecards/{card['id']}/roll-back/", to_version=str(before.pk), reason="Too strict")
    assert (back.status_code, back.json()["number"], back.json()["state"]) == (201, 3, "live")


def test_a_scorecard_with_its_rule(world: World) -> None:
    mona = world.browser(world.mona)
    made = send(mona, "/scorecards/", name="Start", rule={"stage": ["onboarding"], "younger_than_days": 30})
    assert made.status_code == 201
    url = f"/scorecards/{made.json()['id']}/"
    assert made.json()["applies_to"] == "stage Onboarding, customer for fewer than 30 days"
    counts = send(mona, f"{url}rule/preview/", rule={}, priority=3, edits=1)
    assert counts.json() == {"now": 0, "then": 1, "come": 1, "go": 0, "nobody": 0}
    saved = send(mona, f"{url}rule/", rule={"tier": ["A"]}, priority=3, edits=1).json()
    assert (saved["rule"], saved["priority"], saved["edits"]) == ({"tier": ["A"]}, 3, 2)
    assert send(mona, f"{url}archive/", edits=2).json()["archived_at"]
    assert len(mona.get(f"{API}/scorecards/?archived=false").json()["results"]) == 1


def test_a_merge_says_which_rows_to_choose(world: World) -> None:
    ana, mona = world.browser(world.ana), world.browser(world.mona)
    branch = send(ana, f"/scorecards/{standard().pk}/drafts/").json()
    first = standard().versions.get(number=1)
    text = text_with(first, green_from=80)
    send(ana, f"/scorecard-versions/{branch['id']}/edit/", definition=text, edits=1)
    assert send(ana, f"/scorecard-versions/{branch['id']}/merge/", edits=2).json()["code"] == "NothingToMergeWith"

    other = send(ana, f"/scorecards/{standard().pk}/drafts/").json()
    url = f"/scorecard-versions/{other['id']}/"
    send(ana, f"{url}edit/", definition=text_with(first, green_from=85), edits=1)
    send(ana, f"{url}check/", edits=2)
    record_of(ScorecardVersion.objects.get(pk=other["id"]))
    send(ana, f"{url}submit/", edits=2)
    assert send(mona, f"{url}approve/", edits=2).status_code == 200

    asked = send(ana, f"/scorecard-versions/{branch['id']}/merge/", edits=2)
    assert (asked.status_code, asked.json()["rows"]) == (409, ["green_from"])
    merged = send(ana, f"/scorecard-versions/{branch['id']}/merge/", edits=2, choices={"green_from": "theirs"})
    assert merged.json()["definition"]["green_from"] == 85


def test_a_csm_reads_and_changes_nothing(world: World) -> None:
    alice = world.browser(world.alice)
    version = standard().versions.get()
    shown = alice.get(f"{API}/scorecard-versions/{version.pk}/").json()
    assert (shown["number"], shown["effect"]) == (1, None)
    assert send(alice, f"/scorecards/{standard().pk}/drafts/").status_code == 403
    assert send(alice, "/scorecards/", name="Mine").status_code == 403
    assert standard().versions.count() == 1
