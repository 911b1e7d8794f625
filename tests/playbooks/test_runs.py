"""Runs by hand, their steps stage by stage, taking back, handing over, ending early."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from accounts.models import Account
from accounts.operations import archive_account, edit_account, import_accounts
from core.actor import Actor
from core.errors import Conflict
from playbooks import tasks
from playbooks.models import Playbook, Run, Step
from playbooks.operations import (
    AlreadyRunning,
    RunEnded,
    StepNotOpen,
    complete_step,
    hand_over_steps,
    install_library,
    reopen_step,
    start_run,
    stop_run,
)
from playbooks.queries import open_steps, running_chips
from tenants.context import tenant_scope
from tests.database import NORTH
from tests.playbooks.conftest import AT, ENGINE, entries, playbook
from tests.world import World


@pytest.fixture
def run(library: World) -> Run:
    return start_run(account_id=library.account.pk, playbook_id=playbook().pk, by=library.alice.as_actor(), at=AT)


def step(run: Run, code: str) -> Step:
    return run.steps.get(code=code)


def finish(run: Run, code: str, by: Actor, **given: object) -> Step:
    found = step(run, code)
    return complete_step(step_id=found.pk, expected_version=found.version, by=by, at=AT, **given)  # type: ignore[arg-type]


def states(run: Run) -> dict[str, str]:
    return dict(run.steps.order_by("position").values_list("code", "state"))


def test_starting_by_hand_says_who(library: World, run: Run) -> None:
    assert run.why == {"sentence": "Started by hand by Alice."}
    assert (run.started_by, run.by_itself, run.trigger_id) == ("Alice", False, None)
    assert entries("playbooks.run_started")[0]["trigger_id"] is None


def test_one_at_a_time_on_an_account(library: World, run: Run) -> None:
    with pytest.raises(AlreadyRunning, match="^“Voice-of-Customer Sprint” is already running on Initech.$"):
        start_run(account_id=library.account.pk, playbook_id=playbook().pk, by=library.mona.as_actor(), at=AT)
    assert (Run.objects.count(), Step.objects.count(), len(entries("playbooks.run_started"))) == (1, 8, 1)
    other = Account.objects.create(name="Acme")
    start_run(account_id=other.pk, playbook_id=playbook().pk, by=library.mona.as_actor(), at=AT)
    assert Run.objects.count() == 2


def test_starting_needs_the_permission_the_account_and_the_playbook(library: World) -> None:
    given = {"account_id": library.account.pk, "playbook_id": playbook().pk, "at": AT}
    with pytest.raises(PermissionDenied):
        start_run(**given, by=library.ana.as_actor())
    with pytest.raises(Account.DoesNotExist):
        start_run(**given, by=library.bob.as_actor())
    archive_account(account_id=library.account.pk, by=library.mona.as_actor(), at=AT)
    with pytest.raises(Account.DoesNotExist):
        start_run(**given, by=library.mona.as_actor())
    archive_account(account_id=library.account.pk, by=library.mona.as_actor(), at=AT, restore=True)
    Playbook.objects.update(active=False)
    with pytest.raises(Playbook.DoesNotExist):
        start_run(**given, by=library.mona.as_actor())
    assert (Run.objects.count(), entries("playbooks.run_started")) == (0, [])


def test_the_next_stage_waits_for_all_of_the_one_before(library: World, run: Run) -> None:
    alice = library.alice.as_actor()
    finish(run, "recruit", alice, note=" Eight people ")
    done = step(run, "recruit")
    assert (done.state, done.note, done.completed_at, done.completed_by, done.version) == (
        "done",
        "Eight people",
        AT,
        "Alice",
        2,
    )
    assert [code for code, state in states(run).items() if state == "open"] == ["interviews", "mine"]
    finish(run, "mine", alice)
    assert states(run)["themes"] == "waiting"
    finish(run, "interviews", alice, skip=True)
    assert (states(run)["interviews"], states(run)["themes"]) == ("skipped", "open")
    assert [(data["step"], data["skipped"]) for data in entries("playbooks.step_completed")] == [
        ("recruit", False),
        ("mine", False),
        ("interviews", True),
    ]


def test_the_last_step_ends_the_run(library: World, run: Run) -> None:
    for code in states(run):
        finish(run, code, library.alice.as_actor())
    run.refresh_from_db()
    assert (run.state, run.finished_at) == ("done", AT)
    assert entries("playbooks.run_finished") == [
        {"account_id": str(library.account.pk), "run_id": str(run.pk), "playbook": "voc-sprint", "state": "done"}
    ]


def test_a_waiting_step_cannot_be_completed(library: World, run: Run) -> None:
    with pytest.raises(StepNotOpen, match="^“Executive readout” is not open.$"):
        finish(run, "readout", library.alice.as_actor())
    assert states(run)["readout"] == "waiting"
    assert entries("playbooks.step_completed") == []


def test_completing_what_somebody_else_completed_says_who(library: World, run: Run) -> None:
    finish(run, "recruit", library.mona.as_actor())
    with pytest.raises(Conflict, match="^“Recruit sponsors and users” was already completed by Mona.$"):
        complete_step(step_id=step(run, "recruit").pk, expected_version=1, by=library.alice.as_actor(), at=AT)
    assert len(entries("playbooks.step_completed")) == 1


def test_a_step_that_changed_since_it_was_opened(library: World, run: Run) -> None:
    finish(run, "recruit", library.mona.as_actor())
    reopen_step(step_id=step(run, "recruit").pk, by=library.mona.as_actor(), at=AT)
    with pytest.raises(Conflict, match="was changed since you opened this page"):
        complete_step(step_id=step(run, "recruit").pk, expected_version=1, by=library.alice.as_actor(), at=AT)
    assert states(run)["recruit"] == "open"


def test_two_people_complete_one_step_at_the_same_time(scratch_database: None) -> None:
    with tenant_scope(NORTH):
        install_library(at=AT, by=ENGINE)
        account = Account.objects.create(name="Initech")
        run = start_run(account_id=account.pk, playbook_id=playbook().pk, by=ENGINE, at=AT)
        first = step(run, "recruit").pk
    meet, outcomes = Barrier(2), []

    def complete(name: str) -> None:
        try:
            meet.wait()
            with tenant_scope(NORTH):
                complete_step(step_id=first, expected_version=1, by=Actor(name, sees_all=True), at=AT)
            outcomes.append("done")
        except Conflict as refusal:
            outcomes.append(str(refusal)[-10:-3])
        finally:
            connection.close()

    threads = [Thread(target=complete, args=[name]) for name in ("Alice", "Mona")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("done") == 1
    assert len(outcomes) == 2
    with tenant_scope(NORTH):
        assert len(entries("playbooks.step_completed")) == 1
        assert [code for code, state in states(run).items() if state == "open"] == ["interviews", "mine"]


@pytest.mark.parametrize("who", ["ana", "vic", "bob"])
def test_steps_are_for_those_who_may_and_see_them(library: World, run: Run, who: str) -> None:
    person = getattr(library, who).as_actor()
    expected = Step.DoesNotExist if who == "bob" else PermissionDenied
    with pytest.raises(expected):
        finish(run, "recruit", person)
    finish(run, "recruit", library.alice.as_actor())
    with pytest.raises(expected):
        reopen_step(step_id=step(run, "recruit").pk, by=person, at=AT)
    with pytest.raises(Run.DoesNotExist if who == "bob" else PermissionDenied):
        stop_run(run_id=run.pk, outcome="no", by=person, at=AT)
    run.refresh_from_db()
    assert (run.state, states(run)["recruit"]) == ("open", "done")


# Taking back --------------------------------------------------------------------------------------------------


def test_taking_a_step_back_lets_later_ones_wait_again(library: World, run: Run) -> None:
    alice = library.alice.as_actor()
    finish(run, "recruit", alice, note="kept")
    finish(run, "mine", alice)
    reopen_step(step_id=step(run, "recruit").pk, by=alice, at=AT)
    found = step(run, "recruit")
    assert (found.state, found.completed_at, found.completed_by, found.note) == ("open", None, "", "kept")
    assert (states(run)["interviews"], states(run)["mine"]) == ("waiting", "done")
    finish(run, "recruit", alice)
    assert (states(run)["interviews"], states(run)["themes"]) == ("open", "waiting")
    assert [data["step"] for data in entries("playbooks.step_reopened")] == ["recruit"]


def test_taking_the_last_step_back_opens_the_run(library: World, run: Run) -> None:
    for code in states(run):
        finish(run, code, library.alice.as_actor())
    reopen_step(step_id=step(run, "follow-up").pk, by=library.alice.as_actor(), at=AT)
    run.refresh_from_db()
    assert (run.state, run.finished_at, states(run)["follow-up"]) == ("open", None, "open")


def test_a_run_that_started_anew_keeps_the_old_one_closed(library: World, run: Run) -> None:
    for code in states(run):
        finish(run, code, library.alice.as_actor())
    start_run(account_id=library.account.pk, playbook_id=playbook().pk, by=library.alice.as_actor(), at=AT)
    with pytest.raises(StepNotOpen, match="cannot be taken back: its playbook has started anew.$"):
        reopen_step(step_id=step(run, "follow-up").pk, by=library.alice.as_actor(), at=AT)
    run.refresh_from_db()
    assert (run.state, states(run)["follow-up"], entries("playbooks.step_reopened")) == ("done", "done", [])


def test_what_cannot_be_taken_back(library: World, run: Run) -> None:
    alice = library.alice.as_actor()
    with pytest.raises(StepNotOpen, match="^“Recruit sponsors and users” is open already.$"):
        reopen_step(step_id=step(run, "recruit").pk, by=alice, at=AT)
    finish(run, "recruit", alice)
    stop_run(run_id=run.pk, outcome="over", by=alice, at=AT)
    with pytest.raises(StepNotOpen, match="cannot be taken back: its playbook was ended early.$"):
        reopen_step(step_id=step(run, "recruit").pk, by=alice, at=AT)
    assert entries("playbooks.step_reopened") == []


# Ending early, and whose the steps are ------------------------------------------------------------------------


def test_ending_early_says_why_and_clears_the_work_list(library: World, run: Run) -> None:
    alice = library.alice.as_actor()
    assert open_steps(by=alice).count() == 1
    stop_run(run_id=run.pk, outcome="  The customer declined ", by=alice, at=AT)
    run.refresh_from_db()
    assert (run.state, run.outcome, run.finished_at) == ("stopped", "The customer declined", AT)
    assert (open_steps(by=alice).count(), running_chips(library.account.pk)) == (0, [])
    for attempt in (
        lambda: stop_run(run_id=run.pk, outcome="again", by=alice, at=AT),
        lambda: finish(run, "recruit", alice),
    ):
        with pytest.raises((RunEnded, StepNotOpen)):
            attempt()
    assert len(entries("playbooks.run_finished")) == 1


def test_work_of_an_archived_account_is_put_away_and_comes_back(library: World, run: Run) -> None:
    alice = library.alice.as_actor()
    archive_account(account_id=library.account.pk, by=library.mona.as_actor(), at=AT)
    assert open_steps(by=alice).count() == 0
    archive_account(account_id=library.account.pk, by=library.mona.as_actor(), at=AT, restore=True)
    assert open_steps(by=alice).count() == 1


def test_open_steps_go_along_with_the_account(library: World, run: Run) -> None:
    finish(run, "recruit", library.alice.as_actor())
    change = {"owner_id": library.bob.pk}
    edit_account(account_id=library.account.pk, expected_version=1, changes=change, by=library.mona.as_actor())
    for _ in range(2):
        tasks.hand_over_steps(events=[{"account_id": str(library.account.pk)}])
    owners = set(run.steps.exclude(code="recruit").values_list("owner_id", flat=True))
    assert (owners, step(run, "recruit").owner_id) == ({library.bob.pk}, library.alice.pk)
    assert entries("playbooks.steps_handed_over") == [
        {"account_id": str(library.account.pk), "steps": 7, "user_id": str(library.bob.pk)}
    ]


def test_a_file_that_gives_accounts_away_takes_their_steps_along(library: World, run: Run) -> None:
    Account.objects.filter(pk=library.account.pk).update(owner=None)
    assert hand_over_steps(by=ENGINE) == 8
    rows = [(2, {"name": "Initech", "owner_email": "bob@example.com"})]
    import_accounts(rows=rows, sha256="x", by=library.mona.as_actor(), at=AT)
    tasks.hand_over_steps(events=[{"account_id": None}])
    assert set(run.steps.values_list("owner_id", flat=True)) == {library.bob.pk}
    assert [(data["steps"], data["user_id"]) for data in entries("playbooks.steps_handed_over")] == [
        (8, None),
        (8, str(library.bob.pk)),
    ]


def test_a_run_that_has_ended_keeps_its_people(library: World, run: Run) -> None:
    stop_run(run_id=run.pk, outcome="over", by=library.alice.as_actor(), at=AT)
    Account.objects.filter(pk=library.account.pk).update(owner=library.bob)
    assert hand_over_steps(by=ENGINE) == 0
    assert set(run.steps.values_list("owner_id", flat=True)) == {library.alice.pk}


def test_the_account_shows_how_far_its_playbooks_are(library: World, run: Run) -> None:
    finish(run, "recruit", library.alice.as_actor())
    renewal = playbook("renewal-safeguard")
    late = AT + timedelta(hours=1)
    start_run(account_id=library.account.pk, playbook_id=renewal.pk, by=library.alice.as_actor(), at=late)
    assert [chip.text for chip in running_chips(library.account.pk)] == [
        "Voice-of-Customer Sprint, step 2 of 8",
        "Renewal Safeguard, step 1 of 7",
    ]
