from dataclasses import dataclass, field
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class SiteChanged(Event):
    """A place of an account. what: added, edited, removed."""

    name = "accounts.site_changed"
    site_id: UUID
    label: str
    what: str
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ProductChanged(Event):
    """Something that is sold. what: added, edited."""

    name = "accounts.product_changed"
    product_id: UUID
    label: str
    what: str
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EntitlementChanged(Event):
    """What an account may use, said by hand. what: added, edited, removed."""

    name = "accounts.entitlement_changed"
    entitlement_id: UUID
    product: str
    what: str
    fields: list[str] = field(default_factory=list)
