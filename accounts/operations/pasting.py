"""A block of cells pasted from a spreadsheet into the list of accounts: one change, written and taken back as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import rules
from accounts.events import BulkChangeStarted
from accounts.models import BulkChange, BulkRow
from accounts.operations.bulk import NotAChange, change_chunk, finish_change
from accounts.queries.typed import as_kept
from core.actor import Actor
from core.audit import record
from core.rules import require

MOST_CELLS = 1_000


@dataclass(frozen=True)
class PastedRow:
    """What one account is to hold, field -> value as edit_account takes it. version: as it was looked at."""

    account_id: UUID
    version: int
    changes: Mapping[str, Any]


@transaction.atomic
def paste_cells(*, rows: Sequence[PastedRow], by: Actor, at: datetime) -> BulkChange:
    """Change these accounts, each in its own fields; one that was changed since, or that `by` may not see, stays.

    Emits BulkChangeStarted, and AccountEdited for each account. Raises NotAChange, PermissionDenied.
    """
    require(by, rules.EDIT)
    if not rows:
        raise NotAChange("Nothing is changed by this.")
    if sum(len(row.changes) for row in rows) > MOST_CELLS:
        raise NotAChange(f"At most {MOST_CELLS:,} cells are changed at once. Bring more as a file.")
    if any("key" in row.changes for row in rows):
        raise NotAChange("Numbers are changed one by one.")
    if not by.sees_all and any(row.changes.get("owner_id", by) is None for row in rows):
        raise NotAChange("Without an owner you would not see an account any more. Choose somebody.")
    change = BulkChange.objects.create(
        changes={}, total=len(rows), created_at=at, created_by_id=by.user_id, created_by=by.label[:160]
    )
    BulkRow.objects.bulk_create(
        BulkRow(
            change=change,
            account_id=row.account_id,
            after={name: as_kept(value) for name, value in row.changes.items()},
            expected_version=row.version,
        )
        for row in rows
    )
    record(BulkChangeStarted(None, change.pk, len(rows), {}), by=by)
    while change_chunk(change_id=change.pk, by=by):
        pass
    return finish_change(change_id=change.pk, at=at)
