"""Look at a workbook's bytes before any parser does: real sizes, paths, macros, entities, rows and cells.

Sizes are counted by decompressing, never taken from a header. Entries that overlap, that lie about their
length or that are encrypted are refused, because another parser might read them differently.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kpis.workbook import limits
from kpis.workbook.types import FileRefused, column_letter

LOCAL_HEADER = struct.Struct("<4s2xHH16xHH")  # signature, flags, method, name length, extra length
ENCRYPTED_FLAG = 0x1
STORED, DEFLATED = 0, 8
_TAG = re.compile(rb"""<(?:\w+:)?(row|c|si)(?=[\s/>])(?:[^<>]*?\sr\s*=\s*["']([A-Z]{0,3})(\d{1,7})["'])?[^<>]*?(/?)>""")
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
MAX_TAGS = 4 * limits.MAX_CELLS  # formatted but empty cells cost time too


def check_workbook(path: Path) -> None:
    """Raises FileRefused if the .xlsx is unsafe, damaged, empty or too large. Reads it once, in chunks."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_names(entries)
            _check_layout(entries, path.stat().st_size)
            counter = _Counter(path.stat().st_size)
            for entry in entries:
                counter.start_entry()
                for chunk in _unpacked(file, entry):
                    counter.feed(chunk)
            counter.finish()
    except zipfile.BadZipFile as error:
        raise FileRefused(
            "truncated", "The file is cut off or damaged: its end is missing. Save or download it again."
        ) from error
    except (zlib.error, struct.error, OSError, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise _corrupt() from error


def _corrupt() -> FileRefused:
    return FileRefused("corrupt", "The workbook is damaged and cannot be read. Save it again as .xlsx and retry.")


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > limits.MAX_ENTRIES:
        raise FileRefused(
            "too_many_entries",
            f"The workbook has {len(entries):,} parts inside; the limit is {limits.MAX_ENTRIES}.",
        )
    names = [entry.filename for entry in entries]
    if any(_unsafe(name) for name in names):
        raise FileRefused("unsafe_paths", "The file holds paths that lead outside of itself; it is not taken.")
    lower = {name.lower() for name in names}
    if len(lower) != len(names):
        raise _corrupt()
    if any("vbaproject" in name or name.startswith("xl/macrosheets/") for name in lower):
        raise macros_refused()
    if "xl/workbook.bin" in lower:
        raise FileRefused("wrong_type", "This is a binary workbook (.xlsb). Save it as .xlsx and upload that.")
    if "[content_types].xml" not in lower or "xl/workbook.xml" not in lower:
        raise FileRefused("not_a_workbook", "This is an archive, but not an Excel workbook (.xlsx).")
    if any(entry.flag_bits & ENCRYPTED_FLAG for entry in entries):
        raise encrypted_refused()


def macros_refused() -> FileRefused:
    return FileRefused("macros", "The workbook contains macros. Save it as .xlsx, without macros, and upload that.")


def encrypted_refused() -> FileRefused:
    return FileRefused("encrypted", "The workbook is protected by a password. Remove it in Excel and upload again.")


def _unsafe(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\x00" in name


def _check_layout(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse entries that share bytes: the classic way to unpack far more than was sent."""
    spans = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    ends = [start + LOCAL_HEADER.size + length for start, length in spans]
    starts = [start for start, _ in spans[1:]] + [size]
    if any(end > start for end, start in zip(ends, starts, strict=True)):
        raise _corrupt()


def _unpacked(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The real content of one entry in chunks of bounded size. Raises FileRefused if the headers lied."""
    file.seek(entry.header_offset)
    signature, flags, method, name_length, extra_length = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
    if signature != b"PK\x03\x04" or method not in (STORED, DEFLATED) or method != entry.compress_type:
        raise _corrupt()
    if flags & ENCRYPTED_FLAG:
        raise encrypted_refused()
    file.seek(name_length + extra_length, 1)
    total, check = 0, 0
    for chunk in _inflate(file, entry.compress_size) if method == DEFLATED else _copy(file, entry.compress_size):
        total += len(chunk)
        check = zlib.crc32(chunk, check)
        yield chunk
    if total != entry.file_size or check != entry.CRC:
        raise _corrupt()


def _copy(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (chunk := file.read(min(limits.CHUNK, length))):
        length -= len(chunk)
        yield chunk


def _inflate(file: BinaryIO, length: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for packed in _copy(file, length):
        while packed and not inflater.eof:
            yield inflater.decompress(packed, 16 * limits.CHUNK)
            packed = inflater.unconsumed_tail
    if not inflater.eof:
        raise _corrupt()


class _Counter:
    """Counts what would be expensive for a parser, over the bytes of all entries."""

    def __init__(self, packed: int) -> None:
        by_ratio = max(limits.RATIO_FREE_BYTES, limits.MAX_RATIO * packed)
        self.allowed = min(limits.MAX_UNPACKED_BYTES, by_ratio)
        self.unpacked = self.cells = self.rows = self.tags = 0
        self.refusal: FileRefused | None = None  # too many rows or cells; size and entities matter more
        self.start_entry()

    def start_entry(self) -> None:
        self.tail = b""
        self.row = self.column = self.last_column = self.last_filled_row = 0

    def feed(self, chunk: bytes) -> None:
        self.unpacked += len(chunk)
        if self.unpacked > self.allowed:
            raise too_large_unpacked(self.allowed)
        text = self.tail + chunk.replace(b"\x00", b"")  # without NUL a UTF-16 part is searched like any other
        if any(declaration in text for declaration in _DECLARATIONS):
            raise FileRefused(
                "xml_entities", "The workbook declares its own XML entities, which Excel never does; it is not taken."
            )
        cut = text.rfind(b"<")
        self.tail = text[cut:] if cut >= 0 and b">" not in text[cut:] else b""
        if self.refusal is None:
            for tag, letters, number, closed in _TAG.findall(text):
                self._count(tag, letters, number, closed)
            self.refusal = self._over_the_limits()

    def _count(self, tag: bytes, letters: bytes, number: bytes, closed: bytes) -> None:
        self.tags += 1
        if tag == b"row":
            self.row = int(number) if number else self.row + 1
            self.column = 0
        elif tag == b"c":
            self.column += 1
            if letters:
                self.row, self.column = int(number), _column_number(letters)
            if closed:
                return
            self.cells += 1
            if self.column > self.last_column:
                self.last_column = self.column
            if self.row > self.last_filled_row:
                self.rows += 1
                self.last_filled_row = self.row

    def _over_the_limits(self) -> FileRefused | None:
        if self.rows > limits.MAX_ROWS:
            return too_many_rows()
        if self.cells > limits.MAX_CELLS or self.tags > MAX_TAGS:
            return FileRefused(
                "too_many_cells",
                f"The workbook has more than {limits.MAX_CELLS:,} cells. Split it, or save it as a long CSV.",
            )
        if self.last_filled_row * self.last_column > limits.MAX_AREA or self.last_column > limits.MAX_COLUMNS:
            far = f"{column_letter(self.last_column)}{self.last_filled_row}"
            return FileRefused(
                "too_many_cells",
                f"A sheet reaches to cell {far}, more than {limits.MAX_AREA:,} cells away or {limits.MAX_COLUMNS:,} "
                "columns wide. Delete what stands far outside of the table.",
            )
        return None

    def finish(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        if not self.cells:
            raise empty_refused()


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def too_large_unpacked(limit: int) -> FileRefused:
    return FileRefused(
        "too_large_unpacked",
        f"Unpacked, the file is larger than {limit / 1e6:,.0f} MB. The limit is "
        f"{limits.MAX_UNPACKED_BYTES / 1e6:,.0f} MB, and {limits.MAX_RATIO} times the packed size. Split it.",
    )


def too_many_rows() -> FileRefused:
    return FileRefused(
        "too_many_rows",
        f"The file has more than {limits.MAX_ROWS:,} rows, which is the limit. Split it and upload the parts.",
    )


def empty_refused() -> FileRefused:
    return FileRefused("empty", "The file is empty: it has no filled cell.")
