"""Write down what happened with a customer: calls, mails, meetings and notes."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import rules
from accounts.events import ActivityChanged
from accounts.models import Account, Activity, Contact
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require

EDITABLE = ("kind", "subject", "body", "happened_at", "minutes")
AHEAD = timedelta(minutes=5)  # clocks of browsers run ahead a little


@transaction.atomic
def record_activity(
    *,
    account_id: UUID,
    kind: str,
    subject: str,
    by: Actor,
    at: datetime,
    happened_at: datetime | None = None,
    body: str = "",
    minutes: int | None = None,
    contact_ids: Iterable[UUID] = (),
) -> Activity:
    """Put a call, mail, meeting or note on an account's timeline. happened_at: None is `at`.

    contact_ids: who of the account took part; people who are, or were, there.

    Emits ActivityChanged. Raises DomainError, PermissionDenied, Account.DoesNotExist.
    """
    account = Account.objects.visible_to(by).get(pk=account_id)
    require(by, rules.LOG, account)
    values = {"kind": kind, "subject": subject, "body": body, "happened_at": happened_at or at, "minutes": minutes}
    made = Activity(account=account, by_id=by.user_id, by_label=by.label[:160], **_checked(values, at))
    people = _people(account, contact_ids)
    made.save(force_insert=True)
    made.contacts.set(people)
    record(ActivityChanged(account.pk, made.pk, made.kind, "recorded"), by=by)
    return made


@transaction.atomic
def edit_activity(
    *, activity_id: UUID, expected_version: int, changes: Mapping[str, Any], by: Actor, at: datetime
) -> Activity:
    """Correct what was written down; the one who wrote it, or who may edit the account.

    Emits ActivityChanged with the names of the changed fields. Raises Conflict, DomainError, PermissionDenied,
    Activity.DoesNotExist.
    """
    found = _locked(activity_id, by)
    if found.removed_at is not None:
        raise DomainError("It was removed meanwhile. Bring it back first.")
    if found.version != expected_version:
        raise Conflict("Somebody changed it meanwhile. Look at it as it is now, then save again.")
    values = _checked({name: changes.get(name, getattr(found, name)) for name in EDITABLE}, at)
    changed = [name for name in EDITABLE if getattr(found, name) != values[name]]
    before = set(found.contacts.values_list("pk", flat=True)) if "contact_ids" in changes else set()
    if "contact_ids" in changes and set(changes["contact_ids"]) != before:
        kept = before & set(changes["contact_ids"])  # who was there stays so, also after they have left the account
        new = _people(found.account, set(changes["contact_ids"]) - kept)
        found.contacts.set([*Contact.objects.filter(pk__in=kept), *new])
        changed.append("people")
    if changed:
        for name in changed:
            if name != "people":
                setattr(found, name, values[name])
        found.version += 1
        found.save(update_fields=[*(name for name in changed if name != "people"), "version"])
        record(ActivityChanged(found.account_id, found.pk, found.kind, "edited", changed), by=by)
    return found


@transaction.atomic
def remove_activity(*, activity_id: UUID, by: Actor, at: datetime, restore: bool = False) -> Activity:
    """Take an activity off the timeline, or bring it back; a second time nothing happens.

    Emits ActivityChanged. Raises PermissionDenied, Activity.DoesNotExist.
    """
    found = _locked(activity_id, by)
    if (found.removed_at is None) != restore:
        found.removed_at = None if restore else at
        found.version += 1
        found.save(update_fields=["removed_at", "version"])
        what = "restored" if restore else "removed"
        record(ActivityChanged(found.account_id, found.pk, found.kind, what), by=by)
    return found


def _locked(activity_id: UUID, by: Actor) -> Activity:
    found: Activity = Activity.objects.visible_to(by).select_for_update(of=("self",)).get(pk=activity_id)
    require(by, rules.LOG, found.account)
    if found.by_id != by.user_id:
        require(by, rules.EDIT, found.account)
    return found


def _people(account: Account, contact_ids: Iterable[UUID]) -> list[Contact]:
    """The people of these ids who have, or had, a role at the account. Raises DomainError."""
    wanted = set(contact_ids)
    found = list(Contact.objects.filter(pk__in=wanted, roles__account=account).distinct()) if wanted else []
    if len(found) != len(wanted):
        raise DomainError("Choose people of this account.", field="contact_ids")
    return found


def _checked(values: dict[str, Any], at: datetime) -> dict[str, Any]:
    values = {**values, "subject": str(values["subject"]).strip()[:200], "body": str(values["body"]).strip()}
    if values["kind"] not in Activity.Kind.values:
        raise DomainError("Choose what it was.", field="kind")
    if not values["subject"]:
        raise DomainError("Say in a few words what it was about.", field="subject")
    if values["happened_at"] > at + AHEAD:
        raise DomainError("That has not happened yet. Make it a task.", field="happened_at")
    if values["minutes"] is not None and not 0 <= values["minutes"] <= 1440:
        raise DomainError("A day has 1,440 minutes.", field="minutes")
    return values
