"""Custom KPIs over real tables: formulas written and retired, values computed, kept, withdrawn and explained."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from core.models import Entry, Job
from kpis.models import Formula, Kpi, KpiValue
from kpis.operations.formulas import (
    Computed,
    FormulaChanged,
    GoesInACircle,
    NotAFormula,
    NotComputable,
    SameFormula,
    compute_formulas,
    retire_formula,
    write_formula,
)
from kpis.operations.values import NotAValue, correct_kpi_value
from kpis.queries.formulas import computed_inputs, live_formulas, preview, understand
from kpis.queries.formulas import formula_names as names
from tests.kpis.health.book import NOVEMBER, NOW, OCTOBER, SCORING, SEPTEMBER, furnish, value


@pytest.fixture
def book(world: Any) -> Any:
    furnish()
    return world


def own_kpi(code: str = "use_mix", unit: str = "%", **given: Any) -> Kpi:
    return Kpi.objects.create(
        code=code, name=code.replace("_", " ").title(), category="adoption", unit=unit, custom=True, **given
    )


def written(world: Any, text: str, code: str = "use_mix", unit: str = "%", version: int | None = None) -> Formula:
    if not Kpi.objects.filter(code=code).exists():
        own_kpi(code, unit)
    return write_formula(kpi_code=code, text=text, expected_version=version, by=world.ana.as_actor(), at=NOW)


def compute(*accounts: Any, **given: Any) -> Computed:
    return compute_formulas(account_ids=[account.pk for account in accounts], at=NOW, by=SCORING, **given)


def values(code: str = "use_mix") -> dict[date, Decimal]:
    current = KpiValue.objects.current().filter(kpi__code=code)
    return {one.period: one.value for one in current}


def test_a_formula_gives_a_value_for_each_month_that_has_what_it_reads(book: Any) -> None:
    written(book, "seat_use * 0.6 + feature_breadth * 0.4")
    for month, seats, features in ((SEPTEMBER, 70, 40), (OCTOBER, 80, 50)):
        value(book.account, "seat_use", seats, month)
        value(book.account, "feature_breadth", features, month)
    value(book.account, "seat_use", 90, NOVEMBER)  # and no breadth: unknown, not 54
    done = compute(book.account)
    assert values() == {SEPTEMBER: Decimal(58), OCTOBER: Decimal(68)}
    assert (done.values, done.accounts) == (2, {book.account.pk})


def test_a_computed_value_says_what_it_was_made_of(book: Any) -> None:
    book.account.arr = Decimal("120000.00")
    book.account.save()
    formula = written(book, "seat_use - before(seat_use, 1) + number(arr) * 0")
    before, now = value(book.account, "seat_use", 70, OCTOBER), value(book.account, "seat_use", 80)
    compute(book.account)
    made = KpiValue.objects.current().get(kpi__code="use_mix", period=NOVEMBER)
    assert (made.origin, made.formula, made.value) == ("formula", formula, 10)
    assert made.inputs == {
        "seat_use": ["80", str(now.pk)],
        "seat_use:1": ["70", str(before.pk)],
        "account.arr": ["120000.00", None],
    }
    read = [(one.label, one.value, one.period) for one in computed_inputs(made)]
    assert read == [
        ("Seat use", 70, OCTOBER),
        ("Seat use", 80, NOVEMBER),
        ("Yearly revenue (ARR)", "120000.00", None),
    ]


def test_computing_again_changes_nothing_and_says_nothing(book: Any) -> None:
    written(book, "seat_use * 2", unit="")
    value(book.account, "seat_use", 40)
    compute(book.account)
    said = Entry.objects.filter(event="kpis.values_computed").count()
    first = KpiValue.objects.get(kpi__code="use_mix").pk
    assert compute(book.account) == Computed()
    assert KpiValue.objects.get(kpi__code="use_mix").pk == first
    assert Entry.objects.filter(event="kpis.values_computed").count() == said == 1


def test_a_corrected_input_supersedes_the_computed_value_and_keeps_it_as_history(book: Any) -> None:
    written(book, "seat_use + 1")
    seat = value(book.account, "seat_use", 40)
    compute(book.account)
    correct_kpi_value(
        account_id=book.account.pk,
        kpi_code="seat_use",
        period=NOVEMBER,
        new=Decimal(50),
        reason="Counted again.",
        expected_value_id=seat.pk,
        by=book.mona.as_actor(),
        at=NOW,
    )
    compute(book.account, changed=["seat_use"], since=NOVEMBER)
    old, new = KpiValue.objects.filter(kpi__code="use_mix").order_by("recorded_at", "pk")
    assert (old.value, new.value, new.previous) == (41, 51, old)
    assert old.superseded_at == NOW
    assert new.superseded_at is None


def test_a_value_that_cannot_be_computed_any_more_is_withdrawn(book: Any) -> None:
    written(book, "percent(1 / severe_incidents)")
    seat = value(book.account, "severe_incidents", 4)
    compute(book.account)
    assert values() == {NOVEMBER: 25}
    seat.value = 0
    seat.save()
    assert compute(book.account).values == 1
    assert values() == {}
    assert KpiValue.objects.get(kpi__code="use_mix").superseded_at == NOW


def test_a_value_beyond_the_limits_of_its_kpi_is_not_stored(book: Any) -> None:
    own_kpi(minimum=0, maximum=100)
    written(book, "seat_use * 2")
    value(book.account, "seat_use", 50, OCTOBER)
    value(book.account, "seat_use", 51, NOVEMBER)
    compute(book.account)
    assert values() == {OCTOBER: 100}


def test_coalesce_fills_a_gap_but_not_a_month_of_which_nothing_is_known(book: Any) -> None:
    written(book, "coalesce(seat_use, 0) + coalesce(stickiness, 0)")
    value(book.account, "seat_use", 50, OCTOBER)
    compute(book.account)
    assert values() == {OCTOBER: 50}


def test_formulas_over_formulas_are_computed_in_their_order(book: Any) -> None:
    written(book, "seat_use + 1", code="aa_first")
    written(book, "aa_first * 2", code="a_second")
    value(book.account, "seat_use", 10)
    compute(book.account, changed=["seat_use"], since=NOVEMBER)
    assert (values("aa_first"), values("a_second")) == ({NOVEMBER: 11}, {NOVEMBER: 22})
    second = KpiValue.objects.get(kpi__code="a_second")
    assert second.inputs == {"aa_first": ["11", str(KpiValue.objects.get(kpi__code="aa_first").pk)]}


def test_only_formulas_over_what_changed_are_computed(book: Any) -> None:
    written(book, "seat_use + 1", code="one")
    written(book, "stickiness + 1", code="other")
    value(book.account, "seat_use", 10)
    value(book.account, "stickiness", 10)
    compute(book.account, changed=["seat_use"])
    assert (values("one"), values("other")) == ({NOVEMBER: 11}, {})


def test_a_past_month_is_not_computed_again_because_the_account_was_edited(book: Any) -> None:
    book.account.tier = "Small"
    book.account.save()
    written(book, "if(tier = 'Enterprise', seat_use * 2, seat_use)")
    value(book.account, "seat_use", 10, OCTOBER)
    value(book.account, "seat_use", 20, NOVEMBER)
    compute(book.account)
    book.account.tier = "Enterprise"
    book.account.save()
    compute(book.account)
    assert values() == {OCTOBER: 10, NOVEMBER: 40}


def test_a_formula_over_fields_alone_speaks_of_the_running_month(book: Any) -> None:
    book.account.customer_since = date(2026, 11, 1)
    book.account.save()
    written(book, "days_since(customer_since)", unit="days")
    compute(book.account)
    assert values() == {NOVEMBER: 29}


def test_what_is_refused_writes_nothing(book: Any) -> None:
    own_kpi("with_values")
    value(book.account, "with_values", 3)
    refusals: list[tuple[type[Exception], str, str]] = [
        (NotComputable, "seat_use", "stickiness + 1"),
        (NotComputable, "with_values", "stickiness + 1"),
        (NotAFormula, "use_mix", "seat_use + reply_time"),
        (NotAFormula, "use_mix", "no_such_kpi"),
        (GoesInACircle, "use_mix", "use_mix + 1"),
    ]
    own_kpi()
    for error, code, text in refusals:
        with pytest.raises(error):
            written(book, text, code=code)
    with pytest.raises(PermissionDenied):
        write_formula(kpi_code="use_mix", text="seat_use", expected_version=None, by=book.alice.as_actor(), at=NOW)
    assert not Formula.objects.exists()
    assert not Entry.objects.filter(event="kpis.formula_written").exists()


def test_a_circle_is_refused_with_the_way_round(book: Any) -> None:
    written(book, "seat_use + 1", code="aa")
    written(book, "aa + 1", code="bb")
    written(book, "bb + 1", code="cc")
    with pytest.raises(GoesInACircle) as refused:
        written(book, "cc + 1", code="aa", version=1)
    assert refused.value.path == ["aa", "cc", "bb", "aa"]
    assert str(refused.value) == "This would go in a circle: aa reads cc reads bb reads aa. Take one of them out."
    assert Formula.objects.get(kpi__code="aa", live=True).text == "seat_use + 1"


def test_every_change_is_a_version_and_the_job_computes_it(book: Any) -> None:
    first = written(book, "seat_use + 1")
    second = written(book, "seat_use + 2", version=1)
    first.refresh_from_db()
    assert (first.live, second.live, second.version) == (False, True, 2)
    assert second.inputs == ["seat_use"]
    assert Job.objects.filter(kind="kpis.compute_formula").count() == 2
    with pytest.raises(FormulaChanged):
        written(book, "seat_use + 3", version=1)
    with pytest.raises(SameFormula):
        written(book, " seat_use + 2 ", version=2)


def test_an_outcome_makes_everything_above_it_an_outcome(book: Any) -> None:
    written(book, "seat_use + 1", code="base")
    written(book, "base + 1", code="above")
    assert not Kpi.objects.filter(code__in=["base", "above"], outcome_like=True).exists()
    written(book, "account_net_retention + 1", code="base", version=1)
    assert Kpi.objects.filter(code__in=["base", "above"], outcome_like=True).count() == 2


def test_a_retired_formula_leaves_its_values_and_computes_no_more(book: Any) -> None:
    written(book, "seat_use + 1")
    value(book.account, "seat_use", 10)
    compute(book.account)
    retire_formula(kpi_code="use_mix", by=book.ana.as_actor())
    value(book.account, "seat_use", 20, OCTOBER)
    assert compute(book.account) == Computed()
    assert values() == {NOVEMBER: 11}
    with pytest.raises(NotComputable):
        retire_formula(kpi_code="use_mix", by=book.ana.as_actor())


def test_a_formula_whose_kpi_was_retired_computes_nothing_and_says_why(book: Any) -> None:
    written(book, "seat_use + 1")
    value(book.account, "seat_use", 10)
    Kpi.objects.filter(code="seat_use").update(active=False)
    assert compute(book.account) == Computed()
    assert live_formulas()[0].problem == "Line 1, column 1: There is no KPI and no field called “seat_use”."


def test_a_computed_cell_is_not_corrected_but_what_it_reads(book: Any) -> None:
    written(book, "seat_use + stickiness")
    value(book.account, "seat_use", 10)
    with pytest.raises(NotAValue, match="is computed by its formula from Seat use, Stickiness DAU/MAU: correct that"):
        correct_kpi_value(
            account_id=book.account.pk,
            kpi_code="use_mix",
            period=NOVEMBER,
            new=Decimal(3),
            reason="Because.",
            expected_value_id=None,
            by=book.mona.as_actor(),
            at=NOW,
        )
    assert not KpiValue.objects.filter(kpi__code="use_mix").exists()


def test_the_preview_shows_values_inputs_and_why_something_is_unknown(book: Any) -> None:
    kpi = own_kpi()
    value(book.account, "seat_use", 80)
    value(book.account, "severe_incidents", 0)
    understood = understand("seat_use / number(severe_incidents)", names(), unit="%")
    found = preview(understood, kpi, by=book.alice.as_actor(), month=NOVEMBER)
    assert (found.known, found.total) == (0, 1)
    assert (found.rows[0].value, found.rows[0].reason) == (None, "it would divide by zero")
    assert [(one.label, one.value) for one in found.rows[0].inputs] == [
        ("Seat use", 80),
        ("Severe incidents, 90 days", 0),
    ]
    assert preview(understood, kpi, by=book.bob.as_actor(), month=NOVEMBER).rows == []


def test_the_preview_says_what_the_worker_then_stores(book: Any) -> None:
    written(book, "round(mean(seat_use, 2) / 3, 2)")
    value(book.account, "seat_use", 80)
    value(book.account, "seat_use", "79.5", OCTOBER)
    compute(book.account)
    understood = live_formulas()[0].understood
    assert understood
    shown = preview(understood, Kpi.objects.get(code="use_mix"), by=book.alice.as_actor(), month=NOVEMBER).rows[0].value
    assert values() == {NOVEMBER: shown}
