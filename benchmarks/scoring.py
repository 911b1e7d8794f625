"""Scoring of the whole portfolio, in this process, as one worker does it."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from celery import current_app
from django.utils.timezone import now

from accounts.models import Account
from benchmarks.portfolio import BY, Bench
from benchmarks.results import Results, Target
from benchmarks.tenants import quiet_outbox
from kpis.models import AccountHealth
from kpis.operations import rescore_accounts
from kpis.operations.health import chunks, rescore_past
from kpis.queries.assignment import live_cards
from tenants.context import tenant_scope

ONE = 20  # accounts that are scored alone


def rescore(results: Results, bench: Bench) -> None:
    """First as of a month ago, then today: every account has new values then, and gets a new score."""
    with tenant_scope(bench.tenant):
        ids = list(Account.objects.order_by("pk").values_list("pk", flat=True))
        of, today = f"{len(ids):,} accounts", now()
        if not AccountHealth.objects.exists():
            results.add(f"first scoring of {of}", _seconds(_score, ids, today - timedelta(days=31)), "s")
            results.add(f"rescore of {of}, all changed", _seconds(_score, ids, today), "s", Target(5))
            results.add(f"past year of {of}", _seconds(_score_past, ids, today), "s")
        results.add(f"rescore of {of}, none changed", _seconds(_score, ids, today), "s", Target(5))
        one = sorted(_seconds(_score, [account_id], today) for account_id in ids[:ONE])
        results.add("rescore of one account: p50", one[ONE // 2] * 1000, "ms", Target(300))
    quiet_outbox(bench.tenant)
    current_app.control.purge()  # the playbooks' look at what moved: no worker runs here


def _score(account_ids: list[UUID], at: datetime) -> None:
    rescore_accounts(account_ids=account_ids, at=at, by=BY)


def _score_past(account_ids: list[UUID], at: datetime) -> None:
    cards = live_cards()
    for chunk in chunks(account_ids):
        rescore_past(account_ids=chunk, cards=cards, at=at, by=BY)


def _seconds(work: Callable[[list[UUID], datetime], None], account_ids: list[UUID], at: datetime) -> float:
    started = time.perf_counter()
    work(account_ids, at)
    return time.perf_counter() - started
