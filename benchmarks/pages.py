"""Pages and the API at 10,000 accounts: time over sockets, queries counted in process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from benchmarks.portfolio import Bench
from benchmarks.results import Results, Target
from benchmarks.web import Server
from kpis.models import AccountHealth
from tenants.context import no_tenant_scope, tenant_scope
from users.models import User


def run(results: Results, server: Server, bench: Bench) -> None:
    host = f"{bench.host}:{server.port}"
    api = {"Host": host, "Authorization": f"Bearer {bench.token}"}
    page = {"Host": host, "Cookie": f"{settings.SESSION_COOKIE_NAME}={_session(bench)}"}
    with tenant_scope(bench.tenant):
        account = AccountHealth.objects.order_by("attention").first().account_id
    _api(results, server, api)
    for name, path, p50, p95, queries in (
        ("portfolio page of 50", "/accounts/", Target(40), Target(80), Target(12)),
        ("portfolio page, filtered", "/accounts/?band=red&q=a", None, Target(150), Target(25)),
        ("account page", f"/accounts/{account}/", None, Target(100), Target(25)),
        ("evidence page", f"/accounts/{account}/evidence/", None, Target(150), Target(25)),
        ("KPI grid", f"/accounts/{account}/grid/", None, Target(150), Target(25)),
        ("today", "/", None, Target(150), Target(25)),
    ):
        timing = server.measure(path, page, asked=100)
        results.add(f"{name}: p50", timing.p50, "ms", p50)
        results.add(f"{name}: p95", timing.p95, "ms", p95)
        results.add(f"{name}: rate", timing.per_second, "requests/s")
        results.add(f"{name}: queries", _queries(bench, path), "queries", queries)


def _api(results: Results, server: Server, headers: dict[str, str]) -> None:
    listing = server.measure("/api/v1/accounts/?page_size=25", headers)
    results.add("API list of 25 accounts: p50", listing.p50, "ms", Target(12))
    results.add("API list of 25 accounts: p95", listing.p95, "ms", Target(25))
    results.add("API list of 25 accounts: rate", listing.per_second, "requests/s", Target(130, least=True))
    found = server.measure("/api/v1/accounts/?q=north&page_size=25", headers)
    results.add("API search by name: p50", found.p50, "ms", Target(20))
    taken = []
    for i in range(60):
        body = json.dumps({"name": f"Created by the benchmark {i}"})
        taken.append(_timed_post(server, headers, body))
    results.add("API create one account: p50", sorted(taken[10:])[25], "ms", Target(12))


def _timed_post(server: Server, headers: dict[str, str], body: str) -> float:
    import time

    started = time.perf_counter()
    status, answer = server.ask("POST", "/api/v1/accounts/", headers | {"Content-Type": "application/json"}, body)
    if status != 201:
        raise RuntimeError(f"create answered {status}: {answer[:300]!r}")
    return (time.perf_counter() - started) * 1000


def _session(bench: Bench) -> str:
    """A session of the bench's admin, as logging in makes it."""
    with tenant_scope(bench.tenant):
        user = User.objects.get(pk=bench.admin_id)
        session: Any = import_module(settings.SESSION_ENGINE).SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        return str(session.session_key)


@contextmanager
def _logged_in(bench: Bench) -> Iterator[Client]:
    client = Client(headers={"host": bench.host})
    client.cookies[settings.SESSION_COOKIE_NAME] = _session(bench)
    with no_tenant_scope():
        yield client


def _queries(bench: Bench, path: str) -> int:
    """Statements of one request after a warm one, without those that only choose the schema."""
    with _logged_in(bench) as client:
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            client.get(path)
    return len([query for query in seen.captured_queries if "search_path" not in query["sql"]])


def account_count(bench: Bench) -> int:
    with tenant_scope(bench.tenant):
        return int(Account.objects.count())
