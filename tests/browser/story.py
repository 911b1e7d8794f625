"""What the newcomer of the story brings: a workbook of their own, made here, with known faults."""

from datetime import date
from pathlib import Path

import xlsxwriter

from core.time import months_back
from kpis.catalogue import CATALOGUE, KpiDef

COMPANY = "Harbourline Freight"
ACCOUNTS = ("Meridian Cargo", "Corvid Assurance", "Saffron Stores")
# Points that every KPI of an account earns: just above the red edge, healthy, and in between.
POINTS = {"Meridian Cargo": 50.4, "Corvid Assurance": 88, "Saffron Stores": 64}
MONTHS = 3
CORRECTED = "Relationship NPS"


def value_for(kpi: KpiDef, points: float) -> float:
    """A value of `kpi` that earns `points`, read off its anchors."""
    pairs = [(float(value), float(earned)) for value, earned in kpi.anchors]
    for (x0, y0), (x1, y1) in zip(pairs, pairs[1:], strict=False):
        if min(y0, y1) <= points <= max(y0, y1) and y0 != y1:
            return round(x0 + (x1 - x0) * (points - y0) / (y1 - y0), 3)
    return pairs[-1][0]


def write_matrix(path: Path, today: date) -> None:
    """A monthly matrix, one sheet an account, with faults: no number, a missing value, an unknown KPI."""
    months = months_back(today.replace(day=1), MONTHS + 1)[:MONTHS]
    book = xlsxwriter.Workbook(path)
    for account in ACCOUNTS:
        sheet = book.add_worksheet(account)
        sheet.write_row(0, 0, ["Account", account])
        sheet.write_row(2, 0, ["KPI", "Unit", *(f"{month:%Y-%m}" for month in months)])
        scored = [kpi for kpi in CATALOGUE if kpi.weight]
        for row, kpi in enumerate(scored, start=3):
            sheet.write_row(row, 0, [kpi.name, kpi.unit])
            for column in range(len(months)):
                sheet.write_number(row, 2 + column, value_for(kpi, POINTS[account]))
        sheet.write_row(3 + len(scored), 0, ["Vibe index", "", 7, 7, 7])
        if account == "Saffron Stores":
            sheet.write_string(5, 2, "lots")
            sheet.write_string(6, 3, "N/A")
    book.close()


def pasted_accounts() -> str:
    """The accounts as a person copies them out of a spreadsheet."""
    rows = ["Account\tOwner\tARR\tCurrency\tIndustry\tRegion\tRenewal date"]
    rows += [f"{name}\tada@harbourline.example\t{arr}\tEUR\tLogistics\tEMEA\t2027-06-30"
             for name, arr in zip(ACCOUNTS, (482_000, 318_400, 241_500), strict=True)]  # fmt: skip
    return "\n".join(rows)
