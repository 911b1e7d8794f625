"""Jobs: one worker at a time, nothing claimed twice, nothing shown that was rolled back, nothing forgotten."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from celery import shared_task
from django.db import Error, connection, transaction
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from core import jobs
from core.actor import Actor
from core.errors import DomainError
from core.models import Job, JobCancelled
from core.tasks import revive_jobs
from tenants.context import tenant_scope
from tests.database import NORTH, SOUTH

BY = Actor(label="Alice", user_id=uuid4())
LONG_AGO = timedelta(hours=1)
ran: list[str] = []


@shared_task(name="tests.job")
def run_job(*, job_id, **_):
    with jobs.running(job_id) as job:
        if job is not None:
            ran.append(job_id)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    ran.clear()
    monkeypatch.setattr(jobs, "WAIT_FOR_LOCK", 0.2)


@pytest.fixture
def north(db):
    with tenant_scope(NORTH):
        yield


@pytest.fixture
def committed(scratch_database):
    """A database where what one session commits the others see."""
    with tenant_scope(NORTH):
        yield


def made(**given) -> Job:
    return Job.objects.create(**{"kind": "tests.job", "created_by_label": "Alice", "created_at": now(), **given})


def fresh(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


class Worker:
    """Another process' session: holds the job until it is told to go on, or its session dies."""

    def __init__(self, job: Job) -> None:
        self.claimed: bool | None = None
        self._ready, self._go = threading.Event(), threading.Event()
        self._dies = False
        self._thread = threading.Thread(target=self._work, args=(str(job.pk),))
        self._thread.start()
        assert self._ready.wait(10)

    def _work(self, job_id: str) -> None:
        with tenant_scope(NORTH):
            try:
                with jobs.running(job_id) as job:
                    self.claimed = job is not None
                    self._ready.set()
                    self._go.wait(10)
                    if self._dies:
                        connection.close()  # what the server sees of a kill -9
                        raise SystemExit
            except SystemExit:
                pass
            finally:
                connection.close()

    def finish(self) -> None:
        self._go.set()
        self._thread.join(10)

    def die(self) -> None:
        self._dies = True
        self.finish()


# Starting ------------------------------------------------------------------------------------------------------


def test_a_job_is_queued_once_the_change_is_committed(north, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.start_job("tests.job", by=BY, subject_id=uuid4(), unit="accounts")
        assert (ran, job.state, job.open, job.created_by_id) == ([], "queued", True, BY.user_id)
    assert ran == [str(job.pk)]
    job = fresh(job)
    assert (job.state, job.attempts, job.open) == ("done", 1, False)
    assert job.created_at <= job.started_at <= job.finished_at


def test_a_job_that_no_task_does_is_refused_before_anything_is_promised(north):
    with pytest.raises(LookupError):
        jobs.start_job("tests.no_such_task", by=BY)
    assert not Job.objects.exists()


def test_a_lost_broker_leaves_the_job_queued(north, monkeypatch, django_capture_on_commit_callbacks, caplog):
    monkeypatch.setattr(jobs, "queue", _broker_away)
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.start_job("tests.job", by=BY)
    assert fresh(job).state == "queued"
    assert "stays for core.revive_jobs" in caplog.text


def _broker_away(job: Job) -> None:
    raise OperationalError("nobody there")


# Ending --------------------------------------------------------------------------------------------------------


def test_what_the_worker_found_out_is_kept_with_a_job_that_is_done(north):
    job = made()
    with jobs.running(job.pk) as claimed:
        claimed.done = claimed.total = 7
        claimed.message, claimed.result = "7 accounts scored.", {"scored": 7}
    job = fresh(job)
    assert (job.state, job.done, job.total, job.message, job.result) == (
        "done",
        7,
        7,
        "7 accounts scored.",
        {"scored": 7},
    )


def test_a_refusal_fails_the_job_with_its_own_words(north):
    job = made()
    with jobs.running(job.pk):
        raise DomainError("This file has no accounts.")
    assert (fresh(job).state, fresh(job).message) == ("failed", "This file has no accounts.")


def test_a_defect_fails_the_job_in_plain_words_and_is_raised(north):
    job = made()
    with pytest.raises(ZeroDivisionError), jobs.running(job.pk):
        raise ZeroDivisionError("secret detail")
    assert fresh(job).state == "failed"
    assert "our side" in fresh(job).message
    assert "secret" not in fresh(job).message


@pytest.mark.parametrize("ending", [JobCancelled("Stopped."), DomainError("No."), ZeroDivisionError()])
def test_a_batch_that_was_rolled_back_leaves_no_progress(north, ending):
    job, kept = made(), None
    try:
        with jobs.running(job.pk) as claimed:
            claimed.result = {"believed": True}
            with transaction.atomic():
                jobs.progress(claimed, done=20, total=100, message="Importing")
            kept = fresh(job).heartbeat_at
            with transaction.atomic():
                jobs.progress(claimed, done=40, total=200, message="Gone again")
                raise ending
    except ZeroDivisionError:
        pass
    job = fresh(job)
    assert (job.done, job.total, job.result, job.heartbeat_at) == (20, 100, {}, kept)
    assert job.finished_at is not None


def test_a_very_long_message_is_cut(north):
    job = made()
    with jobs.running(job.pk) as claimed:
        jobs.progress(claimed, done=1, message="x" * 1000)
        claimed.message = "y" * 1000
    assert fresh(job).message == "y" * 400


def test_killed_between_the_last_commit_and_the_end_the_job_is_taken_up_again(committed):
    job = made()
    worker = Worker(job)
    worker.die()
    assert fresh(job).state == "running"
    run_job(job_id=str(job.pk))
    assert (ran, fresh(job).state, fresh(job).attempts) == ([str(job.pk)], "done", 2)


# Claiming ------------------------------------------------------------------------------------------------------


def test_of_two_deliveries_at_once_one_works(committed):
    job = made()
    barrier, claims = threading.Barrier(8), []

    def deliver() -> None:
        with tenant_scope(NORTH):
            barrier.wait(10)
            with jobs.running(job.pk) as claimed:
                claims.append(claimed is not None)
                barrier.wait(10)  # nobody is done before everybody has tried
            connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(claims) == [False] * 7 + [True]
    assert (fresh(job).state, fresh(job).attempts) == ("done", 1)


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_a_message_for_a_finished_job_does_nothing(north, state):
    job = made(state=state, finished_at=now(), message="as it was")
    run_job(job_id=str(job.pk))
    assert ran == []
    assert (fresh(job).state, fresh(job).message, fresh(job).attempts) == (state, "as it was", 0)


def test_a_message_for_a_job_that_is_gone_does_nothing(north):
    run_job(job_id=str(uuid4()))
    assert ran == []


def test_a_job_in_a_long_batch_is_not_taken_away(committed):
    """No sign of life for an hour, but its worker is there: neither a second message nor beat starts it again."""
    job = made()
    worker = Worker(job)
    Job.objects.update(heartbeat_at=now() - LONG_AGO)
    run_job(job_id=str(job.pk))
    assert jobs.revive(at=now()) == 0
    assert (ran, fresh(job).attempts) == ([], 1)
    worker.finish()
    assert fresh(job).state == "done"


def test_not_even_after_the_most_attempts(committed):
    job = made(attempts=jobs.MOST_ATTEMPTS - 1)
    worker = Worker(job)
    Job.objects.update(heartbeat_at=now() - LONG_AGO)
    jobs.revive(at=now())
    assert fresh(job).state == "running"
    worker.finish()
    assert fresh(job).state == "done"


def test_the_message_of_a_killed_worker_goes_on_at_once(committed):
    """Redelivered a moment after the kill: nobody waits until a heartbeat is stale."""
    job = made()
    Worker(job).die()
    run_job(job_id=str(job.pk))
    assert ran == [str(job.pk)]


def test_it_waits_for_the_session_of_the_killed_worker_to_end(committed, monkeypatch):
    monkeypatch.setattr(jobs, "WAIT_FOR_LOCK", 5)
    job = made()
    worker = Worker(job)
    threading.Timer(0.3, worker.die).start()
    run_job(job_id=str(job.pk))
    assert ran == [str(job.pk)]


def test_the_same_id_in_another_tenant_is_another_job(committed):
    """A tenant restored from a copy has the ids of the first."""
    job = made()
    worker = Worker(job)
    with tenant_scope(SOUTH):
        made(id=job.pk)
        run_job(job_id=str(job.pk))
    assert ran == [str(job.pk)]
    worker.finish()


# Cancelling ----------------------------------------------------------------------------------------------------


def test_a_job_cancelled_while_it_is_queued_never_starts(north):
    job = made()
    jobs.cancel(job)
    assert (fresh(job).state, fresh(job).message) == ("cancelled", "Stopped before it started.")
    run_job(job_id=str(job.pk))
    assert ran == []
    assert jobs.revive(at=now() + LONG_AGO) == 0


def test_a_running_job_stops_at_its_next_batch(north):
    job = made()
    with jobs.running(job.pk) as claimed:
        with transaction.atomic():
            jobs.progress(claimed, done=10)
        jobs.cancel(job)
        assert fresh(job).state == "running"
        with transaction.atomic():
            jobs.progress(claimed, done=20)
        raise AssertionError("went on")
    assert (fresh(job).state, fresh(job).done) == ("cancelled", 10)
    assert fresh(job).message == "Stopped at your request."


def test_cancelling_what_is_finished_changes_nothing(north):
    job = made(state="done", finished_at=now(), message="All in.")
    jobs.cancel(job)
    assert (fresh(job).state, fresh(job).message, fresh(job).cancel_requested) == ("done", "All in.", False)


def test_a_cancel_and_a_claim_at_the_same_moment_agree(committed):
    """Either it was cancelled before it started and does not run, or it runs and knows of the cancel."""
    for _ in range(20):
        job = made()
        barrier, claims = threading.Barrier(2), []

        def deliver(job=job, barrier=barrier, claims=claims) -> None:
            with tenant_scope(NORTH):
                connection.ensure_connection()
                barrier.wait(10)
                with jobs.running(job.pk) as claimed:
                    claims.append(claimed is not None)
                    if claimed:
                        barrier.wait(10)
                        jobs.progress(claimed, done=1)
                connection.close()

        worker = threading.Thread(target=deliver)
        worker.start()
        barrier.wait(10)
        jobs.cancel(job)
        if not (fresh(job).finished_at and fresh(job).started_at is None):
            barrier.wait(10)
        worker.join(10)
        assert fresh(job).state == "cancelled"
        assert claims == [fresh(job).started_at is not None]


# Reviving ------------------------------------------------------------------------------------------------------


def test_what_never_reached_a_worker_is_queued_again(north):
    job, young = made(created_at=now() - LONG_AGO), made()
    revive_jobs()
    assert ran == [str(job.pk)]
    assert fresh(young).state == "queued"


def test_what_lost_its_worker_is_queued_again(north):
    job = made(state="running", started_at=now() - LONG_AGO, heartbeat_at=now() - LONG_AGO, attempts=1)
    alive = made(state="running", started_at=now() - LONG_AGO, heartbeat_at=now(), attempts=1)
    assert jobs.revive(at=now()) == 1
    assert ran == [str(job.pk)]
    assert fresh(alive).attempts == 1


def test_a_slow_queue_is_not_filled_up(north, monkeypatch):
    queued = []
    monkeypatch.setattr(jobs, "queue", queued.append)
    made(created_at=now() - LONG_AGO)
    at = now()
    assert [jobs.revive(at=at + timedelta(seconds=second)) for second in range(0, 70, 10)] == [1, 0, 0, 0, 1, 0, 0]


def test_after_several_tries_it_gives_up(north):
    job = made(state="running", heartbeat_at=now() - LONG_AGO, attempts=jobs.MOST_ATTEMPTS)
    assert jobs.revive(at=now()) == 0
    assert (fresh(job).state, fresh(job).message) == ("failed", "Gave up after several tries.")
    assert ran == []


def test_a_job_this_version_does_not_know_does_not_keep_back_the_others(north, caplog):
    made(kind="tests.from_the_future", created_at=now() - 2 * LONG_AGO)
    job = made(created_at=now() - LONG_AGO)
    jobs.revive(at=now())
    assert ran == [str(job.pk)]
    assert "tests.from_the_future" in caplog.text


def test_with_the_broker_away_reviving_stops_at_the_first(north, monkeypatch):
    tried = []

    def away(job: Job) -> None:
        tried.append(job)
        raise OperationalError

    monkeypatch.setattr(jobs, "queue", away)
    for _ in range(3):
        made(created_at=now() - LONG_AGO)
    assert jobs.revive(at=now()) == 0
    assert len(tried) == 1
    monkeypatch.undo()
    assert jobs.revive(at=now()) == 3


def test_per_cent_is_unknown_without_a_total(north):
    assert made().percent is None
    assert made(done=1, total=3).percent == 33
    assert made(done=9, total=3).percent == 100


def test_a_worker_that_lost_the_database_leaves_the_job_for_another_try(committed):
    job = made()

    def work() -> None:
        with jobs.running(job.pk):
            connection.connection.close()  # the server is gone
            Job.objects.count()

    with pytest.raises(Error):
        work()
    connection.close()
    assert fresh(job).state == "running"
    run_job(job_id=str(job.pk))
    assert fresh(job).state == "done"
