"""The shared workbooks hold no planted slips among their good values: nothing in them is doubted."""

import csv
import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from core.time import next_month
from kpis import catalogue
from kpis.quality import Cube, Finding, Measure, detect
from kpis.workbook import AccountMatcher, ParsedCell, read, stream
from tests.kpis.uploads.conftest import SHARED_SET, TODAY


@pytest.fixture(scope="module")
def master() -> AccountMatcher:
    if not (SHARED_SET / "accounts.csv").is_file():
        pytest.skip(f"THE SHARED WORKBOOKS WERE NOT TESTED: none in {SHARED_SET}; set PLUMBLINE_WORKBOOKS")
    with (SHARED_SET / "accounts.csv").open(encoding="utf-8-sig", newline="") as file:
        return AccountMatcher(row["account"] for row in csv.DictReader(file))


def cube_of(cells: Iterable[ParsedCell]) -> Cube:
    found = list(cells)
    accounts = {name: at for at, name in enumerate(sorted({one.account for one in found}))}
    kpis = {code: at for at, code in enumerate(sorted({one.code for one in found}))}
    months = [min(one.period for one in found)]
    while months[-1] < max(one.period for one in found):
        months.append(next_month(months[-1]))
    values = np.full((len(accounts), len(kpis), len(months)), np.nan)
    for one in found:
        values[accounts[one.account], kpis[one.code], months.index(one.period)] = float(one.stored)
    return Cube(values, ~np.isnan(values), [_measure(code) for code in kpis], months, dt.date(2026, 11, 1))


def _measure(code: str) -> Measure:
    kpi = catalogue.BY_CODE[code]
    low, high = (None if limit is None else float(limit) for limit in (kpi.minimum, kpi.maximum))
    return Measure(code, kpi.name, kpi.unit, low, high)


def said(found: list[Finding], cube: Cube) -> list[tuple[str, str, str, float]]:
    return [(one.kind, cube.measures[one.kpi].code, one.why, cube.values[one.place]) for one in found][:10]


@pytest.mark.parametrize("name", ["long.csv", "long_semicolon.csv", "matrix.xlsx", "standard.xlsx", "simple.xlsx", "wide.csv"])  # fmt: skip  # noqa: E501
def test_nothing_in_a_clean_workbook_is_doubted(name: str, master: AccountMatcher) -> None:
    answers = {"period": "2026-09"} if name == "wide.csv" else {}
    parsed = read(SHARED_SET / name, name, accounts=master, dictionary=catalogue, today=TODAY, answers=answers)
    cube = cube_of(parsed.cells)
    assert said(detect(cube), cube) == []


def test_of_two_hundred_thousand_rows_nothing_is_doubted(master: AccountMatcher) -> None:
    path: Path = SHARED_SET / "big.csv.gz"
    batches = stream(path, path.name, accounts=master, dictionary=catalogue, today=TODAY, answers={})
    cube = cube_of(cell for batch in batches for cell in batch.cells)
    assert said(detect(cube), cube) == []
