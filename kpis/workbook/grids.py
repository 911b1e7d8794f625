"""Sheets as rows of cells, whatever file they come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Protocol

from kpis.workbook.types import Facts

Value = str | float | bool | date | datetime | time | timedelta | None


class Mark(NamedTuple):
    """What a cell shows besides its value. error: "#REF!". formula: "=A1+B1" or "". cached: has a stored result."""

    number_format: str = ""
    formula: str = ""
    cached: bool = True
    error: str = ""


class Row(NamedTuple):
    """One row of a sheet. number: from 1. values: by column, the first is column 1. marks: by column."""

    number: int
    values: list[Value]
    marks: dict[int, Mark]
    hidden: bool = False


class Grid(Protocol):
    """One sheet. name: "" for a text file. rows() starts anew at every call and leaves out rows without cells."""

    name: str
    hidden: bool
    merged: tuple[tuple[int, int, int, int], ...]  # first row, first column, last row, last column, from 1

    @property
    def hidden_columns(self) -> tuple[int, ...]:
        """Known once rows() has been started."""
        ...

    def rows(self) -> Iterator[Row]: ...


@dataclass(frozen=True)
class Source:
    """A file as sheets. facts: encoding and delimiter of a text file."""

    grids: list[Grid]
    facts: Facts
    is_text: bool


def text_of(value: Value) -> str:
    """A cell as text, the way a person would read it: 85 not 85.0, dates in full."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00"
    return str(value)


def filled(value: Value) -> bool:
    return value is not None and (not isinstance(value, str) or bool(value.strip()))
