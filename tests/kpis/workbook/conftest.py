"""The shared set of messy workbooks with known answers, and a small world for files made by the tests."""

import csv
import datetime as dt
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kpis import catalogue
from kpis.workbook import AccountMatcher, ParsedFile, read

REPOSITORY = Path(__file__).parents[3]
SHARED_SET = Path(os.environ.get("PLUMBLINE_WORKBOOKS") or REPOSITORY.parent / "shared/data/kpi_workbooks")
TODAY = dt.date(2026, 11, 20)


@pytest.fixture(scope="session")
def shared_set() -> Path:
    if not (SHARED_SET / "expected.json").is_file():
        pytest.skip(f"THE SHARED WORKBOOKS WERE NOT TESTED: none in {SHARED_SET}; set PLUMBLINE_WORKBOOKS")
    return SHARED_SET


@pytest.fixture(scope="session")
def expected(shared_set: Path) -> dict[str, Any]:
    return json.loads((shared_set / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def master(shared_set: Path) -> AccountMatcher:
    with (shared_set / "accounts.csv").open(encoding="utf-8-sig", newline="") as file:
        return AccountMatcher(row["account"] for row in csv.DictReader(file))


@pytest.fixture(scope="session")
def shared_read(shared_set: Path, master: AccountMatcher) -> Callable[[str], ParsedFile]:
    """One file of the set, read once. wide.csv has no month of its own."""
    done: dict[str, ParsedFile] = {}

    def read_once(name: str) -> ParsedFile:
        if name not in done:
            answers = {"period": "2026-09"} if name == "wide.csv" else {}
            path = shared_set / name
            done[name] = read(path, path.name, accounts=master, dictionary=catalogue, today=TODAY, answers=answers)
        return done[name]

    return read_once


@pytest.fixture
def read_file() -> Callable[..., ParsedFile]:
    """Reads a file of the test with the accounts Acme Ltd, ACME Limited and Müller & Söhne GmbH."""
    accounts = AccountMatcher(["Acme Ltd", "ACME Limited", "Müller & Söhne GmbH"])

    def read_it(path: Path, **answers: str) -> ParsedFile:
        plain = {key.replace("__", ":"): value for key, value in answers.items()}
        return read(path, path.name, accounts=accounts, dictionary=catalogue, today=TODAY, answers=plain)

    return read_it


@pytest.fixture
def read_text(tmp_path: Path, read_file: Callable[..., ParsedFile]) -> Callable[..., ParsedFile]:
    """Reads a text written in the test as a CSV file."""

    def read_it(text: str, encoding: str = "utf-8", name: str = "file.csv", **answers: str) -> ParsedFile:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return read_file(path, **answers)

    return read_it
