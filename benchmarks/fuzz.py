"""Files bent out of shape, for a minute: whatever the bytes, the reader reads them or refuses them in words."""

import io
import random
import tempfile
import time
import zipfile
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from benchmarks.imports import WORKBOOKS
from benchmarks.results import Results, Target

SECONDS, SLOW_SECONDS, ROUND = 60, 10, 200
LARGEST = 300_000  # bytes; a bent copy of a large file tells no more than one of a small file
BITS = [
    b"\x00",
    b"\xff\xfe",
    b"<!ENTITY x 'y'>",
    b'"',
    b";",
    b",",
    b"\r\n",
    b"1e999",
    b"-",
    b"=1/0",
    b"\xc3\x28",
    b"NaN",
]
TODAY = date(2026, 11, 20)

changes = st.lists(
    st.tuples(st.sampled_from(["flip", "cut", "double", "put", "swap"]), st.floats(0, 1), st.floats(0, 1), st.binary()),
    min_size=1,
    max_size=6,
)


def fuzz(results: Results) -> None:
    """Mutates the shared workbooks, as a whole or one part inside their zip, and long files made of odd cells."""
    files = [path for path in sorted(WORKBOOKS.rglob("*.*")) if path.suffix in KINDS and path.stat().st_size < LARGEST]
    if not files:
        print(f"(no files in {WORKBOOKS}: the parsers are not fuzzed)")
        return
    count = _Count()
    ends, turn = time.monotonic() + SECONDS, 0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < ends:
            turn += 1
            _round(files, Path(folder), count, ends, turn)
    results.add("fuzz: files tried", count.tried, "files")
    results.add("fuzz: read to the end", count.read, "files")
    results.add("fuzz: refused in words", count.refused, "files")
    results.add("fuzz: crashes", len(count.crashes), "crashes", Target(0, exactly=True))
    results.add(f"fuzz: over {SLOW_SECONDS} s", count.slow, "files", Target(0, exactly=True))
    for crash in sorted(count.crashes)[:10]:
        print(f"  {crash}")


KINDS = (".csv", ".xlsx", ".xls", ".ods", ".xlsm", ".tsv", ".txt")


class _Count:
    def __init__(self) -> None:
        self.tried = self.read = self.refused = self.slow = 0
        self.crashes: set[str] = set()


def _round(files: list[Path], folder: Path, count: _Count, ends: float, turn: int) -> None:
    @seed(turn)
    @settings(max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(which=st.integers(0, len(files) - 1), part=st.none() | st.floats(0, 1), bent=changes)
    def one(which: int, part: float | None, bent: list[tuple[str, float, float, bytes]]) -> None:
        if time.monotonic() < ends:
            _try(_bend(files[which], part, bent), files[which].suffix, folder, count)

    one()


def _bend(path: Path, part: float | None, bent: list[tuple[str, float, float, bytes]]) -> bytes:
    """The file with the changes; `part` picks one member of a zip to change instead of the bytes of the whole."""
    content = path.read_bytes()
    if part is None or not zipfile.is_zipfile(path):
        return _changed(content, bent)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        picked = names[min(int(part * len(names)), len(names) - 1)]
        for name in names:
            data = old.read(name)
            new.writestr(name, _changed(data, bent) if name == picked else data)
    return made.getvalue()


def _changed(content: bytes, bent: list[tuple[str, float, float, bytes]]) -> bytes:
    for kind, start, length, data in bent:
        at = int(start * len(content))
        to = min(len(content), at + 1 + int(length * 200))
        if kind == "flip":
            content = content[:at] + bytes(byte ^ 0x55 for byte in content[at:to]) + content[to:]
        elif kind == "cut":
            content = content[:at] + content[to:]
        elif kind == "double":
            content = content[:to] + content[at:to] * 3 + content[to:]
        elif kind == "put":
            content = content[:at] + (data or random.Random(at).choice(BITS)) + content[at:]
        else:
            content = content[to:] + content[:to]
    return content


def _try(content: bytes, suffix: str, folder: Path, count: _Count) -> None:
    from kpis import catalogue
    from kpis.workbook import AccountMatcher, FileRefused, read

    path = folder / f"bent{suffix}"
    path.write_bytes(content)
    count.tried += 1
    started = time.monotonic()
    try:
        read(path, path.name, accounts=AccountMatcher(["Acme Ltd", "ACME Limited"]), dictionary=catalogue, today=TODAY)
        count.read += 1
    except FileRefused:
        count.refused += 1
    except Exception as crash:  # a crash is what is being looked for
        trace = crash.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
        count.crashes.add(f"{type(crash).__name__} at {place}: {str(crash)[:120]}")
    count.slow += time.monotonic() - started > SLOW_SECONDS
