"""Work behind the pages: scoring, imports, new tenants, tasks of many tenants."""

import gzip
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from django.conf import settings
from django.utils.timezone import now
from redis import Redis

from accounts.models import Account
from benchmarks.portfolio import BY, Bench
from benchmarks.results import Results, Target
from benchmarks.web import ROOT
from kpis.operations import rescore_accounts
from tenants.context import tenant_scope
from tenants.operations import create_tenant

WORKBOOKS = Path(os.environ.get("PLUMBLINE_WORKBOOKS", ROOT.parent / "shared/data/kpi_workbooks"))
TASKS, TENANTS = 1000, 20


def rescore(results: Results, bench: Bench) -> None:
    with tenant_scope(bench.tenant):
        ids = list(Account.objects.order_by("pk").values_list("pk", flat=True))
        started = time.perf_counter()
        rescore_accounts(account_ids=ids, at=now(), by=BY)
        results.add("first scoring of 10,000 accounts", time.perf_counter() - started, "s")
        started = time.perf_counter()
        rescore_accounts(account_ids=ids, at=now(), by=BY)
        results.add("rescore of 10,000 accounts", time.perf_counter() - started, "s", Target(10))
        one = []
        for account_id in ids[:20]:
            started = time.perf_counter()
            rescore_accounts(account_ids=[account_id], at=now(), by=BY)
            one.append((time.perf_counter() - started) * 1000)
        results.add("rescore of one account: p50", sorted(one)[10], "ms", Target(300))


def new_tenants(results: Results) -> None:
    taken = []
    for i in range(TENANTS):
        started = time.perf_counter()
        create_tenant(name=f"Tasks {i}", slug=f"tasks-{i}", by=BY)
        taken.append(time.perf_counter() - started)
    results.add("new tenant: p50", sorted(taken)[TENANTS // 2], "s", Target(1))
    results.add("new tenant: slowest", max(taken), "s", Target(1))


def imports(results: Results) -> None:
    """The 200,000-row file, through the whole database path in a process of its own, for its peak memory."""
    if not (WORKBOOKS / "big.csv.gz").exists():
        print(f"(no {WORKBOOKS / 'big.csv.gz'}: the 200,000-row import is not measured)")
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "big.csv"
        with gzip.open(WORKBOOKS / "big.csv.gz") as packed, file.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.import_file", str(file), str(WORKBOOKS / "accounts.csv")],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    figures = dict(line.split("=") for line in done.stdout.splitlines() if "=" in line)
    results.add("import: rows", float(figures["rows"]), "rows")
    results.add("import: values imported", float(figures["imported"]), "values")
    results.add("import: rows reported", float(figures["held"]), "rows")
    results.add("import: reading and proposing", float(figures["read_seconds"]), "s")
    results.add(
        "import: rate", float(figures["rows"]) / float(figures["import_seconds"]), "cells/s", Target(20_000, least=True)
    )
    results.add("import: peak memory", float(figures["peak_mb"]), "MB", Target(400))


def tasks(results: Results) -> None:
    """1,000 tasks over 20 tenants through the real broker and a worker of two processes."""
    broker = Redis.from_url(settings.REDIS_URL)
    broker.flushdb()
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "prefork", "--concurrency", "2",
         "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "warning"],
        cwd=ROOT, env=os.environ | {"PLUMBLINE_BENCHMARK": "1"},
    )  # fmt: skip
    try:
        _round(broker, TENANTS * 2)  # the worker is up, its connections are open
        results.add("1,000 tenant tasks", TASKS / _round(broker, TASKS), "tasks/s", Target(500, least=True))
    finally:
        worker.terminate()
        worker.wait(60)


def _round(broker: "Redis", count: int) -> float:
    """Send `count` tasks to the tenants in turn; seconds until the outbox of the broker is empty and all ended."""
    from core.tasks import redeliver
    from tenants.context import public_scope
    from tenants.models import Tenant

    with public_scope():
        found = list(Tenant.objects.filter(slug__startswith="tasks-"))
    started = time.perf_counter()
    for i in range(count):
        with tenant_scope(found[i % len(found)]):
            redeliver.apply_async()
    while broker.llen("celery") or broker.hlen("unacked"):
        time.sleep(0.01)
    return time.perf_counter() - started


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
