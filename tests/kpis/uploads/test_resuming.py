"""Killed, stopped or broken at any point, an import goes on and loses and doubles nothing."""

import multiprocessing
import os
import random
import signal
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from accounts.models import Account
from core.actor import Actor
from core.jobs import cancel
from core.models import Entry, Job
from kpis import operations, tasks
from kpis.models import KpiValue, Upload, UploadIssue
from kpis.operations import importing
from tenants.context import tenant_scope
from tests.database import NORTH
from tests.kpis.uploads.conftest import bring, commit, long_csv, work
from tests.world import World

KPIS = ("Seat use", "Meeting attendance", "Reopen rate", "SLA attainment", "Customer ROI")
ROWS = 600
FORKED = multiprocessing.get_context("fork")


def many_rows() -> bytes:
    """600 rows of 10 accounts; every tenth is bad in some way."""
    kinds = [("Nobody AG", "61"), ("Account 1", "good"), ("Account 2", "")]
    rows = []
    for number in range(ROWS):
        account, value = f"Account {number % 10}", str(number % 90 + 1)
        month = f"{2021 + number // 120}-{number // 10 % 12 + 1:02d}"
        if number % 10 == 9:
            account, value = kinds[number % 3]
        rows.append((account, KPIS[number % 5], month, value, "%"))
    return long_csv(*dict.fromkeys(rows))


@pytest.fixture
def by(catalogue: World, monkeypatch: pytest.MonkeyPatch) -> Actor:
    monkeypatch.setattr("kpis.operations.reading.BATCH", 20)
    Account.objects.bulk_create(Account(name=f"Account {number}") for number in range(10))
    return catalogue.amy.as_actor()


def state_of(upload: Upload) -> tuple[object, ...]:
    """Everything an import leaves, but ids and times."""
    upload.refresh_from_db()
    values = KpiValue.objects.filter(upload=upload)
    issues = UploadIssue.objects.filter(upload=upload)
    told = Entry.objects.filter(event="kpis.batch_imported", data__upload_id=str(upload.pk))
    return (
        upload.state,
        upload.position,
        upload.summary,
        sorted(values.values_list("account__name", "kpi__code", "period", "value", "address")),
        sorted(issues.values_list("number", "kind", "address", "state", "cells")),
        sum(told.values_list("data__values", flat=True)),
    )


def test_raising_at_random_lines_changes_nothing_in_the_end(by: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    straight = state_of(commit(bring(many_rows(), "straight.csv", by=by), by=by))
    KpiValue.objects.all().delete()
    broken = operations.commit_upload(upload_id=bring(many_rows(), "broken.csv", by=by).pk, by=by)
    dice, faults = random.Random(4101), 0
    for name in ("_copy", "compare", "record", "progress", "settle_elsewhere"):
        monkeypatch.setattr(importing, name, _sometimes(getattr(importing, name), dice))
    while Upload.objects.get(pk=broken.pk).state != Upload.State.DONE:
        try:
            _run(broken, by)
        except ZeroDivisionError:
            faults += 1
        assert faults < 500
    assert faults > 5
    assert state_of(broken) == straight


def _run(upload: Upload, by: Actor) -> None:
    """Go on with the import. A batch that breaks is rolled back, the batches before it stay."""
    at = now()
    upload = Upload.objects.select_related("job").get(pk=upload.pk)
    run = importing._Run(upload, job=upload.job, by=by, today=at.date(), at=at)
    run.all_batches()
    importing._finish(upload, Upload.State.DONE, "", by=by, at=at)


def _sometimes(real: Any, dice: random.Random) -> Any:
    def maybe(*args: Any, **kwargs: Any) -> Any:
        if dice.random() < 0.03:
            raise ZeroDivisionError
        result = real(*args, **kwargs)
        if dice.random() < 0.03:
            raise ZeroDivisionError
        return result

    return maybe


def test_a_stop_keeps_whole_batches_and_can_go_on(by: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    straight = state_of(commit(bring(many_rows(), "straight.csv", by=by), by=by))
    KpiValue.objects.all().delete()
    upload = operations.commit_upload(upload_id=bring(many_rows(), "stopped.csv", by=by).pk, by=by)
    real, calls = importing.write_values, []

    def ask_to_stop(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:
            cancel(upload.job)
        return real(*args, **kwargs)

    monkeypatch.setattr(importing, "write_values", ask_to_stop)
    upload = work(upload)
    assert (upload.state, upload.position) == (Upload.State.CANCELLED, 60)
    assert upload.job.state == Job.State.CANCELLED
    assert upload.summary["imported"] == KpiValue.objects.filter(upload=upload).count() > 0
    finished = Entry.objects.filter(event="kpis.upload_finished").order_by("-seq").first()
    assert finished.data["state"] == "cancelled"
    upload = commit(upload, by=by)
    assert state_of(upload) == straight


def test_stopping_a_file_that_is_only_read_imports_nothing(by: Actor) -> None:
    upload = operations.receive_upload(name="a.csv", chunks=[many_rows()], by=by, at=now())
    upload = operations.cancel_upload(upload_id=upload.pk, by=by, at=now())
    assert upload.state == Upload.State.CANCELLED
    tasks.read_upload.run(job_id=str(upload.job_id))
    upload.refresh_from_db()
    assert (upload.state, upload.proposal) == (Upload.State.CANCELLED, {})


def test_a_worker_that_reads_notices_the_stop(by: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = operations.receive_upload(name="a.csv", chunks=[many_rows()], by=by, at=now())
    Job.objects.filter(pk=upload.job_id).update(cancel_requested=True)
    assert work(upload).state == Upload.State.CANCELLED
    assert not UploadIssue.objects.filter(upload=upload).exists()


def test_a_dropped_file_can_still_be_imported(by: Actor) -> None:
    upload = bring(many_rows(), "a.csv", by=by)
    operations.cancel_upload(upload_id=upload.pk, by=by, at=now())
    upload.refresh_from_db()
    assert (upload.state, KpiValue.objects.count()) == (Upload.State.CANCELLED, 0)
    assert commit(upload, by=by).state == Upload.State.DONE
    with pytest.raises(operations.NotNow, match="nothing to stop"):
        operations.cancel_upload(upload_id=upload.pk, by=by, at=now())


@pytest.fixture
def committing(scratch_database: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A database in which transactions really commit, for workers that are killed."""
    monkeypatch.setattr("core.jobs.queue", lambda job: None)
    monkeypatch.setattr("core.audit._SUBSCRIBERS", {})
    monkeypatch.setattr("kpis.operations.reading.BATCH", 20)
    with tenant_scope(NORTH):
        operations.install_catalogue(at=now(), by=Actor.system("tests"))
        Account.objects.bulk_create(Account(name=f"Account {number}") for number in range(10))
        yield Actor.system("tests")


def _worker(job_id: str, breathe: float) -> None:
    """A worker process that takes its time in every batch, so that a kill meets it anywhere."""
    real = importing.settle_elsewhere

    def slowly(*args: Any) -> None:
        time.sleep(breathe)
        real(*args)

    importing.settle_elsewhere = slowly
    with tenant_scope(NORTH):
        tasks.import_upload.run(job_id=job_id)
    connection.close()


def _position(upload: Upload) -> int:
    return Upload.objects.values_list("position", flat=True).get(pk=upload.pk)


def _kill_on_the_way(upload: Upload, dice: random.Random) -> None:
    """Start a worker, let it import some batches, and kill it at whatever it is doing then."""
    before = _position(upload)
    connection.close()  # a connection does not survive being shared with a child
    worker = FORKED.Process(target=_worker, args=(str(upload.job_id), 0.03))
    worker.start()
    until = time.monotonic() + 60
    while _position(upload) < before + dice.choice((20, 40, 60)) and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(dice.uniform(0, 0.05))
    os.kill(worker.pid or 0, signal.SIGKILL)
    worker.join()
    Job.objects.filter(pk=upload.job_id).update(heartbeat_at=now() - timedelta(minutes=5))


def test_kill_9_at_any_moment_loses_and_doubles_nothing(committing: Actor) -> None:
    upload = bring(many_rows(), "killed.csv", by=committing)
    upload = operations.commit_upload(upload_id=upload.pk, by=committing)
    dice = random.Random(7)
    for _ in range(5):
        _kill_on_the_way(upload, dice)
    assert 0 < _position(upload) < ROWS
    work(upload)
    killed = state_of(upload)
    KpiValue.objects.all().delete()
    straight = state_of(commit(bring(many_rows(), "straight.csv", by=committing), by=committing))
    assert killed == straight
    assert killed[0] == Upload.State.DONE
    assert len(killed[3]) == killed[5] == killed[2]["imported"]
