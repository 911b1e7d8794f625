"""What a person types or pastes into a cell of the list of accounts, read as a field of the account."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied

from accounts import columns, custom
from accounts.models import Account, CustomField
from accounts.queries.custom import fields_seen, sets
from core.actor import Actor
from core.errors import DomainError
from users.models import User

# Code of a column -> field of the account that is changed in its cells.
TYPED = {
    "key": "key",
    "owner": "owner_id",
    "tier": "tier",
    "industry": "industry",
    "region": "region",
    "stage": "stage",
    "arr": "arr",
    "currency": "currency",
    "renewal_on": "renewal_on",
    "customer_since": "customer_since",
}
_STAGES = {label.casefold(): code for code, label in Account.Stage.choices}


class NotACell(DomainError):
    """The text is no value of that field; worded for a person."""


def may_be_typed(code: str) -> bool:
    """Whether cells of this column are changed in the list; figures of KPIs have a grid of their own."""
    return code in TYPED or custom.is_own(code)


@dataclass
class Reader:
    """Reads many cells with few queries: people and own fields are looked up once, when the first cell asks."""

    by: Actor
    _people: dict[str, UUID | None] | None = None
    _own: dict[str, CustomField] | None = None

    def read(self, code: str, text: str) -> tuple[str, Any]:
        """(field of the account, its value; None or "" for nothing). Raises NotACell, PermissionDenied."""
        text = " ".join(text.split())
        if custom.is_own(code):
            return code, self._own_value(code, text)
        name = TYPED.get(code)
        if name is None:
            raise NotACell("This column is not changed in the list.", field="value")
        try:
            return name, self._value(name, text)
        except ValueError as wrong:
            words = str(wrong)
            raise NotACell(words[:1].upper() + words[1:], field="value") from wrong

    def _value(self, name: str, text: str) -> Any:
        if "\0" in text or len(text) > columns.LONGEST.get(name, 80):
            raise ValueError(f"At most {columns.LONGEST.get(name, 80)} characters.")
        if name == "owner_id":
            return self._person(text) if text else None
        if name == "stage":
            return self._stage(text)
        if not text:
            if name == "currency":
                raise ValueError("Every account has a currency.")
            return None if name in ("key", "arr", "renewal_on", "customer_since") else ""
        reader = columns.READERS.get(name)
        return reader(text) if reader else text

    def _stage(self, text: str) -> str:
        code = _STAGES.get(text.casefold(), text.casefold())
        if code and code not in Account.Stage.values:
            raise ValueError(f"There is no such stage. Use one of: {', '.join(Account.Stage.labels)}.")
        return code

    def _person(self, text: str) -> UUID:
        if self._people is None:
            self._people = {}
            for pk, name, email in User.objects.filter(is_active=True).values_list("pk", "name", "email"):
                self._people |= {str(pk): pk, email.casefold(): pk}
                key = name.casefold()
                self._people[key] = None if key in self._people else pk  # two people of one name are nobody's
        found = self._people.get(text.casefold())
        if found is None:
            several = text.casefold() in self._people
            raise ValueError(
                f"Several people here are called {text}. Use an e-mail."
                if several
                else f"Nobody here is called {text}."
            )
        return found

    def _own_value(self, code: str, text: str) -> custom.Value:
        if self._own is None:
            self._own = {f"{custom.PREFIX}{one.code}": one for one in fields_seen(by=self.by)}
        known = self._own.get(code)
        if known is None:
            raise NotACell("There is no such field.", field="value")
        if not sets(known, self.by):
            raise PermissionDenied(f"Your role does not allow you to change “{known.label}”.")
        try:
            value = custom.clean(known.kind, known.choices, text)
        except ValueError as wrong:
            raise NotACell(str(wrong), field="value") from wrong
        if known.required and value is None:
            raise NotACell(f"“{known.label}” is needed.", field="value")
        return value


def as_typed(account: Account, code: str) -> str:
    """What a cell says, as its form shows it: people by their id."""
    value = custom.held(account, TYPED.get(code, code))
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def as_kept(value: Any) -> Any:
    """A value as a row of a change of many keeps it."""
    return str(value) if isinstance(value, UUID | Decimal) else value.isoformat() if isinstance(value, date) else value


def as_stored(name: str, kept: Any) -> Any:
    """The other way round: what the account holds for what a row kept."""
    if custom.is_own(name) or not isinstance(kept, str):
        return kept
    if name == "owner_id":
        return UUID(kept) if kept else None
    if name in ("key", "arr", "renewal_on", "customer_since") and not kept:
        return None
    if name == "arr":
        return Decimal(kept)
    return date.fromisoformat(kept) if name in ("renewal_on", "customer_since") else kept
