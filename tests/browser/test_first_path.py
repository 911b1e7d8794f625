"""The first whole path, told once from sign-up to the API, in a real browser against the running product."""

import io
import json
import re
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import Product, assert_accessible, shoot
from tests.browser.story import ACCOUNTS, COMPANY, CORRECTED, pasted_accounts, write_matrix

# One worker drives the browser: there is one product.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

EMAIL, PASSWORD, SLUG = "ada@harbourline.example", "a line that hangs true", "harbourline"
FEW_SECONDS = 20_000  # ms; a worker on a busy machine
TWO_SECONDS = 2_000
BEFORE, AFTER = "50", "49"  # the lowest account's score, rounded; nothing else in its row says so


def test_a_spreadsheet_becomes_a_score_a_playbook_and_a_pdf(
    product: Product, open_browser: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_browser()
    _sign_up(page, product)
    _checklist(page, done=0)
    _bring_accounts(page, product)
    _check_kpis(page, product)
    _upload(page, product, tmp_path)
    account = _portfolio(page, product)
    _checklist_ticks(page, product)
    _walk_down(page, account)
    second = _second_browser(open_browser, product)
    _correct(page, second, account)
    _playbook(page, product, account)
    _report(page, account)
    _api(page, product, account)


def _sign_up(page: Page, product: Product) -> None:
    page.goto(product.url(""))
    shoot(page, "landing")
    page.get_by_role("link", name="Open a workspace").first.click()
    page.get_by_label("Company").fill(COMPANY)
    page.get_by_label("Address of your workspace").fill(SLUG)
    page.get_by_label("Your name").fill("Ada Duarte")
    page.get_by_label("Your e-mail at work").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Send me the code").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    mailbox = page.context.new_page()
    mailbox.goto(product.url("", f"/mailbox/?to={EMAIL}"))
    code = mailbox.locator("output.code").first.inner_text()
    mailbox.close()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name=f"Open {COMPANY}").click()
    page.wait_for_url(product.url(SLUG, "/"))


def _checklist(page: Page, *, done: int) -> None:
    expect(page.get_by_text(f"{done} of 5 done")).to_be_visible()
    shoot(page, f"today-{done}-done")


def _checklist_ticks(page: Page, product: Product) -> None:
    page.goto(product.url(SLUG, "/"))
    _checklist(page, done=4)


def _bring_accounts(page: Page, product: Product) -> None:
    page.get_by_role("link", name=re.compile("Bring your accounts")).first.click()
    page.get_by_label("Cells with their titles").fill(pasted_accounts())
    page.get_by_role("button", name="Check it").last.click()
    page.get_by_role("button", name="Bring 3 accounts in").click()
    expect(page.get_by_role("heading", name="Your accounts are here")).to_be_visible()


def _check_kpis(page: Page, product: Product) -> None:
    page.goto(product.url(SLUG, "/kpis/"))
    shoot(page, "kpis")
    page.get_by_role("button", name="These are right").click()
    expect(page.get_by_text("said on")).to_be_visible()


def _upload(page: Page, product: Product, folder: Path) -> None:
    file = folder / "Q3 review.xlsx"
    write_matrix(file, datetime.now(UTC).date())
    page.goto(product.url(SLUG, "/uploads/"))
    page.locator("input[type=file]").first.set_input_files(file)
    page.wait_for_url("**/uploads/*-*/**")
    commit = page.get_by_role("button", name=re.compile(r"Import [\d,]+ values"))
    expect(commit).to_be_visible(timeout=FEW_SECONDS)
    problems = page.locator("#issues")
    expect(problems.get_by_text("Vibe index").first).to_be_visible()
    expect(problems.get_by_text("lots").first).to_be_visible()
    assert_accessible(page)
    shoot(page, "upload-proposed")
    commit.click()
    expect(page.get_by_role("link", name=re.compile("See the accounts"))).to_be_visible(timeout=FEW_SECONDS)
    shoot(page, "upload-done")
    with page.expect_download() as held:
        page.get_by_role("link", name=re.compile(r"Download the \d+ held")).click()
    assert held.value.suggested_filename.endswith(".xlsx")


def _portfolio(page: Page, product: Product) -> str:
    """All three accounts with their score, the lowest first; returns the address of the lowest."""
    page.goto(product.url(SLUG, "/accounts/"))
    expect(page.locator("tbody tr")).to_have_count(3)
    names = page.locator("tbody tr").all_inner_texts()
    assert [next(a for a in ACCOUNTS if a in text) for text in names] == [ACCOUNTS[0], ACCOUNTS[2], ACCOUNTS[1]]
    expect(page.locator("tbody tr").first).to_contain_text(BEFORE, timeout=FEW_SECONDS)
    assert_accessible(page)
    shoot(page, "accounts-1440-light")
    page.goto(product.url(SLUG, "/accounts/?band=green"))
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(product.url(SLUG, "/accounts/"))
    page.get_by_role("link", name=ACCOUNTS[0]).first.click()
    page.wait_for_url("**/accounts/*-*/")
    expect(page.locator("#panel-health .big")).to_contain_text(BEFORE, timeout=FEW_SECONDS)
    page.locator("#panel-timeline").scroll_into_view_if_needed()
    expect(page.locator("#panel-timeline")).to_contain_text("Health")
    assert_accessible(page)
    shoot(page, "account-1440-light")
    return page.url


def _walk_down(page: Page, account: str) -> None:
    """From the score to the cell in at most two clicks; the contributions add up to the score."""
    page.goto(account)
    page.locator("#panel-health .big b a").click()
    page.wait_for_url("**/evidence/**")
    assert_accessible(page)
    shoot(page, "evidence-score")
    page.get_by_role("link", name=re.compile(CORRECTED)).first.click()
    main = page.locator("main")
    expect(main).to_contain_text("Q3 review.xlsx")
    expect(main).to_contain_text(ACCOUNTS[0])
    expect(main).to_contain_text(re.compile(r"\b[C-E]\d+\b"))
    shoot(page, "evidence-cell")


def _second_browser(open_browser: Callable[..., Page], product: Product) -> Page:
    """The same person at another machine, looking at the portfolio."""
    second = open_browser()
    second.goto(product.url(SLUG, "/accounts/"))
    second.get_by_label("E-mail").fill(EMAIL)
    second.get_by_label("Password", exact=True).fill(PASSWORD)
    second.get_by_role("button", name="Sign in").click()
    expect(second.locator("tbody tr").first).to_contain_text(BEFORE)
    second.wait_for_timeout(1200)  # one beat of the live region, so that it knows where the trail stands
    return second


def _correct(page: Page, second: Page, account: str) -> None:
    """A value corrected in the grid with a reason drops the score; both browsers show it within two seconds."""
    page.goto(account + "grid/")
    row = page.get_by_role("row").filter(has_text=CORRECTED)
    cell = row.get_by_role("gridcell").filter(has_text=re.compile(r"\d")).last
    cell.click()
    page.keyboard.press("Enter")
    page.locator("#cell-new").fill("-60")
    page.get_by_label("Reason", exact=True).fill("The survey of last month was read wrongly")
    assert_accessible(page)
    shoot(page, "grid-edit")
    page.get_by_role("button", name="Save").click()
    first_row = second.locator("tbody tr").first
    expect(first_row).to_contain_text(AFTER, timeout=TWO_SECONDS)
    expect(page.locator("#grid-region .health")).to_contain_text(AFTER, timeout=TWO_SECONDS)
    shoot(second, "accounts-after-correction")


def _playbook(page: Page, product: Product, account: str) -> None:
    """Exactly one run has started; its step is in the owner's work list; completing it moves the run."""
    page.goto(product.url(SLUG, "/work/"))
    step = page.get_by_role("listitem").filter(has_text="Recruit sponsors and users")
    expect(step).to_have_count(1, timeout=FEW_SECONDS)
    expect(step).to_contain_text(ACCOUNTS[0])
    assert_accessible(page)
    shoot(page, "work")
    step.get_by_role("button", name=re.compile("Complete")).click()
    expect(page.get_by_text("Hold the interviews")).to_be_visible(timeout=FEW_SECONDS)
    page.goto(product.url(SLUG, "/playbooks/"))
    expect(page.get_by_text("1 running")).to_have_count(1)
    shoot(page, "playbooks")
    page.goto(account)
    page.locator("#panel-playbooks").scroll_into_view_if_needed()  # it loads when it comes into view
    expect(page.locator("#panel-playbooks")).to_contain_text("Voice-of-Customer Sprint")


def _report(page: Page, account: str) -> None:
    page.goto(account)
    page.get_by_role("button", name=re.compile("Health report")).first.click()
    download = page.get_by_role("link", name="Download the PDF")
    expect(download).to_be_visible(timeout=FEW_SECONDS * 2)
    shoot(page, "report")
    with page.expect_download() as pdf:
        download.click()
    sheets = PdfReader(io.BytesIO(Path(pdf.value.path()).read_bytes())).pages
    text = " ".join(" ".join(sheet.extract_text() for sheet in sheets).split())
    assert ACCOUNTS[0] in text
    assert re.search(r"As of\s+\d+ \w+ \d{4}", text)
    assert "The survey of last month was read wrongly" in text


def _api(page: Page, product: Product, account: str) -> None:
    """The same through the API with a token made on the settings page."""
    page.goto(product.url(SLUG, "/settings/tokens/"))
    page.get_by_label(re.compile("Name|What is it for")).first.fill("story")
    page.get_by_role("button", name=re.compile("Make|Create")).first.click()
    token = re.search(r"plb_\w[\w-]+", page.locator("main").inner_text())
    assert token
    pk = account.rstrip("/").rsplit("/", 1)[1]
    health = _get(product, f"/api/v1/accounts/{pk}/health/", token[0])
    assert health["band"] == "red"
    listed = _get(product, "/api/v1/accounts/", token[0])
    assert {row["name"] for row in listed["results"]} == set(ACCOUNTS)
    runs = _get(product, f"/api/v1/runs/?account_id={pk}", token[0])
    assert [run["playbook"] for run in runs["results"]] == ["voc-sprint"]


def _get(product: Product, path: str, token: str) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{product.port}{path}",
        headers={"Host": f"{SLUG}.localhost:{product.port}", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_an_operator_sees_the_tenants(product: Product, open_browser: Callable[..., Page]) -> None:
    page = open_browser()
    page.goto(product.url("operator", "/"))
    page.get_by_label("E-mail").fill(product.demo["operator"]["email"])
    page.get_by_label("Password", exact=True).fill(product.demo["operator"]["password"])
    page.get_by_role("button", name=re.compile("Sign in|Log in")).click()
    page.goto(product.url("operator", "/admin/tenants/tenant/"))
    row = page.get_by_role("row").filter(has_text="Northwind Demo")
    expect(row).to_be_visible()
    expect(row).to_contain_text(re.compile(r"[MK]B"))
    shoot(page, "operator-tenants")


@pytest.mark.parametrize("half", [0, 1])
def test_every_page_is_accessible_and_fits(product: Product, log_in: Callable[..., Page], half: int) -> None:
    """axe finds nothing, wide and on a phone, in both themes; nothing overflows from 360 px on."""
    page = log_in("admin")
    page.goto(product.url("demo", "/accounts/"))
    account = page.locator("tbody a[href*='/accounts/']").first.get_attribute("href") or ""
    for path in PATHS[half::2]:
        name = path.strip("/").replace("/", "-").replace("ACCOUNT", "account") or "today"
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(product.url("demo", path.replace("/ACCOUNT/", account)))
        _settle(page)
        for width, theme, look in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            if look:
                assert_accessible(page)
            shoot(page, f"{name}-{width}-{theme}")
        for width in (360, 768, 1024):
            page.set_viewport_size({"width": width, "height": 800})
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert over <= 0, (path, width, over)


def _settle(page: Page) -> None:
    """Until the panels in sight are there."""
    page.wait_for_load_state("load")
    expect(page.locator(".htmx-request")).to_have_count(0)


PATHS = (
    "/", "/accounts/", "/ACCOUNT/", "/ACCOUNT/evidence/", "/ACCOUNT/history/", "/ACCOUNT/grid/",
    "/accounts/new/", "/accounts/import/",
    "/uploads/", "/kpis/", "/kpis/unknown/", "/work/", "/playbooks/", "/playbooks/voc-sprint/effect/",
    "/reports/", "/settings/", "/settings/people/",
    "/settings/roles/", "/settings/tokens/", "/settings/trail/",
    "/scorecards/", "/scorecards/new/", "/kpis/new/", "/kpis/seat_use/", "/kpis/seat_use/ranges/new/",
    "/kpis/seat_use/formula/", "/metrics/", "/indicators/", "/indicators/rules/new/", "/data-quality/",
    "/ACCOUNT/exceptions/", "/ACCOUNT/contracts/", "/revenue/", "/accounts/condition/fields/",
    "/revenue/check/", "/settings/revenue/", "/ACCOUNT/revenue/",
    "/contacts/", "/ACCOUNT/people/", "/renewals/", "/tasks/",
    "/tasks/templates/", "/tasks/templates/new/", "/notices/?show=all", "/products/", "/products/accounts/",
    "/segments/", "/accounts/duplicates/", "/imports/",
    "/settings/teams/", "/settings/fields/", "/settings/objects/", "/settings/objects/new/",
    "/objects/", "/deleted/", "/feed/", "/places/", "/accounts/columns/", "/accounts/views/",
    "/accounts/?group=tier&columns=health,arr,tier,owner,seat_use&pins=arr&sort=-seat_use",
)  # fmt: skip
# Width, theme, whether axe looks: colours depend on the theme, layout on the width.
LOOKS = ((1440, "light", True), (1440, "dark", False), (390, "dark", True), (390, "light", False))
