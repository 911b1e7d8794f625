"""Months as files write them: "2026-03", "03.2026", "Mar 26", "März 2026", Excel dates; as a month's first day."""

import re
from datetime import date, datetime

from kpis.workbook.limits import EARLIEST_PERIOD, FUTURE_MONTHS

_MONTH_NAMES = (
    "january jan januar jänner janvier janv enero ene gennaio januari",
    "february feb februar février fevrier févr fevr febrero febbraio februari",
    "march mar mär maerz märz marz mars marzo mrz maart",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mei",
    "june jun juni juin junio giugno",
    "july jul juli juillet juil julio luglio",
    "august aug août aout agosto ago augustus",
    "september sep sept septembre septiembre settembre",
    "october oct okt oktober octobre octubre ottobre",
    "november nov novembre noviembre",
    "december dec dez dezember décembre decembre déc diciembre dic dicembre",
)
MONTH_NUMBERS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}

_YEAR_MONTH = re.compile(r"(\d{4})\s*[-/._]\s*(\d{1,2})")
_MONTH_YEAR = re.compile(r"(\d{1,2})\s*[-/._]\s*(\d{4})")
_COMPACT = re.compile(r"(20\d\d)(0[1-9]|1[0-2])")
_ISO_DAY = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)
_DAY = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_NAME_YEAR = re.compile(r"([^\W\d_]+)\.?[\s\-/_,]*['’]?(\d{4}|\d{2})")
_YEAR_NAME = re.compile(r"(\d{4})[\s\-/_,]*([^\W\d_]+)\.?")
_DAY_NAME_YEAR = re.compile(r"(\d{1,2})\.?[\s\-]+([^\W\d_]+)\.?[\s\-,]+(\d{4})")


def parse_month(raw: object) -> date | None:
    """The first day of the month `raw` names, or None. No guessing: a day that could be a month gives None."""
    if isinstance(raw, datetime):
        return date(raw.year, raw.month, 1)
    if isinstance(raw, date):
        return raw.replace(day=1)
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        raw = str(int(raw)) if raw == raw and abs(raw) < 1e6 and raw == int(raw) else ""
    if not isinstance(raw, str) or not 4 <= len(text := raw.strip()) <= 40:
        return None
    if not text.isascii() and any(c.isdigit() and not c.isascii() for c in text):
        return None
    return _from_digits(text) or _from_names(text.casefold())


def _from_digits(text: str) -> date | None:
    if match := _YEAR_MONTH.fullmatch(text) or _COMPACT.fullmatch(text):
        return _first(match[1], match[2])
    if match := _MONTH_YEAR.fullmatch(text):
        return _first(match[2], match[1])
    if match := _ISO_DAY.fullmatch(text):
        return _first(match[1], match[2], match[3])
    if match := _DAY.fullmatch(text):
        return _day_month(int(match[1]), match[2], int(match[3]), match[4])
    return None


def _day_month(one: int, separator: str, two: int, year: str) -> date | None:
    """Points mean day.month; a slash or dash is settled only where both readings agree or one is impossible."""
    if separator == "." or one > 12 or one == two:
        return _first(year, str(two), str(one))
    if two > 12:
        return _first(year, str(one), str(two))
    return None


def _from_names(text: str) -> date | None:
    if match := _NAME_YEAR.fullmatch(text):
        return _named(match[2], match[1])
    if match := _YEAR_NAME.fullmatch(text):
        return _named(match[1], match[2])
    if match := _DAY_NAME_YEAR.fullmatch(text):
        number = MONTH_NUMBERS.get(match[2])
        return _first(match[3], str(number), match[1]) if number else None
    return None


def _named(year: str, name: str) -> date | None:
    number = MONTH_NUMBERS.get(name)
    if number is None:
        return None
    return _first(year if len(year) == 4 else f"20{year}", str(number))


def _first(year: str, month: str, day: str = "1") -> date | None:
    try:
        return date(int(year), int(month), int(day)).replace(day=1)
    except ValueError:
        return None


def month_in_text(text: str) -> date | None:
    """The month a title ends with: "As of 2026-09", "Stand: März 2026"; None if it does not."""
    words = text.replace(":", ": ").split()
    for count in (1, 2, 3):
        if len(words) >= count and (found := parse_month(" ".join(words[-count:]).strip("()[]"))):
            return found
    return None


def sensible(period: date, today: date) -> bool:
    """False for months no measured value can be of: before 2000 or more than a year ahead."""
    ahead = (period.year - today.year) * 12 + period.month - today.month
    return period >= EARLIEST_PERIOD and ahead <= FUTURE_MONTHS


def looks_like_date(text: str) -> bool:
    """True for a text value that a spreadsheet has turned into a date: "2026-06-05", "5-Jun", "Jun-05"."""
    if _ISO_DAY.fullmatch(text) or _DAY.fullmatch(text):
        return True
    words = re.split(r"[\s\-./]+", text.casefold().strip())
    named = [word for word in words if word in MONTH_NUMBERS]
    return len(words) in (2, 3) and len(named) == 1 and all(word.isdecimal() for word in words if word not in named)
