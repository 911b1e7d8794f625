"""Settings from the environment, failing loudly. `.run/env` is what the launcher leaves for the embedded servers."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent


def load(path: Path) -> None:
    """Take NAME=value lines of `path` as defaults; what is in the environment already wins."""
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        name, found, value = line.partition("=")
        if found and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip())


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. Start with `make run`, or set {name} in the environment.")
    return value


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name, str(default)).strip().lower()
    if value not in {"true", "false", "1", "0"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value in {"true", "1"}


def number(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def database(url: str) -> dict[str, Any]:
    """Django's database settings from a postgresql:// URL; a socket directory comes as ?host=/path."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(f"DATABASE_URL must start with postgresql://, not {parts.scheme!r}.")
    query = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path.lstrip("/")) or "plumbline",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(query.pop("port", parts.port or "")),
        "OPTIONS": query,
    }
