"""Names of schemas and hosts. Pure: the one place that says what a name may look like."""

import re
import secrets

PUBLIC = "public"
NO_TENANT = "no_tenant"  # never created: whoever has not said which tenant finds no table at all
EXTENSIONS = "extensions"  # operators and types of PostgreSQL extensions, the same for every tenant

SCHEMA_PATTERN = r"^t_[a-z0-9]{8,40}$"
TEMPLATE_PREFIX = "t_template"
_TENANT_SCHEMA = re.compile(r"t_[a-z0-9]{8,40}")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"

# Labels that would be mistaken for a part of the platform.
_RESERVED = """
admin api app assets auth billing blog cdn dev docs email ftp help localhost login mail mailbox media ns1 ns2
operator plumbline postmaster public root secure signup smtp sso staging static status support system test
webhook webhooks webmail www
"""
RESERVED_SLUGS = frozenset(_RESERVED.split())


def new_schema_name() -> str:
    """A server-made name with 80 random bits; it says nothing about the company it belongs to."""
    return "t_" + "".join(secrets.choice(_LETTERS) for _ in range(16))


def is_tenant_schema(name: str) -> bool:
    return _TENANT_SCHEMA.fullmatch(name) is not None


def is_template_schema(name: str) -> bool:
    return is_tenant_schema(name) and name.startswith(TEMPLATE_PREFIX)


def check_schema(name: str) -> str:
    """Return `name` when a connection may be switched to it; ValueError otherwise."""
    if name in {PUBLIC, NO_TENANT} or is_tenant_schema(name):
        return name
    raise ValueError(f"{name!r} is not the name of a schema of ours")


def is_slug(text: str) -> bool:
    """One lower-case DNS label of at most 40 characters."""
    return _SLUG.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """A lower-case host name without port or trailing dot (addresses of the form 10.0.0.1 included)."""
    return _HOST.fullmatch(text) is not None


def suggest_slug(company: str) -> str:
    """The company's name as a host label; empty when nothing usable is left of it."""
    words = re.sub(r"[^a-z0-9]+", "-", company.casefold().encode("ascii", "ignore").decode()).strip("-")
    return words[:40].strip("-")
