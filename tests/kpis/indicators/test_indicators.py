"""Indicators open and close by themselves, once, on what is known."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from core.models import Entry, Job
from kpis.models import Indicator, IndicatorRule, Kpi, KpiValue
from kpis.operations.indicators import (
    STANDARD,
    NotARule,
    RuleChanged,
    evaluate_indicators,
    install_indicators,
    switch_rule,
    write_rule,
)
from kpis.queries.indicators import Condition, indicator_chips, measures, preview_rule, rule_rows, sentence
from tests.kpis.health.book import NOVEMBER, NOW, OCTOBER, SCORING, TODAY, furnish, standing, value


@pytest.fixture
def book(world: Any) -> Any:
    furnish()
    return world


def rule(world: Any, *conditions: tuple[str, str, str], name: str = "Quiet", kind: str = "risk") -> IndicatorRule:
    return write_rule(
        rule_id=None,
        name=name,
        kind=kind,
        conditions=[{"measure": measure, "op": op, "value": limit} for measure, op, limit in conditions],
        expected_version=None,
        by=world.ana.as_actor(),
        at=NOW,
    )


def evaluate(world: Any, days: int = 0) -> tuple[int, int]:
    done = evaluate_indicators(account_ids=[world.account.pk], at=NOW + timedelta(days=days), by=SCORING)
    return done.opened, done.closed


def said(event: str) -> list[dict[str, Any]]:
    return [entry.data for entry in Entry.objects.filter(event=event).order_by("seq")]


def test_it_opens_when_its_condition_holds_and_closes_when_it_ends(book: Any) -> None:
    rule(book, ("seat_use", "<", "50"))
    seat = value(book.account, "seat_use", 42)
    assert evaluate(book) == (1, 0)
    made = Indicator.objects.get()
    assert made.opened_by == [["seat_use", "42", str(seat.pk), "<", "50"]]
    seat.value = Decimal(50)
    seat.save()
    assert evaluate(book, days=12) == (0, 1)
    made.refresh_from_db()
    assert (made.closed_on, made.closed_by) == (
        TODAY + timedelta(days=12),
        [["seat_use", "50", str(seat.pk), "<", "50"]],
    )
    assert said("kpis.indicator_opened")[0]["why"] == [["seat_use", "42", "<", "50"]]
    assert said("kpis.indicator_closed")[0]["days"] == 12


def test_evaluating_again_changes_nothing(book: Any) -> None:
    rule(book, ("seat_use", "<", "50"))
    value(book.account, "seat_use", 42)
    assert [evaluate(book) for _ in range(3)] == [(1, 0), (0, 0), (0, 0)]
    assert Indicator.objects.count() == len(said("kpis.indicator_opened")) == 1


def test_what_is_unknown_neither_opens_nor_closes(book: Any) -> None:
    rule(book, ("seat_use", "<", "50"), ("stickiness", "<", "20"))
    value(book.account, "seat_use", 42)
    assert evaluate(book) == (0, 0)
    stick = value(book.account, "stickiness", 10)
    assert evaluate(book) == (1, 0)
    stick.delete()
    assert evaluate(book) == (0, 0)
    assert Indicator.objects.get().closed_at is None


def test_what_was_opened_by_a_value_that_was_taken_back_closes(book: Any) -> None:
    rule(book, ("seat_use", "<", "50"))
    seat = value(book.account, "seat_use", 42)
    evaluate(book)
    KpiValue.objects.filter(pk=seat.pk).update(superseded_at=NOW)  # its file was rolled back: nothing stands there
    assert evaluate(book, days=1) == (0, 1)
    assert (Indicator.objects.get().closed_by, said("kpis.indicator_closed")[0]["why"]) == ([], [])
    assert evaluate(book, days=1) == (0, 0)


def test_a_value_that_was_taken_back_under_an_older_one_leaves_it_open(book: Any) -> None:
    rule(book, ("seat_use", "<", "50"), ("stickiness", "<", "20"))
    seat, stick = value(book.account, "seat_use", 42), value(book.account, "stickiness", 10)
    value(book.account, "seat_use", 44, OCTOBER)
    evaluate(book)
    KpiValue.objects.filter(pk=seat.pk).update(superseded_at=NOW)
    stick.delete()  # unknown, but not taken back
    assert evaluate(book) == (0, 0)


def test_one_condition_that_certainly_fails_closes_whatever_else_is_unknown(book: Any) -> None:
    rule(book, ("seat_use", "<", "50"), ("stickiness", "<", "20"))
    seat, stick = value(book.account, "seat_use", 42), value(book.account, "stickiness", 10)
    evaluate(book)
    stick.delete()
    KpiValue.objects.filter(pk=seat.pk).update(value=60)
    assert evaluate(book) == (0, 1)


def test_a_value_that_has_faded_out_is_not_known_any_more(book: Any) -> None:
    rule(book, ("seat_use", "<", "50"))
    value(book.account, "seat_use", 42)
    evaluate(book)
    KpiValue.objects.update(value=60)
    assert evaluate(book, days=400) == (0, 0)  # the 60 is as old as the 42 was
    assert Indicator.objects.get().closed_at is None


def test_health_its_change_and_the_renewal_are_measures(book: Any) -> None:
    book.account.renewal_on = TODAY + timedelta(days=30)
    book.account.save()
    standing(book.account, 6400, change=-1250, arrow=-1)
    rule(book, ("health", "<", "70"), ("days_to_renewal", "<=", "90"), name="Near")
    rule(book, ("health_change", "<=", "-12.5"), name="Fell")
    rule(book, ("health_change", "<", "-12.5"), name="Fell more")
    assert evaluate(book) == (2, 0)
    assert set(Indicator.objects.values_list("rule__name", flat=True)) == {"Near", "Fell"}


def test_it_may_open_again_after_it_closed(book: Any) -> None:
    rule(book, ("seat_use", "<", "50"))
    seat = value(book.account, "seat_use", 42)
    for days, number in enumerate([42, 60, 42]):
        KpiValue.objects.filter(pk=seat.pk).update(value=number)
        evaluate(book, days=days)
    assert Indicator.objects.count() == 2
    assert Indicator.objects.filter(closed_at=None).count() == 1


def test_pausing_closes_what_is_open_and_going_on_opens_it_again(book: Any) -> None:
    made = rule(book, ("seat_use", "<", "50"))
    value(book.account, "seat_use", 42)
    evaluate(book)
    switch_rule(rule_id=made.pk, active=False, by=book.ana.as_actor(), at=NOW)
    assert Indicator.objects.get().closed_by == []
    assert evaluate(book) == (0, 0)
    switch_rule(rule_id=made.pk, active=True, by=book.ana.as_actor(), at=NOW)
    assert evaluate(book) == (1, 0)


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ([], "at least one condition"),
        ([{"measure": "no_such", "op": "<", "value": "1"}], "Choose what is looked at"),
        ([{"measure": "logo_churn", "op": "<", "value": "1"}], "Choose what is looked at"),
        ([{"measure": "seat_use", "op": "=", "value": "1"}], "Choose how it is compared"),
        ([{"measure": "seat_use", "op": "<", "value": "many"}], "Enter a number"),
        ([{"measure": "seat_use", "op": "<", "value": "NaN"}], "Enter a number"),
        ([{"measure": "seat_use", "op": "<", "value": "1"}] * 7, "at most 6 conditions"),
    ],
)
def test_a_rule_that_cannot_be_measured_is_refused(book: Any, conditions: list[dict[str, str]], words: str) -> None:
    with pytest.raises(NotARule, match=words):
        write_rule(
            rule_id=None, name="X", kind="risk", conditions=conditions, expected_version=None,
            by=book.ana.as_actor(), at=NOW,
        )  # fmt: skip
    assert not IndicatorRule.objects.exists()


def test_rules_are_changed_by_those_who_may_and_not_over_each_other(book: Any) -> None:
    made = rule(book, ("seat_use", "<", "50"))
    given: dict[str, Any] = {"rule_id": made.pk, "name": "Quiet", "kind": "risk", "at": NOW}
    given["conditions"] = [{"measure": "seat_use", "op": "<", "value": "40"}]
    with pytest.raises(PermissionDenied):
        write_rule(**given, expected_version=1, by=book.alice.as_actor())
    changed = write_rule(**given, expected_version=1, by=book.mona.as_actor())
    assert (changed.version, changed.conditions[0]["value"]) == (2, "40")
    with pytest.raises(RuleChanged):
        write_rule(**given, expected_version=1, by=book.ana.as_actor())
    with pytest.raises(NotARule, match="Another rule has this name"):
        rule(book, ("seat_use", "<", "50"), name="quiet")
    assert Job.objects.filter(kind="kpis.evaluate_indicators").count() == 1


def test_the_standard_rules_can_be_measured_and_are_laid_down_once(book: Any) -> None:
    install_indicators(at=NOW, by=SCORING)
    install_indicators(at=NOW, by=SCORING)
    assert IndicatorRule.objects.count() == len(STANDARD)
    known = measures()
    assert {one["measure"] for row in IndicatorRule.objects.all() for one in row.conditions} <= set(known)
    codes = {one["measure"] for row in IndicatorRule.objects.all() for one in row.conditions} - {"health"}
    assert not Kpi.objects.filter(code__in=codes, outcome_like=True).exists()


def test_the_preview_counts_who_would_open_and_of_whom_too_little_is_known(book: Any) -> None:
    conditions = [Condition("seat_use", "<", Decimal(50))]
    assert preview_rule(conditions, by=book.mona.as_actor(), on=TODAY).unknown == 1
    value(book.account, "seat_use", 42)
    found = preview_rule(conditions, by=book.mona.as_actor(), on=TODAY)
    assert (found.holds, found.not_so, found.unknown) == (1, 0, 0)
    assert [(row.account, row.reasons[0].value) for row in found.rows] == [(book.account, 42)]
    assert preview_rule(conditions, by=book.bob.as_actor(), on=TODAY).holds == 0
    assert not Indicator.objects.exists()


def test_a_rule_reports_how_long_it_has_been_open(book: Any) -> None:
    made = rule(book, ("seat_use", "<", "50"))
    seat = value(book.account, "seat_use", 42, NOVEMBER)
    for day, number in ((0, 42), (4, 60), (5, 42), (15, 60), (16, 42)):
        KpiValue.objects.filter(pk=seat.pk).update(value=number)
        evaluate(book, days=day)
    row = next(one for one in rule_rows(by=book.mona.as_actor()) if one.rule == made)
    assert (row.open, row.closed, row.median_days) == (1, 2, 7.0)
    assert next(one for one in rule_rows(by=book.bob.as_actor()) if one.rule == made).open == 0
    assert [chip.text for chip in indicator_chips(book.account.pk)] == ["Quiet"]


def test_a_condition_reads_as_a_sentence(book: Any) -> None:
    conditions = [Condition("seat_use", "<", Decimal(50)), Condition("health_change", "<=", Decimal("-10"))]
    assert sentence(conditions, measures()) == "Seat use is below 50 % and Change of health in 28 days is at most −10"
