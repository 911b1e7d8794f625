"""What every record type of an import says about itself, and how one row of it is answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts import columns
from accounts.operations.record_kinds.names import Names
from core.actor import Actor
from core.errors import DomainError


@dataclass(frozen=True)
class Column:
    """What a column of the file can become. shape: how it is written, for accounts.operations...written.

    hint: what can stand there, in a few words. longest: characters.
    """

    label: str
    read: Callable[[Any], Any] = columns.read_words
    aliases: tuple[str, ...] = ()
    required: bool = False
    shape: str = "words"
    hint: str = ""
    longest: int = 250


@dataclass(frozen=True)
class Taken:
    """What a row did. action: create, update, same. before: fields as they were; version: of the record afterwards."""

    action: str
    record_id: UUID
    before: dict[str, Any] = field(default_factory=dict)
    version: int | None = None


@dataclass
class Run:
    """One pass over a file: for whom, when, and what is remembered between its rows.

    dry: everything is taken back, so what earlier rows would have made is in `made` (key -> what it said).
    """

    by: Actor
    at: datetime
    names: Names
    dry: bool = False
    made: dict[str, Any] = field(default_factory=dict)


Take = Callable[[dict[str, Any], str, Run], Taken]
TakeMany = Callable[[Sequence[dict[str, Any]], str, Run], "list[Taken | DomainError]"]


@dataclass(frozen=True)
class Kind:
    """A record type. keys: the fields that can say which record a row is, the usual one first.

    take: one row; many: a hundred at once instead, where there may be very many. undo: raises DomainError for what
    stays, returns the record's version afterwards. own: CustomField.record of the tenant's own fields that
    are columns too.
    """

    code: str
    label: str
    permission: str
    columns: Mapping[str, Column]
    keys: tuple[str, ...]
    undo: Callable[..., int | None]
    take: Take | None = None
    many: TakeMany | None = None
    own: str = ""
    hint: str = ""


def yes(cell: Any) -> bool:
    text = columns.cell_text(cell).casefold()
    if text in ("yes", "y", "true", "1", "x", "ja", "new", "done"):
        return True
    if text in ("no", "n", "false", "0", "nein", "-", "open"):
        return False
    raise ValueError(f"“{text[:40]}” is neither yes nor no.")


def one_of(choices: Any, also: Mapping[str, Any] | None = None) -> Callable[[Any], Any]:
    """A reader of labels or codes; also: other words for them."""
    known = {str(label).casefold(): value for value, label in choices} | dict(also or {})
    known |= {str(value).casefold(): value for value, _ in choices}

    def read(cell: Any) -> Any:
        text = columns.cell_text(cell)
        if text.casefold() not in known:
            raise ValueError(f"“{text[:40]}” is none of: {', '.join(str(label) for _, label in choices)}.")
        return known[text.casefold()]

    return read


MOST_DIGITS = 12


def number(cell: Any) -> Decimal:
    """A plain number, also a negative one, of at most twelve digits before the point."""
    text = str(cell) if isinstance(cell, Decimal) else columns.cell_text(cell)
    try:
        found = Decimal(text)
    except ArithmeticError:
        found = Decimal("nan")
    if not found.is_finite():
        raise ValueError(f"“{text[:40]}” is no number.")
    if found and found.adjusted() >= MOST_DIGITS:  # before anybody counts with it: 1e999999999 has as many digits
        raise ValueError(f"“{text[:40]}” is larger than any number here.")
    return found if found else Decimal(0)


def count(cell: Any) -> Decimal:
    """How many there are: 0 or more, to the hundredth."""
    found = number(cell)
    if found < 0 or found != round(found, 2):
        raise ValueError(f"“{found}” is no quantity: it is 0 or more, with at most two decimals.")
    return found


def whole(most: int) -> Callable[[Any], int]:
    def read(cell: Any) -> int:
        found = number(cell)
        if found != int(found) or not 0 <= found <= most:
            raise ValueError(f"“{columns.cell_text(cell)[:40]}” is no whole number from 0 to {most:,}.")
        return int(found)

    return read


def moment(cell: Any) -> datetime:
    """A wall clock without a zone, as `as_written` made it."""
    if isinstance(cell, datetime):
        return cell
    day = columns.read_day(cell)
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001


def plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID | Decimal | date) else value


def unchanged(version: int, expected: int | None, name: str) -> None:
    if version != expected:
        raise DomainError(f"Somebody changed “{name}” since. It stays as it is.")
