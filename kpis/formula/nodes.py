"""What a checked formula computes: typed nodes with every name resolved and every conversion written out.

Numbers are exact decimals. Three rules make Python and PostgreSQL agree to the last digit: a product or quotient is
rounded half up to PLACES decimals; two numbers are compared as they would be stored, with STORED decimals; and so is
the result rounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

PLACES, STORED = 24, 6
LARGEST = Decimal(10) ** 14  # what the column of values takes


@dataclass(frozen=True)
class Const:
    value: Decimal


@dataclass(frozen=True)
class Word:
    text: str


@dataclass(frozen=True)
class KpiAt:
    """The KPI's value in the month that is computed, or `back` months before it."""

    code: str
    back: int = 0


@dataclass(frozen=True)
class Field:
    """A field of the account; kind: number, text or date."""

    name: str
    kind: str


@dataclass(frozen=True)
class MonthEnd:
    """The last day of the month that is computed."""


@dataclass(frozen=True)
class Arith:
    op: str  # + - * /
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Negated:
    operand: "Node"


@dataclass(frozen=True)
class Absolute:
    operand: "Node"


@dataclass(frozen=True)
class Rounded:
    operand: "Node"
    places: int


@dataclass(frozen=True)
class Extreme:
    """The least or the greatest; unknown as soon as one part is."""

    least: bool
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class FirstKnown:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    """Only the branch that is taken has to be known."""

    condition: "Node"
    then: "Node"
    other: "Node"


@dataclass(frozen=True)
class Compared:
    """kind: of both sides, number, text or date."""

    op: str  # < <= > >= = !=
    left: "Node"
    right: "Node"
    kind: str = "number"


@dataclass(frozen=True)
class Both:
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Either:
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Inverted:
    operand: "Node"


@dataclass(frozen=True)
class Days:
    """Days from one date to another; negative when it lies before."""

    start: "Node"
    end: "Node"


Node = (
    Const
    | Word
    | KpiAt
    | Field
    | MonthEnd
    | Arith
    | Negated
    | Absolute
    | Rounded
    | Extreme
    | FirstKnown
    | Choice
    | Compared
    | Both
    | Either
    | Inverted
    | Days
)
Value = Decimal | str | date | bool


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for one in fields(node):
        part = getattr(node, one.name)
        for below in part if isinstance(part, tuple) else (part,):
            if isinstance(below, Node):
                yield from walk(below)
