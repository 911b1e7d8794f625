"""What an edit changed, kept beside the trail: the trail says which fields of a person changed and can never forget."""

from typing import Any

from accounts import past_fields
from accounts.models import Contact, Contract, PastChange, Task
from core.models import Entry

_MODELS: dict[str, Any] = {"contact": Contact, "contract": Contract, "task": Task}


def stored_state(kind: str, record: Contact | Contract | Task) -> dict[str, Any]:
    """What the database says of a record before it is saved. kind: contact, contract, task."""
    return past_fields.state(kind, _MODELS[kind].objects.get(pk=record.pk))


def remember(kind: str, record: Contact | Contract | Task, before: dict[str, Any], entry: Entry) -> None:
    """Keep what is different from `before`, with the hour and person of the trail's entry about it."""
    after = past_fields.state(kind, record)
    changes = {
        name: [before.get(name), after.get(name)] for name in {**before, **after} if before.get(name) != after.get(name)
    }
    if changes:
        PastChange.objects.create(
            record_kind=kind, record_id=record.pk, changes=changes, at=entry.at, who=entry.actor_label
        )
