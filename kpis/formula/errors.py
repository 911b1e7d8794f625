"""What is wrong with a formula, and where."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A place in the text: start and end as positions from 0, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True)
class Problem:
    """One thing to mend. message: what is wrong and what to do. suggestions: names that may have been meant."""

    message: str
    span: Span
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A span as a person finds it; line and column from 1."""

    line: int
    column: int
    length: int


class FormulaError(Exception):
    """The text is no formula. `problems` has at least one entry; str(error) is the first of them with its place."""

    def __init__(self, problems: Sequence[Problem], text: str) -> None:
        self.problems, self.text = tuple(problems), text
        first = self.problems[0]
        at = place(text, first.span)
        super().__init__(f"Line {at.line}, column {at.column}: {first.message}")


def place(text: str, span: Span) -> Place:
    """Where the span lies in the text."""
    before = text[: span.start]
    line = before.count("\n") + 1
    return Place(line, span.start - (before.rfind("\n") + 1) + 1, max(1, span.end - span.start))
