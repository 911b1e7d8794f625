"""How the days and figures of a file are written, where one cell alone does not tell. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from accounts import columns

DAYS = {"dmy": "Day first: 20/11/2026", "mdy": "Month first: 11/20/2026"}
DECIMALS = {".": "Point: 1,250.50", ",": "Comma: 1.250,50"}

_PARTS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?:[ T,]+(.*))?")
_ISO = re.compile(r"(\d{4})[-/]?(\d{2})[-/]?(\d{2})(?:[ T]+(.*))?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?\s*([AaPp][Mm])?\s*(?:Z|[+-]\d{2}:?\d{2})?")
_FIGURE = re.compile(r"[^\d]*\d[\d.,'’\s]*[^\d]*")


def as_written(cell: Any, shape: str, reading: Mapping[str, Any]) -> Any:
    """The cell as its column's reader takes it: days as date, moments as datetime without a zone, figures with a point.

    shape: "day", "moment", "amount"; any other is left as it is. Raises ValueError with a sentence.
    """
    if isinstance(cell, str) and shape in ("day", "moment"):
        found = moment(cell.strip(), reading.get("days", ""))
        if found is not None:
            return found if shape == "moment" else found.date()
    if isinstance(cell, str) and shape in ("amount", "number"):
        return _figure(cell.strip(), reading.get("decimal", ""), bare=shape == "number")
    if shape == "moment" and isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001  a wall clock, its zone is the workspace's
    return cell


def moment(text: str, days: str) -> datetime | None:
    """A day with or without a time of day; None for what is written in another way. Raises ValueError for two days."""
    if match := _ISO.fullmatch(text):
        return _at((int(match[1]), int(match[2]), int(match[3])), match[4])
    match = _PARTS.fullmatch(text)
    if not match:
        return None
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    if len(match[4]) == 2 and not days:
        return None
    year += 2000 if len(match[4]) == 2 else 0
    order = "dmy" if match[2] == "." else days
    if not order and first <= 12 and second <= 12 and first != second:
        raise ValueError(f"“{text[:40]}” can be two days. Say whether days or months come first.")
    month_first = order == "mdy" or (not order and second > 12)
    return _at((year, first, second) if month_first else (year, second, first), match[5])


def _at(day: tuple[int, int, int], clock: str | None) -> datetime | None:
    hour = minute = 0
    if clock:
        match = _CLOCK.fullmatch(clock.strip())
        if not match:
            return None
        hour, minute = int(match[1]), int(match[2])
        if match[3]:
            hour = hour % 12 + (12 if match[3].lower() == "pm" else 0)
    try:
        return datetime(*day, hour, minute)  # noqa: DTZ001  a wall clock, its zone is the workspace's
    except ValueError:
        return None


def _figure(text: str, decimal: str, *, bare: bool) -> Any:
    """With a known decimal sign nothing is in doubt; without one the reader decides."""
    if not decimal or not _FIGURE.fullmatch(text):
        return text
    other = "," if decimal == "." else "."
    plain = text.replace(other, "").replace(decimal, ".")
    sign = "-" if text.startswith(("-", "(")) else ""
    digits = re.sub(r"[^\d.]", "", plain)
    only = re.fullmatch(r"\s*[-(]?\s*(?:[A-Z]{3}|[€$£¥])?\s*[\d.'’\s]+\s*(?:[€$£¥]|[A-Z]{3})?\s*\)?", plain)
    if not only or digits.count(".") > 1 or not digits.strip("."):
        return plain if bare else text
    return Decimal(sign + digits)


def proposed(rows: Iterable[Iterable[Any]]) -> dict[str, str]:
    """{"days", "decimal"}: what these cells prove, "" where they prove nothing or contradict each other."""
    firsts = seconds = points = commas = False
    for row in rows:
        for text in (cell.strip() for cell in row if isinstance(cell, str)):
            if (match := _PARTS.fullmatch(text)) and match[2] != ".":
                firsts, seconds = firsts or int(match[1]) > 12, seconds or int(match[3]) > 12
            elif not match:
                points = points or bool(re.fullmatch(r"\W?\d[\d,]*\.(\d{1,2}|\d{4,})\W?", text))
                commas = commas or bool(re.fullmatch(r"\W?\d[\d.]*,(\d{1,2}|\d{4,})\W?", text))
    days = "" if firsts == seconds else "dmy" if firsts else "mdy"
    return {"days": days, "decimal": "" if points == commas else "." if points else ","}


def day(cell: Any) -> date:
    return columns.as_day(cell)


def kind_of(cells: Iterable[str], days: str = "") -> str:
    """What a column of these texts holds, as a kind of the tenant's own field: number, date, yes or no, text."""
    texts = [text for text in cells if text]
    if not texts:
        return "text"
    if all(re.fullmatch(r"-?\d{1,15}([.,]\d{1,6})?", text) for text in texts):
        small = {"0", "1"}.issuperset(texts)
        zeros = any(len(text) > 1 and text.startswith("0") and text[1].isdigit() for text in texts)
        return "yes or no" if small else "text" if zeros else "number"
    if all(text.casefold() in ("yes", "no", "true", "false") for text in texts):
        return "yes or no"
    return "date" if all(_is_day(text, days) for text in texts) else "text"


def _is_day(text: str, days: str) -> bool:
    try:
        return moment(text, days) is not None
    except ValueError:
        return False
