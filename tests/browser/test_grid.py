"""The KPI grid by keyboard, in two browsers at once, by finger, and without script."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Product, assert_accessible, shoot

LogIn = Callable[..., Page]
SECONDS = 5_000  # ms; two on a machine that has nothing else to do


# One worker drives the browser: there is one product.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def grid_path(product: Product, log_in: LogIn) -> str:
    """The grid of an account of the CSM that has values; found as a person would, from the list of accounts."""
    page = log_in("csm", "/accounts/")
    addresses = page.eval_on_selector_all("a", "all => all.map(a => new URL(a.href).pathname)")
    first = next(path for path in addresses if re.fullmatch(r"/accounts/[0-9a-f-]{36}/", path))
    return f"{first}grid/"


def edge(page: Page) -> Locator:
    """A measured cell in the middle of the grid, with measured neighbours around it."""
    return page.locator("td[id='c-seat_use-2026-10'], .kg td[data-value]").nth(30)


def cell(page: Page, cell_id: str) -> Locator:
    return page.locator(f"[id='{cell_id}']")


def exact(page: Page, cell_id: str) -> str:
    return cell(page, cell_id).get_attribute("data-exact") or ""


def other(number: str) -> str:
    """Another value that every percentage, count or grade of the sample can have."""
    return "3" if number != "3" else "4"


def correct(page: Page, cell_id: str, number: str, reason: str) -> None:
    cell(page, cell_id).focus()
    page.keyboard.press("F2")
    page.get_by_role("dialog").get_by_label("Reason").fill(reason)
    page.locator("#cell-new").fill(number)
    page.keyboard.press("Enter")
    expect(cell(page, cell_id)).to_have_attribute("data-exact", number)


def test_cells_are_corrected_by_keyboard(log_in: LogIn, grid_path: str) -> None:
    page = log_in("csm", grid_path)
    page.locator(".kg td[tabindex='0']").focus()
    expect(page.locator(".kg [tabindex='0']")).to_have_count(1)
    page.keyboard.press("Control+Home")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    here = page.evaluate("document.activeElement.id")
    before = exact(page, here)

    page.keyboard.press("Enter")
    page.locator("#cell-new").fill("not a number")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == here
    assert exact(page, here) == before

    page.keyboard.type("1")
    page.keyboard.type("e")
    page.keyboard.press("Enter")
    expect(page.locator("#cell-new-error")).to_contain_text("Enter a number")
    expect(page.get_by_text("Say why, in a few words.")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "cell-new"
    page.locator("#cell-new").fill(other(before))
    page.get_by_label("Reason").fill("counted again")
    page.keyboard.press("Enter")

    expect(cell(page, here)).to_have_attribute("data-exact", other(before))
    expect(cell(page, here)).to_be_focused()
    expect(page.locator(".toast")).to_contain_text("The score follows.")
    expect(cell(page, here).locator(".src")).to_have_attribute("aria-label", re.compile("counted again"))

    page.keyboard.press("F2")  # the reason is remembered
    expect(page.get_by_label("Reason")).to_have_value("counted again")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('.kg') !== null")
    page.keyboard.press("Shift+Tab")
    expect(cell(page, here)).to_be_focused()

    page.locator(".toast .undo").first.click()
    page.wait_for_load_state()
    expect(cell(page, here)).to_have_attribute("data-exact", before)


def test_the_score_and_a_second_browser_follow_within_seconds(log_in: LogIn, grid_path: str) -> None:
    mine, theirs = log_in("csm", grid_path), log_in("manager", grid_path)
    here = mine.locator("td[id^='c-seat_use-'][data-value]").last.get_attribute("id") or ""
    before, score = exact(mine, here), mine.locator(".kg-tools .health").inner_text()

    correct(mine, here, other(before), "second browser")

    expect(mine.locator(".kg-tools .health")).not_to_have_text(score, timeout=SECONDS)
    expect(theirs.locator(".kg-tools .health")).not_to_have_text(score, timeout=SECONDS)
    expect(cell(theirs, here)).to_have_attribute("data-exact", other(before), timeout=SECONDS)
    expect(cell(mine, here)).to_be_focused()
    correct(mine, here, before, "second browser")
    expect(cell(theirs, here)).to_have_attribute("data-exact", before, timeout=SECONDS)


def test_an_edit_in_progress_outlives_a_refresh_and_a_conflict_is_a_choice(log_in: LogIn, grid_path: str) -> None:
    mine, theirs = log_in("csm", grid_path), log_in("manager", grid_path)
    here = edge(mine).get_attribute("id") or ""
    before = exact(mine, here)
    cell(mine, here).dblclick()
    mine.locator("#cell-new").fill("5")
    mine.get_by_label("Reason").fill("from the meeting")

    correct(theirs, here, other(before), "from finance")

    expect(cell(mine, here)).to_have_attribute("data-exact", other(before), timeout=SECONDS)
    expect(mine.locator("#cell-new")).to_have_value("5")
    mine.locator("#cell-new").press("Enter")
    expect(mine.get_by_role("alert")).to_contain_text("since you opened this cell")
    expect(mine.get_by_role("alert")).to_contain_text("from finance")
    shoot(mine, "grid-conflict-1440-light")
    assert_accessible(mine)
    mine.get_by_role("link", name="Keep theirs").click()
    expect(cell(mine, here)).to_be_focused()
    assert exact(mine, here) == other(before)
    correct(mine, here, before, "put back")


def test_a_block_is_pasted_and_undone_at_once(log_in: LogIn, grid_path: str) -> None:
    page = log_in("csm", grid_path)
    here = edge(page).get_attribute("id") or ""
    before = exact(page, here)
    cell(page, here).focus()
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(paste);
        }""",
        f"{other(before)}\nnonsense\n",
    )
    dialog = page.get_by_role("dialog", name="Paste 1 value")
    expect(dialog).to_contain_text("Enter a number, such as 85 or 3.5.")
    shoot(page, "grid-paste-1440-light")
    assert_accessible(page)
    dialog.get_by_label("Reason").fill("from the sheet")
    dialog.get_by_role("button", name="Correct 1 value").click()

    expect(cell(page, here)).to_have_attribute("data-exact", other(before))
    expect(page.locator(".toast")).to_contain_text("1 value corrected")
    page.locator(".toast .undo").first.click()
    page.wait_for_load_state()
    expect(cell(page, here)).to_have_attribute("data-exact", before)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_grid_is_accessible_and_fits(log_in: LogIn, grid_path: str, width: int, theme: str) -> None:
    page = log_in("csm", grid_path, width=width, theme=theme)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert_accessible(page)
    shoot(page, f"grid-{width}-{theme}")
    measured = page.locator(".kg td[data-value]:visible").nth(3)
    measured.dblclick()
    expect(page.locator("#cell-new")).to_be_focused()
    assert_accessible(page)
    shoot(page, f"grid-edit-{width}-{theme}")
    if width == 390:
        page.keyboard.press("Escape")
        shown = page.locator(".kg-month b").inner_text()
        page.get_by_role("link", name="The month before").click()
        expect(page.locator(".kg-month b")).not_to_have_text(shown)


def test_a_viewer_reads(log_in: LogIn, grid_path: str) -> None:
    page = log_in("viewer", grid_path)
    measured = page.locator(".kg td[data-value]").first
    measured.dblclick()
    expect(page.locator("#grid-editor")).to_have_count(0)
    measured.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/evidence/?kpi=*")


def test_without_script_a_cell_leads_to_its_form(product: Product, browser: Browser, grid_path: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    user: dict[str, Any] = product.users["csm"]
    page.goto(product.url("demo", grid_path))
    page.get_by_label("E-mail").fill(user["email"])
    page.get_by_label("Password", exact=True).fill(user["password"])
    page.get_by_role("button", name="Sign in").click()
    here = edge(page).get_attribute("id") or ""
    before = exact(page, here)
    for number, reason in ((other(before), "by hand"), (before, "put back")):
        cell(page, here).locator("a.v").click()
        page.get_by_label("Reason").fill(reason)
        page.locator("#cell-new").fill(number)
        page.get_by_role("button", name="Save").click()
        assert exact(page, here) == number
    context.close()
