"""Formulas in Python: exact decimals, and for everything unknown the reason why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from kpis.formula.nodes import (
    LARGEST,
    PLACES,
    STORED,
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
    Value,
    Word,
)

# Wide enough that no step is ever rounded but where a rule says so: 400 nodes of 45 digits.
EXACT = Context(prec=30_000, rounding=ROUND_HALF_UP)
TO_PLACES, TO_STORED = Decimal(1).scaleb(-PLACES), Decimal(1).scaleb(-STORED)


@dataclass(frozen=True)
class Unknown:
    """No value, and why, for a person."""

    reason: str


Outcome = Value | Unknown


@dataclass(frozen=True)
class Row:
    """What is known of one account in one month. kpis: (code, months back) -> value."""

    kpis: Mapping[tuple[str, int], Decimal | None]
    fields: Mapping[str, Value | None] = field(default_factory=dict)
    month_end: date = date.max


def evaluate(node: Node, row: Row, names: Mapping[str, str] | None = None) -> Decimal | Unknown:
    """The formula's value as it is stored, or why it is unknown. names: KPI code or field -> what people call it."""
    found = _run(node, row, names or {})
    if isinstance(found, Unknown):
        return found
    if not isinstance(found, Decimal):
        raise TypeError("a formula gives a number")
    value = found.quantize(TO_STORED, context=EXACT)
    if abs(value) >= LARGEST:
        return Unknown("the result is too large to be a value")
    return value + 0  # no minus before a zero


def _run(node: Node, row: Row, names: Mapping[str, str]) -> Outcome:
    match node:
        case Const():
            return node.value
        case Word():
            return node.text
        case MonthEnd():
            return row.month_end
        case KpiAt():
            return _kpi(node, row, names)
        case Field():
            found = row.fields.get(node.name)
            return Unknown(f"{names.get(node.name, node.name)} is not known") if found in (None, "") else found
        case FirstKnown():
            return _first(node, row, names)
        case Choice():
            return _choice(node, row, names)
        case Both() | Either():
            return _logic(node, row, names)
    return _of_parts(node, row, names)


def _of_parts(node: Node, row: Row, names: Mapping[str, str]) -> Outcome:
    """Nodes that need all their parts."""
    parts: tuple[Node, ...]
    match node:
        case Arith() | Compared():
            parts = (node.left, node.right)
        case Days():
            parts = (node.start, node.end)
        case Extreme():
            parts = node.parts
        case Negated() | Absolute() | Rounded() | Inverted():
            parts = (node.operand,)
        case _:
            raise TypeError(node)
    values = [_run(part, row, names) for part in parts]
    missing = next((value for value in values if isinstance(value, Unknown)), None)
    return missing or _apply(node, values)


def _apply(node: Node, values: list[Any]) -> Outcome:
    """The checker saw to the kinds of the values."""
    match node:
        case Arith():
            return _arith(node.op, *values)
        case Compared():
            return _compare(node, *values)
        case Days():
            start, end = values
            return Decimal((end - start).days)
        case Extreme():
            return (min if node.least else max)(values)
        case Inverted():
            return not values[0]
        case Negated():
            return EXACT.minus(values[0])
        case Rounded():
            return Decimal(values[0]).quantize(Decimal(1).scaleb(-node.places), context=EXACT)
    return EXACT.abs(values[0])


def _kpi(node: KpiAt, row: Row, names: Mapping[str, str]) -> Outcome:
    found = row.kpis.get((node.code, node.back))
    if found is not None:
        return found
    when = "in this month" if not node.back else f"{node.back} month{'s' if node.back > 1 else ''} before"
    return Unknown(f"{names.get(node.code, node.code)} has no value {when}")


def _arith(op: str, left: Decimal, right: Decimal) -> Outcome:
    match op:
        case "+":
            return EXACT.add(left, right)
        case "-":
            return EXACT.subtract(left, right)
        case "*":
            return EXACT.multiply(left, right).quantize(TO_PLACES, context=EXACT)
    if right == 0:
        return Unknown("it would divide by zero")
    # One digit more than is kept, cut off: rounding that half up is rounding the exact quotient half up.
    cut = EXACT.divide_int(left.scaleb(PLACES + 1, context=EXACT), right)
    return cut.scaleb(-PLACES - 1, context=EXACT).quantize(TO_PLACES, context=EXACT)


_COMPARISONS = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def _compare(node: Compared, left: Any, right: Any) -> bool:
    if node.kind == "number":
        left, right = (side.quantize(TO_STORED, context=EXACT) for side in (left, right))
    return bool(_COMPARISONS[node.op](left, right))


def _first(node: FirstKnown, row: Row, names: Mapping[str, str]) -> Outcome:
    found: Outcome = Unknown("none of them is known")
    for part in node.parts:
        found = _run(part, row, names)
        if not isinstance(found, Unknown):
            return found
    return found


def _choice(node: Choice, row: Row, names: Mapping[str, str]) -> Outcome:
    condition = _run(node.condition, row, names)
    if isinstance(condition, Unknown):
        return condition
    return _run(node.then if condition else node.other, row, names)


def _logic(node: Both | Either, row: Row, names: Mapping[str, str]) -> Outcome:
    """What is unknown matters only where it could change the answer."""
    sides = [_run(side, row, names) for side in (node.left, node.right)]
    decisive = isinstance(node, Either)
    if any(side is decisive for side in sides):
        return decisive
    return next((side for side in sides if isinstance(side, Unknown)), not decisive)
