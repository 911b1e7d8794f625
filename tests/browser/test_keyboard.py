"""Ten tasks of every day, done by keyboard alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ACCOUNT = re.compile(r"/accounts/[0-9a-f-]{36}/$")


def choose(page: Page, words: str, label: str) -> None:
    """Type into the palette until the wanted option is the chosen one, and take it."""
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search or jump to")
    expect(field).to_be_focused()
    page.keyboard.type(words)
    chosen = page.locator("pl-palette [role=option][aria-selected=true]:not([hidden])")
    expect(chosen).to_contain_text(label)
    page.keyboard.press("Enter")


def test_ten_tasks_without_a_mouse(log_in: Callable[..., Page]) -> None:
    do_ten_tasks(log_in("manager", "/accounts/"))


def put_away(page: Page) -> None:
    """The first thing of the list of all is chosen, and looked at for putting it away."""
    page.goto(f"{page.url.partition('?')[0]}?view=all")
    page.keyboard.press("j")
    chosen = page.locator("[data-work][data-chosen]")
    expect(chosen).to_have_count(1)
    page.keyboard.press("z")
    dialog = page.get_by_role("dialog", name="Put away")
    expect(dialog.get_by_label("Until")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def do_ten_tasks(page: Page) -> None:
    names = page.locator("main a.acct span").all_inner_texts()
    name = next(first for text in names if len(first := text.split("\n")[0].removesuffix("Sample").strip()) > 3)
    choose(page, name, name)  # 1 find an account
    page.wait_for_url(ACCOUNT)
    choose(page, "start pl", "Start playbook")  # 2 start a playbook
    expect(page.locator("#dialogs dialog[open]")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("e")  # 3 edit it
    page.wait_for_url(re.compile("/edit/"))
    page.go_back()
    choose(page, "new contract", "New contract")  # 4 draft a contract
    page.wait_for_url(re.compile("/contracts/new/"))
    page.go_back()
    choose(page, "record an", "Record an outcome")  # 5 record an outcome
    page.wait_for_url(re.compile("/outcomes/"))
    page.go_back()
    choose(page, "evidence", "Evidence")  # 6 see why the score is what it is
    page.wait_for_url(re.compile("/evidence/"))
    page.keyboard.press("g")  # 7 see what is to be done
    page.keyboard.press("w")
    page.wait_for_url(re.compile("/work/"))
    put_away(page)
    page.keyboard.press("g")  # 8 take the next account of a queue
    page.keyboard.press("x")
    page.wait_for_url(re.compile("/queue/"))
    page.keyboard.press("g")  # 9 read what happened
    page.keyboard.press("f")
    page.wait_for_url(re.compile("/feed/"))
    page.keyboard.press("?")  # 10 look up a key
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
