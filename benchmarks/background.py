"""New tenants, and tasks of many tenants."""

import os
import subprocess
import sys
import time
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.utils.timezone import now
from redis import Redis

from benchmarks.portfolio import BY
from benchmarks.results import Results, Target
from benchmarks.web import ROOT
from core.tasks import redeliver
from tenants.context import public_scope, tenant_scope
from tenants.models import Tenant
from tenants.operations import create_tenant

TASKS, TENANTS, ROUNDS = 1000, 20, 3


def new_tenants(results: Results) -> None:
    taken = []
    for i in range(TENANTS):
        started = time.perf_counter()
        create_tenant(name=f"Tasks {i}", slug=f"tasks-{i}", at=now(), by=BY)
        taken.append(time.perf_counter() - started)
    results.add("new tenant: p50", sorted(taken)[TENANTS // 2], "s", Target(1))
    results.add("new tenant: slowest", max(taken), "s", Target(1))


def tasks(results: Results) -> None:
    """1,000 tasks over 20 tenants through the real broker and a worker of two processes; the median of three rounds."""
    broker = Redis.from_url(settings.REDIS_URL)
    broker.flushdb()
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config", "--quiet", "worker", "--pool", "prefork", "--concurrency", "2",
         "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "warning"],
        cwd=ROOT, env=os.environ | {"PLUMBLINE_BENCHMARK": "1"},
    )  # fmt: skip
    try:
        _round(broker, TENANTS * 2)  # the worker is up, its connections are open
        before = _cpu_seconds(worker.pid)
        rounds = sorted(_round(broker, TASKS) for _ in range(ROUNDS))
        spent = _cpu_seconds(worker.pid) - before
        ran = _ran()
        if ran != TENANTS * 2 + ROUNDS * TASKS:
            raise RuntimeError(f"{ran} tasks ran, {TENANTS * 2 + ROUNDS * TASKS} were sent")
        results.add("1,000 tenant tasks", TASKS / rounds[ROUNDS // 2], "tasks/s", Target(500, least=True))
        results.add("1,000 tenant tasks: worker's CPU each", 1000 * spent / (ROUNDS * TASKS), "ms")
    finally:
        worker.terminate()
        worker.wait(60)


def _round(broker: "Redis", count: int) -> float:
    """Send `count` tasks to the tenants in turn; seconds until all are taken, ended and acknowledged."""
    with public_scope():
        found = list(Tenant.objects.filter(slug__startswith="tasks-"))
    started = time.perf_counter()
    for i in range(count):
        with tenant_scope(found[i % len(found)]):
            redeliver.apply_async()
    empty = 0
    while empty < 3:  # between the queue and the hands of the worker a message is nowhere for a moment
        empty = 0 if broker.llen("celery") or broker.hlen("unacked") else empty + 1
        time.sleep(0.005)
    return time.perf_counter() - started


def _ran() -> int:
    """How many of the tasks the worker says that it has run."""
    stats = current_app.control.inspect(timeout=5).stats() or {}
    return sum(one["total"].get(redeliver.name, 0) for one in stats.values())


def _cpu_seconds(worker: int) -> float:
    """Processor time of a worker and its children so far: tells how busy others are from how slow we are."""
    pids = [worker, *map(int, Path(f"/proc/{worker}/task/{worker}/children").read_text().split())]
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(own[11]) + int(own[12]) for own in fields) / os.sysconf("SC_CLK_TCK")
