"""Success criteria: when they are met, when nobody can say, and how they read."""

from decimal import Decimal

import pytest

from kpis.catalogue import CATALOGUE
from playbooks.effect.criteria import CRITERIA, Criterion, criteria_of, measured_kpis
from playbooks.library import NAMES


def met(kind: str, amount: str, before: str | None, after: str | None) -> bool | None:
    before_after = (None if one is None else Decimal(one) for one in (before, after))
    return Criterion("x", kind, Decimal(amount)).met(*before_after)


@pytest.mark.parametrize(
    ("kind", "amount", "before", "after", "expected"),
    [
        ("rise", "6", "10", "16", True),
        ("rise", "6", "10", "15.9", False),
        ("rise", "6", None, "16", None),
        ("fall_share", "30", "10", "7", True),
        ("fall_share", "30", "10", "7.1", False),
        ("at_least", "95", None, "95", True),
        ("at_least", "95", "99", None, None),
        ("at_most", "2", "5", "2.1", False),
    ],
)
def test_a_criterion_is_met_missed_or_cannot_be_said(
    kind: str, amount: str, before: str | None, after: str | None, expected: bool | None
) -> None:
    assert met(kind, amount, before, after) is expected


def test_criteria_read_as_sentences_do() -> None:
    assert Criterion("x", "rise", Decimal(6)).words("points") == "up by 6 points or more"
    assert Criterion("x", "fall_share", Decimal(30)).words("h") == "down by 30% or more"
    assert Criterion("x", "at_most", Decimal(2)).words("h") == "2 h or less"


def test_they_are_of_playbooks_and_kpis_that_there_are() -> None:
    assert set(CRITERIA) <= set(NAMES)
    known = {kpi.code for kpi in CATALOGUE}
    assert {code for playbook in CRITERIA for code in measured_kpis(playbook)} <= known
    assert criteria_of("own-playbook") == ()
