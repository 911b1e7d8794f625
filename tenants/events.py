from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class TenantCreated(Event):
    """First entry of a tenant's own trail."""

    name: ClassVar[str] = "tenants.created"
    account_id: UUID | None
    schema_name: str
    kind: str


@dataclass(frozen=True)
class TenantSuspended(Event):
    """In the operators' trail."""

    name: ClassVar[str] = "tenants.suspended"
    account_id: UUID | None
    schema_name: str


@dataclass(frozen=True)
class TenantResumed(Event):
    """In the operators' trail."""

    name: ClassVar[str] = "tenants.resumed"
    account_id: UUID | None
    schema_name: str
