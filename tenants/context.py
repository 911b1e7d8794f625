"""Which tenant the work is for: the switch, and the one helper for every key, path, salt and lock of a tenant."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing
from django.db import connection

from tenants.backend.base import HasSchema
from tenants.names import NO_TENANT, PUBLIC, check_schema

_PATH_PART = re.compile(r"(?!\.)[\w.\- ]{1,120}")


class NoTenant(RuntimeError):
    """Something that belongs to a tenant was asked for before any tenant was named. Always a defect."""


@dataclass(frozen=True)
class Schema:
    """A schema by name alone, where nobody needs the tenant's row."""

    schema_name: str


@contextmanager
def tenant_scope(tenant: str | HasSchema, *, include_public: bool = False) -> Iterator[None]:
    """Be in one tenant's schema for a block; afterwards where the block was entered.

    All state is in this call, so threads and nested blocks cannot disturb each other. Do not `yield` inside
    the block: the caller would go on in this tenant. `include_public` is for the operators' own tenant.
    """
    place = Schema(check_schema(tenant)) if isinstance(tenant, str) else tenant
    with connection.scope(place, include_public):  # type: ignore[attr-defined]
        yield


@contextmanager
def public_scope() -> Iterator[None]:
    """Be in `public` (tenants, domains, schedule) for a block."""
    with tenant_scope(PUBLIC):
        yield


@contextmanager
def no_tenant_scope() -> Iterator[None]:
    """Be nowhere for a block: every name must be qualified, as in reading the catalogue."""
    with tenant_scope(NO_TENANT):
        yield


def way_back() -> Callable[[], AbstractContextManager[None]]:
    """What enters the current scope again later, as often as it is called; for work that outlives its scope."""
    tenant, include_public = connection.tenant, connection.include_public_schema  # type: ignore[attr-defined]
    return lambda: tenant_scope(tenant, include_public=include_public)


def current_schema() -> str:
    """The schema of this thread's connection; `no_tenant` before one was named."""
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    return schema


def named_schema() -> str:
    """As current_schema, but NoTenant when nobody was named."""
    schema = current_schema()
    if schema == NO_TENANT:
        raise NoTenant("no tenant was named: enter tenant_scope(...) or public_scope() first")
    return schema


def current_tenant() -> Any:
    """What the middleware or the task base put in charge: a HostedTenant, or a bare Schema in tests and commands."""
    named_schema()
    return connection.tenant  # type: ignore[attr-defined]


# Tokens -------------------------------------------------------------------------------------------------------


def tenant_salt(purpose: str) -> str:
    """Salt for every signature: a token of one tenant or purpose is worthless in another."""
    return f"plumbline:{purpose}:{named_schema()}"


def sign(value: Any, purpose: str) -> str:
    """A URL-safe signed token of a JSON value, valid in this tenant and for this purpose only."""
    return signing.dumps(value, salt=tenant_salt(purpose), compress=True)


def unsign(token: str, purpose: str, *, max_age: timedelta | None = None) -> Any:
    """The value of a token made by `sign` here. Raises signing.BadSignature (SignatureExpired when too old)."""
    return signing.loads(token, salt=tenant_salt(purpose), max_age=max_age)


# Keys ---------------------------------------------------------------------------------------------------------


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """Django's KEY_FUNCTION: every cache key carries the schema."""
    return f"{named_schema()}:{key_prefix}:{version}:{key}"


def rate_key(purpose: str, *parts: object) -> str:
    """Key of a rate limit; long and odd parts (e-mail addresses) are hashed."""
    rest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()
    return f"rate:{named_schema()}:{purpose}:{rest}"


def lock_key(name: str) -> int:
    """Number of the PostgreSQL advisory lock called `name` in this tenant (signed 64 bit)."""
    digest = hashlib.blake2b(f"{named_schema()}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def take_lock(name: str) -> None:
    """Wait for this tenant's lock called `name` and hold it to the end of the transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("take_lock() holds to the end of a transaction: open one first")
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [lock_key(name)])


def channel(name: str) -> str:
    """Name of a publish/subscribe or server-sent-events channel of this tenant."""
    return f"{named_schema()}:{name}"


# Files --------------------------------------------------------------------------------------------------------


def tenant_path(*parts: str) -> str:
    """Storage name of a file of this tenant: `<schema>/<part>/...`. ValueError for a part that could climb out."""
    if not parts:
        raise ValueError("a file needs a name")
    for part in parts:
        if not _PATH_PART.fullmatch(part):
            raise ValueError(f"{part!r} cannot be part of a file's path")
    return "/".join([named_schema(), *parts])
