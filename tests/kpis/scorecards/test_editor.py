"""The editor of a scorecard: its form says all of the text, nothing is stored before Save, nobody is overwritten."""

import copy
from typing import Any

import pytest

from accounts.models import Account
from kpis.models import Kpi, ScorecardVersion
from kpis.scoring import definition_hash
from kpis.scoring.document import differences
from kpis.serializers import scorecard_form as form
from tests.kpis.health.book import NOW, TODAY, fill, furnish
from tests.world import World

Definition = dict[str, Any]

DATED = {"from": "2026-01-01", "anchors": [[0, 0], [40, 50], [60, 75], [90, 100]]}
CAP = {"kpi": "seat_use", "op": "<=", "value": 5.5, "kind": "cap", "limit": 60, "reason": "Nobody uses it", "order": 10}


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


def text(**changes: Any) -> Definition:
    return copy.deepcopy(ScorecardVersion.objects.get(state="live").definition) | changes


def catalogue() -> dict[str, Kpi]:
    return {kpi.code: kpi for kpi in Kpi.objects.all()}


def typed(definition: Definition, **changes: str) -> form.Typed:
    known = form.typed_of(definition, catalogue(), day=TODAY)
    return known.but(fields={**known.fields, **changes})


def reading(definition: Definition, **changes: str) -> form.Read:
    return form.read(typed(definition, **changes), base=definition, kpis=catalogue(), day=TODAY)


def item(definition: Definition, code: str) -> dict[str, Any]:
    return next(one for one in definition["items"] if one["kpi"] == code)


def test_what_nobody_touched_comes_back_as_it_was(book: World) -> None:
    definition = text(exceptions=[CAP])
    item(definition, "seat_use")["ranges"] = [
        {"from": "2026-01-01", "anchors": [[0, 0], [40, 50], [60, 75], [90, 100]]}
    ]
    item(definition, "support_csat")["anchors"] = [[0, 10], [30, 20], [85, 75], [100, 90]]
    found = reading(definition)
    assert found.errors == {}
    assert definition_hash(found.definition) == definition_hash(definition)


def test_every_range_of_the_catalogue_is_said_by_its_edges(book: World) -> None:
    irregular = [name for name in typed(text()).fields if name.endswith(f".{form.CORNERS}")]
    assert irregular == []


def draft(world: World, **changes: Any) -> ScorecardVersion:
    live = ScorecardVersion.objects.get(state="live")
    return ScorecardVersion.objects.create(
        scorecard=live.scorecard, number=2, definition=text(**changes), based_on=live, created_at=NOW, created_by="Ana"
    )


def address(version: ScorecardVersion) -> str:
    return f"/scorecards/versions/{version.pk}/edit/"


def sent(version: ScorecardVersion, do: str = "save", **changes: Any) -> dict[str, Any]:
    """The form as the page sends it, with some fields typed over."""
    version.refresh_from_db()
    known = form.typed_of(version.definition, catalogue(), day=TODAY, note=version.note)
    start = {**known.fields, "kpi": list(known.kpis), "rule": list(known.rules), "edits": str(version.edits), "do": do}
    return start | changes


def test_a_part_that_is_touched_is_the_only_one_that_differs(book: World) -> None:
    before = text()
    found = reading(
        before,
        **{
            "k.seat_use.weight": "1",
            "k.seat_use.red": "42,5",
            "k.support_csat.cadence": "90",
            "k.sla_attainment.expires": "45",
            "k.customer_roi.category": "outcomes",
            "minimum_coverage": "37,5",
            "green_from": "80",
        },
    )
    assert found.errors == {}
    after = found.definition
    assert item(after, "seat_use")["weight"] == 1
    assert [42.5, 50] in item(after, "seat_use")["anchors"]
    assert item(after, "support_csat")["cadence_days"] == 90
    assert item(after, "sla_attainment")["expires_days"] == 45
    assert item(after, "customer_roi")["category"] == "outcomes"
    assert (after["minimum_coverage"], after["green_from"]) == (0.375, 80)
    changed = {one.code for one in differences(before, after)}
    assert changed == {
        "seat_use", "support_csat", "sla_attainment", "customer_roi", "green_from", "minimum_coverage"
    }  # fmt: skip


def test_category_weights_are_shares_of_a_hundred(book: World) -> None:
    assert {name: share for name, share in typed(text()).fields.items() if name.startswith("c.")} == {
        "c.relationship": "20", "c.adoption": "25", "c.support": "20", "c.value": "20", "c.outcomes": "15"
    }  # fmt: skip
    found = reading(text(), **{"c.adoption": "30", "c.outcomes": "10 %"})
    assert found.definition["categories"]["adoption"] == 0.3
    assert found.definition["categories"]["outcomes"] == 0.1
    uneven = typed(text(), **{"c.adoption": "55", "c.outcomes": "35"})
    shares = [float(share) for name, share in form.balanced(uneven).fields.items() if name.startswith("c.")]
    assert sum(shares) == pytest.approx(100)


def test_an_edge_that_is_typed_takes_the_place_of_dated_ranges(book: World) -> None:
    definition = text()
    item(definition, "seat_use")["ranges"] = [
        {"from": "2026-01-01", "anchors": [[0, 0], [40, 50], [60, 75], [90, 100]]}
    ]
    assert typed(definition).fields["k.seat_use.red"] == "40"
    touched = item(reading(definition, **{"k.seat_use.red": "45"}).definition, "seat_use")
    assert "ranges" not in touched
    assert touched["anchors"] == [[0, 0], [45, 50], [60, 75], [90, 100]]


def test_corners_that_edges_cannot_say_stand_as_pairs(book: World) -> None:
    definition = text()
    item(definition, "support_csat")["anchors"] = [[0, 10], [30, 20], [85, 75], [100, 90]]
    assert typed(definition).fields["k.support_csat.corners"] == "0: 10; 30: 20; 85: 75; 100: 90"
    found = reading(definition, **{"k.support_csat.corners": "0: 10; 40,5: 20; 85: 75"})
    assert item(found.definition, "support_csat")["anchors"] == [[0, 10], [40.5, 20], [85, 75]]
    assert "support_csat" in str(reading(definition, **{"k.support_csat.corners": "much"}).errors)


@pytest.mark.parametrize(
    ("field", "typed_text", "word"),
    [
        ("c.adoption", "lots", "per cent"),
        ("c.adoption", "101", "per cent"),
        ("k.seat_use.weight", "", "3, 2, 1 or 0"),
        ("k.seat_use.red", "high", "number"),
        ("k.seat_use.red", "90", ""),
        ("k.sla_attainment.best", "140", "never above 100"),
        ("k.seat_use.cadence", "0", "whole days"),
        ("k.seat_use.expires", "1.5", "whole days"),
        ("k.seat_use.category", "weather", "categories"),
        ("green_from", "120", "0 to 100"),
        ("yellow_from", "80", "below healthy"),
        ("minimum_coverage", "-1", "0 to 100"),
        ("note", "x" * 401, "400"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(book: World, field: str, typed_text: str, word: str) -> None:
    errors = reading(text(), **{field: typed_text}).errors
    assert errors
    assert all(name == field or name.startswith(field.rpartition(".")[0] or field) for name in errors)
    assert word in " ".join(errors.values())


def test_a_cap_needs_its_kpi_its_figures_and_its_reason(book: World) -> None:
    empty = typed(text()).but(rules=("0",))
    assert form.read(empty, base=text(), kpis=catalogue(), day=TODAY).errors == {}
    begun = empty.but(fields={**empty.fields, "x.0.kpi": "weather"})
    errors = form.read(begun, base=text(), kpis=catalogue(), day=TODAY).errors
    assert {"x.0.kpi", "x.0.op", "x.0.kind", "x.0.limit", "x.0.reason"} <= set(errors)
    fields = {
        "x.0.kpi": "seat use (monthly active / paid)", "x.0.op": "<=", "x.0.value": "5,5", "x.0.kind": "cap",
        "x.0.limit": "60", "x.0.reason": "Nobody uses it", "x.0.order": "10",
    }  # fmt: skip
    full = empty.but(fields={**empty.fields, **fields})
    found = form.read(full, base=text(), kpis=catalogue(), day=TODAY)
    assert found.errors == {}
    assert found.definition["exceptions"] == [CAP]


def test_the_page_shows_every_row_and_stores_nothing(book: World) -> None:
    version = draft(book)
    page = book.browser(book.ana).get(address(version)).content.decode()
    assert page.count('name="kpi"') == len(version.definition["items"])
    assert "What it would do" in page
    version.refresh_from_db()
    assert (version.edits, version.definition) == (1, text())


def test_save_stores_the_text_and_its_note(book: World) -> None:
    version = draft(book)
    answer = book.browser(book.ana).post(
        address(version), sent(version, **{"k.seat_use.weight": "1", "note": "Seats matter less"})
    )
    assert answer.status_code == 302
    version.refresh_from_db()
    assert (item(version.definition, "seat_use")["weight"], version.note, version.edits) == (1, "Seats matter less", 2)
    assert ScorecardVersion.objects.get(state="live").definition == text()


def test_a_wrong_field_is_422_and_nothing_is_stored(book: World) -> None:
    version = draft(book)
    answer = book.browser(book.ana).post(address(version), sent(version, **{"k.seat_use.red": "high"}))
    assert answer.status_code == 422
    assert "Enter a number, such as 85 or 3.5." in answer.content.decode()
    version.refresh_from_db()
    assert version.edits == 1


def test_a_stale_page_gets_a_choice_and_never_overwrites(book: World) -> None:
    version = draft(book)
    mine = sent(version, **{"k.seat_use.weight": "1"})
    book.browser(book.mona).post(address(version), sent(version, **{"k.support_csat.weight": "1"}))

    answer = book.browser(book.ana).post(address(version), mine)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Mona saved this draft" in page
    assert "Look at the difference: 2 rows" in page
    version.refresh_from_db()
    assert item(version.definition, "seat_use")["weight"] == 3

    again = book.browser(book.ana).post(address(version), mine | {"do": f"overwrite:{version.edits}"})
    assert again.status_code == 302
    version.refresh_from_db()
    assert item(version.definition, "seat_use")["weight"] == 1
    assert item(version.definition, "support_csat")["weight"] == item(text(), "support_csat")["weight"]


def test_the_preview_names_who_changes_colour_and_stores_nothing(book: World) -> None:
    fill(book.account)
    version = draft(book)
    given = sent(version, "preview", green_from="76")
    region = book.browser(book.ana, htmx=True).post(address(version), given).content.decode()
    assert "change" in region
    assert "Initech" in region
    assert "<html" not in region
    page = book.browser(book.ana).post(address(version), given)
    assert page.status_code == 200
    assert 'value="76"' in page.content.decode()
    version.refresh_from_db()
    assert version.edits == 1


def test_the_first_twenty_are_shown_and_all_have_a_list(book: World) -> None:
    for number in range(24):
        fill(Account.objects.create(name=f"Account {number:02}"))
    version = draft(book, green_from=76)
    browser = book.browser(book.ana, htmx=True)
    saved = browser.post(address(version), sent(version, "preview")).content.decode()
    assert "4 more" in saved
    assert "All 24 as a list" in saved
    typed_over = browser.post(address(version), sent(version, "preview", green_from="77")).content.decode()
    assert "as a list" not in typed_over
    page = book.browser(book.ana).get(f"/scorecards/versions/{version.pk}/effect/?from=green&to=yellow")
    assert page.content.decode().count('scope="row"') == 24


def test_the_preview_marks_fields_and_rows(book: World) -> None:
    version = draft(book)
    browser = book.browser(book.ana, htmx=True)
    wrong = browser.post(address(version), sent(version, "preview", **{"k.seat_use.red": "high"}))
    assert wrong.status_code == 422
    assert '<template data-field="k.seat_use.red">' in wrong.content.decode()
    doubtful = browser.post(address(version), sent(version, "preview", **{"c.adoption": "90"})).content.decode()
    assert "<template data-say=" in doubtful


def test_kpis_come_and_go_in_the_form_alone(book: World) -> None:
    version = draft(book)
    browser = book.browser(book.ana)
    without = browser.post(address(version), sent(version, "drop:seat_use")).content.decode()
    assert 'value="seat_use"' not in without
    short = sent(version, "add", add="Seat use (monthly active / paid)")
    short["kpi"] = [code for code in short["kpi"] if code != "seat_use"]
    assert 'value="seat_use"' in browser.post(address(version), short).content.decode()
    twice = browser.post(address(version), sent(version, "add", add="seat_use"))
    assert (twice.status_code, "on the card already" in twice.content.decode()) == (422, True)
    unknown = browser.post(address(version), sent(version, "add", add="weather"))
    assert unknown.status_code == 422
    version.refresh_from_db()
    assert version.edits == 1


def test_presets_caps_and_balance_change_the_form_alone(book: World) -> None:
    version = draft(book)
    browser = book.browser(book.ana)
    wider = browser.post(address(version), sent(version, "preset:67-34")).content.decode()
    assert 'name="green_from" value="67"' in wider
    assert "x.0.reason" in browser.post(address(version), sent(version, "rule")).content.decode()
    uneven = sent(version, "balance", **{"c.adoption": "75"})
    assert 'name="c.adoption" value="50.1"' in browser.post(address(version), uneven).content.decode()
    version.refresh_from_db()
    assert version.edits == 1


def test_only_those_who_may_draft_see_the_editor(book: World) -> None:
    version = draft(book)
    for person in (book.alice, book.vic):
        browser = book.browser(person)
        assert browser.get(address(version)).status_code == 403
        assert browser.post(address(version), sent(version)).status_code == 403
        assert browser.get(f"/scorecards/versions/{version.pk}/effect/").status_code == 403


def test_what_is_no_draft_leads_to_its_page(book: World) -> None:
    live = ScorecardVersion.objects.get(state="live")
    answer = book.browser(book.ana).get(address(live))
    assert (answer.status_code, answer["Location"]) == (302, f"/scorecards/versions/{live.pk}/")


def test_what_was_typed_stays_when_the_draft_went_to_review_meanwhile(book: World) -> None:
    version = draft(book)
    mine = sent(version, **{"k.seat_use.red": "33"})
    ScorecardVersion.objects.filter(pk=version.pk).update(state="review")
    answer = book.browser(book.ana).post(address(version), mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "is in review and stays as it is" in page
    assert 'value="33"' in page
    version.refresh_from_db()
    assert version.edits == 1


def test_all_who_change_colour_have_a_page(book: World) -> None:
    fill(book.account)
    version = draft(book, green_from=76)
    page = book.browser(book.ana).get(f"/scorecards/versions/{version.pk}/effect/").content.decode()
    assert "Initech" in page
    other = book.browser(book.ana).get(f"/scorecards/versions/{version.pk}/effect/?way=better").content.decode()
    assert "Initech" not in other


def test_what_a_browser_never_sends_is_no_error_of_ours(book: World) -> None:
    version = draft(book)
    browser = book.browser(book.ana)
    odd = sent(version, note="a\x00b", **{"x.9.reason": "\x00"})
    assert browser.post(address(version), odd | {"rule": ["9", "9" * 5000]}).status_code == 302
    version.refresh_from_db()
    assert version.note == "ab"
    stranger = sent(version)
    assert browser.post(address(version), stranger | {"kpi": [*stranger["kpi"], "nobody"]}).status_code == 422
    assert browser.post(address(version), {"do": "save"}).status_code == 422
    assert browser.post(address(version), sent(version, "rule") | {"rule": ["9" * 5000, "x"]}).status_code == 200
    assert browser.post(address(version), sent(version, "nonsense")).status_code == 200
    version.refresh_from_db()
    assert version.edits == 2


@pytest.mark.parametrize("anchors", [[], [[5, 50]], [[5, 0], [5, 100]]])
def test_a_draft_whose_anchors_make_no_line_can_be_opened_and_mended(book: World, anchors: list[Any]) -> None:
    version, ana = draft(book), book.browser(book.ana)
    definition = copy.deepcopy(version.definition)
    item(definition, "seat_use")["anchors"] = anchors
    ScorecardVersion.objects.filter(pk=version.pk).update(definition=definition)
    version.refresh_from_db()
    for page in (address(version), f"/scorecards/versions/{version.pk}/"):
        answer = ana.get(page)
        assert answer.status_code == 200
        assert 'd="M"' not in answer.text
    assert ana.post(address(version), sent(version, "preview")).status_code == 200


@pytest.mark.parametrize("nonsense", ["1e21", "999999999999999999999", "5;background:red", "-3", ""])
def test_a_share_that_is_none_is_drawn_as_none(book: World, nonsense: str) -> None:
    version, ana = draft(book), book.browser(book.ana)
    answer = ana.post(address(version), sent(version, **{"c.adoption": nonsense}))
    assert answer.status_code == 422
    assert "Enter per cent of the score, 0 to 100." in answer.text
    assert 'data-group-share="adoption">—<' in answer.text
    assert 'data-cat="adoption" style="--v:0;' in answer.text
