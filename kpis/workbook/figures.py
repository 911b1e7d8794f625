"""Numbers as people type them: "1.234,5", "85 %", "$2.5M", "12 hours", "4.1/5", "(1,200)".

A text gives one reading or, where "1.234" could be either, two; which one holds is decided from the whole file.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from kpis.workbook.units import CURRENCIES, unit_named

MISSING = frozenset(
    [
        "-",
        "–",
        "—",
        "--",
        "---",
        ".",
        "n/a",
        "na",
        "n.a.",
        "n.a",
        "n\\a",
        "tbd",
        "tba",
        "t.b.d.",
        "null",
        "none",
        "nil",
        "nan",
        "unknown",
        "missing",
        "k.a.",
        "n.v.",
        "nv",
        "?",
        "(blank)",
        "pending",
    ]
) | {"", "not available", "not applicable", "no data", "keine angabe", "to be defined", "not measured"}
MULTIPLIERS = {
    "k": 1_000, "tsd": 1_000, "thousand": 1_000,
    "mio": 10**6, "mn": 10**6, "mm": 10**6, "million": 10**6, "millions": 10**6,
    "bn": 10**9, "mrd": 10**9, "billion": 10**9,
}  # fmt: skip
CAPITALS = {"M": 10**6, "B": 10**9}  # a small m could be minutes or months, a small b anything
MAX_DIGITS = 18
MAX_LENGTH = 60

_CURRENCY = r"(?:US\$|CA?\$|AU?\$|[$€£¥]|[A-Za-z]{3}(?=[\s\d.,+-]))"
_NUMBER = re.compile(
    rf"(?P<before>{_CURRENCY})?\s*(?P<sign>[+-]?)\s*(?P<inner>{_CURRENCY})?\s*"
    r"(?P<digits>[0-9][0-9.,'’ ]*|[.,][0-9]+)(?P<exponent>[eE][+-]?[0-9]{1,2}(?![0-9A-Za-z]))?(?P<rest>.*)"
)
_GROUPED = re.compile(r"[0-9]{1,3}(?:[ '’][0-9]{3})+(?=[.,]|$)")
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "−": "-", "–": "-"})
_WORD = re.compile(r"[^\W\d_]+")


class Figure(NamedTuple):
    """One number out of a text.

    value: the only reading, or the one with the separator as decimal sign. grouped: the other reading, with the
    separator between thousands; None when there is no doubt. separator: "." or "," of the doubtful reading.
    proof: the decimal sign this text proves, "" if none. places: digits after a proven decimal sign.
    unit: stated in the text, "" if none. multiplied: by K, M or the like.
    """

    value: Decimal
    unit: str
    grouped: Decimal | None = None
    separator: str = ""
    proof: str = ""
    places: int = 0
    multiplied: bool = False


def is_missing(text: str) -> bool:
    """True for blank and for the usual ways to say that there is no value."""
    return text.strip().casefold() in MISSING


def parse_figure(text: str) -> Figure | None:
    """The number this text holds, or None if it holds none or anything besides a number and its unit."""
    if len(text) > MAX_LENGTH:
        return None
    cleaned = text.translate(_SPACES).strip(" ")
    negative = cleaned.startswith("(") and cleaned.endswith(")")
    match = _NUMBER.fullmatch(cleaned[1:-1].strip() if negative else cleaned)
    if match is None or (negative and match["sign"]):
        return None
    digits = match["digits"].rstrip(" ")
    currency = _currency(match["before"], match["inner"])
    tail = None if currency is None else _tail(match["rest"].strip(), currency)
    reading = _read_digits(digits)
    if tail is None or reading is None or sum(c.isdigit() for c in digits) > MAX_DIGITS:
        return None
    if match["exponent"]:
        if reading.grouped is not None or abs(int(match["exponent"][1:])) > 12:
            return None
        reading = reading._replace(value=reading.value.scaleb(int(match["exponent"][1:])))
    unit, factor = tail
    return _scaled(reading, -factor if negative or match["sign"] == "-" else factor, unit)


def _scaled(figure: Figure, factor: int, unit: str) -> Figure:
    grouped = None if figure.grouped is None else figure.grouped * factor
    return figure._replace(value=figure.value * factor, grouped=grouped, unit=unit, multiplied=abs(factor) > 1)


def _currency(before: str | None, inner: str | None) -> str | None:
    """The currency in front of the number, "" if there is none; None if it is doubled or not a currency."""
    if before and inner:
        return None
    if not (before or inner):
        return ""
    unit = unit_named(before or inner or "")
    return unit if unit in CURRENCIES else None


def _tail(rest: str, currency: str) -> tuple[str, int] | None:
    """What follows the number as (unit, multiplier); None if it is neither."""
    unit = unit_named(rest)
    if unit is not None and not (unit and currency):
        return unit or currency, 1
    word = _WORD.match(rest)
    if word is None:
        return None
    factor = CAPITALS.get(word[0]) or (10**6 if word[0] == "m" and currency else MULTIPLIERS.get(word[0].casefold()))
    unit = unit_named(rest[word.end() :].lstrip(". "))
    if factor is None or unit is None or (unit and currency) or (unit and unit not in CURRENCIES):
        return None
    return unit or currency, factor


def _read_digits(digits: str) -> Figure | None:
    """Digits with separators, as one or two readings; None when the groups make no number ("12..4", "7,5,3")."""
    if any(mark in digits for mark in " '’"):
        if not _GROUPED.match(digits):
            return None
        digits = digits.translate(str.maketrans("", "", " '’"))
        if digits.count(".") + digits.count(",") > 1:
            return None
        separator = "." if "." in digits else ","
        whole, _, fraction = digits.partition(separator)
        return _decimal(whole, fraction, separator if fraction else "") if fraction or separator not in digits else None
    points, commas = digits.count("."), digits.count(",")
    if not points and not commas:
        return Figure(Decimal(digits), "")
    if points and commas:
        return _two_kinds(digits)
    separator = "." if points else ","
    if points + commas > 1:
        return _thousands_only(digits, separator)
    return _one_separator(digits, separator)


def _two_kinds(digits: str) -> Figure | None:
    decimal = max(".,", key=digits.rfind)
    grouping = "," if decimal == "." else "."
    whole, _, fraction = digits.rpartition(decimal)
    if decimal in whole or not fraction or not _in_threes(whole.split(grouping)):
        return None
    return _decimal(whole.replace(grouping, ""), fraction, decimal)


def _thousands_only(digits: str, separator: str) -> Figure | None:
    if not _in_threes(digits.split(separator)):
        return None
    return Figure(Decimal(digits.replace(separator, "")), "", proof="," if separator == "." else ".")


def _one_separator(digits: str, separator: str) -> Figure | None:
    whole, _, fraction = digits.partition(separator)
    if not fraction:
        return None
    doubtful = len(fraction) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0"
    if not doubtful:
        return _decimal(whole or "0", fraction, separator)
    return Figure(Decimal(f"{whole}.{fraction}"), "", grouped=Decimal(whole + fraction), separator=separator)


def _decimal(whole: str, fraction: str, sign: str) -> Figure:
    return Figure(Decimal(f"{whole}.{fraction or 0}"), "", proof=sign, places=len(fraction))


def _in_threes(groups: list[str]) -> bool:
    return 1 <= len(groups[0]) <= 3 and groups[0][0] != "0" and all(len(group) == 3 for group in groups[1:])
