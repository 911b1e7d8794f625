"""Data that somebody has to bring or decide on, as sources of the work list."""

from datetime import date
from typing import Any

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.queries.work import DATA, address, columns
from core.actor import Actor
from core.rules import allowed
from kpis.models import AccountHealth, Upload
from kpis.rules import UPLOAD


def accounts_without_score(*, by: Actor, on: date) -> QuerySet[Any]:
    """Accounts in use whose data is not enough for a score; they ask their owner."""
    found = AccountHealth.objects.visible_to(by).filter(band="unknown", account__archived_at=None)
    covered = Cast("coverage", CharField())
    known = Concat(Value("Known: "), covered, Value(" % of its scorecard"), output_field=CharField())
    return columns(
        found, "data", key="account_id", rank=DATA, owner=F("account__owner_id"), account=F("account_id"),
        title=Value("Bring data: there is not enough for a score"), why=known,
        url=address("/accounts/", "account_id", "/grid/"),
    )  # fmt: skip


def uploads_to_decide(*, by: Actor, on: date) -> QuerySet[Any]:
    """Files that were read and wait for somebody to say yes: for who brought them, else for nobody yet."""
    found = Upload.objects.visible_to(by).filter(state=Upload.State.PROPOSED)
    found = found if allowed(by, UPLOAD) else found.none()
    return columns(
        found, "upload", rank=DATA, owner=F("created_by_id"),
        title=Concat(Value("Look at "), F("file_name"), Value(" and import it"), output_field=CharField()),
        why=Value("Nothing of it is imported yet"), url=address("/uploads/"),
    )  # fmt: skip
