"""Entries of the trail as sentences. Pure: the words are in config.sentences, the names come from the caller."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.models import Entry
from core.rules import ROLES

UNKNOWN = "—"


@dataclass(frozen=True)
class Sentence:
    """How one kind of event reads. `text` is a pattern over the event's fields, or a function of them.

    In a pattern `{user_id}` reads as the person's name.
    """

    label: str  # in the filter
    text: str | Callable[[Mapping[str, Any]], str]
    icon: str = "circle"
    tone: str = ""


@dataclass(frozen=True)
class Line:
    """One entry, ready to be read."""

    entry: Entry
    who: str
    text: str
    icon: str
    tone: str
    account: str  # name, empty when the entry is about no account


_SENTENCES: dict[str, Sentence] = {}
_AREAS: dict[str, str] = {}
_ACCOUNT_NAMES: list[Callable[[set[UUID]], Mapping[UUID, str]]] = []


def connect(
    sentences: Mapping[str, Sentence],
    areas: Mapping[str, str],
    account_names: Callable[[set[UUID]], Mapping[UUID, str]],
) -> None:
    """Say how events read, how apps are called, and who knows the names of accounts (the floor above)."""
    _SENTENCES.update(sentences)
    _AREAS.update(areas)
    _ACCOUNT_NAMES[:] = [account_names]


def choices() -> list[tuple[str, str]]:
    """What the trail can be narrowed to: a whole area ('kpis.') or one kind of event."""
    found = []
    for app, area in _AREAS.items():
        found.append((f"{app}.", f"{area}: everything"))
        found += [(name, f"{area}: {s.label.lower()}") for name, s in _SENTENCES.items() if name.startswith(f"{app}.")]
    return found


class _Filled(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return UNKNOWN


def _shown(value: Any, names: Mapping[str, str]) -> str:
    if value is None or value == []:
        return UNKNOWN
    if isinstance(value, list):
        return ", ".join(_shown(item, names) for item in value)
    return names.get(str(value), str(value))


def sentence(event: str, data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The entry in words; an event nobody has described reads as its own name."""
    known = _SENTENCES.get(event)
    if known is None:
        return event.partition(".")[2].replace("_", " ").capitalize()
    words = {**ROLES, **names}
    if callable(known.text):
        text = known.text(data)
    else:
        text = known.text.format_map(_Filled({key: _shown(value, words) for key, value in data.items()}))
    return text[:1].upper() + text[1:]


def who(label: str) -> str:
    """The actor as people read it; the product itself acts under its own name."""
    name, _, part = label.partition(":")
    return f"Plumbline, {part.replace('_', ' ')}" if name == "system" else label


def people_in(entries: list[Entry]) -> set[UUID]:
    """Ids of the people whom these entries are about."""
    return {UUID(found) for entry in entries if (found := entry.data.get("user_id"))}


def lines(entries: list[Entry], names: Mapping[str, str]) -> list[Line]:
    """names: people by id as text. Costs one query for the names of accounts."""
    wanted = {entry.account_id for entry in entries if entry.account_id}
    accounts = _ACCOUNT_NAMES[0](wanted) if wanted and _ACCOUNT_NAMES else {}
    plain = Sentence("", "")
    return [
        Line(
            entry,
            who(entry.actor_label),
            sentence(entry.event, entry.data, names),
            _SENTENCES.get(entry.event, plain).icon,
            _SENTENCES.get(entry.event, plain).tone,
            accounts.get(entry.account_id, "a removed account") if entry.account_id else "",
        )
        for entry in entries
    ]
