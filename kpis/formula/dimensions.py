"""Units in a calculation: what may be added, what comes out, and the exact factors between units.

A unit is a short name as in kpis.workbook.units: "%", "h", "days", "EUR". "" is a plain number; a ratio is one.
OWN is money in the currency that each account has.
"""

from decimal import Decimal
from typing import NamedTuple

from kpis.workbook.units import CURRENCIES, TIME_IN_SECONDS, NoConversion, convert, unit_named

PLAIN, PERCENT, COUNT, POINTS, OWN = "", "%", "count", "points", "account currency"
_SPELT = {
    "% change": PERCENT,
    "x": PLAIN,
    "ratio": PLAIN,
    "score": POINTS,
    "0-100": POINTS,
    "/100": POINTS,
    "/5": "1-5",
    "/7": "1-7",
}
_OWN_SCALES = frozenset({"1-5", "1-7", "-100..100", "working h", OWN})
BARE = frozenset({PLAIN, COUNT, POINTS, "1-5", "1-7", "-100..100"})  # figures without a dimension
_ASKED = {POINTS: "score", PLAIN: "ratio"}  # as kpis.workbook.units calls them
MONEY = CURRENCIES | {OWN}


class Factor(NamedTuple):
    """Multiply by `times`, divide by `by`."""

    times: int = 1
    by: int = 1


class NoUnit(Exception):
    """These units cannot be put together. str(error) says why and what to do."""


def canonical(unit: str) -> str:
    """One name for what means the same: "% change" is %, a ratio is a plain number. Unknown units stay themselves."""
    if unit in _OWN_SCALES:
        return unit
    named = unit_named(unit)
    known = unit if named is None else named
    return _SPELT.get(known, _SPELT.get(unit, known))


def said(unit: str) -> str:
    """A unit in words, for sentences."""
    words = {PLAIN: "a plain number", OWN: "money in the account's own currency", POINTS: "points", COUNT: "a count"}
    return words.get(unit, unit)


def factor(unit: str, wanted: str) -> Factor:
    """What turns a figure in `unit` into one in `wanted`. Raises NoUnit."""
    if unit == wanted or (unit in BARE and wanted in BARE and PLAIN in (unit, wanted)):
        return Factor()
    if {unit, wanted} <= BARE:
        raise NoUnit(f"{said(unit)} and {said(wanted)} are different scales")
    if OWN in (unit, wanted):
        raise NoUnit("amounts of the account are in its own currency, which another unit cannot be held against")
    if unit == PLAIN:
        raise NoUnit(f"a plain number is not {said(wanted)}")
    try:
        convert(Decimal(1), unit, _ASKED.get(wanted, wanted))
    except NoConversion:
        raise NoUnit(f"{said(unit)} cannot be turned into {said(wanted)} exactly") from None
    if unit == PERCENT and wanted == PLAIN:
        return Factor(1, 100)
    have, want = (TIME_IN_SECONDS.get("h" if name == "working h" else name) for name in (unit, wanted))
    if have and want:
        return Factor(have // want, 1) if have >= want else Factor(1, want // have)
    return Factor()


class Result(NamedTuple):
    """Unit of a product or quotient, and the factor that per cent bring in."""

    unit: str
    factor: Factor = Factor()


def product(left: str, right: str) -> Result:
    """x % of something is a hundredth of the product of the figures. Raises NoUnit."""
    for one, other in ((left, right), (right, left)):
        if one == PERCENT and other != PLAIN:
            return Result(other, Factor(1, 100))
    for one, other in ((left, right), (right, left)):
        if one == PLAIN:
            return Result(other)
    for one, other in ((left, right), (right, left)):
        if one == COUNT:
            return Result(other)
    raise NoUnit(f"{said(left)} times {said(right)} has no unit; number(…) takes a unit away")


def quotient(left: str, right: str) -> Result:
    """The same unit on both sides gives a plain number. Raises NoUnit."""
    if right == PLAIN:
        return Result(left)
    if left == right:
        return Result(PLAIN)
    if right == PERCENT:
        return Result(left, Factor(100, 1))
    if right == COUNT:
        return Result(left)
    try:
        return Result(PLAIN, _inverse(factor(right, left)))
    except NoUnit:
        raise NoUnit(f"{said(left)} divided by {said(right)} has no unit here; number(…) takes a unit away") from None


def _inverse(one: Factor) -> Factor:
    return Factor(one.by, one.times)
