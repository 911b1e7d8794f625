"""What reports of an account show of the tenant's own: tables of its own records, people and contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower

from accounts import custom
from accounts.models import Account, Contact, Contract, CustomField, CustomObject, CustomRecord
from accounts.queries.custom import OwnValue

MOST_ROWS = 30


@dataclass(frozen=True)
class ReportTable:
    """Records of one kind with the fields that reports show. more: how many are not among `rows`."""

    label: str
    name: str
    fields: Sequence[CustomField]
    rows: Sequence[tuple[str, Sequence[OwnValue]]]
    more: int


def tables_in_reports(account: Account) -> list[ReportTable]:
    """Kinds of record with a field that reports show and with something at the account. A report goes to anybody, so
    that only fields and objects that every role sees are among them. Two queries for each kind, one without any."""
    chosen: dict[str, list[CustomField]] = {}
    for field in CustomField.objects.filter(active=True, in_reports=True, view_roles=[]).exclude(record=custom.ACCOUNT):
        chosen.setdefault(field.record, []).append(field)
    if not chosen:
        return []
    made = [_table(*kind, chosen[record]) for record, kind in _kinds(account, set(chosen)).items()]
    return [one for one in made if one.rows]


def _kinds(account: Account, wanted: set[str]) -> dict[str, tuple[str, str, QuerySet[Any]]]:
    """CustomField.record -> heading, what one is called, the records at the account."""
    people = Contact.objects.filter(archived_at=None, roles__account=account, roles__ends_on=None).distinct()
    agreed = Contract.objects.filter(account=account).exclude(state=Contract.State.DRAFT)
    found: dict[str, tuple[str, str, QuerySet[Any]]] = {
        custom.CONTACT: ("People", "Person", people.order_by("name", "pk")),
        custom.CONTRACT: ("Contracts", "Contract", agreed.order_by("-starts_on", "pk")),
    }
    there = CustomRecord.objects.filter(account=account, archived_at=None)
    for kind in CustomObject.objects.filter(active=True, view_roles=[]):
        own = there.filter(object=kind).order_by(Lower("name"), "pk")
        found[f"{custom.OBJECT}{kind.code}"] = (kind.plural, kind.name, own)
    return {record: kind for record, kind in found.items() if record in wanted}


def _table(label: str, name: str, records: QuerySet[Any], fields: Sequence[CustomField]) -> ReportTable:
    found = list(records[: MOST_ROWS + 1])
    rows = [(one.name, [OwnValue(f, one.custom.get(f.code), False) for f in fields]) for one in found[:MOST_ROWS]]
    return ReportTable(label, name, fields, rows, records.count() - MOST_ROWS if len(found) > MOST_ROWS else 0)
