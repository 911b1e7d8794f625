"""Rows of products."""

import re
from typing import Any

from accounts import rules
from accounts.models import Product
from accounts.operations.record_kinds.names import Held
from accounts.operations.record_kinds.shape import Column, Kind, Run, Taken, unchanged, yes
from core.actor import Actor
from core.errors import DomainError

FIELDS = ("name", "family", "active")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", text.casefold()).strip("-")[:60]


def _take(fields: dict[str, Any], key: str, run: Run) -> Taken:
    given = {name: fields[name] for name in FIELDS if name in fields}
    code = _slug(fields["code"] if "code" in fields else fields["name"])
    if not code:
        raise Held("A product needs a code or a name with letters or digits in it.", field=key)
    wanted = {"code": code} if key == "code" else {"name": fields["name"]}
    there = Product.objects.select_for_update().filter(**wanted).first()
    if there is None and key == "name":
        there = Product.objects.select_for_update().filter(code=code).first()
    if there is None:
        made = Product(code=code, **{"name": fields.get("code", ""), **given})
        made.save(force_insert=True)
        return Taken("create", made.pk, version=made.version)
    before = {name: getattr(there, name) for name, value in given.items() if getattr(there, name) != value}
    if before:
        _save(there, given)
    return Taken("update" if before else "same", there.pk, before, there.version)


def _save(product: Product, given: dict[str, Any]) -> None:
    for name, value in given.items():
        setattr(product, name, value)
    product.version += 1
    product.save(update_fields=[*given, "version"])


def _undo(row: Any, *, by: Actor, at: Any, expected: int | None) -> int | None:
    product = Product.objects.select_for_update().get(pk=row.record_id)
    unchanged(product.version, expected, product.name)
    if row.action == "update":
        _save(product, row.before)
        return product.version
    if product.subscriptionline_set.exists() or product.entitlements.exists():
        raise DomainError(f"“{product.name}” is sold by now. It stays.")
    product.delete()
    return None


PRODUCTS = Kind(
    "products",
    "Products",
    rules.EDIT_CONTRACT,
    {
        "name": Column("Name", aliases=("name", "product", "product name", "description", "title"), longest=120),
        "code": Column("Code", aliases=("code", "sku", "product code", "stock code", "stockcode"), longest=60),
        "family": Column("Family", aliases=("family", "series", "category", "group", "line"), longest=80),
        "active": Column("Sold", yes, ("active", "sold", "enabled")),
    },
    ("code", "name"),
    _undo,
    take=_take,
)
