"""Definitions: what is wrong is said with its place; versions: a run finishes on its own."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from core.errors import Conflict
from playbooks.engine.definition import NotADefinition, leaves, read
from playbooks.engine.stages import definition_of
from playbooks.library import LIBRARY
from playbooks.models import PlaybookVersion, Run
from playbooks.operations import NotADraft, NotReady, draft_version, edit_draft, publish_version, start_run
from tests.playbooks.conftest import AT, entries, playbook
from tests.playbooks.test_advance import branch, parallel, task
from tests.playbooks.test_runs import finish, states
from tests.world import World


def places(*steps: Any, **more: Any) -> list[str]:
    with pytest.raises(NotADefinition) as refused:
        read({"steps": list(steps), **more}, condition=lambda text: "" if "<" in text else "no comparison")
    return [problem.place for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ("text", ".kind"),
        ({"id": "a", "kind": "dance", "name": "A"}, ".kind"),
        ({**task("a"), "id": "A b"}, ".id"),
        ({**task("a"), "name": " "}, ".name"),
        ({**task("a"), "day": -1}, ".day"),
        ({**task("a"), "day": True}, ".day"),
        ({"id": "a", "kind": "task", "name": "A"}, ".day"),
        ({**task("a"), "colour": "red"}, ".colour"),
        ({**task("a"), "raci": {"R": ["CSM"]}}, ".raci"),
        ({**task("a"), "raci": {"R": ["CSM"], "A": ["CSM", "Sales"]}}, ".raci"),
        ({**task("a"), "time_out": {"working_days": 2, "then": "accept"}}, ".time_out"),
        ({"id": "a", "kind": "wait", "name": "A"}, ""),
        ({"id": "a", "kind": "wait", "name": "A", "days": 1, "working_days": 2}, ""),
        ({"id": "a", "kind": "wait", "name": "A", "until": "birthday"}, ".until"),
        ({"id": "a", "kind": "update", "name": "A", "field": "arr", "value": "1"}, ".field"),
        ({"id": "a", "kind": "http", "name": "A", "method": "GET", "url": "http://example.com"}, ".url"),
        ({"id": "a", "kind": "notify", "name": "A", "to": [{"owner": False}], "text": "x"}, ".to"),
        ({"id": "a", "kind": "approval", "name": "A", "mode": "quorum", "approvers": [{"owner": True}]}, ".quorum"),
        ({"id": "a", "kind": "form", "name": "A", "questions": []}, ".questions"),
        (parallel("p", "some", [task("a")], [task("b")]), ".join"),
        (parallel("p", "all", [task("a")]), ".branches"),
        (parallel("p", "all", [task("a")], []), ".branches[1]"),
        (parallel("p", "all", [task("a")], [{**task("b"), "day": "x"}]), ".branches[1][0].day"),
        (parallel("p", "all", [task("a")], [task("a")]), ".branches[1][0].id"),
        ({"id": "b", "kind": "branch", "name": "B", "cases": []}, ".cases"),
        ({"id": "b", "kind": "branch", "name": "B", "cases": [{"where": "", "steps": []}]}, ".cases[0].where"),
        ({"id": "b", "kind": "branch", "name": "B", "cases": [{"where": "good", "steps": []}]}, ".cases[0].where"),
        (branch("b", [task("a")], [{**task("c"), "name": ""}]), ".otherwise[0].name"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(step: Any, place: str) -> None:
    assert places(step) == [f"steps[0]{place}"]


def test_every_fault_is_said_at_once() -> None:
    assert places({**task("a"), "day": "x"}, {**task("a"), "name": ""}) == [
        "steps[0].day",
        "steps[1].id",
        "steps[1].name",
    ]
    assert places() == ["steps"]
    assert places(task("a"), then=1) == ["then"]
    assert places(task("a"), anchor={"field": "renewal_on"}) == ["anchor.days"]
    nested = task("a")
    for level in range(8):
        nested = parallel(f"p{level}", "all", [nested], [task(f"b{level}")])
    assert all(place.endswith("branches[0]") or place.endswith("branches[1]") for place in places(nested))
    assert places(*[task(f"t{number}") for number in range(202)]) == ["steps[200].id", "steps[201].id"]
    with pytest.raises(NotADefinition, match="A definition is an object with steps"):
        read([])


@pytest.mark.parametrize("known", LIBRARY, ids=lambda known: known.code)
def test_ways_of_working_by_stage_are_trees(known: Any) -> None:
    nodes = read(definition_of(vars(step) for step in known.steps))
    assert [leaf.id for leaf in leaves(nodes)] == [step.code for step in known.steps]


# Versions -----------------------------------------------------------------------------------------------------


def test_a_run_finishes_on_the_version_it_started_with(library: World) -> None:
    mona, alice, voice = library.mona.as_actor(), library.alice.as_actor(), playbook()
    old = start_run(account_id=library.account.pk, playbook_id=voice.pk, by=alice, at=AT)
    draft = draft_version(playbook_id=voice.pk, by=mona, at=AT)
    assert draft.definition == voice.live.definition
    assert draft_version(playbook_id=voice.pk, by=mona, at=AT).pk == draft.pk, "one draft at a time"
    edit_draft(version_id=draft.pk, expected_edits=1, definition={"steps": [task("call")]}, by=mona)
    publish_version(version_id=draft.pk, by=mona, at=AT)
    assert list(voice.versions.order_by("number").values_list("number", "state")) == [(1, "retired"), (2, "live")]
    for code in states(old):
        finish(old, code, alice)
    old.refresh_from_db()
    assert (old.state, old.playbook_version, len(states(old))) == ("done", 1, 8)
    new = start_run(account_id=library.account.pk, playbook_id=voice.pk, by=alice, at=AT)
    assert (new.playbook_version, states(new)) == (2, {"call": "open"})
    assert [data["number"] for data in entries("playbooks.published")] == [2]
    assert len(entries("playbooks.drafted")) == 1


def test_a_draft_with_faults_is_kept_and_not_published(library: World) -> None:
    mona = library.mona.as_actor()
    draft = draft_version(playbook_id=playbook().pk, by=mona, at=AT)
    wrong = {"steps": [{**branch("how", [], []), "cases": [{"where": "helth < 50", "steps": []}]}]}
    edit_draft(version_id=draft.pk, expected_edits=1, definition=wrong, by=mona)
    with pytest.raises(NotReady, match=r"^steps\[0\].cases\[0\].where: At 1: There is no field “helth”"):
        publish_version(version_id=draft.pk, by=mona, at=AT)
    assert PlaybookVersion.objects.get(pk=draft.pk).definition == wrong
    assert (playbook().live.number, entries("playbooks.published")) == (1, [])


def test_two_people_editing_a_draft_get_a_choice(library: World) -> None:
    mona = library.mona.as_actor()
    draft = draft_version(playbook_id=playbook().pk, by=mona, at=AT)
    edit_draft(version_id=draft.pk, expected_edits=1, definition={"steps": [task("a")]}, by=mona)
    with pytest.raises(Conflict, match="Nothing of theirs was overwritten"):
        edit_draft(version_id=draft.pk, expected_edits=1, definition={"steps": [task("b")]}, by=mona)
    publish_version(version_id=draft.pk, by=mona, at=AT)
    with pytest.raises(NotADraft):
        edit_draft(version_id=draft.pk, expected_edits=2, definition={"steps": [task("b")]}, by=mona)
    assert [leaf.id for leaf in leaves(playbook().live.nodes)] == ["a"]


@pytest.mark.parametrize("who", ["alice", "ana", "vic"])
def test_versions_are_made_by_those_who_may(library: World, who: str) -> None:
    with pytest.raises(PermissionDenied):
        draft_version(playbook_id=playbook().pk, by=getattr(library, who).as_actor(), at=AT)
    assert (PlaybookVersion.objects.count(), Run.objects.count()) == (5, 0)
