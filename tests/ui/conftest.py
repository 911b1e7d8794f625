"""Pages in a real browser without a server: templates rendered here, files read from static/, the rest stubbed."""

import json
import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory

from config import design, nav
from core.actor import Actor

ROOT = Path(__file__).resolve().parents[2]
HOST = "http://harbourline.test"
Answer = Callable[[Any], tuple[int, dict[str, str], str]]


def policy() -> str:
    """The Content-Security-Policy header of the product."""
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    return "; ".join(f"{name} {' '.join(map(str, values))}" for name, values in directives.items())


def rendered(path: str, cookies: dict[str, str]) -> HttpResponse:
    """The style guide as a signed-in person with every page of the navigation would get it."""
    request = RequestFactory().get(path)
    request.COOKIES.update(cookies)
    request.user = SimpleNamespace(is_authenticated=True, email="ana@harbourline.test")  # type: ignore[assignment]
    permissions = frozenset(page.permission for _, pages in nav.TABLE for page in pages)
    request.actor = Actor("Ana Duarte", permissions=permissions)  # type: ignore[attr-defined]
    request.tenant = SimpleNamespace(name="Harbourline")  # type: ignore[attr-defined]
    return design.guide(request)


class Site:
    """What the browser gets: `answers` by path, everything else from static/ or the style guide."""

    def __init__(self, context: Any) -> None:
        self.answers: dict[str, Answer] = {"/search/": lambda request: (200, {}, "")}
        self.requests: list[Any] = []
        self.problems: list[str] = []
        self._context = context
        context.route("**/*", self._answer)

    def page(self, path: str = "/design/") -> Any:
        page = self._context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda said: self.problems.append(said.text) if "Content Security" in said.text else None)
        page.goto(HOST + path)
        page.wait_for_function("() => !!customElements.get('pl-toasts')")  # the last module app.js loads
        return page

    def _answer(self, route: Any) -> None:
        path = urlsplit(route.request.url).path
        self.requests.append(route.request)
        if path in self.answers:
            status, headers, body = self.answers[path](route.request)
            route.fulfill(status=status, headers={"Content-Type": "text/html"} | headers, body=body)
        elif path.startswith("/static/"):
            file = ROOT / path.lstrip("/")
            route.fulfill(path=file, content_type=mimetypes.guess_type(file.name)[0] or "application/octet-stream")
        else:
            cookies = {c["name"]: c["value"] for c in self._context.cookies()}
            body = rendered(path, cookies).content.decode()
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy()}
            route.fulfill(status=200, headers=headers, body=body)


@pytest.fixture
def open_site(browser: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Site]]:
    """open_site(width=…, theme=…) → Site; fails the test when the page broke its own content policy or threw."""
    settings.ROOT_URLCONF = "tests.ui.urls"
    monkeypatch.setattr(nav, "_exists", lambda path, urlconf: True)
    opened: list[tuple[Any, Site]] = []

    def start(*, width: int = 1440, theme: str = "") -> Site:
        context = browser.new_context(viewport={"width": width, "height": 900})
        if theme:
            context.add_cookies([{"name": "theme", "value": theme, "url": HOST}])
        context.set_default_timeout(10_000)
        site = Site(context)
        opened.append((context, site))
        return site

    yield start
    problems = [problem for _, site in opened for problem in site.problems]
    for context, _ in opened:
        context.close()
    assert problems == []


def triggers(**events: Any) -> dict[str, str]:
    """Headers that make htmx fire `events`."""
    return {"HX-Trigger": json.dumps(events)}
