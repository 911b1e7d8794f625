"""Sessions of a tenant: the database store, sealed with the tenant's name. The public site has none."""

from typing import Any

from django.contrib.sessions.backends import db

from tenants.context import current_schema, tenant_salt
from tenants.names import NO_TENANT, PUBLIC


class SessionStore(db.SessionStore):
    """A session row copied along with its tenant cannot be read there: half-done password resets die with it."""

    @property
    def key_salt(self) -> str:
        return tenant_salt("sessions")

    def load(self) -> dict[str, Any]:
        if current_schema() in {PUBLIC, NO_TENANT}:
            self._session_key = None  # a cookie somebody sent along
            return {}
        return super().load()

    def save(self, must_create: bool = False) -> None:
        if current_schema() in {PUBLIC, NO_TENANT}:
            raise RuntimeError("the public site has no sessions: put what must be kept into a signed token")
        super().save(must_create=must_create)
