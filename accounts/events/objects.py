"""What happened to the tenant's own objects and to their records."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class CustomObjectChanged(Event):
    """An object of the tenant's own. what: added, changed, retired, brought back. changes: part -> [old, new]."""

    name = "accounts.custom_object_changed"
    object_id: UUID
    code: str
    what: str
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordChanged(Event):
    """A record of a tenant's own object. code: of the object. what: added, edited, deleted, restored.

    changes: field -> [old, new] as plain values, of an added record its first values.
    """

    name = "accounts.record_changed"
    record_id: UUID
    code: str
    what: str
    changes: dict[str, Any] = field(default_factory=dict)
    source: str = ""  # page, api, import
