"""The whole product as `make run` starts it, on a port and in a folder of its own, and a real browser."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / ".run" / "shots"
START_SECONDS = 240


@dataclass
class Product:
    """The running product: where it is, and who may log in (the demo workspace's users, by role)."""

    port: int
    run_dir: Path
    demo: dict[str, Any]
    users: dict[str, dict[str, str]] = field(default_factory=dict)

    def url(self, host: str, path: str = "/") -> str:
        """Address of `path` on a host: '' is the public site, 'demo' a workspace."""
        return f"http://{host + '.' if host else ''}localhost:{self.port}{path}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def product(worker_id: str) -> Iterator[Product]:
    """Start everything with the very command of the README; stop it with the signal of Ctrl-C.

    Each worker that gets a browser test has a product of its own, in a folder of its own.
    """
    run_dir = ROOT / ".run" / f"browser-{worker_id}"
    shutil.rmtree(run_dir, ignore_errors=True)
    run_dir.mkdir(parents=True)
    port = _free_port()
    foreign = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "MEDIA_ROOT", "PYTEST_CURRENT_TEST")
    environment = {k: v for k, v in os.environ.items() if k not in foreign and not k.startswith("PLUMBLINE_")}
    environment |= {"PLUMBLINE_RUN_DIR": str(run_dir), "PORT": str(port)}
    log = (run_dir / "run.out").open("w+")
    process = subprocess.Popen(
        [sys.executable, "bin/plumbline", "run"], cwd=ROOT, env=environment, stdout=log, stderr=log, text=True
    )
    try:
        demo = _wait_until_ready(process, run_dir, port)
        yield Product(port, run_dir, demo, {user["role"].lower(): user for user in demo["users"]})
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        log.close()


def _wait_until_ready(process: "subprocess.Popen[str]", run_dir: Path, port: int) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    output = run_dir / "run.out"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"`make run` ended with {process.returncode}:\n{output.read_text()[-4000:]}")
        if (run_dir / "demo.json").exists() and f"http://localhost:{port}" in output.read_text():
            return json.loads((run_dir / "demo.json").read_text())
        time.sleep(0.2)
    pytest.fail(f"`make run` was not ready after {START_SECONDS} s:\n{output.read_text()[-4000:]}")


@pytest.fixture
def open_browser(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A new person with their own cookies: open_browser(width=390, theme='dark') -> page. Page errors fail the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def opened(*, width: int = 1440, height: int = 900, theme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, accept_downloads=True
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"script: {error}"))
        page.on("console", lambda message: _note(problems, message.type, message.text))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def _note(problems: list[str], kind: str, text: str) -> None:
    """Violations of the content security policy and script errors; refused forms (4xx) are part of the story."""
    if kind == "error" and "Failed to load resource" not in text:
        problems.append(f"console: {text}")


@pytest.fixture
def log_in(product: Product, open_browser: Callable[..., Page]) -> Callable[..., Page]:
    """log_in('csm') -> a page of the demo workspace, logged in as that role."""

    def logged_in(role: str = "admin", path: str = "/", **look: Any) -> Page:
        page = open_browser(**look)
        user = product.users[role]
        page.goto(product.url("demo", path))
        page.get_by_label("E-mail").fill(user["email"])
        page.get_by_label("Password", exact=True).fill(user["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(product.url("demo", path) + "*")
        return page

    return logged_in


def shoot(page: Page, name: str) -> None:
    """A picture for people to look at, in .run/shots/."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def assert_accessible(page: Page) -> None:
    """axe finds nothing: WCAG 2.0 to 2.2 A and AA, and best practice."""
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    worst = [
        f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}" for v in found.response["violations"]
    ]
    assert worst == []
