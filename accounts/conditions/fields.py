"""What a condition can speak of. The floors above add their fields through config.wiring."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

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


class Lister(Protocol):
    """The fields that a tenant made, or those of these names; it asks for nothing when none of them can be its own."""

    def __call__(self, names: Collection[str] | None = None) -> Iterable[Field]: ...


@dataclass(frozen=True)
class Many:
    """Records that an account can have several of, such as projects.

    rows: those of one account that count, as a queryset that refers to it as OuterRef("pk"). find: a field of them by
    name, as far as somebody may know of it; fields: all of these.
    """

    code: str
    name: str
    plural: str
    rows: Callable[[], Any]
    find: Callable[[str, Actor | None], Field | None]
    fields: Callable[[Actor | None], Iterable[Field]]


ManyLister = Callable[[Actor | None], Iterable[Many]]

_MANY: list[ManyLister] = []
_FIELDS: dict[str, Field] = {}
_FINDERS: list[tuple[Finder, Lister]] = []


def connect(
    fields: Sequence[Field],
    finders: Sequence[tuple[Finder, Lister]] = (),
    many: Sequence[ManyLister] = (),
) -> None:
    """Lay down the fields; finders know fields that the tenant makes (KPIs): by name, and as a list. many: records that
    an account can have several of."""
    _FIELDS.clear()
    _FIELDS.update({field.code: field for field in fields})
    _FINDERS[:] = finders
    _MANY[:] = many


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


def fields_named(names: Collection[str], *, by: Actor | None = None) -> dict[str, Field]:
    """Those of these names that there are and that `by` may know of; one query for each kind that is asked for."""
    found = {name: _FIELDS[name] for name in names if name in _FIELDS}
    rest = [name for name in names if name not in found and "\0" not in name]
    made = (field for _, lister in _FINDERS for field in lister(rest)) if rest else ()
    return found | {field.code: field for field in made if field.seen_by(by)}


def every_many(*, by: Actor | None = None) -> list[Many]:
    """Records of an account that `by` may know of."""
    return [one for lister in _MANY for one in lister(by)]


def find_many(name: str, *, by: Actor | None = None) -> Many | None:
    """By code, name or plural; a space may be written as _."""
    wanted = name.casefold().replace("_", " ")
    for one in every_many(by=by):
        if wanted in (one.code.replace("_", " "), one.name.casefold(), one.plural.casefold()):
            return one
    return None


def alike(name: str, *, by: Actor | None = None) -> list[str]:
    """Up to three fields spelt like `name`, for the message that there is none."""
    return alike_among(name, every_field(by=by))


def alike_among(name: str, fields: Iterable[Field]) -> list[str]:
    known = {field.code: f"{field.code} {field.label}" for field in fields}
    found = process.extract(name, known, scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    return [code for _, _, code in found]
