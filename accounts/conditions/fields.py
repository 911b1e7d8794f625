"""What a condition can speak of. The floors above add their fields through config.wiring."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import F
from rapidfuzz import fuzz, process

from core.actor import Actor


class Kind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    DATE = "date"
    YES = "yes or no"


@dataclass(frozen=True)
class Field:
    """A property of an account. expression: it as an ORM expression over Account, null where it is not known.

    choices: code -> label, for a CHOICE. roles: codes of the roles that may know of it; empty = every role.
    """

    code: str
    label: str
    kind: Kind
    expression: Callable[[], Any]
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    roles: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and other.code == self.code

    def __hash__(self) -> int:
        return hash(self.code)

    def seen_by(self, by: Actor | None) -> bool:
        """Nobody in particular sees what every role sees."""
        return not self.roles or (by is not None and (by.is_system or by.role in self.roles))


def column(code: str, label: str, kind: Kind, path: str = "", **more: Any) -> Field:
    """A field that is a column of the account or of what it points to."""
    return Field(code, label, kind, lambda: F(path or code), **more)


Finder = Callable[[str], Field | None]
Lister = Callable[[], Iterable[Field]]

_FIELDS: dict[str, Field] = {}
_FINDERS: list[tuple[Finder, Lister]] = []


def connect(fields: Sequence[Field], finders: Sequence[tuple[Finder, Lister]] = ()) -> None:
    """Lay down the fields; finders know fields that the tenant makes (KPIs): by name, and as a list."""
    _FIELDS.clear()
    _FIELDS.update({field.code: field for field in fields})
    _FINDERS[:] = finders


def find(name: str, *, by: Actor | None = None) -> Field | None:
    """The field of that name; None when there is none that `by` may know of."""
    if found := _FIELDS.get(name.lower()):
        return found
    made = next((found for finder, _ in _FINDERS if (found := finder(name)) is not None), None)
    return made if made is not None and made.seen_by(by) else None


def every_field(*, by: Actor | None = None) -> list[Field]:
    """Every field that `by` may know of, those of all tenants first."""
    made = (field for _, lister in _FINDERS for field in lister())
    return [*_FIELDS.values(), *(field for field in made if field.seen_by(by))]


def alike(name: str, *, by: Actor | None = None) -> list[str]:
    """Up to three fields spelt like `name`, for the message that there is none."""
    known = {field.code: f"{field.code} {field.label}" for field in every_field(by=by)}
    found = process.extract(name, known, scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    return [code for _, _, code in found]
