"""Where an account is, what is sold, and what an account may use beyond its contract lines."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts import rules
from accounts.events.holdings import EntitlementChanged, ProductChanged, SiteChanged
from accounts.models import Account, Entitlement, Location, Product
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require

LATE = "Somebody changed this meanwhile. Look at it as it is now, then save again."


@transaction.atomic
def save_site(
    *, account_id: UUID, values: Mapping[str, Any], by: Actor, site_id: UUID | None = None,
    expected_version: int | None = None,
) -> Location:  # fmt: skip
    """Add or change a place of an account; values: name, address, region, country (two letters).

    Emits SiteChanged. Raises Conflict, DomainError, PermissionDenied, Account.DoesNotExist, Location.DoesNotExist.
    """
    account = Account.objects.visible_to(by).get(pk=account_id)
    require(by, rules.EDIT, account)
    found = Location.objects.select_for_update().get(pk=site_id, account=account) if site_id else Location(version=0)
    changed = _set(found, values, ("name", "address", "region", "country"), expected_version if site_id else None)
    found.account, found.country = account, found.country.upper()
    if not found.name.strip():
        raise DomainError("Say how the site is called.", field="name")
    if found.country and not (len(found.country) == 2 and found.country.isalpha()):
        raise DomainError("Two letters, such as DE.", field="country")
    if changed or not site_id:
        found.version += 1
        found.save()
        what = "edited" if site_id else "added"
        record(SiteChanged(account.pk, found.pk, found.name, what, changed if site_id else []), by=by)
    return found


@transaction.atomic
def remove_site(*, site_id: UUID, by: Actor) -> None:
    """Take a place away; what the trail says of it stays. Emits SiteChanged."""
    found = Location.objects.visible_to(by).select_for_update(of=("self",)).get(pk=site_id)
    require(by, rules.EDIT, found.account)
    record(SiteChanged(found.account_id, found.pk, found.name, "removed"), by=by)
    found.delete()


@transaction.atomic
def save_product(
    *, values: Mapping[str, Any], by: Actor, product_id: UUID | None = None, expected_version: int | None = None
) -> Product:
    """Add or change something that is sold; values: name, code, family, active. Without code it is made from the name.

    Emits ProductChanged. Raises Conflict, DomainError, PermissionDenied, Product.DoesNotExist.
    """
    require(by, rules.EDIT_CONTRACT)
    found = Product.objects.select_for_update().get(pk=product_id) if product_id else Product(version=0)
    changed = _set(found, values, ("name", "code", "family", "active"), expected_version if product_id else None)
    if not found.name.strip():
        raise DomainError("Say how the product is called.", field="name")
    found.code = found.code or slugify(found.name)[:60]
    if not found.code:
        raise DomainError("Give it a code of letters and digits.", field="code")
    if not changed and product_id:
        return found
    found.version += 1
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError as error:
        raise DomainError("Another product has this code.", field="code") from error
    what = "edited" if product_id else "added"
    record(ProductChanged(None, found.pk, found.name, what, changed if product_id else []), by=by)
    return found


@transaction.atomic
def save_entitlement(
    *, account_id: UUID, values: Mapping[str, Any], by: Actor, entitlement_id: UUID | None = None,
    expected_version: int | None = None,
) -> Entitlement:  # fmt: skip
    """Say what an account may use; values: product_id, quantity (None: without limit), unit, starts_on, ends_on.

    Emits EntitlementChanged. Raises Conflict, DomainError, PermissionDenied, DoesNotExist.
    """
    account = Account.objects.visible_to(by).get(pk=account_id)
    require(by, rules.EDIT_CONTRACT, account)
    rows = Entitlement.objects.select_for_update().filter(account=account)
    found = rows.get(pk=entitlement_id) if entitlement_id else Entitlement(version=0)
    fields = ("product_id", "quantity", "unit", "starts_on", "ends_on")
    changed = _set(found, values, fields, expected_version if entitlement_id else None)
    product = Product.objects.filter(pk=found.product_id).first() if found.product_id else None
    if product is None:
        raise DomainError("Choose a product.", field="product_id")
    if found.starts_on is None:
        raise DomainError("Say from which day.", field="starts_on")
    if found.ends_on is not None and found.ends_on < found.starts_on:
        raise DomainError("It ends before it begins.", field="ends_on")
    if found.quantity is not None and found.quantity <= 0:
        raise DomainError("More than nothing; empty is without limit.", field="quantity")
    if changed or not entitlement_id:
        found.account = account
        found.version += 1
        found.save()
        what = "edited" if entitlement_id else "added"
        told = changed if entitlement_id else []
        record(EntitlementChanged(account.pk, found.pk, product.name, what, told), by=by)
    return found


@transaction.atomic
def remove_entitlement(*, entitlement_id: UUID, by: Actor) -> None:
    """Take it back; what comes from contract lines stays. Emits EntitlementChanged."""
    rows = Entitlement.objects.visible_to(by).select_for_update(of=("self",)).select_related("product", "account")
    found = rows.get(pk=entitlement_id)
    require(by, rules.EDIT_CONTRACT, found.account)
    record(EntitlementChanged(found.account_id, found.pk, found.product.name, "removed"), by=by)
    found.delete()


def _set(row: Any, values: Mapping[str, Any], fields: tuple[str, ...], expected: int | None) -> list[str]:
    """Put the values on the row and say which differ. Raises Conflict when it is not the version that was seen."""
    if expected is not None and row.version != expected:
        raise Conflict(LATE)
    changed = [name for name in fields if name in values and getattr(row, name) != values[name]]
    for name in changed:
        setattr(row, name, values[name].strip() if isinstance(values[name], str) else values[name])
    return changed
