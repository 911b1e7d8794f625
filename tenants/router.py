from typing import Any

from django_tenants.routers import TenantSyncRouter

from core.errors import CrossTenant
from core.guard import stamp_of


class TenantRouter(TenantSyncRouter):
    """Which tables a schema gets (SHARED_APPS or TENANT_APPS), and that rows of two tenants are never related."""

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> None:
        first, second = stamp_of(one), stamp_of(other)
        if first and second and first != second:
            raise CrossTenant(
                f"{type(one).__name__} of {first} was to be related to {type(other).__name__} of {second}"
            )
