"""Events that only tests know."""

from dataclasses import dataclass
from typing import Any

from core.audit import Event


@dataclass(frozen=True)
class Noted(Event):
    name = "tests.noted"
    note: Any = ""


@dataclass(frozen=True)
class Heard(Event):
    """One that somebody subscribed to, in the tests that say so."""

    name = "tests.heard"
    number: int = 0
