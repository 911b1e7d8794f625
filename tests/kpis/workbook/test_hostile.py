"""Files that are refused before a parser sees them, each with its reason."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kpis.workbook import FileRefused, inspect_file, limits
from tests.kpis.workbook.files import write_workbook


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    path = write_workbook(tmp_path / "good.xlsx", {"Acme Ltd": [["KPI", "2026-03"], ["NPS", 40]]})
    inspect_file(path, "good.xlsx")
    return path.read_bytes()


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[bytes, str], str]:
    """The kind of the refusal of these bytes under this name; "" if they are taken."""

    def kind(content: bytes, name: str = "file.xlsx") -> str:
        path = tmp_path / "uploaded"
        path.write_bytes(content)
        try:
            inspect_file(path, name)
        except FileRefused as error:
            said = str(error)
            if not (said[0].isupper() and said.endswith(".")):
                pytest.fail(f"not a sentence for a person: {said}")
            return error.kind
        return ""

    return kind


def rebuilt(content: bytes, change: Callable[[str, bytes], bytes] | None = None, **added: bytes) -> bytes:
    """The workbook again, with parts changed or added (double underscore for a slash in a name)."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)) if change else old.read(name))
        for name, data in added.items():
            new.writestr(name.replace("__", "/"), data)
    return target.getvalue()


def in_sheet(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    return lambda name, data: data.replace(old, new) if name == "xl/worksheets/sheet1.xml" else data


def test_empty_and_wrong_and_renamed(refusal: Any, good: bytes) -> None:
    assert refusal(b"") == "empty"
    assert refusal(b" \r\n\r\n,,,\n", "file.csv") == "empty"
    assert refusal(b"account,kpi\n", "file.xlsx") == "not_a_workbook"
    assert refusal(good, "file.csv") == "renamed"
    assert refusal(good, "file.pdf") == "wrong_type"
    assert refusal(b"%PDF-1.7 ...", "file.csv") == "renamed"
    assert refusal(b"plain", "file.csv.gz") == "renamed"
    assert refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "file.xls") == "wrong_type"
    assert refusal(bytes(range(256)) * 20, "file.csv") == "not_text"
    assert refusal(rebuilt(good, lambda name, data: b"<a/>" if name.endswith("sheet1.xml") else data)) == "empty"


def test_archives_that_are_no_workbook(refusal: Any, good: bytes) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert refusal(target.getvalue()) == "not_a_workbook"
    assert refusal(rebuilt(good, **{"xl__workbook.bin": b"x"})) == "wrong_type"


def test_encrypted(refusal: Any, good: bytes) -> None:
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "EncryptedPackage".encode("utf-16-le") + bytes(512)
    assert refusal(container) == "encrypted"
    flagged = bytearray(good)
    position = flagged.index(b"PK\x01\x02")
    struct.pack_into("<H", flagged, position + 8, 1)
    assert refusal(bytes(flagged)) == "encrypted"


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_truncated(share: float, refusal: Any, good: bytes) -> None:
    assert refusal(good[: int(len(good) * share)]) == "truncated"
    packed = gzip.compress(b"account,kpi,month,value\n" * 500)
    assert refusal(packed[: int(len(packed) * share)], "file.csv.gz") == "truncated"


def test_corrupt(refusal: Any, good: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
    damaged = bytearray(good)
    damaged[entry.header_offset + 30 + len(entry.filename) + 10] ^= 0xFF
    assert refusal(bytes(damaged)) == "corrupt"
    packed = bytearray(gzip.compress(b"account,kpi,month,value\n" * 500))
    packed[30] ^= 0xFF
    assert refusal(bytes(packed), "file.csv.gz") == "corrupt"


def test_macros(refusal: Any, good: bytes) -> None:
    assert refusal(rebuilt(good, **{"xl__vbaProject.bin": b"x"})) == "macros"
    assert refusal(rebuilt(good, **{"xl__macrosheets__sheet1.xml": b"<a/>"})) == "macros"
    assert refusal(good, "file.xlsm") == "macros"


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/evil.xml", "xl/../../evil", "C:/evil.xml", "xl\\..\\evil"])
def test_paths_out_of_the_file(name: str, refusal: Any, good: bytes) -> None:
    assert refusal(rebuilt(good, **{name: b"x"})) == "unsafe_paths"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("declaration", ['<!DOCTYPE a [<!ENTITY b "c">]>', '<!ENTITY b SYSTEM "file:///etc/passwd">'])
def test_entities_in_any_part_and_encoding(declaration: str, encoding: str, refusal: Any, good: bytes) -> None:
    for part in ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml"):
        text = f'<?xml version="1.0"?>{declaration}<a/>'.encode(encoding)
        assert refusal(rebuilt(good, lambda name, data, p=part, t=text: t if name == p else data)) == "xml_entities"
    far = b"<!--" + b"x" * (3 * limits.CHUNK - 9) + b"-->" + declaration.encode() + b"<a/>"
    assert refusal(rebuilt(good, **{"xl__extra.xml": far})) == "xml_entities"


def test_bombs(refusal: Any, good: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(rebuilt(good, **{"xl__media__a.bin": bytes(12_000_000)})) == "too_large_unpacked"
    assert refusal(gzip.compress(bytes(12_000_000)), "file.csv.gz") == "too_large_unpacked"
    monkeypatch.setattr(limits, "MAX_UNPACKED_BYTES", 1_000)
    assert refusal(good) == "too_large_unpacked"
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 1_000)
    assert refusal(good) == "too_large"


def test_entries_that_lie_about_their_length_or_share_bytes(refusal: Any, good: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
    central = good.index(b"PK\x01\x02")
    while good[central + 46 : central + 46 + len(entry.filename)] != entry.filename.encode():
        central = good.index(b"PK\x01\x02", central + 4)
    shorter = bytearray(good)
    struct.pack_into("<I", shorter, central + 24, entry.file_size - 40)
    assert refusal(bytes(shorter)) == "corrupt"
    elsewhere = bytearray(good)
    struct.pack_into("<I", elsewhere, central + 42, 0)
    assert refusal(bytes(elsewhere)) == "corrupt"
    assert refusal(rebuilt(good, **{"XL__worksheets__SHEET1.xml": b"<a/>"})) == "corrupt"


def test_too_many_parts_rows_and_cells_and_far_cells(
    refusal: Any, good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal(rebuilt(good, **{f"xl__{number}": b"" for number in range(200)})) == "too_many_entries"
    far = in_sheet(b'<c r="A1"', b'<c r="XFD1048576"><v>1</v></c><c r="A1"')
    assert refusal(rebuilt(good, far)) == "too_many_cells"
    monkeypatch.setattr(limits, "MAX_CELLS", 3)
    assert refusal(good) == "too_many_cells"
    monkeypatch.setattr(limits, "MAX_ROWS", 1)
    assert refusal(good) == "too_many_rows"
    assert refusal(b"a,b\n1,2\n1,2\n1,2\n", "file.csv") == "too_many_rows"


def test_a_million_rows_are_refused_with_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "million.csv"
    path.write_bytes(b"account,kpi,month,value\n" + b"a,b,2026-03,1\n" * 1_000_000)
    with pytest.raises(FileRefused, match="500,000 rows, which is the limit") as caught:
        inspect_file(path, path.name)
    assert caught.value.kind == "too_many_rows"


def test_a_cell_that_never_ends_is_refused_in_words(read_text: Any) -> None:
    with pytest.raises(FileRefused, match="closing quote"):
        read_text('account,kpi,month,value\nAcme Ltd,NPS,2026-03,"4\n' + "x" * 140_000)
