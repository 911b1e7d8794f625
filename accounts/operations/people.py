"""Create, edit and archive the people at customers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import custom, rules
from accounts.events import ContactArchived, ContactCreated, ContactEdited
from accounts.models import Contact
from accounts.operations.custom_values import checked_values, missing_value
from accounts.operations.past import remember, stored_state
from accounts.operations.roles import open_role
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require

EDITABLE = ("name", "email", "phone", "title", "note")


@transaction.atomic
def create_contact(
    *, name: str, by: Actor, at: datetime, role: Mapping[str, Any] | None = None, source: str = "page", **given: Any
) -> Contact:
    """Add one person; `given` are fields of EDITABLE and "custom.<code>". role: what `open_role` takes, for a person
    with a place.

    Emits ContactCreated, with a role RoleOpened too. Raises DomainError without a name or for a role that cannot be,
    PermissionDenied, Account.DoesNotExist.
    """
    require(by, rules.EDIT_CONTACT)
    fields = _known({"name": name, **given}, by)
    if source in ("page", "api"):
        missing_value(given=fields, by=by, record=custom.CONTACT)
    contact = Contact()
    for field, value in fields.items():
        custom.put(contact, field, value)
    contact.save(force_insert=True)
    record(ContactCreated(None, contact.pk, source=source), by=by)
    if role is not None:
        open_role(contact_id=contact.pk, **role, by=by, at=at)
        contact.refresh_from_db(fields=["version"])
    return contact


@transaction.atomic
def edit_contact(*, contact_id: UUID, expected_version: int, changes: Mapping[str, Any], by: Actor) -> Contact:
    """Change fields of one person; `changes` holds only what was changed.

    Emits ContactEdited. Raises Conflict when somebody else saved in the meantime, DomainError, PermissionDenied,
    Contact.DoesNotExist when `by` cannot see the person.
    """
    contact: Contact = Contact.objects.visible_to(by).select_for_update(of=("self",)).get(pk=contact_id)
    require(by, rules.EDIT_CONTACT, contact)
    if contact.version != expected_version:
        raise Conflict("Somebody else changed this person since you opened it. Nothing of theirs was overwritten.")
    fields = {name: value for name, value in _known(changes, by).items() if custom.held(contact, name) != value}
    if not fields:
        return contact
    before = stored_state("contact", contact)
    for name, value in fields.items():
        custom.put(contact, name, value)
    contact.version += 1
    contact.save(update_fields=[*custom.columns_of(fields), "version"])
    remember("contact", contact, before, record(ContactEdited(None, contact.pk, sorted(fields)), by=by))
    return contact


@transaction.atomic
def archive_contact(*, contact_id: UUID, by: Actor, at: datetime, restore: bool = False) -> Contact:
    """Take a person out of the lists without losing anything, or bring them back. Emits ContactArchived.

    Who still has a role cannot be archived: first it is said where they went. Raises DomainError,
    PermissionDenied, Contact.DoesNotExist.
    """
    contact: Contact = Contact.objects.visible_to(by).select_for_update(of=("self",)).get(pk=contact_id)
    require(by, rules.EDIT_CONTACT, contact)
    wanted = None if restore else at
    if bool(contact.archived_at) == bool(wanted):
        return contact
    if wanted and contact.roles.filter(ends_on=None).exists():
        raise DomainError(
            f"{contact.name} has a role at an account. Say first that they left or moved, so that the gap is seen."
        )
    if restore and contact.merged_into_id:
        raise DomainError("This person was merged into another. Undo the merge instead.")
    before = stored_state("contact", contact)
    contact.archived_at = wanted
    contact.version += 1
    contact.save(update_fields=["archived_at", "version"])
    remember("contact", contact, before, record(ContactArchived(None, contact.pk, restored=restore), by=by))
    return contact


def _known(given: Mapping[str, Any], by: Actor) -> dict[str, Any]:
    """The given fields as they are stored. TypeError for a field that nobody may set."""
    unknown = {name for name in given if not custom.is_own(name)} - set(EDITABLE)
    if unknown:
        raise TypeError(f"not fields of a person that may be set: {sorted(unknown)}")
    own = checked_values(given=given, by=by, record=custom.CONTACT)
    fields: dict[str, Any] = {name: (given[name] or "").strip() for name in given if name not in own}
    fields |= own
    if "name" in fields:
        fields["name"] = " ".join(fields["name"].split())
        if not fields["name"]:
            raise DomainError("A person needs a name.", field="name")
    if "email" in fields:
        fields["email"] = fields["email"].lower()
    return fields
