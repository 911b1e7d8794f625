"""Decide from its bytes whether a file can be taken at all. Nothing is parsed before this has passed."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from kpis.workbook import limits, zipcheck
from kpis.workbook.types import FileRefused

ZIP, GZIP, OLE = b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OTHER_MAGIC = (
    ZIP,
    b"PK\x05\x06",
    GZIP,
    OLE,
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BZh",
    b"7z\xbc\xaf",
    b"Rar!",
)
TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))
ACCEPTED = "Upload an Excel workbook (.xlsx) or a text file (.csv, .tsv, .csv.gz)."


def inspect_file(path: Path | str, filename: str) -> None:
    """Raises FileRefused(kind, message for a person) if the file must not be parsed.

    filename: as the person named it; the ending must agree with the bytes. Streams the file once.
    """
    path, name = Path(path), filename.lower().strip()
    size = path.stat().st_size
    if size == 0:
        raise zipcheck.empty_refused()
    if size > limits.MAX_FILE_BYTES:
        raise FileRefused(
            "too_large",
            f"The file has {size / 1e6:,.1f} MB; the limit is {limits.MAX_FILE_BYTES / 1e6:,.0f} MB. "
            "Split it, or pack it as .csv.gz.",
        )
    with path.open("rb") as file:
        head = file.read(8)
    if name.endswith(TEXT_SUFFIXES):
        _inspect_text(path, head, packed=name.endswith(".gz"))
    elif name.endswith((".xlsx", ".xlsm", ".xltx", ".xltm")):
        _inspect_workbook(path, head, name)
    elif name.endswith(".xls") and head == OLE:
        raise _old_or_encrypted(path)
    else:
        raise FileRefused("wrong_type", f"This kind of file cannot be read here. {ACCEPTED}")


def _inspect_workbook(path: Path, head: bytes, name: str) -> None:
    if head == OLE:
        raise _old_or_encrypted(path)
    if not head.startswith(b"PK"):
        raise FileRefused("not_a_workbook", f"The file is named like an Excel workbook but is not one. {ACCEPTED}")
    if name.endswith(("m", "xltx")):
        raise (
            zipcheck.macros_refused()
            if name.endswith("m")
            else FileRefused("wrong_type", "This is a template (.xltx). Save it as .xlsx and upload that.")
        )
    zipcheck.check_workbook(path)


def _old_or_encrypted(path: Path) -> FileRefused:
    with path.open("rb") as file:
        content = file.read(limits.MAX_FILE_BYTES)
    if "EncryptedPackage".encode("utf-16-le") in content:
        return zipcheck.encrypted_refused()
    return FileRefused("wrong_type", "This is a workbook of the old kind (.xls). Save it as .xlsx and upload that.")


def _inspect_text(path: Path, head: bytes, *, packed: bool) -> None:
    if packed and not head.startswith(GZIP):
        raise FileRefused("renamed", "The file ends in .gz but is not packed with gzip.")
    if not packed and head.startswith(OTHER_MAGIC):
        raise FileRefused("renamed", f"The file is named like a text file but is another kind of file. {ACCEPTED}")
    total = lines = controls = 0
    filled = False
    utf16 = False
    for chunk in text_chunks(path, packed=packed):
        if not total:
            utf16 = looks_utf16(chunk)
        total += len(chunk)
        lines += chunk.count(b"\n")
        controls += 0 if utf16 else len(chunk) - len(chunk.translate(None, _CONTROLS))
        filled = filled or bool(chunk.strip(b"\x00\xff\xfe\xef\xbb\xbf \t\r\n,;|"))
        if lines > limits.MAX_ROWS + 1:
            raise zipcheck.too_many_rows()
    if not filled:
        raise zipcheck.empty_refused()
    if controls > total // 100:
        raise FileRefused("not_text", f"The file is named like a text file but does not hold text. {ACCEPTED}")


def looks_utf16(head: bytes) -> bool:
    """True for a UTF-16 byte order mark, or text with a NUL in every other byte of its first hundred."""
    start = head[:100]
    return head.startswith(UTF16_BOMS) or (
        len(start) > 3 and max(start[::2].count(0), start[1::2].count(0)) * 3 > len(start)
    )


def text_chunks(path: Path, *, packed: bool) -> Iterator[bytes]:
    """The bytes of a text file, unpacked, in chunks. Raises FileRefused when damaged or too large unpacked."""
    size, total = path.stat().st_size, 0
    allowed = min(limits.MAX_UNPACKED_BYTES, max(limits.RATIO_FREE_BYTES, limits.MAX_RATIO * size))
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            while chunk := file.read(16 * limits.CHUNK):
                total += len(chunk)
                if total > allowed:
                    raise zipcheck.too_large_unpacked(allowed)
                yield chunk
    except EOFError as error:
        raise FileRefused("truncated", "The packed file is cut off: its end is missing. Upload it again.") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise FileRefused("corrupt", "The packed file is damaged and cannot be unpacked.") from error
