"""What was true on a past day, from what the trail says: old and new value of each change. Pure.

A value is known at a moment when the change before it and the change after it agree on it. Where they do not, something
changed it that the trail does not tell, and it is unknown between the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True)
class Change:
    """One field went from old to new, as plain values of the trail; by whom is said in words."""

    at: datetime
    who: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Then:
    """The value at a moment; `known` False: the trail cannot say. last: the change before, None when there is none."""

    known: bool
    value: Any
    last: Change | None


def alike(one: Any, other: Any) -> bool:
    """The same value, whichever way it was written: nothing is nothing, 100 is 100.00."""
    if one in (None, "") or other in (None, ""):
        return one in (None, "") and other in (None, "")
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return str(one) == str(other)


def value_at(moment: datetime, changes: Sequence[Change], now: Any) -> Then:
    """changes: of one field, oldest first; now: what it says today. A change at the very moment has happened."""
    before = [change for change in changes if change.at <= moment]
    after = changes[len(before) :]
    last = before[-1] if before else None
    value = after[0].old if after else now
    if last is not None and not alike(last.new, value):
        return Then(False, None, last)
    return Then(True, value, last)
