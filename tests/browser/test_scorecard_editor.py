"""A scorecard is changed by keyboard: the portfolio answers before anything is stored."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import assert_accessible, shoot

LogIn = Callable[..., Page]

# One worker drives the browser: there is one product.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

START = """async url => {
    const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
    const answer = await fetch(url, { method: "POST", headers, body: new URLSearchParams({ note: "Seats" }) });
    return new URL(answer.url).pathname;
}"""


@pytest.fixture
def editor(log_in: LogIn) -> str:
    """The editor of a fresh draft of the first scorecard."""
    page = log_in("analyst", "/scorecards/")
    addresses: Any = page.eval_on_selector_all("a", "all => all.map(a => new URL(a.href).pathname)")
    card = next(path for path in addresses if re.fullmatch(r"/scorecards/[0-9a-f-]{36}/", path))
    version = page.evaluate(START, f"{card}draft/")
    found = re.search(r"/scorecards/versions/[0-9a-f-]{36}/", version)
    assert found
    return f"{found[0]}edit/"


def test_a_weight_is_turned_by_keyboard_looked_at_and_saved(log_in: LogIn, editor: str) -> None:
    page = log_in("analyst", editor)
    figure = page.locator("#sc-effect .sc-big > b")
    expect(figure).to_have_text("0")
    share = page.get_by_label("Adoption & Engagement", exact=True).first
    before = share.input_value()

    share.focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowUp")

    expect(share).to_have_value(str(int(before) + 30))
    expect(page.locator("[data-state]")).to_have_text("Not saved yet")
    expect(figure).not_to_have_text("0")
    expect(page.locator(".sc-moved > li").first).to_be_visible()
    assert_accessible(page)
    shoot(page, "scorecard-editor-1440-light")
    page.keyboard.press("Control+s")
    expect(page.locator(".toast")).to_contain_text("The draft is saved.")
    expect(page.locator("[data-state]")).to_have_text("")
    page.reload()
    expect(share).to_have_value(str(int(before) + 30))


def test_a_stale_editor_is_asked(log_in: LogIn, editor: str) -> None:
    mine, theirs = log_in("analyst", editor, width=390, theme="dark"), log_in("manager", editor)
    for page, note in ((theirs, "Theirs"), (mine, "Mine")):
        expect(page.locator("#sc-effect .sc-big")).to_be_attached()
        page.get_by_role("textbox", name="What is changed, and why").fill(note)
        page.keyboard.press("Control+s")
        expect(page.locator(".toast, .sc-conflict").first).to_be_visible()

    expect(mine.get_by_role("alert")).to_contain_text("saved this draft")
    assert not mine.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert_accessible(mine)
    shoot(mine, "scorecard-conflict-390-dark")
    mine.get_by_role("button", name="Put mine over theirs").click()
    expect(mine.locator(".toast")).to_contain_text("The draft is saved.")
