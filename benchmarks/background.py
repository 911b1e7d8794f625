"""New tenants, and tasks of many tenants."""

import os
import subprocess
import sys
import time

from django.conf import settings
from django.utils.timezone import now
from redis import Redis

from benchmarks.portfolio import BY
from benchmarks.results import Results, Target
from benchmarks.web import ROOT
from tenants.context import tenant_scope
from tenants.operations import create_tenant

TASKS, TENANTS = 1000, 20


def new_tenants(results: Results) -> None:
    taken = []
    for i in range(TENANTS):
        started = time.perf_counter()
        create_tenant(name=f"Tasks {i}", slug=f"tasks-{i}", at=now(), by=BY)
        taken.append(time.perf_counter() - started)
    results.add("new tenant: p50", sorted(taken)[TENANTS // 2], "s", Target(1))
    results.add("new tenant: slowest", max(taken), "s", Target(1))


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
