"""The document of a scorecard: one hash for one meaning, and what its dated ranges say on a day."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from kpis.scoring import default_scorecard, definition_hash, definition_on, scorecard_to_definition

NARROW = [[0, 0], [50, 50], [80, 75], [100, 100]]
WIDE = [[0, 0], [40, 50], [60, 75], [100, 100]]
TIGHT = [[0, 0], [70, 50], [90, 75], [100, 100]]


def document(**changes: Any) -> dict[str, Any]:
    item = {"kpi": "seat_use", "category": "adoption", "weight": 3, "anchors": NARROW, "cadence_days": 7}
    return {"categories": {"adoption": 1}, "items": [item | changes], "green_from": 75, "yellow_from": 50}


def test_the_order_of_keys_and_the_spelling_of_a_number_make_no_other_text() -> None:
    one = document(weight=3)
    other = {key: one[key] for key in reversed(list(one))} | {"green_from": 75.0}
    other["items"] = [one["items"][0] | {"weight": Decimal("3.0")}]
    assert definition_hash(one) == definition_hash(other)
    assert len(definition_hash(one)) == 64


def test_every_figure_and_the_order_of_items_make_another_text() -> None:
    plain = scorecard_to_definition(default_scorecard())
    turned = plain | {"items": plain["items"][::-1]}
    other = plain | {"green_from": 75.01}
    assert len({definition_hash(one) for one in (plain, turned, other)}) == 3


def test_a_stored_document_keeps_its_hash() -> None:
    plain = scorecard_to_definition(default_scorecard())
    assert definition_hash(json.loads(json.dumps(plain))) == definition_hash(plain)


def test_true_is_not_one() -> None:
    assert definition_hash(document(outcome_like=True)) != definition_hash(document(outcome_like=1))


def test_what_is_not_a_number_has_no_hash() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        definition_hash(document(weight=float("nan")))


@pytest.mark.parametrize(
    ("day", "anchors"),
    [
        (date(2025, 12, 31), NARROW),  # none has begun: what the item itself says
        (date(2026, 1, 1), WIDE),  # the first day counts
        (date(2026, 6, 30), WIDE),
        (date(2026, 7, 1), TIGHT),
        (date(2030, 1, 1), TIGHT),
    ],
)
def test_the_newest_range_that_has_begun_counts(day: date, anchors: list[list[int]]) -> None:
    dated = document(ranges=[{"from": "2026-07-01", "anchors": TIGHT}, {"from": "2026-01-01", "anchors": WIDE}])
    before = json.dumps(dated)
    (item,) = definition_on(dated, day)["items"]
    assert item["anchors"] == anchors
    assert "ranges" not in item
    assert json.dumps(dated) == before


def test_without_dated_ranges_the_document_counts_as_it_stands() -> None:
    assert definition_on(document(), date(2026, 1, 1)) == document()
