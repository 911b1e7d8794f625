"""The style guide in Chromium: accessible in both themes, no page wider than the screen, behaviours by keyboard."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template.loader import render_to_string

from tests.ui.conftest import HOST, triggers

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_every_component_is_accessible_and_fits(open_site, width, theme):
    page = open_site(width=width, theme=theme).page()
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.get_attribute("html", "data-theme") == theme


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_open_dialogs_are_accessible(open_site, theme):
    page = open_site(theme=theme).page()
    for keys in ("Control+k", "n", "?"):
        page.keyboard.press(keys)
        page.wait_for_selector("dialog[open]")
        found = Axe().run(page).response["violations"]
        assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog[open]", state="detached")


def test_palette_finds_pages_and_what_the_server_knows(open_site):
    site = open_site()
    option = '<a role="option" tabindex="-1" aria-selected="false" id="s-1" href="/accounts/1/">Meridian Freight</a>'
    site.answers["/search/"] = lambda request: (200, {}, option if "q=mer" in request.url else "")
    page = site.page()
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search or jump to")
    assert box.get_attribute("aria-activedescendant") == "do-1"  # what this page can do comes first
    for key, chosen in (("ArrowDown", "do-2"), ("ArrowUp", "do-1")):
        page.keyboard.press(key)
        assert box.get_attribute("aria-activedescendant") == chosen
        assert page.locator("[role=option][aria-selected=true]").get_attribute("id") == chosen
    page.keyboard.type("mer")
    page.wait_for_selector("#s-1[aria-selected=true]")
    box.fill("uploads")
    page.wait_for_selector("#s-1", state="detached")
    assert box.get_attribute("aria-activedescendant") == "go-u"
    box.fill("zzz")
    page.wait_for_selector("text=Nothing found")
    box.fill("uploads")
    assert box.get_attribute("aria-activedescendant") == "go-u"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{HOST}/uploads/")


def test_go_to_a_page_by_two_keys_unless_switched_off(open_site):
    page = open_site().page()
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url(f"{HOST}/accounts/")
    page.keyboard.press("?")
    page.get_by_label("Use single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert page.locator("#guide-dialog").is_hidden()


def test_dialog_gives_the_focus_back(open_site):
    page = open_site().page()
    page.get_by_role("button", name="New account").click()
    page.wait_for_selector("#guide-dialog[open]")
    page.get_by_role("button", name="Close").locator("visible=true").click()
    assert page.locator("#guide-dialog").is_hidden()
    assert page.evaluate("document.activeElement.textContent.includes('New account')")


def test_menu_opens_beside_its_button_and_walks_by_arrow(open_site):
    page = open_site().page()
    button = page.get_by_role("button", name="More actions")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.textContent.trim() === 'Export'")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Rename"
    at, menu = button.bounding_box(), page.locator("#guide-more").bounding_box()
    assert 0 <= menu["y"] - at["y"] - at["height"] <= 8
    assert menu["x"] + menu["width"] <= 1440
    page.keyboard.press("Escape")
    assert page.locator("#guide-more").is_hidden()


def test_theme_is_kept_in_a_cookie_the_server_reads(open_site):
    page = open_site().page()
    page.get_by_role("button", name="Dark").first.click()
    assert page.get_attribute("html", "data-theme") == "dark"
    page.reload()
    assert page.get_attribute("html", "data-theme") == "dark"


def test_selecting_rows_shows_what_can_be_done_with_them(open_site):
    page = open_site().page()
    boxes = page.locator("tbody input[name=ids]")
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])
    assert page.locator(".bulk").inner_text().startswith("3 selected")
    assert page.locator("[data-all]").evaluate("box => box.indeterminate")
    page.get_by_role("button", name="Clear the selection").click()
    assert page.locator(".bulk").is_hidden()


def _button(page, address: str) -> None:
    page.evaluate(
        """address => { const b = document.createElement("button"); b.id = "probe"; b.textContent = "Probe";
        b.setAttribute("hx-post", address); document.querySelector("main").prepend(b); htmx.process(b); }""",
        address,
    )


def test_a_toast_with_undo_posts_and_says_when_it_failed(open_site):
    site = open_site()
    said = {"text": "Value corrected", "kind": "done", "undoUrl": "/undo/"}
    site.answers["/do/"] = lambda request: (204, triggers(toast=said), "")
    site.answers["/undo/"] = lambda request: (500, {}, "")
    page = site.page()
    _button(page, "/do/")
    page.click("#probe")
    page.locator("pl-toasts").get_by_text("Value corrected").wait_for()
    page.locator("pl-toasts").get_by_role("button", name="Undo").click()
    page.locator("pl-toasts").get_by_text("could not be undone").wait_for()
    sent = [request for request in site.requests if request.url.endswith(("/do/", "/undo/"))]
    assert [request.method for request in sent] == ["POST", "POST"]
    assert all(request.headers["x-csrftoken"] for request in sent)


@pytest.mark.parametrize(
    ("status", "words"), [(500, "try again"), (503, "try again"), (403, "role"), (429, "Wait a minute")]
)
def test_a_failing_server_is_a_toast_and_the_page_stays(open_site, status, words):
    site = open_site()
    site.answers["/do/"] = lambda request: (status, {}, "<!doctype html><h1>Broken</h1>")
    page = site.page()
    _button(page, "/do/")
    page.click("#probe")
    page.locator(".toast.error", has_text=re.compile(words)).wait_for()
    assert page.inner_text("#probe") == "Probe"


def test_a_refused_form_swaps_and_a_lost_network_is_a_toast(open_site):
    site = open_site()
    site.answers["/do/"] = lambda request: (422, {}, "Enter a name")
    page = site.page()
    _button(page, "/do/")
    page.click("#probe")
    page.wait_for_function("() => document.querySelector('#probe').textContent === 'Enter a name'")
    page.context.set_offline(True)
    page.context.unroute("**/*")
    page.click("#probe")
    page.locator("pl-toasts .toast.error", has_text="No connection").wait_for()


def test_a_whole_page_instead_of_a_fragment_is_opened(open_site):
    site = open_site()
    site.answers["/do/"] = lambda request: (200, {}, "<!doctype html><title>Sign in</title><h1>Sign in</h1>")
    page = site.page()
    _button(page, "/do/")
    page.click("#probe")
    page.wait_for_url(f"{HOST}/do/")


def test_a_signed_out_person_is_sent_to_the_login_page(open_site):
    site = open_site()
    site.answers["/do/"] = lambda request: (401, {"HX-Redirect": "/login/?next=/design/"}, "")
    page = site.page()
    _button(page, "/do/")
    page.click("#probe")
    page.wait_for_url(f"{HOST}/login/?next=/design/")


def test_confirmation_asks_in_our_dialog(open_site):
    site = open_site()
    site.answers["/do/"] = lambda request: (200, {}, "Deleted")
    page = site.page()
    _button(page, "/do/")
    page.eval_on_selector(
        "#probe", "b => { b.setAttribute('hx-confirm', 'Delete 12 values?'); b.dataset.confirmYes = 'Delete'; }"
    )
    page.click("#probe")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert page.inner_text("#probe") == "Probe"
    page.click("#probe")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_function("() => document.querySelector('#probe').textContent === 'Deleted'")


def test_live_announces_what_changed_and_remembers_how_far_it_heard(open_site):
    site = open_site()
    site.answers["/live/"] = lambda request: (
        (204, {}, "") if "after=7" in request.url else (204, triggers(scoresChanged={}) | {"PL-Cursor": "7"}, "")
    )
    page = site.page()
    page.evaluate(
        """() => { window.heard = 0; document.body.addEventListener("scoresChanged", () => { window.heard += 1; });
        const live = document.createElement("pl-live"); live.dataset.url = "/live/"; live.dataset.every = "50";
        document.body.append(live); }"""
    )
    page.wait_for_timeout(600)
    assert page.evaluate("window.heard") == 1
    assert sum("after=7" in request.url for request in site.requests) >= 3


def test_a_dropped_file_fills_the_field(open_site):
    page = open_site().page()
    data = page.evaluate_handle(
        "() => { const d = new DataTransfer(); d.items.add(new File(['a'.repeat(2500)], 'november.xlsx')); return d; }"
    )
    page.dispatch_event("pl-drop .drop", "drop", {"dataTransfer": data})
    assert page.inner_text("pl-drop .files") == "november.xlsx, 3 kB"
    assert page.eval_on_selector("pl-drop input", "input => input.files.length") == 1


def test_nothing_moves_while_the_page_loads(open_site):
    """Cumulative layout shift is zero on phones and desktops."""
    for width in (390, 1440):
        page = open_site(width=width).page()
        shift = page.evaluate(
            """() => new Promise(done => { let sum = 0;
            new PerformanceObserver(list => list.getEntries().forEach(e => { sum += e.value; }))
            .observe({type: "layout-shift", buffered: true}); setTimeout(() => done(sum), 400); })"""
        )
        assert shift < 0.01


def test_live_stops_when_the_session_ended(open_site):
    site = open_site()
    site.answers["/live/"] = lambda request: (401, {"HX-Redirect": "/login/"}, "")
    page = site.page()
    page.evaluate(
        """() => { const live = document.createElement("pl-live");
        Object.assign(live.dataset, { url: "/live/", every: "50" }); document.body.append(live); }"""
    )
    page.wait_for_timeout(500)
    assert sum(request.url.endswith("/live/") for request in site.requests) == 1


@pytest.mark.parametrize("name", ["403", "403_csrf", "404", "429", "500", "503"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_error_pages_are_accessible(open_site, name, theme):
    site = open_site(theme=theme)
    site.answers["/error/"] = lambda request: (200, {}, render_to_string(f"{name}.html", {"theme": theme}))
    page = site.page("/error/")
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []
    assert page.locator("h1").count() == 1


def test_of_many_values_only_that_of_the_chosen_field_shows(open_site):
    page = open_site().page()
    options = "".join(f"<option>{name}</option>" for name in ("", "tier", "region"))
    fields = "".join(
        f'<div class="pair"><div class="field"><input name="value-{name}" aria-label="{name}"></div></div>'
        for name in ("tier", "region")
    )
    form = f'<form><select name="field">{options}</select>{fields}<p data-unchosen>All</p></form>'
    page.evaluate(
        "(html) => document.querySelector('main').insertAdjacentHTML('afterbegin', html)",
        f'<pl-chosen id="many">{form}</pl-chosen>',
    )
    inside = page.locator("#many")

    def seen() -> list[str]:
        return [name for name in ("tier", "region") if inside.locator(f"[name=value-{name}]").is_visible()]

    assert seen() == []
    for chosen in ("tier", "region"):
        inside.locator("select[name=field]").select_option(chosen)
        assert seen() == [chosen]
        sent = page.evaluate("[...new FormData(document.querySelector('#many form')).keys()]")
        assert sent == ["field", f"value-{chosen}"]
    assert inside.locator("[data-unchosen]").is_hidden()
