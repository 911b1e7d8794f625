"""Batches: the same cells and issues wherever the work was interrupted, and any bytes without a crash."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpis import catalogue
from kpis.workbook import AccountMatcher, Batch, FileRefused, ParsedFile, read, stream, survey
from tests.kpis.workbook.conftest import TODAY
from tests.kpis.workbook.files import Formula, write_workbook

ACCOUNTS = AccountMatcher(["Acme Ltd", "ACME Limited"])
NAMES = ["Acme Ltd", "ACME Limited", " Acme Ltd", "Akme", ""]
KPIS = ["Seat use", "NPS", "Customer ROI", "Happiness", "Cost Savings", ""]
MONTHS = ["2026-03", "Mar 26", "04.2026", "2062-01", "nonsense"]
TEXTS = [
    "85",
    "85.5",
    "85,5",
    "0.85",
    "1.250",
    "1,250",
    "12 hours",
    "85 %",
    "$2.5M",
    "N/A",
    "",
    "2026-06-05",
    "=1+1",
    "900",
]
options = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def batches(path: Path, **more: Any) -> Iterator[Batch]:
    return stream(path, path.name, accounts=ACCOUNTS, dictionary=catalogue, today=TODAY, **more)


def whole(path: Path) -> ParsedFile:
    return read(path, path.name, accounts=ACCOUNTS, dictionary=catalogue, today=TODAY)


rows = st.lists(
    st.tuples(*(st.sampled_from(choice) for choice in (NAMES, KPIS, MONTHS, TEXTS, ["%", "", "bananas"]))), max_size=25
)


@options
@given(rows=rows, size=st.integers(1, 7))
def test_going_on_after_any_batch_gives_the_same(tmp_path: Path, rows: list[tuple[str, ...]], size: int) -> None:
    path = tmp_path / "file.csv"
    lines = [";".join(row) for row in [("account", "kpi", "month", "value", "unit"), *rows]]
    path.write_text("\n".join(lines), encoding="utf-8")
    parsed, done = whole(path), list(batches(path, batch=size))
    assert tuple(cell for batch in done for cell in batch.cells) == parsed.cells
    assert tuple(issue for batch in done for issue in batch.issues) == parsed.issues
    for number, batch in enumerate(done):
        assert list(batches(path, batch=size, start=batch.position)) == done[number + 1 :]


def test_going_on_in_a_workbook_keeps_what_is_said_at_the_end_of_a_sheet(tmp_path: Path) -> None:
    table = [["KPI", "2026-03", "YTD"], ["NPS", 40, 1], ["Seat use", None, 2], ["CSM pulse", Formula("=4", 4), 3]]
    sheets = {"Acme Ltd": table, "ACME Limited": table, "Greenquay": [["Account", "Akme"], *table]}
    path = write_workbook(tmp_path / "file.xlsx", sheets)
    for size in (1, 2, 3, 4):
        done = list(batches(path, batch=size))
        assert tuple(issue for batch in done for issue in batch.issues) == whole(path).issues
        for number, batch in enumerate(done):
            assert list(batches(path, batch=size, start=batch.position)) == done[number + 1 :]


def test_a_proposal_has_the_rows_and_the_mapping_but_no_cells(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("account,kpi,month,value\nAcme Ltd,NPS,2026-03,40\nAcme Ltd,NPS,2026-04,41\n", encoding="utf-8")
    proposal = survey(path, path.name, accounts=ACCOUNTS, dictionary=catalogue, today=TODAY)
    assert (proposal.layout, proposal.rows, proposal.cells, proposal.issues) == ("long", 2, (), ())
    assert [(column.letter, column.role) for column in proposal.sheets[0].columns] == [
        ("A", "account"), ("B", "kpi"), ("C", "period"), ("D", "value"),
    ]  # fmt: skip
    assert proposal.sheets[0].preview[:2] == (
        ("account", "kpi", "month", "value"),
        ("Acme Ltd", "NPS", "2026-03", "40"),
    )


@options
@given(
    content=st.binary(max_size=400), name=st.sampled_from(["file.csv", "file.xlsx", "file.csv.gz", "file.xls", "file"])
)
def test_any_bytes_are_refused_or_read(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with suppress(FileRefused):
        whole(path)


@options
@given(
    cells=st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=6), max_size=6),
    layout=st.sampled_from([0, 1, 2]),
)
def test_any_text_in_cells_becomes_cells_or_issues(tmp_path: Path, cells: list[list[str]], layout: int) -> None:
    head = [["account", "kpi", "month", "value", "unit"], ["Account Name", "Seat use", "NPS"], ["KPI", "Value"]][layout]
    path = tmp_path / "file.csv"
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [head, *cells]]
    path.write_bytes("\n".join(lines).encode("utf-8", "replace"))
    answers = {"account": "Acme Ltd", "period": "2026-03"}
    with suppress(FileRefused):  # control characters, a quote that never ends
        read(path, path.name, accounts=ACCOUNTS, dictionary=catalogue, today=TODAY, answers=answers)


@pytest.fixture(scope="module")
def workbook_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("books") / "file.xlsx"
    return write_workbook(path, {"Acme Ltd": [["KPI", "2026-03"], ["NPS", 40]]}).read_bytes()


@options
@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_workbook_with_any_byte_changed_is_refused_or_read(
    tmp_path: Path, workbook_bytes: bytes, place: int, flip: int
) -> None:
    changed = bytearray(workbook_bytes)
    changed[place % len(changed)] ^= flip
    path = tmp_path / "file.xlsx"
    path.write_bytes(bytes(changed))
    with suppress(FileRefused):
        whole(path)
