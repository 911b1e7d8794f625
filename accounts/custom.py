"""Values of the fields that a tenant added to its records: how they are named, checked and kept.

Pure. In forms, files, the trail and conditions such a field is called "custom.<code>"; `custom` of the record holds
code -> value: text and choices as text, a number as the text of a decimal so that no digit is lost, a day as
2026-11-20, yes and no as true and false. A value that is not known is not there.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from accounts.conditions.fields import Kind

PREFIX = "custom."
LONGEST_TEXT, LONGEST_CHOICE, MOST_CHOICES = 500, 80, 200
DIGITS, DECIMALS = 24, 6
KINDS = {
    Kind.TEXT.value: "Text",
    Kind.CHOICE.value: "Choice",
    Kind.NUMBER.value: "Number",
    Kind.DATE.value: "Date",
    Kind.YES.value: "Yes or no",
}
ACCOUNT, CONTACT, CONTRACT = "account", "contact", "contract"  # CustomField.record of what every tenant has
OBJECT = "object:"  # before the code of a tenant's own object
RECORDS = {ACCOUNT: "Accounts", CONTACT: "Contacts", CONTRACT: "Contracts"}
Value = str | bool | None
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


def is_own(name: str) -> bool:
    return name.startswith(PREFIX)


def code_of(name: str) -> str:
    return name.removeprefix(PREFIX)


def code_from(label: str, taken: Collection[str]) -> str:
    """A code for a new field: its label in small letters, made unique among `taken`."""
    plain = re.sub(r"[^a-z0-9]+", "_", label.casefold()).strip("_")[:50]
    plain = plain if plain[:1].isalpha() else f"field_{plain}".rstrip("_")
    numbered = (f"{plain}_{number}" for number in range(2, len(taken) + 3))
    return plain if plain not in taken else next(code for code in numbered if code not in taken)


def clean(kind: str, choices: Sequence[str], given: Any) -> Value:
    """What is kept of what was given; None for nothing. Raises ValueError with a sentence for a person."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if kind == Kind.NUMBER:
        return _number(given)
    if kind == Kind.DATE:
        return _day(given)
    if kind == Kind.YES:
        return _yes(given)
    return _choice(choices, _words(given)) if kind == Kind.CHOICE else _words(given)


def _words(given: Any) -> str:
    if isinstance(given, Decimal):
        given = f"{given.normalize():f}"
    text = given.isoformat() if isinstance(given, date) else str(given).strip()
    if not isinstance(given, str | int | float | date) or isinstance(given, bool) or "\x00" in text:
        raise ValueError("This is no text.")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"At most {LONGEST_TEXT} characters.")
    return text


def _choice(choices: Sequence[str], said: str) -> str:
    for choice in choices:
        if choice.casefold() == said.casefold():
            return choice
    raise ValueError(f"Choose one of: {', '.join(choices)}.")


def _number(given: Any) -> str:
    try:
        number = Decimal("nan") if isinstance(given, bool | date) else Decimal(str(given).strip())
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise ValueError("Enter a number, like 1250 or 99.5.")
    if abs(number) >= Decimal(10) ** (DIGITS - DECIMALS) or number != round(number, DECIMALS):
        raise ValueError(f"At most {DIGITS - DECIMALS} digits before the point and {DECIMALS} behind it.")
    return f"{number.normalize() or Decimal(0):f}"


def _day(given: Any) -> str:
    if isinstance(given, datetime):
        return given.date().isoformat()
    if isinstance(given, date):
        return given.isoformat()
    text = str(given).strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            pass
    raise ValueError("Enter a day, like 2026-11-20.")


def _yes(given: Any) -> bool:
    said = str(given).strip().casefold()
    if said in _YES + _NO:
        return said in _YES
    raise ValueError("Say yes or no.")


def held(record: Any, name: str) -> Any:
    """What a record says under a name: a column of it, or a field of the tenant's own."""
    return record.custom.get(code_of(name)) if is_own(name) else getattr(record, name)


def put(record: Any, name: str, value: Any) -> None:
    """Set it; in `custom` nothing stands for a value that is not known."""
    if not is_own(name):
        setattr(record, name, value)
        return
    rest = {code: kept for code, kept in record.custom.items() if code != code_of(name)}
    record.custom = rest if value is None else {**rest, code_of(name): value}


def columns_of(names: Iterable[str]) -> list[str]:
    """The columns in which these names are stored, each once."""
    return list(dict.fromkeys("custom" if is_own(name) else name for name in names))


def shown(kind: str, value: Value) -> str:
    """A kept value as a form holds it."""
    if value is None:
        return ""
    return ("yes" if value else "no") if kind == Kind.YES else str(value)
