"""What happens behind the pages, with a real worker, a real beat and a real broker, killed and stopped on the way."""

import csv
import io
import signal
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from celery import current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import now

from accounts.models import Account
from core.actor import Actor
from core.audit import verify_chain
from core.models import Entry, Job, Outbox
from core.time import month_of, months_back
from kpis.models import AccountHealth, Kpi, KpiValue, Upload, UploadIssue
from kpis.operations import install_catalogue, rescore_accounts
from playbooks.models import Run, Step, Trigger
from playbooks.operations import install_library
from tenants.context import public_scope
from tenants.models import RefusedTask, ScheduledRun, Tenant
from tenants.operations import resume_tenant, suspend_tenant
from tests.background.conftest import Product, wait_for
from tests.background.worker import ROWS_OF_A_BATCH, leave_note, sleep
from tests.kpis.health.book import fill

pytestmark = pytest.mark.xdist_group("background")
SYSTEM = Actor.system("tests")
ROWS, ACCOUNTS, MONTHS = 20_000, 40, 10


@pytest.fixture(scope="module", autouse=True)
def furnished(running: Product) -> None:
    """Catalogue, playbooks, and one trigger: health falls below 74."""
    running.world.enter("north")
    install_catalogue(at=now(), by=SYSTEM)
    install_library(at=now(), by=SYSTEM)
    Trigger.objects.update(active=False)
    watching = Trigger.objects.get(playbook__code="voc-sprint", metric=Trigger.Metric.HEALTH_BELOW)
    Trigger.objects.filter(pk=watching.pk).update(active=True, threshold=74)


def notes(note: str) -> int:
    return Entry.objects.filter(event="tests.noted", data__note=note).count()


def healthy_account(product: Product, name: str) -> Account:
    """An account at 75.00 points."""
    account = Account.objects.create(name=name, owner=product.world.alice)
    fill(account, month_of(now().date()))
    rescore_accounts(account_ids=[account.pk], at=now(), by=SYSTEM)
    assert points(account) == 7500
    return account


def points(account: Account) -> int | None:
    return AccountHealth.objects.get(pk=account.pk).score_hundredths


def correct(product: Product, account: Account, new: int) -> float:
    """Correct seat use of this month as the grid does; returns how long the page took, in seconds."""
    month = month_of(now().date())
    value = KpiValue.objects.current().get(account=account, kpi__code="seat_use", period=month)
    started = time.perf_counter()
    answer = product.world.browser(product.world.alice, htmx=True).post(
        f"/accounts/{account.pk}/grid/seat_use/{month:%Y-%m}/",
        {"new": str(new), "reason": "counted again", "expected": str(value.pk)},
    )
    taken = time.perf_counter() - started
    assert answer.status_code == 200
    assert KpiValue.objects.current().get(account=account, kpi__code="seat_use", period=month).value == new
    return taken


def one_run_follows(account: Account) -> None:
    wait_for(lambda: points(account) < 7400, "the score follows")
    wait_for(lambda: Run.objects.filter(account=account).exists(), "a playbook starts")
    wait_for(lambda: not Outbox.objects.exists(), "the outbox is empty")
    (run,) = Run.objects.filter(account=account)
    assert Step.objects.filter(run=run, state=Step.State.OPEN).exists()
    assert Entry.objects.filter(event="playbooks.run_started", account_id=account.pk).count() == 1


# Corrections ---------------------------------------------------------------------------------------------------


def test_a_correction_moves_the_score_and_starts_one_playbook(product):
    account = healthy_account(product, "Corrected")
    correct(product, account, 0)
    one_run_follows(account)
    with public_scope():
        assert not RefusedTask.objects.exists()


@pytest.mark.parametrize("loss", ["it hangs", "it dies with all it held"])
def test_a_lost_broker_loses_nothing_and_nobody_waits_for_it(product, loss):
    account = healthy_account(product, f"Corrected while {loss}")
    hangs, current_app._away_until = loss == "it hangs", 0.0
    sleep.apply_async(kwargs={"seconds": 1.5})  # so that the worker has something in hand that it cannot acknowledge
    product.broker.signal(signal.SIGSTOP if hangs else signal.SIGKILL)
    try:
        assert correct(product, account, 0) < 5  # of which it waits 0.3 s for the broker; a busy machine needs the rest
        corrected = Entry.objects.get(event="kpis.value_corrected", account_id=account.pk)
        assert Outbox.objects.filter(pk=corrected.pk).exists()
        assert points(account) == 7500
    finally:
        product.broker.signal(signal.SIGCONT) if hangs else product.broker.start()
    wait_for(lambda: points(account) < 7400, "the score follows")
    one_run_follows(account)


# Imports -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def portfolio(running: Product) -> list[str]:
    running.world.enter("north")
    names = [f"Import {number:02d}" for number in range(ACCOUNTS)]
    Account.objects.bulk_create(Account(name=name, owner=running.world.alice) for name in names)
    return names


def long_file(names: list[str], months: list[date]) -> bytes:
    """One row for each account, KPI and month: (account, kpi, month, value)."""
    kpis = list(Kpi.objects.filter(portfolio_only=False, active=True).order_by("code")[: ROWS // ACCOUNTS // MONTHS])
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["account", "kpi", "month", "value"])
    for month in months:
        writer.writerows((name, kpi.name, f"{month:%Y-%m}", _good(kpi)) for name in names for kpi in kpis)
    return text.getvalue().encode()


def _good(kpi: Kpi) -> str:
    """A plain number inside the limits of the KPI."""
    low = kpi.minimum if kpi.minimum is not None else Decimal(0)
    return f"{low + 1 if kpi.maximum is None else (low + kpi.maximum) / 2:f}"


def importing(product: Product, file: bytes, name: str) -> Upload:
    """Bring the file by the page, wait until it is read, and commit it."""
    browser = product.world.browser(product.world.amy)
    answer = browser.post("/uploads/", {"file": SimpleUploadedFile(name, file, "text/csv")})
    assert answer.status_code == 302
    upload = Upload.objects.get(file_name=name)
    wait_for(lambda: _state(upload) != Upload.State.READING, "the file is read", 60)
    upload.refresh_from_db()
    assert upload.state == Upload.State.PROPOSED, upload.message
    assert upload.proposal["counts"]["values"] == ROWS, upload.proposal["counts"]
    assert browser.post(f"/uploads/{upload.pk}/commit/").status_code == 302
    return upload


def _state(upload: Upload) -> str:
    return Upload.objects.values_list("state", flat=True).get(pk=upload.pk)


def _position(upload: Upload) -> int:
    return Upload.objects.values_list("position", flat=True).get(pk=upload.pk)


def test_an_import_survives_kill_9_of_child_and_of_worker(product, portfolio):
    file = long_file(portfolio, months_back(month_of(now().date()), MONTHS))
    upload = importing(product, file, "killed.csv")
    positions = [0]
    for kill in (product.worker.kill_children, product.worker.kill, product.worker.kill_children):
        wait_for(lambda: _position(upload) >= positions[-1] + 2_000, "some batches are in", 60)
        kill()
        positions.append(_position(upload))
        if kill == product.worker.kill:
            product.worker.start()
    wait_for(lambda: _state(upload) == Upload.State.DONE, "the import ends", 60)
    assert positions[-1] < ROWS  # it was really met on the way
    upload.refresh_from_db()
    values = KpiValue.objects.filter(upload=upload)
    assert values.count() == values.values("account", "kpi", "period").distinct().count() == ROWS
    assert not values.filter(superseded_at__isnull=False).exists()
    assert (upload.position, upload.summary["imported"]) == (ROWS, ROWS)
    assert not UploadIssue.objects.filter(upload=upload).exists()
    told = Entry.objects.filter(event="kpis.batch_imported", data__upload_id=str(upload.pk))
    assert sum(told.values_list("data__values", flat=True)) == ROWS
    assert Entry.objects.filter(event="kpis.upload_finished", data__upload_id=str(upload.pk)).count() == 1
    job = wait_for(lambda: Job.objects.filter(pk=upload.job_id, state=Job.State.DONE).first(), "the job ends")
    assert job.attempts >= 3  # the kills were real
    assert (job.done, job.total) == (ROWS, ROWS)


def test_a_stop_in_the_middle_keeps_whole_batches(product, portfolio):
    file = long_file(portfolio, months_back(months_back(month_of(now().date()), MONTHS + 1)[0], MONTHS))
    upload = importing(product, file, "stopped.csv")
    wait_for(lambda: _position(upload) >= 1_000, "some batches are in", 60)
    product.world.browser(product.world.amy).post(f"/uploads/{upload.pk}/cancel/")
    wait_for(lambda: _state(upload) == Upload.State.CANCELLED, "the import stops")
    upload.refresh_from_db()
    assert 0 < upload.position < ROWS
    assert upload.position % ROWS_OF_A_BATCH == 0
    assert KpiValue.objects.filter(upload=upload).count() == upload.position == upload.summary["imported"]
    job = wait_for(lambda: Job.objects.filter(pk=upload.job_id, state=Job.State.CANCELLED).first(), "the job ends")
    assert job.done == upload.position


# Tenants -------------------------------------------------------------------------------------------------------


def note_in(product: Product, tenant: str, note: str) -> str:
    """Queue the task for a tenant; returns the key of its message."""
    product.world.enter(tenant)
    return leave_note.apply_async(kwargs={"note": note}).id


def refused(key: str) -> bool:
    with public_scope():
        return RefusedTask.objects.filter(task_key=key).exists()


def test_a_task_of_a_suspended_tenant_runs_nowhere(product):
    with public_scope():
        south = Tenant.objects.get(slug="south")
    suspend_tenant(tenant_id=south.pk, by=SYSTEM)
    asked = []

    def turned_away() -> bool:
        """Ask once and see what becomes of it: a worker may believe for a moment that the tenant is served."""
        asked.append(str(uuid4()))
        key = note_in(product, "south", asked[-1])
        wait_for(lambda: refused(key) or notes(asked[-1]), "the task is run or refused")
        return refused(key)

    try:
        wait_for(turned_away, "the worker notices the suspension")
        assert turned_away()
        note_in(product, "north", "after it")
        wait_for(lambda: notes("after it"), "the next task runs")
        assert sum(map(notes, asked)) == 0
        product.world.enter("south")
        assert notes(asked[-1]) == notes("after it") == 0
    finally:
        resume_tenant(tenant_id=south.pk, by=SYSTEM)


def test_beat_starts_a_task_once_in_each_tenant_and_slot(product):
    """The entry is due every second; its slot is a day, which begins anew here."""
    tenants = ("north", "south", "operator")

    def finished(task: str) -> int:
        with public_scope():
            return ScheduledRun.objects.filter(task=task, finished_at__isnull=False).count()

    def daily(tenant: str) -> int:
        product.world.enter(tenant)
        return notes("daily")

    wait_for(lambda: finished("tests.daily"), "beat starts the day")
    settled(product)
    before = {tenant: daily(tenant) for tenant in tenants}
    with public_scope():
        ScheduledRun.objects.filter(task="tests.daily").delete()
    wait_for(lambda: finished("tests.daily"), "beat starts the day again")
    rounds = finished("core.redeliver")
    wait_for(lambda: finished("core.redeliver") >= rounds + 3, "beat goes on")
    settled(product)
    assert {tenant: daily(tenant) - before[tenant] for tenant in tenants} == dict.fromkeys(
        tenants, finished("tests.daily")
    )


def settled(product: Product) -> None:
    """Wait until everything queued before this call has been run."""
    for _ in range(2):  # one for each process of the worker
        key = str(uuid4())
        note_in(product, "north", key)
        wait_for(lambda key=key: notes(key), "the queue moves on")


def test_after_all_this_the_trails_are_whole_and_nothing_waits(product):
    for tenant in ("north", "south"):
        product.world.enter(tenant)
        wait_for(lambda: not Outbox.objects.exists(), "the outbox is empty")
        wait_for(lambda: not Job.objects.filter(finished_at=None).exists(), "no job is open")
        assert verify_chain() == []
    assert current_app.conf.task_always_eager is False
    log = Path(product.worker.log).read_text()
    assert "Unrecoverable error" not in log
