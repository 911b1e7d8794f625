"""Python and PostgreSQL give the same answer to every formula: over random trees, values and gaps."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kpis.formula.nodes import (
    LARGEST,
    Absolute,
    Arith,
    Both,
    Choice,
    Compared,
    Const,
    Days,
    Either,
    Extreme,
    Field,
    FirstKnown,
    Inverted,
    KpiAt,
    MonthEnd,
    Negated,
    Node,
    Rounded,
    Word,
)
from kpis.formula.python import Row, Unknown, evaluate
from kpis.formula.sql import Columns, expression

KPIS = [("a", 0), ("a", 1), ("b", 0), ("c", 0)]
WORDS, DATES = ["tier", "region"], ["customer_since", "renewal_on"]
TYPES = {**dict.fromkeys(WORDS, "text"), **dict.fromkeys(DATES, "date"), "arr": "numeric"}

stored = st.decimals(-(10**14) + 1, 10**14 - 1, places=6)
figures = st.one_of(
    st.sampled_from(
        [Decimal(text) for text in ("0", "-1", "1", "0.000001", "-0.000001", "99999999999999.999999", "7")]
    ),
    stored,
    st.decimals(-100, 100, places=2),
)
days = st.dates(date(1990, 1, 1), date(2060, 12, 31))
texts = st.sampled_from(["Enterprise", "Small", "enterprise", "ß", "it's 100 %s"])


@st.composite
def numbers(draw: st.DrawFn, depth: int = 4) -> Node:
    """A tree that gives a number, at most `depth` deep."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        leaf = draw(st.integers(0, 4))
        if leaf == 0:
            return Const(draw(figures.map(abs)))
        return Field("arr", "number") if leaf == 1 else KpiAt(*draw(st.sampled_from(KPIS)))
    below = numbers(depth - 1)
    kind = draw(st.integers(0, 8))
    if kind in (0, 1, 2):
        return Arith(draw(st.sampled_from("+-*/")), draw(below), draw(below))
    if kind == 3:
        return Arith("/", draw(below), draw(below))
    if kind == 4:
        return draw(st.sampled_from([Negated, Absolute]))(draw(below))
    if kind == 5:
        return Rounded(draw(below), draw(st.integers(0, 6)))
    if kind == 6:
        return Choice(draw(conditions(depth - 1)), draw(below), draw(below))
    if kind == 7:
        return Days(draw(dates()), draw(dates()))
    parts = tuple(draw(st.lists(below, min_size=2, max_size=3)))
    return Extreme(draw(st.booleans()), parts) if draw(st.booleans()) else FirstKnown(parts)


@st.composite
def dates(draw: st.DrawFn) -> Node:
    return draw(st.sampled_from([MonthEnd(), *(Field(name, "date") for name in DATES)]))


@st.composite
def conditions(draw: st.DrawFn, depth: int) -> Node:
    kind = draw(st.integers(0, 7))
    if depth and kind in (0, 1):
        return (Both if kind else Either)(draw(conditions(depth - 1)), draw(conditions(depth - 1)))
    if depth and kind == 2:
        return Inverted(draw(conditions(depth - 1)))
    if kind == 3:
        field = Field(draw(st.sampled_from(WORDS)), "text")
        return Compared(draw(st.sampled_from(["=", "!="])), field, Word(draw(texts)), "text")
    if kind == 4:
        return Compared(draw(st.sampled_from(["<", ">=", "="])), draw(dates()), draw(dates()), "date")
    sign = draw(st.sampled_from(["<", "<=", ">", ">=", "=", "!="]))
    return Compared(sign, draw(numbers(max(depth - 1, 0))), draw(numbers(max(depth - 1, 0))))


rows = st.builds(
    Row,
    kpis=st.fixed_dictionaries({key: st.none() | figures for key in KPIS}),
    fields=st.fixed_dictionaries(
        {
            "arr": st.none() | st.decimals(0, 10**12, places=2),
            **{name: st.none() | texts for name in WORDS},
            **{name: st.none() | days for name in DATES},
        }
    ),
    month_end=days,
)

COLUMNS = Columns(
    kpis={key: f"k{place}" for place, key in enumerate(KPIS)}, fields={name: f"f_{name}" for name in TYPES}
)


def in_postgres(node: Node, row: Row) -> Decimal | None:
    """The expression over a row of bound values, as the worker runs it over the columns of a table."""
    made = expression(node, COLUMNS)
    columns = [f"%s::numeric as {COLUMNS.kpis[key]}" for key in KPIS]
    columns += [f"%s::{kind} as {COLUMNS.fields[name]}" for name, kind in TYPES.items()]
    values: list[Any] = [row.kpis[key] for key in KPIS]
    values += [row.fields[name] for name in TYPES]
    sql = f"select {made.text} from (select {', '.join(columns)}, %s::date as month_end) row"
    with connection.cursor() as cursor:
        cursor.execute(sql, [*made.params, *values, row.month_end])
        found: Decimal | None = cursor.fetchone()[0]
    return found


THIRD = Arith("/", Const(Decimal(1)), Const(Decimal(3)))
EMPTY = Row(dict.fromkeys(KPIS), dict.fromkeys(TYPES), date(2026, 11, 30))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(numbers(), rows)
@example(Arith("*", THIRD, Const(Decimal(3))), EMPTY)
@example(Arith("/", Const(Decimal(5)), Arith("-", KpiAt("a"), KpiAt("a"))), EMPTY)
@example(
    Choice(Compared("<", Arith("*", THIRD, Const(Decimal(3))), Const(Decimal(1))), THIRD, Const(Decimal(2))), EMPTY
)
@example(Rounded(Const(Decimal("2.5")), 0), EMPTY)
@example(Rounded(Negated(Const(Decimal("2.5"))), 0), EMPTY)
@example(Negated(Const(Decimal("0.0000004"))), EMPTY)
def test_python_and_postgresql_agree_to_the_last_digit(world: Any, node: Node, row: Row) -> None:
    here, there = evaluate(node, row), in_postgres(node, row)
    if there is not None and abs(there) >= LARGEST:
        assert isinstance(here, Unknown)
    else:
        assert (None if isinstance(here, Unknown) else here) == there


def test_a_chain_of_tiny_divisors_stays_within_what_both_can_hold(world: Any) -> None:
    tiny = Arith("/", Const(Decimal(1)), Const(Decimal(10**19)))
    node: Node = Const(Decimal("9" * 20))
    for _ in range(50):
        node = Arith("/", node, tiny)
    huge = Compared(">", node, Const(Decimal(1)))
    counted = Choice(huge, Const(Decimal(1)), Const(Decimal(0)))
    assert evaluate(counted, EMPTY) == in_postgres(counted, EMPTY) == 1
    assert isinstance(evaluate(node, EMPTY), Unknown)


def test_a_part_is_named_once_however_deep_it_is_nested(world: Any) -> None:
    """No construct repeats its parts: the text grows with the formula, not with two to the power of its depth."""
    node: Node = KpiAt("a")
    for _ in range(40):
        node = Arith("/", Extreme(True, (Absolute(node), Const(Decimal(9)))), Const(Decimal(2)))
    assert len(expression(node, COLUMNS).text) < 10_000
