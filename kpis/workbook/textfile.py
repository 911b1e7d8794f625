"""Text files: encoding, delimiter, records."""

import codecs
import csv
import gzip
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from kpis.workbook import headers
from kpis.workbook.grids import Row, Source
from kpis.workbook.inspection import looks_utf16, text_chunks
from kpis.workbook.types import Answers, Facts, FileRefused

DELIMITERS = ",;\t|"
_HEAD_RECORDS = 40
_SAMPLE = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TextGrid:
    """The one sheet of a text file. Rows are records, counted from 1; a cell with line breaks is one record."""

    name = ""
    hidden = False
    merged: tuple[tuple[int, int, int, int], ...] = ()

    @property
    def hidden_columns(self) -> tuple[int, ...]:
        return ()

    def __init__(self, path: Path, packed: bool, encoding: str, delimiter: str) -> None:
        self.path, self.packed, self.encoding, self.delimiter = path, packed, encoding, delimiter

    def rows(self) -> Iterator[Row]:
        no_marks: dict = {}
        with _open(self.path, self.packed, self.encoding) as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            try:
                for number, values in enumerate(reader, 1):
                    if values:
                        yield Row(number, values, no_marks)  # type: ignore[arg-type]
            except csv.Error as error:
                raise FileRefused(
                    "corrupt", f"Near line {reader.line_num} a cell never ends; a closing quote is probably missing."
                ) from error


def open_text(path: Path, filename: str, answers: Answers) -> Source:
    """A text file that has passed inspection. answers may name "encoding" and "delimiter"."""
    packed = filename.lower().strip().endswith(".gz")
    encoding = answers.get("encoding") or _encoding(path, packed)
    with _open(path, packed, encoding) as file:
        sample = file.read(_SAMPLE)
    delimiter = answers.get("delimiter", "")
    if delimiter not in tuple(DELIMITERS):
        delimiter = _delimiter(sample)
    grid = TextGrid(path, packed, encoding, delimiter)
    return Source([grid], Facts(encoding=encoding, delimiter=delimiter), is_text=True)


def _open(path: Path, packed: bool, encoding: str) -> io.TextIOWrapper:
    try:
        known = codecs.lookup(encoding).name
        binary = gzip.open(path, "rb") if packed else path.open("rb")  # noqa: SIM115 -- closed with the wrapper
        return io.TextIOWrapper(binary, encoding=known, errors="replace", newline="")
    except LookupError as error:
        raise FileRefused("corrupt", f'The encoding "{encoding}" is not known.') from error


def _encoding(path: Path, packed: bool) -> str:
    """By byte order mark, else UTF-8 if the whole file is valid UTF-8, else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for position, chunk in enumerate(text_chunks(path, packed=packed)):
        if position == 0:
            for mark, name in _BOMS:
                if chunk.startswith(mark):
                    return name
            if looks_utf16(chunk):
                return "utf-16-le" if chunk[1:100:2].count(0) > chunk[:100:2].count(0) else "utf-16-be"
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _delimiter(sample: str) -> str:
    """The delimiter that finds most heading words, then the one that cuts the most equal records."""
    return max(DELIMITERS, key=lambda delimiter: _fit(sample, delimiter))


def _fit(sample: str, delimiter: str) -> tuple[int, int, int]:
    try:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        records = list(islice(reader, _HEAD_RECORDS))
    except csv.Error:
        return (0, 0, 0)
    words = max((sum(headers.role_of(cell) is not None for cell in record) for record in records), default=0)
    widths = [len(record) for record in records if len(record) > 1]
    width = max(set(widths), key=widths.count, default=0)
    return (words, widths.count(width), width)
