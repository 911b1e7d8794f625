from typing import Any

from django_tenants.routers import TenantSyncRouter

from core.guard import stamp_of


class TenantRouter(TenantSyncRouter):
    """Which tables a schema gets (SHARED_APPS or TENANT_APPS), and that rows of two tenants are never related."""

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool | None:
        first, second = stamp_of(one), stamp_of(other)
        return False if first and second and first != second else None
