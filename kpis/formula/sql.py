"""Formulas in PostgreSQL: one numeric expression over the columns of a row. Values are bound, never written in.

Every function here gives text and parameters in the order in which they occur. Columns are numbered by us, so no
name that a person typed gets into the text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kpis.formula.nodes import (
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
    Word,
)

_OPERATORS = {"+": "+", "-": "-", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "!=": "<>"}
_UP, _DOWN = f"1e{PLACES + 1}::numeric", f"1e-{PLACES + 1}::numeric"


@dataclass(frozen=True)
class Sql:
    text: str
    params: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Columns:
    """Where the row has what the formula reads: column names of ours, never of a person."""

    kpis: Mapping[tuple[str, int], str]
    fields: Mapping[str, str]
    month_end: str = "month_end"


def expression(node: Node, columns: Columns) -> Sql:
    """The formula as it is stored, rounded; null where it is unknown. The caller refuses what is too large."""
    inner = _sql(node, columns)
    return Sql(f"round({inner.text}, {STORED})", inner.params)


def _sql(node: Node, columns: Columns) -> Sql:
    match node:
        case Const():
            return Sql("%s::numeric", (node.value,))
        case Word():
            return Sql("%s::text", (node.text,))
        case KpiAt():
            return Sql(columns.kpis[node.code, node.back])
        case Field():
            return Sql(columns.fields[node.name])
        case MonthEnd():
            return Sql(columns.month_end)
        case Arith():
            return _arith(node, columns)
        case Compared():
            return _compared(node, columns)
    return _made(node, columns)


def _made(node: Node, columns: Columns) -> Sql:
    match node:
        case Rounded():
            return _filled(f"round({{}}, {node.places})", (node.operand,), columns)
        case Choice():
            parts = (node.condition, node.then, node.other)
            return _filled("(case {} when true then {} when false then {} end)", parts, columns)
        case Days():
            return _filled("({} - {})::numeric", (node.end, node.start), columns)
        case FirstKnown():
            return _filled(f"coalesce({_holes(node.parts)})", node.parts, columns)
        case Extreme():
            return _filled(_extreme(node), node.parts, columns)
    return _logic(node, columns)


def _logic(node: Node, columns: Columns) -> Sql:
    match node:
        case Both() | Either():
            word = "and" if isinstance(node, Both) else "or"
            return _filled(f"({{}} {word} {{}})", (node.left, node.right), columns)
        case Negated() | Absolute() | Inverted():
            pattern = {Negated: "(-{})", Absolute: "abs({})", Inverted: "(not {})"}[type(node)]
            return _filled(pattern, (node.operand,), columns)
    raise TypeError(node)


def _extreme(node: Extreme) -> str:
    """least() and greatest() pass over what is unknown; this does not, and names each part only once."""
    pick = "min" if node.least else "max"
    parts = f"unnest(array[{_holes(node.parts)}]::numeric[])"
    return f"(select case when count(*) = count(x) then {pick}(x) end from {parts} x)"  # noqa: S608 -- no name in it


def _holes(parts: tuple[Node, ...]) -> str:
    return ", ".join(["{}"] * len(parts))


def _filled(pattern: str, parts: tuple[Node, ...], columns: Columns) -> Sql:
    """The pattern with its holes filled in the order of `parts`; parameters follow in the same order."""
    made = [_sql(part, columns) for part in parts]
    return Sql(pattern.format(*(one.text for one in made)), tuple(param for one in made for param in one.params))


def _arith(node: Arith, columns: Columns) -> Sql:
    patterns: dict[str, str] = {
        "+": "({} + {})",
        "-": "({} - {})",
        "*": f"round({{}} * {{}}, {PLACES})",
        # div() cuts off exactly, where "/" rounds at a place of its own choosing.
        "/": f"round(div({{}} * {_UP}, nullif({{}}, 0)) * {_DOWN}, {PLACES})",
    }
    return _filled(patterns[node.op], (node.left, node.right), columns)


def _compared(node: Compared, columns: Columns) -> Sql:
    sign = _OPERATORS[node.op]
    side = f"round({{}}, {STORED})" if node.kind == "number" else "{}"
    return _filled(f"({side} {sign} {side})", (node.left, node.right), columns)
