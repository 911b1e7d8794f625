"""How a file was read, as its page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kpis.models import Kpi, Upload

ROLES = {
    "account": "Account",
    "kpi": "KPI",
    "period": "Month",
    "value": "Values",
    "unit": "Unit",
    "category": "Category",
}


@dataclass(frozen=True)
class ColumnRead:
    """What a column was taken for, and why. role: its code, label: its word. kpi: what the heading names."""

    letter: str
    header: str
    role: str
    label: str
    reason: str
    kpi: Kpi | None
    left_out: bool  # because a person said so


@dataclass(frozen=True)
class SheetRead:
    """One sheet and what becomes of it. account, period: stated once for all of it. starts_open: show it at once."""

    name: str
    hidden: bool
    layout: str
    reason: str
    account: str
    account_reason: str
    period: date | None
    period_reason: str
    columns: list[ColumnRead]
    more_columns: int
    preview: list[list[str]]
    skipped: list[str]
    starts_open: bool


def sheets_read(upload: Upload, kpis: Mapping[str, Kpi]) -> list[SheetRead]:
    """The sheets of a proposal in the order of the file; the first that is imported starts open."""
    sheets: list[dict[str, Any]] = upload.proposal.get("sheets", [])
    first = next((place for place, sheet in enumerate(sheets) if sheet["layout"]), None)
    return [_sheet(sheet, kpis, upload.answers, starts_open=place == first) for place, sheet in enumerate(sheets)]


def _sheet(
    sheet: Mapping[str, Any], kpis: Mapping[str, Kpi], answers: Mapping[str, str], *, starts_open: bool
) -> SheetRead:
    return SheetRead(
        name=sheet["name"],
        hidden=sheet["hidden"],
        layout=sheet["layout"],
        reason=sheet["reason"],
        account=sheet["account"],
        account_reason=sheet["account_reason"],
        period=date.fromisoformat(sheet["period"]) if sheet["period"] else None,
        period_reason=sheet["period_reason"],
        columns=[
            _column(column, kpis, left_out=answers.get(f"role:{sheet['name']}!{column['letter']}") == "ignored")
            for column in sheet["columns"]
        ],
        more_columns=sheet["more_columns"],
        preview=sheet["preview"],
        skipped=sheet["skipped"],
        starts_open=starts_open,
    )


def _column(column: Mapping[str, Any], kpis: Mapping[str, Kpi], *, left_out: bool) -> ColumnRead:
    role = column["role"]
    return ColumnRead(
        letter=column["letter"],
        header=column["header"],
        role=role,
        label=ROLES.get(role, role),
        reason=column["reason"],
        kpi=kpis.get(column["code"]) if column["code"] else None,
        left_out=left_out,
    )
