"""Approvals by one after the other, by all and by some, and forms: steps of a run that ask people."""

from datetime import timedelta

import pytest

from core.errors import DomainError
from playbooks.operations import (
    NotAsked,
    StepNotOpen,
    delegate_step,
)
from tests.playbooks.conftest import AT, entries
from tests.playbooks.engines import act, approval, begun, people, say, the, work
from tests.playbooks.test_advance import task
from tests.playbooks.test_runs import finish, states
from tests.world import World


def test_a_serial_approval_goes_from_one_to_the_next(library: World) -> None:
    run = begun(library.account, approval("serial", {"owner": True}, {"role": "manager"}), task("after"))
    work()
    with pytest.raises(NotAsked):
        say(run, library.mona, True)
    with pytest.raises(StepNotOpen, match="is decided by those who are asked"):
        finish(run, "ask", library.alice.as_actor())
    say(run, library.alice, True)
    assert states(run) == {"ask": "open", "after": "waiting"}
    say(run, library.mona, True)
    assert (states(run), the(run, "ask").result["approved"]) == ({"ask": "done", "after": "open"}, True)
    assert [data["agrees"] for data in entries("playbooks.approval_given")] == [True, True]


def test_a_no_ends_the_run_unless_it_goes_on(library: World) -> None:
    run = begun(library.account, approval("parallel", *people(library, "alice", "mona")), task("after"), code="stops")
    going = approval("parallel", *people(library, "alice", "mona"), rejected="continue")
    other = begun(library.account, going, task("after"), code="goes")
    work()
    say(run, library.mona, False)
    say(other, library.mona, False)
    run.refresh_from_db()
    assert (run.state, run.outcome, states(run)["after"]) == ("stopped", "“Ask” was rejected.", "waiting")
    assert (states(other)["after"], the(other, "ask").result["approved"]) == ("open", False)


def test_a_quorum_and_a_delegate(library: World) -> None:
    run = begun(library.account, approval("quorum", *people(library, "alice", "mona", "amy"), quorum=2), task("after"))
    work()
    say(run, library.alice, True)
    with pytest.raises(DomainError, match="does not see Initech"):
        delegate_step(step_id=the(run, "ask").pk, to_id=library.bob.pk, by=library.mona.as_actor(), at=AT)
    delegate_step(step_id=the(run, "ask").pk, to_id=library.ana.pk, by=library.mona.as_actor(), at=AT)
    with pytest.raises(NotAsked):
        say(run, library.mona, True)
    say(run, library.ana, True)
    assert states(run) == {"ask": "done", "after": "open"}


def test_an_approval_is_never_accepted_by_time(library: World) -> None:
    run = begun(library.account, approval("serial", {"owner": True}, time_out={"working_days": 1, "then": "reject"}))
    work()
    work(AT + timedelta(days=3))
    run.refresh_from_db()
    assert (run.state, the(run, "ask").result["approved"]) == ("stopped", False)


def test_a_form_takes_its_answers(library: World) -> None:
    questions = [
        {"id": "seats", "label": "Seats", "kind": "number", "required": True},
        {"id": "mood", "label": "Mood", "kind": "choice", "choices": ["good", "bad"]},
    ]
    run = begun(library.account, act("ask", "form", questions=questions))
    for answers, field in (({}, "seats"), ({"seats": "x"}, "seats"), ({"seats": "1", "mood": "odd"}, "mood")):
        with pytest.raises(DomainError) as refused:
            finish(run, "ask", library.alice.as_actor(), answers=answers)
        assert refused.value.field == field
    finish(run, "ask", library.alice.as_actor(), answers={"seats": "12", "mood": "good"})
    assert the(run, "ask").result == {"answers": {"seats": "12", "mood": "good"}}
