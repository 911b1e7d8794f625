"""The tree of a condition, with every name and value understood."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from accounts.conditions.fields import Field, Kind, Many


@dataclass(frozen=True)
class Day:
    """A fixed day, or one so many days from today."""

    fixed: date | None = None
    days: int = 0

    def on(self, today: date) -> date:
        return self.fixed if self.fixed is not None else today + timedelta(days=self.days)


Value = str | Decimal | Day | bool


@dataclass(frozen=True)
class Comparison:
    """One field held against values. op: = != < <= > >= in between contains starts known.

    "in" takes one value or more, "between" two with both ends inside, "known" none; the others one. negated: the
    comparison is known not to hold.
    """

    field: Field
    op: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True)
class Group:
    """All of the parts ("and"), or at least one ("or")."""

    op: str
    parts: tuple["Node", ...]


Node = Comparison | Group


@dataclass(frozen=True, eq=False)
class Among(Field):
    """Whether an account has any such record (a yes or no), or how many (a number).

    where: what the records have to meet, None for any at all. Its expression needs the day, so that
    accounts.conditions.matching makes it.
    """

    many: Many | None = None
    where: "Node | None" = None

    @property
    def counts(self) -> bool:
        return self.kind is Kind.NUMBER


def opposite(node: Node) -> Node:
    """What is known to hold when `node` is known not to; negation goes down to the comparisons."""
    if isinstance(node, Group):
        return Group("or" if node.op == "and" else "and", tuple(opposite(part) for part in node.parts))
    return Comparison(node.field, node.op, node.values, not node.negated)
