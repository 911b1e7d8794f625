"""Pages and the API at 10,000 accounts: time over sockets, queries counted in process."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.panels import Panel, panels
from benchmarks.portfolio import Bench
from benchmarks.results import Results, Target
from benchmarks.web import Server
from kpis.models import AccountHealth
from tenants.context import no_tenant_scope, tenant_scope
from users.models import User

LOOKED_AT = 40  # accounts whose pages are asked for in turn
SEARCHED = ("br", "logistics", "quillbr", "fennmoor clin", "B004711")  # matched by a tenth of all names, and by fewer
FRAGMENT = {"HX-Request": "true"}
CREATED = 60
RUSHED = ("portfolio page of 50", "account page")  # asked for by several people at once


def run(results: Results, server: Server, bench: Bench) -> None:
    host = f"{bench.host}:{server.port}"
    api = {"Host": host, "Authorization": f"Bearer {bench.token}"}
    _api(results, server, bench, api)
    looking = Looking(results, server, bench)
    looking.search()
    looking.pages()
    looking.account_pages()
    _creating(results, server, api)  # last: an account that no worker scores changes the portfolio


def _api(results: Results, server: Server, bench: Bench, headers: dict[str, str]) -> None:
    path = "/api/v1/accounts/?page_size=25"
    listing = server.measure([path], headers)
    results.add("API list of 25 accounts: p50", listing.p50, "ms", Target(12))
    results.add("API list of 25 accounts: p95", listing.p95, "ms", Target(25))
    rate = server.rush([path], headers)
    results.add("API list of 25 accounts: rate", rate, "requests/s", Target(130, least=True))
    results.add("API list of 25 accounts: queries", _queries(bench, [path], api=True), "queries")
    found = server.measure([f"{path}&q={words.replace(' ', '+')}" for words in SEARCHED], headers)
    results.add("API search by name: p50", found.p50, "ms", Target(20))
    results.add("API search by name: p95", found.p95, "ms")


def _creating(results: Results, server: Server, headers: dict[str, str]) -> None:
    headers, link, taken = headers | {"Content-Type": "application/json"}, server.connect(), []
    for i in range(CREATED):
        started = time.perf_counter()
        link.request("POST", "/api/v1/accounts/", json.dumps({"name": f"Created by the benchmark {i}"}), headers)
        answer = link.getresponse()
        body = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"create answered {answer.status}: {body[:300]!r}")
        taken.append((time.perf_counter() - started) * 1000)
    measured = sorted(taken[CREATED // 6 :])
    results.add("API create one account: p50", measured[len(measured) // 2], "ms", Target(12))


class Looking:
    """A person with a session who opens pages. of: what the names of the figures begin with; p95: ms of every page."""

    def __init__(
        self, results: Results, server: Server, bench: Bench, *, of: str = "", p95: float | None = None
    ) -> None:
        self.results, self.server, self.bench, self.of, self.p95 = results, server, bench, of, p95
        cookie = f"{settings.SESSION_COOKIE_NAME}={_session(bench)}"
        self.headers = {"Host": f"{bench.host}:{server.port}", "Cookie": cookie}
        with tenant_scope(bench.tenant):
            standing = AccountHealth.objects.order_by("attention", "account")
            self.accounts: list[UUID] = list(standing.values_list("account_id", flat=True)[:LOOKED_AT])

    def pages(self) -> None:
        for name, path, p50, p95, queries in (
            ("portfolio page of 50", "/accounts/", 40, 80, 12),
            ("portfolio page, found by name", "/accounts/?q=logistics", None, 150, 25),
            ("portfolio page, red ones by ARR", "/accounts/?band=red&sort=-arr", None, 150, 25),
            ("today", "/", None, 150, 25),
            ("work list", "/work/", None, 150, 25),
            ("uploads", "/uploads/", None, 150, 25),
            ("KPI catalogue", "/kpis/", None, 150, 25),
        ):
            self.page(name, [path], p50, p95, queries)

    def search(self, words: Sequence[str] = SEARCHED) -> None:
        """What the command palette asks for while somebody types."""
        paths = [f"/search/?q={text.replace(' ', '+')}" for text in words]
        timing = self.server.measure(paths, self.headers | FRAGMENT)
        self._add("search in the palette", "p50", timing.p50, "ms", None if self.p95 else 20)
        self._add("search in the palette", "p95", timing.p95, "ms", self.p95)

    def account_pages(self) -> None:
        """The frame, what it loads (each panel, and all of them as one visit), and the pages beside it."""
        frames = self._paths("accounts:account")
        self.page("account page", frames, None, self.p95 or 100, 25)
        for name, url_name in (("evidence page", "kpis:evidence"), ("KPI grid", "kpis:grid")):
            self.page(name, self._paths(url_name), None, 150, 25)
        shown = [*panels("main"), *panels("side")]
        for panel in shown:
            self._panel(panel)
        visits = list(zip(frames, *(self._paths(panel.url_name) for panel in shown), strict=True))
        whole = self.server.visits(visits, self.headers | FRAGMENT, asked=LOOKED_AT)
        self._add("account page with all panels", "p50", whole.p50, "ms", None)
        self._add("account page with all panels", "p95", whole.p95, "ms", None)
        asked = _queries(self.bench, frames[:1]) + _queries(self.bench, visits[0][1:], htmx=True)
        self._add("account page with all panels", "queries", asked, "queries", None)

    def page(
        self, name: str, paths: Sequence[str], p50: float | None, p95: float | None, queries: float | None
    ) -> None:
        timing = self.server.measure(paths, self.headers, asked=100)
        self._add(name, "p50", timing.p50, "ms", p50)
        self._add(name, "p95", timing.p95, "ms", p95)
        if name in RUSHED:
            self._add(name, "rate", self.server.rush(paths, self.headers), "requests/s", None)
        self._add(name, "queries", _queries(self.bench, paths[:1]), "queries", queries)

    def _panel(self, panel: Panel) -> None:
        paths, name = self._paths(panel.url_name), f"panel {panel.title}"
        timing = self.server.measure(paths, self.headers | FRAGMENT, asked=100)
        self._add(name, "p50", timing.p50, "ms", None)
        self._add(name, "p95", timing.p95, "ms", 100)
        self._add(name, "queries", _queries(self.bench, paths[:1], htmx=True), "queries", 25)

    def _add(self, name: str, what: str, value: float, unit: str, limit: float | None) -> None:
        self.results.add(f"{self.of}{name}: {what}", value, unit, Target(limit) if limit else None)

    def _paths(self, url_name: str) -> list[str]:
        return [reverse(url_name, args=[account]) for account in self.accounts]


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
def _client(bench: Bench, headers: dict[str, str]) -> Iterator[Client]:
    client = Client(headers={"host": bench.host, **headers})
    if "Authorization" not in headers:
        client.cookies[settings.SESSION_COOKIE_NAME] = _session(bench)
    with no_tenant_scope():
        yield client


def _queries(bench: Bench, paths: Sequence[str], *, api: bool = False, htmx: bool = False) -> int:
    """Statements of one request to each path after a warm one, without those that only choose the schema."""
    headers = {"Authorization": f"Bearer {bench.token}"} if api else {}
    with _client(bench, headers | (FRAGMENT if htmx else {})) as client:
        for path in paths:
            client.get(path)
        with CaptureQueriesContext(connection) as seen:
            for path in paths:
                if client.get(path).status_code != 200:
                    raise RuntimeError(f"{path} did not answer with a page")
    return len([query for query in seen.captured_queries if "search_path" not in query["sql"]])
