"""Settings that would let tenants leak into each other, refused before anything is served."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

_CACHE_KEY = "tenants.context.cache_key"


@register(Tags.security)
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = [
        Error(f"The cache {alias!r} has keys without tenant: set its KEY_FUNCTION to {_CACHE_KEY}.", id="tenants.E001")
        for alias, options in settings.CACHES.items()
        if options.get("KEY_FUNCTION") != _CACHE_KEY and "dummy" not in options["BACKEND"]
    ]
    if not issubclass(import_module(settings.SESSION_ENGINE).SessionStore, SessionStore):
        found.append(Error("Sessions must lie in the tenants' own tables: use the db backend.", id="tenants.E002"))
    if both := set(settings.SHARED_APPS) & set(settings.TENANT_APPS):
        found.append(Error(f"In public and in the tenants: {', '.join(sorted(both))}.", id="tenants.E003"))
    if settings.USE_X_FORWARDED_HOST:
        found.append(Error("The tenant would come from a header: USE_X_FORWARDED_HOST must be off.", id="tenants.E004"))
    for name in ("SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN", "LANGUAGE_COOKIE_DOMAIN"):
        if getattr(settings, name):
            found.append(Error(f"Cookies belong to one host: {name} must not be set.", id="tenants.E005"))
    if settings.DATABASES["default"]["ENGINE"] != "tenants.backend":
        found.append(Error("The database ENGINE must be tenants.backend.", id="tenants.E006"))
    return found


@register(Tags.database)
def check_pooler(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """A pooler between us and the server answers for another process than it announced."""
    if "default" not in (databases or ()):
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        real = cursor.fetchone()[0]
    if real == connections["default"].connection.info.backend_pid:
        return []
    hint = "In transaction mode it would hand one tenant's search path to another's statement."
    return [Warning("There is a connection pooler. It must pool sessions.", hint=hint, id="tenants.W001")]
