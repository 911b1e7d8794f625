"""The checker: every planted fault is named with its row, sound cards pass, and what passes holds its promises."""

import copy
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.catalogue import CATALOGUE
from kpis.scoring import (
    ScoreException,
    default_scorecard,
    score_portfolio,
    scorecard_from_definition,
    scorecard_to_definition,
    with_exceptions,
)
from kpis.scoring.checker import RULES, KpiFacts, check, check_anchors, refusals, warnings
from tests.kpis.scorecards.faults.planted import Fault, facts, faults, sound_card
from tests.kpis.scoring.cards import thorough, unhurried

KPIS = facts()


def refused(definition: Any, kpis: Any = KPIS) -> list[tuple[str, str]]:
    return [(finding.rule, finding.place) for finding in refusals(check(definition, kpis))]


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.name)
def test_every_planted_fault_is_caught_with_the_row_to_mend_and_nothing_else(fault: Fault) -> None:
    found = check(fault.definition, KPIS)

    assert [(finding.rule, finding.place) for finding in refusals(found)] == [(fault.rule, fault.place)]
    assert all(finding.message and finding.fix and finding.rule in RULES for finding in found)


def test_every_rule_that_refuses_has_a_planted_fault() -> None:
    doubts = {"outcome_share", "large_share", "thin_category", "weightless_category", "weights_sum", "shared_input"}

    assert {fault.rule for fault in faults()} == set(RULES) - doubts


def test_a_sound_card_has_no_finding() -> None:
    assert check(sound_card(), KPIS) == ()


def test_the_catalogues_own_card_passes_and_says_what_its_outcomes_decide() -> None:
    found = check(scorecard_to_definition(default_scorecard()), KPIS)

    assert [(one.rule, one.place) for one in found] == [
        ("outcome_share", "items.account_net_retention"),
        ("outcome_share", "items.account_gross_retention"),
        ("outcome_share", "items.account_expansion"),
    ]
    assert "1.5 %" in found[0].message


def test_the_refusal_of_a_hidden_outcome_gives_its_reason() -> None:
    card = sound_card()
    anchors = [[0, 0], [100, 100]]
    card["items"].append({"kpi": "momentum", "category": "value", "weight": 1, "anchors": anchors, "cadence_days": 30})

    found = refusals(check(card, KPIS))[0]

    assert found.message.startswith("Momentum is a hidden outcome: it is made from Account net retention")
    assert "leave it out" in found.fix


def test_a_name_that_somebody_taught_a_kpi_of_the_catalogue_can_give_it_away() -> None:
    kpis = {**KPIS, "csm_pulse": KpiFacts("csm_pulse", "CSM pulse (expires after 90 days)", aliases=("Churn risk",))}
    row = {"kpi": "csm_pulse", "category": "value", "weight": 1, "anchors": [[1, 0], [5, 100]], "cadence_days": 30}
    card = sound_card()
    card["items"].append(row)

    assert refused(card, kpis) == [("outcome_leak", "items.csm_pulse")]
    assert refused(card) == []


def test_a_composite_that_is_only_shown_is_not_counted_twice() -> None:
    card = sound_card()
    row = {"kpi": "adoption_index", "category": "adoption", "weight": 0, "cadence_days": 7}
    card["items"].append({**row, "anchors": [[0, 0], [100, 100]]})

    assert check(card, KPIS) == ()


def test_what_may_be_published_and_should_be_known() -> None:
    card = sound_card()
    card["categories"] = {"relationship": 0, "adoption": 1.0, "support": 0.4}
    card["items"] = [row for row in card["items"] if row["kpi"] in ("relationship_nps", "seat_use", "support_csat")]
    card["exceptions"] = []

    found = check(card, KPIS)

    assert refusals(found) == []
    assert [(one.rule, one.place) for one in warnings(found)] == [
        ("large_share", "items.seat_use.weight"),
        ("large_share", "items.support_csat.weight"),
        ("weightless_category", "categories.relationship"),
        ("thin_category", "categories.adoption"),
        ("thin_category", "categories.support"),
        ("weights_sum", "categories"),
    ]
    assert "add up to 140 %: they are scaled to 100 %" in found[-1].message


def test_two_formulas_over_one_kpi_are_pointed_out() -> None:
    kpis = {
        **KPIS,
        "one": KpiFacts("one", "One", inputs=("stickiness",)),
        "other": KpiFacts("other", "Other", inputs=("stickiness",)),
    }
    card = sound_card()
    for code in ("one", "other"):
        row = {"kpi": code, "category": "value", "weight": 1, "anchors": [[0, 0], [9, 100]], "cadence_days": 30}
        card["items"].append(row)

    assert [(one.rule, one.place) for one in check(card, kpis)] == [("shared_input", "items.other")]


def test_a_circle_of_formulas_comes_to_an_end() -> None:
    kpis = {code: KpiFacts(code, code.title(), inputs=(other,)) for code, other in (("one", "two"), ("two", "one"))}
    row = {"kpi": "one", "category": "a", "weight": 1, "anchors": [[0, 0], [9, 100]], "cadence_days": 30}

    assert refused({"categories": {"a": 1}, "items": [row]}, kpis) == []


@pytest.mark.parametrize("kpi", [kpi for kpi in CATALOGUE if kpi.anchors], ids=lambda kpi: kpi.code)
def test_every_range_of_the_catalogue_is_sound(kpi: Any) -> None:
    assert list(check_anchors([list(pair) for pair in kpi.anchors], KPIS[kpi.code], "here")) == []


# What passes, whatever it is.

SCORABLE = [kpi for kpi in CATALOGUE if kpi.anchors and kpi.code != "adoption_index"]


@st.composite
def cards(draw: Any) -> dict[str, Any]:
    """A sound card of catalogue KPIs with drawn ranges, weights, bands and exceptions."""
    kpis = draw(st.lists(st.sampled_from(SCORABLE), min_size=2, max_size=8, unique_by=lambda kpi: kpi.code))
    items = [
        {
            "kpi": kpi.code,
            "category": draw(st.sampled_from(["one", "two", "three"])),
            "weight": draw(st.sampled_from([0, 1, 2, 3, 0.5])),
            "anchors": draw(ranges(kpi)),
            "cadence_days": draw(st.sampled_from([None, 7, 30, 90])),
            "expires_days": draw(st.sampled_from([None, 90])),
            "outcome_like": kpi.outcome_like,
        }
        for kpi in kpis
    ]
    items.append({**items[0], "kpi": "adoption_index", "weight": 1, "anchors": [[0, 0], [100, 100]]})
    items[-1]["outcome_like"] = False
    parts = {"seat_use", "stickiness", "activation_30_days", "feature_breadth"}
    items = [{**row, "weight": 0} if row["kpi"] in parts else row for row in items]
    return {
        "categories": {code: draw(st.sampled_from([0.2, 1, 7])) for code in ("one", "two", "three")},
        "items": items,
        "green_from": draw(st.integers(60, 100)),
        "yellow_from": draw(st.integers(1, 59)),
        "minimum_coverage": draw(st.sampled_from([0.05, 0.4, 1])),
        "exceptions": draw(st.lists(rules(kpis), max_size=2, unique_by=lambda rule: rule["kpi"])),
    }


@st.composite
def ranges(draw: Any, kpi: Any) -> list[list[Any]]:
    low, high = float(kpi.minimum), float(kpi.maximum)
    steps = draw(st.lists(st.integers(0, 1000), min_size=3, max_size=5, unique=True))
    values = [round(low + (high - low) * step / 1000, 6) for step in sorted(steps)]
    points = sorted(draw(st.lists(st.integers(0, 99), min_size=len(values), max_size=len(values))))
    points[-1] = 100
    if kpi.direction == "down":
        points.reverse()
    elif kpi.direction == "band":
        points = [0, *[100] * (len(values) - 2), draw(st.integers(0, 99))]
    return [list(pair) for pair in zip(values, points, strict=True)]


@st.composite
def rules(draw: Any, kpis: Any) -> dict[str, Any]:
    kpi = draw(st.sampled_from(kpis))
    kind = "cap" if kpi.direction == "band" else draw(st.sampled_from(["cap", "floor"]))
    below = (kpi.direction != "down") == (kind == "cap")
    middle = (float(kpi.minimum) + float(kpi.maximum)) / 2
    return {
        "kpi": kpi.code,
        "op": draw(st.sampled_from(["<", "<="] if below else [">", ">="])),
        "value": middle,
        "kind": kind,
        "limit": draw(st.integers(1, 99)),
        "reason": "Drawn",
        "order": draw(st.integers(0, 9)),
    }


@given(cards())
@thorough
def test_sound_cards_get_no_refusal(card: dict[str, Any]) -> None:
    assert refused(card) == []
    assert refused(json.loads(json.dumps(card))) == []


@given(cards())
@unhurried
def test_what_passes_can_be_read_and_has_something_left_without_its_outcomes(card: dict[str, Any]) -> None:
    read = scorecard_from_definition(card, version="drawn")

    assert read.without_outcomes().items
    for row in card["exceptions"]:
        ScoreException(row["kind"], Decimal(str(row["limit"])), row["reason"], row["order"], starts_on=None)  # type: ignore[arg-type]


def limited(card: dict[str, Any], values: np.ndarray, scores: Any) -> np.ndarray:
    """The scores after the card's rules, row by row."""
    column = {row["kpi"]: at for at, row in enumerate(card["items"])}
    compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
    applied: dict[int, list[ScoreException]] = {}
    for row in card["exceptions"]:
        for at in np.flatnonzero(compare[row["op"]](values[:, column[row["kpi"]]], row["value"])):
            limit = Decimal(str(row["limit"]))
            made = ScoreException(row["kind"], limit, row["reason"], row["order"], starts_on=TODAY)
            applied.setdefault(int(at), []).append(made)
    return with_exceptions(scores, applied, on=TODAY).scores.score_hundredths


TODAY = np.datetime64("2026-11-20").astype(object)


@given(cards(), st.data())
@unhurried
def test_a_better_value_never_costs_points_on_a_card_that_passes(card: dict[str, Any], data: Any) -> None:
    read = scorecard_from_definition(card, version="drawn")
    row = data.draw(st.sampled_from([row for row in card["items"] if KPIS[row["kpi"]].direction != "band"]))
    known = KPIS[row["kpi"]]
    low, high = float(known.minimum or 0), float(known.maximum or 100)
    worse, better = sorted(data.draw(st.tuples(st.floats(low, high), st.floats(low, high))))
    if known.direction == "down":
        worse, better = better, worse
    values = np.array([[float(item["anchors"][0][0]) for item in card["items"]]] * 2)
    values[:, [item["kpi"] for item in card["items"]].index(row["kpi"])] = worse, better

    scores = limited(card, values, score_portfolio(read, values, np.zeros_like(values)))

    assert scores[0] <= scores[1]


# Whatever is thrown at it: it answers, and what it lets pass can be read.

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
@thorough
def test_it_never_raises_and_what_it_lets_pass_is_a_scorecard(data: Any) -> None:
    card = copy.deepcopy(sound_card())
    for _ in range(data.draw(st.integers(1, 2))):
        where = data.draw(st.sampled_from(["top", "item", "exception", "category"]))
        value = data.draw(anything)
        if where == "top":
            card[data.draw(st.sampled_from(sorted(card)))] = value
        elif where == "item" and isinstance(card["items"], list) and card["items"]:
            row = data.draw(st.sampled_from(card["items"]))
            if isinstance(row, dict):
                row[data.draw(st.sampled_from([*sorted(row), "ranges", "bands", "cadence", "expires_days"]))] = value
        elif where == "exception" and isinstance(card["exceptions"], list) and card["exceptions"]:
            row = data.draw(st.sampled_from(card["exceptions"]))
            if isinstance(row, dict):
                row[data.draw(st.sampled_from(sorted(row)))] = value
        elif where == "category" and isinstance(card["categories"], dict) and card["categories"]:
            card["categories"][data.draw(st.sampled_from(sorted(card["categories"])))] = value

    if not refusals(check(card, KPIS)):
        scorecard_from_definition(card, version="drawn").without_outcomes()
