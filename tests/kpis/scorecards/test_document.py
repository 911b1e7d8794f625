"""A scorecard's text as rows: differences, shares, and three texts brought together."""

from typing import Any

import pytest

from kpis.scoring import default_scorecard, scorecard_to_definition
from kpis.scoring.document import differences, from_rows, merge, rows_of, shape_fault, shares_of

PAIRS = [[0, 0], [50, 50], [80, 75], [100, 100]]


def item(code: str, weight: float, category: str = "a", **more: Any) -> dict[str, Any]:
    return {"kpi": code, "category": category, "weight": weight, "anchors": PAIRS, "cadence_days": 30, **more}


def text(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    figures = {"green_from": 75, "yellow_from": 50, "minimum_coverage": 0.4}
    return {"categories": {"a": 1, "b": 3}, "items": list(items), **figures, **more}


BASE = text(item("one", 3), item("two", 1), item("three", 2, "b"))


def test_shares_are_those_of_the_score_with_fresh_data_for_all() -> None:
    assert shares_of(BASE) == {
        "categories.a": 25.0,
        "categories.b": 75.0,
        "items.one": 18.75,
        "items.two": 6.25,
        "items.three": 75.0,
    }
    shares = shares_of(scorecard_to_definition(default_scorecard()))
    assert sum(share for key, share in shares.items() if key.startswith("items.")) == pytest.approx(100)


def test_a_category_without_a_weighted_kpi_decides_nothing() -> None:
    shares = shares_of(text(item("one", 3), item("two", 0, "b")))
    assert (shares["categories.a"], shares["categories.b"], shares["items.two"]) == (100.0, 0.0, 0.0)
    assert shares_of(text()) == {}


def test_differences_name_rows_kinds_and_shares() -> None:
    other = text(item("one", 3), item("two", 2, cadence_days=7), item("four", 1, "b"), green_from=80)
    found = {one.key: one for one in differences(BASE, other)}
    assert {key: one.kind for key, one in found.items()} == {
        "items.two": "changed",
        "items.four": "added",
        "items.three": "removed",
        "green_from": "changed",
    }
    assert found["items.two"].parts == ("weight", "cadence_days")
    assert (found["items.two"].share_before, found["items.two"].share_after) == (6.25, 10.0)
    assert (found["items.four"].share_before, found["items.four"].share_after) == (None, 75.0)


def test_the_spelling_of_a_number_and_an_empty_part_are_no_difference() -> None:
    other = text(item("one", 3.0, expires_days=None), item("two", 1, outcome_like=False), item("three", 2, "b"))
    assert differences(BASE, other | {"green_from": 75.0, "exceptions": []}) == []


def test_of_a_merge_what_one_side_changed_is_taken_and_what_both_changed_is_asked() -> None:
    mine = text(item("one", 1), item("two", 1), item("three", 3, "b"), item("five", 1))
    theirs = text(item("one", 2), item("three", 2, "b"), item("four", 1, "b"), green_from=80)

    merged = merge(BASE, mine, theirs, {})

    assert [clash.key for clash in merged.clashes] == ["items.one"]
    assert sorted(merged.taken) == ["green_from", "items.four", "items.two"]
    chosen = merge(BASE, mine, theirs, {"items.one": "theirs"})
    assert chosen.clashes == ()
    assert [(one["kpi"], one["weight"]) for one in chosen.definition["items"]] == [
        ("one", 2),
        ("three", 3),
        ("five", 1),
        ("four", 1),
    ]
    assert chosen.definition["green_from"] == 80
    assert merge(BASE, mine, theirs, {"items.one": "mine"}).definition["items"][0]["weight"] == 1


def test_a_row_that_one_side_takes_out_and_the_other_changes_is_asked() -> None:
    mine, theirs = (
        text(item("one", 3), item("three", 2, "b")),
        text(item("one", 3), item("two", 5), item("three", 2, "b")),
    )
    (clash,) = merge(BASE, mine, theirs, {}).clashes
    assert (clash.key, clash.mine) == ("items.two", None)
    assert [one["kpi"] for one in merge(BASE, mine, theirs, {"items.two": "mine"}).definition["items"]] == [
        "one",
        "three",
    ]


def test_both_sides_alike_is_no_clash() -> None:
    same = text(item("one", 9), item("two", 1), item("three", 2, "b"))
    merged = merge(BASE, same, same, {})
    assert (merged.clashes, merged.taken, merged.definition["items"][0]["weight"]) == ((), (), 9)


def test_rows_make_the_text_they_come_from() -> None:
    rule = {"kpi": "one", "op": "<=", "value": 1, "kind": "cap", "limit": 60, "reason": "x", "order": 1}
    whole = text(item("one", 3), item("one", 4), exceptions=[rule, rule | {"value": 2}])
    assert len(rows_of(whole)) == 2 + 2 + 2 + 3
    assert from_rows(rows_of(whole), whole) == whole


@pytest.mark.parametrize(
    "given",
    [
        None,
        {"categories": {}},
        {"categories": {"a": True}, "items": []},
        {"categories": {"a": 10**15}, "items": []},
        {"categories": {"a": float("inf")}, "items": []},
        {"categories": {}, "items": [{}]},
        {"categories": {}, "items": [item("one", 1, cadence_days=1.5)]},
        {"categories": {}, "items": [item("one", 1, anchors="x")]},
        {"categories": {}, "items": [item("one", 1)] * 401},
        {"categories": {}, "items": [], "exceptions": [1]},
    ],
)
def test_what_no_page_could_show_is_named(given: Any) -> None:
    assert shape_fault(given)


def test_every_text_of_ours_has_the_form() -> None:
    assert shape_fault(BASE) is None
    assert shape_fault(scorecard_to_definition(default_scorecard())) is None
