"""The engine at work in the database: what it does by itself, when, again after a failure, and never twice."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore
import pytest
from django.conf import settings
from django.core import mail
from django.core.exceptions import PermissionDenied

from accounts.models import Account, Notice
from core import egress
from core.errors import DomainError
from playbooks.models import Run, Step
from playbooks.operations import (
    complete_step,
    moving,
    resume_step,
    start_run,
    stop_run,
)
from tenants.context import tenant_scope
from tests.database import NORTH
from tests.playbooks.conftest import AT, ENGINE, entries, give_health, playbook
from tests.playbooks.engines import act, begun, http, notify, published, the, work
from tests.playbooks.test_advance import branch, parallel, task
from tests.playbooks.test_runs import finish, states
from tests.world import World

BERLIN = "Europe/Berlin"


# What it does -------------------------------------------------------------------------------------------------


def test_what_it_does_in_our_own_database(library: World) -> None:
    run = begun(
        library.account,
        notify(),
        act("tier", "update", field="tier", value="Gold"),
        act("next", "start", playbook="sla-stabilizer"),
        task("call"),
    )
    assert work() == 3
    assert states(run) == {"tell": "done", "tier": "done", "next": "done", "call": "open"}
    notice = Notice.objects.get(key=f"step:{the(run, 'tell').pk}")
    assert (notice.user_id, notice.text) == (
        library.alice.pk,
        "Look at Initech: Started by hand by system:playbooks.",
    )
    assert Account.objects.get(pk=library.account.pk).tier == "Gold"
    other = Run.objects.get(playbook__code="sla-stabilizer")
    assert (other.why["sentence"], str(other.pk)) == ("Started by “Test”.", the(run, "next").result["run_id"])
    assert work() == 0


def test_a_text_is_filled_once(library: World) -> None:
    library.account.name = "Initech {why}"
    library.account.save()
    begun(library.account, notify())
    work()
    assert Notice.objects.get().text.startswith("Look at Initech {why}: ")


def test_a_branch_asks_the_account_at_its_time(library: World) -> None:
    give_health(library.account, 4000)
    run = begun(library.account, branch("how", [task("low")], [task("high")]), task("after"))
    work()
    assert states(run) == {"how": "done", "low": "open", "high": "dropped", "after": "waiting"}
    assert the(run, "how").result == {"chosen": 0, "where": "health < 50"}
    unknown = Account.objects.create(name="Unknown", owner=library.alice)
    other = start_run(account_id=unknown.pk, playbook_id=run.playbook_id, by=ENGINE, at=AT)
    work()
    assert states(other)["high"] == "open", "what is not known meets no case"


def test_a_join_on_any_takes_what_is_left_off_the_work_list(library: World) -> None:
    run = begun(library.account, parallel("p", "any", [task("a")], [task("b")]), task("c"))
    finish(run, "b", library.alice.as_actor())
    assert states(run) == {"a": "dropped", "b": "done", "c": "open"}
    assert the(run, "a").note == "Not needed: the playbook went another way."


def test_work_of_an_archived_account_and_of_an_ended_run_rests(library: World) -> None:
    run = begun(library.account, notify())
    Account.objects.filter(pk=library.account.pk).update(archived_at=AT)
    assert work() == 0
    Account.objects.filter(pk=library.account.pk).update(archived_at=None)
    stop_run(run_id=run.pk, outcome="over", by=ENGINE, at=AT)
    assert (work(), the(run, "tell").due_at) == (0, None)


def test_mail_and_http_carry_the_step_as_their_key(library: World, monkeypatch: Any) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(settings, "EGRESS", frozenset({"playbooks"}))
    monkeypatch.setattr(egress, "request", lambda *a, **k: asked.append((a, k)) or egress.Answer(204, {}, b""))
    letter = act("write", "mail", to=[{"owner": True}], subject="About {account}", text="Hello {owner}")
    run = begun(library.account, letter, http())
    assert work() == 2
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == ([library.alice.email], "About Initech", "Hello Alice")
    assert sent.extra_headers["Message-ID"] == f"<step-{the(run, 'write').pk}@plumbline.invalid>"
    ((where, given),) = asked
    assert where == ("POST", "https://example.com/hook")
    assert (given["headers"]["Idempotency-Key"], given["body"]) == (str(the(run, "call").pk), b'{"a":1}')
    run.refresh_from_db()
    assert run.state == "done"


# When ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "wait", "wakes"),
    [
        # Clocks go forward on 29 March 2026 and back on 25 October: nine in the morning stays nine in the morning.
        (datetime(2026, 3, 28, 8, tzinfo=UTC), {"days": 1}, datetime(2026, 3, 29, 7, tzinfo=UTC)),
        (datetime(2026, 10, 24, 7, tzinfo=UTC), {"days": 1}, datetime(2026, 10, 25, 8, tzinfo=UTC)),
        (datetime(2026, 3, 27, 8, tzinfo=UTC), {"working_days": 1}, datetime(2026, 3, 30, 7, tzinfo=UTC)),
        (datetime(2026, 10, 23, 7, tzinfo=UTC), {"working_days": 1}, datetime(2026, 10, 26, 8, tzinfo=UTC)),
        # Half past two is left out in March: half past three. It comes twice in October: the first.
        (datetime(2026, 3, 28, 1, 30, tzinfo=UTC), {"days": 1}, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (datetime(2026, 10, 24, 0, 30, tzinfo=UTC), {"days": 1}, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2026, 3, 28, 8, tzinfo=UTC), {"until": "renewal_on"}, datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (AT, {"until": "renewal_on", "plus_days": -400}, AT),
    ],
)  # fmt: skip
def test_waiting_goes_by_the_clock_on_the_wall(
    library: World, start: datetime, wait: dict[str, Any], wakes: datetime
) -> None:
    library.alice.time_zone = BERLIN
    library.alice.save()
    Account.objects.filter(pk=library.account.pk).update(renewal_on=date(2026, 3, 30))
    run = begun(library.account, act("pause", "wait", **wait), task("call"), at=start)
    if wakes > start:
        assert the(run, "pause").due_at == wakes
        assert work(wakes - timedelta(seconds=1)) == 0
    assert work(wakes) == 1
    assert states(run) == {"pause": "done", "call": "open"}


def test_a_wait_follows_its_day_and_an_unknown_day_is_said(library: World) -> None:
    Account.objects.filter(pk=library.account.pk).update(renewal_on=date(2026, 12, 1))
    run = begun(library.account, act("pause", "wait", until="renewal_on"))
    Account.objects.filter(pk=library.account.pk).update(renewal_on=date(2026, 12, 24))
    assert work(datetime(2026, 12, 1, tzinfo=UTC)) == 1
    assert (the(run, "pause").state, the(run, "pause").due_at) == ("open", datetime(2026, 12, 24, tzinfo=UTC))
    other = Account.objects.create(name="Acme", owner=library.alice)
    lost = start_run(account_id=other.pk, playbook_id=run.playbook_id, by=ENGINE, at=AT)
    work()
    assert (the(lost, "pause").state, the(lost, "pause").error) == ("failed", "Acme has no renewal date to wait for.")


def test_a_late_renewal_says_what_it_leaves_out(library: World) -> None:
    Account.objects.filter(pk=library.account.pk).update(renewal_on=AT.date() + timedelta(days=40))
    renewal = playbook("renewal-safeguard")
    run = start_run(account_id=library.account.pk, playbook_id=renewal.pk, by=ENGINE, at=AT)
    found = {step.code: step for step in run.steps.all()}
    assert {code: step.note for code, step in found.items() if step.state == "skipped"} == {
        "people": "Left out: it was due 76 days before the day, and the playbook started 40 days before it.",
        "value": "Left out: it was due 60 days before the day, and the playbook started 40 days before it.",
    }
    days = {code: (step.due_on - AT.date()).days for code, step in found.items() if step.state != "skipped"}
    assert days == {"brief": 0, "risk": 5, "case": 7, "review": 10, "terms": 40}
    assert found["brief"].state == "open"


def test_a_renewal_in_time_leaves_nothing_out(library: World) -> None:
    Account.objects.filter(pk=library.account.pk).update(renewal_on=AT.date() + timedelta(days=90))
    run = start_run(account_id=library.account.pk, playbook_id=playbook("renewal-safeguard").pk, by=ENGINE, at=AT)
    assert set(states(run).values()) == {"open", "waiting"}
    assert the(run, "terms").due_on == AT.date() + timedelta(days=90)


def test_what_nobody_did_in_time(library: World) -> None:
    def limited(name: str, **then: Any) -> dict[str, Any]:
        return {**task(name), "time_out": {"working_days": 1, **then}}

    steps = [limited("a", then="skip")], [limited("b", then="escalate", to={"role": "manager"})]
    run = begun(library.account, parallel("p", "all", *steps))
    monday = AT + timedelta(days=3)
    assert work(monday - timedelta(seconds=1)) == 0
    assert work(monday) == 2
    assert (the(run, "a").state, the(run, "a").note) == ("skipped", "Nobody did it in time.")
    assert (the(run, "b").state, the(run, "b").owner) == ("open", library.mona)
    assert Notice.objects.get(key=f"late:{the(run, 'b').pk}").user_id == library.mona.pk
    assert work(monday) == 0


# Failing, mending, going on -----------------------------------------------------------------------------------


def test_a_failing_step_is_tried_again_given_up_mended_and_goes_on(library: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(settings, "EGRESS", frozenset({"playbooks"}))

    def refuse(*_: Any, **__: Any) -> None:
        raise httpcore.ConnectTimeout("no answer")

    monkeypatch.setattr(egress, "request", refuse)
    run, at, tried = begun(library.account, http(), task("after")), AT, []
    for _ in range(5):
        assert work(at) == 1
        step = the(run, "call")
        tried.append(step.state)
        assert work(at) == 0, "not before its time"
        at = step.due_at or at
    assert tried == ["open"] * 4 + ["failed"]
    assert (at - AT, step.attempts, step.error) == (
        timedelta(seconds=60 + 300 + 1800 + 7200), 5, "The address did not answer: no answer.",
    )  # fmt: skip
    assert len(entries("playbooks.step_failed")) == 1
    mona, given = library.mona.as_actor(), {"step_id": step.pk, "expected_version": step.version, "at": at}
    with pytest.raises(DomainError, match="starts with https://"):
        resume_step(**given, settings={"url": "http://example.com"}, by=mona)
    with pytest.raises(PermissionDenied):
        resume_step(**given, settings={}, by=library.alice.as_actor())
    assert the(run, "call").state == "failed"
    asked: list[Any] = []
    monkeypatch.setattr(egress, "request", lambda *a, **k: asked.append(a[1]) or egress.Answer(200, {}, b""))
    resume_step(**given, settings={"url": "https://example.com/other"}, by=mona)
    assert work(at) == 1
    assert (asked, states(run)) == (["https://example.com/other"], {"call": "done", "after": "open"})
    assert run.version.node("call").settings["url"] == "https://example.com/hook", "only this run was put right"


class Killed(BaseException):
    """The process is gone in the middle: nothing after it runs."""


def test_a_process_that_dies_reaching_out_sends_again_with_the_same_key(library: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(settings, "EGRESS", frozenset({"playbooks"}))
    keys: list[str] = []

    def dies(*_: Any, headers: dict[str, str], **__: Any) -> None:
        keys.append(headers["Idempotency-Key"])
        raise Killed

    monkeypatch.setattr(egress, "request", dies)
    run, at = begun(library.account, http(), task("after")), AT
    for attempt in range(1, 6):
        with pytest.raises(Killed):
            work(at)
        step = the(run, "call")
        assert (step.state, step.attempts, work(at)) == ("open", attempt, 0), "nobody sends it again at once"
        assert step.due_at is not None
        at = step.due_at
    assert keys == [str(step.pk)] * 5
    work(at)
    assert the(run, "call").error == "The process died every time it reached out for this."
    assert states(run) == {"call": "failed", "after": "waiting"}


def test_what_cannot_get_better_by_waiting_is_given_up_at_once(library: World, monkeypatch: Any) -> None:
    run = begun(library.account, http(), code="off")
    work()
    assert (the(run, "call").state, the(run, "call").attempts) == ("failed", 1)
    assert "is switched off here" in the(run, "call").error
    step = the(run, "call")
    resume_step(
        step_id=step.pk, expected_version=step.version, settings={}, skip=True, by=library.mona.as_actor(), at=AT
    )
    run.refresh_from_db()
    assert (run.state, the(run, "call").state) == ("done", "skipped")


def test_one_that_fails_keeps_back_no_other(library: World) -> None:
    broken = begun(library.account, act("next", "start", playbook="nothing"), code="broken")
    whole = begun(library.account, notify(), code="whole")
    work()
    assert (states(broken), states(whole)) == ({"next": "failed"}, {"tell": "done"})


# Nothing lost, nothing doubled --------------------------------------------------------------------------------


def test_due_work_is_begun_without_waiting_for_the_beat(
    library: World, django_capture_on_commit_callbacks: Any, time_machine: Any
) -> None:
    """Tasks run at once here: the nudge that follows the commit does what is due, and what becomes due by that."""
    time_machine.move_to(AT)
    with django_capture_on_commit_callbacks(execute=True):
        run = begun(library.account, notify(), notify("again"))
    assert states(run) == {"tell": "done", "again": "done"}


def test_a_worker_that_is_killed_loses_and_doubles_nothing(scratch_database: None, monkeypatch: Any) -> None:
    """Processes work off the same steps side by side and are killed with -9 at any moment, again and again."""
    monkeypatch.setattr(moving, "nudge", lambda: None)
    accounts, kinds = 60, 4
    with tenant_scope(NORTH):
        starts = [act(f"next-{n}", "start", playbook=f"made-{n}") for n in range(3)]
        made = published(*starts, act("tier", "update", field="tier", value="Gold"), task("end"))
        for number in range(3):
            published(task("call"), code=f"made-{number}")
        for number in range(accounts):
            account = Account.objects.create(name=f"Account {number}")
            start_run(account_id=account.pk, playbook_id=made.pk, by=ENGINE, at=AT)
        kills = sum(_killed(after) for after in (10, 50, 90, 130, 170))
        last = _worker()
        assert last.wait(120) == 0
        assert kills > 0
        assert Step.objects.filter(run__playbook=made, state="done").count() == accounts * kinds
        assert Run.objects.exclude(playbook=made).count() == accounts * 3, "each was started once"
        assert len(entries("playbooks.step_completed")) == accounts * kinds
        assert len(entries("accounts.account_edited")) == accounts
        assert Step.objects.filter(run__playbook=made, code="end", state="open").count() == accounts


def _killed(after: int) -> int:
    """Let two processes work until so many steps are done in all, and kill both; returns how many were alive."""
    workers = [_worker() for _ in range(2)]
    while any(worker.poll() is None for worker in workers) and Step.objects.filter(state="done").count() < after:
        pass
    alive = [worker for worker in workers if worker.poll() is None]
    for worker in alive:
        worker.kill()
    for worker in workers:
        worker.wait()
    return len(alive)


def _worker() -> "subprocess.Popen[bytes]":
    database = settings.DATABASES["default"]
    code = (
        "import django; django.setup()\n"
        "from django.conf import settings; from django.db import connections\n"
        f"connections['default'].settings_dict['NAME'] = {database['NAME']!r}\n"
        "from tenants.context import tenant_scope; from playbooks.operations import work_off\n"
        "from tests.playbooks.conftest import AT, ENGINE\n"
        f"with tenant_scope({NORTH!r}): work_off(by=ENGINE, clock=lambda: AT)\n"
    )
    root = Path(settings.BASE_DIR)
    address = f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    env = os.environ | {"DATABASE_URL": os.environ.get("DATABASE_URL", address), "PYTHONPATH": str(root)}
    env["DJANGO_SETTINGS_MODULE"] = os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings_test")
    return subprocess.Popen([sys.executable, "-c", code], cwd=root, env=env)


def test_complete_step_and_the_engine_do_not_meet(library: World) -> None:
    """A step that a person did before its time-out is left alone."""
    run = begun(library.account, {**task("a"), "time_out": {"working_days": 1, "then": "skip"}}, task("b"))
    step = the(run, "a")
    complete_step(step_id=step.pk, expected_version=step.version, by=library.alice.as_actor(), at=AT)
    assert work(AT + timedelta(days=9)) == 0
    assert states(run) == {"a": "done", "b": "open"}
