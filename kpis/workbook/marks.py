"""What the reader of values does not tell: number formats, formulas without a stored result, errors, hidden rows.

python-calamine gives the values; errors and results that were never calculated both reach us as blanks. So the
sheet's XML is searched here once more, in chunks, for the few cells that need a mark. Searching instead of
parsing is six times as fast over a million cells, and safe after inspection: the file declares no entities.
"""

import html
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from kpis.workbook import limits
from kpis.workbook.grids import Mark
from kpis.workbook.types import FileRefused

_CHUNK = 16 * limits.CHUNK
_TOKEN = re.compile(
    rb"<(?:\w+:)?(?:(row|col)\b([^<>]*)>"
    rb"|c\b([^<>]*)>(?:\s*<(?:\w+:)?f\b([^<>]*)>(?:([^<]*)</(?:\w+:)?f>)?)?(?:\s*<(?:\w+:)?v\b[^<>]*>([^<]*))?)"
)
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Z]{0,3})(\d{0,7})["']""")
_STYLE = re.compile(rb"""\bs\s*=\s*["'](\d+)["']""")
_TYPE = re.compile(rb"""\bt\s*=\s*["'](e|str)["']""")
_HIDDEN = re.compile(rb"""\bhidden\s*=\s*["'](?:1|true)["']""")
_SPAN = re.compile(rb"""\b(min|max)\s*=\s*["'](\d{1,6})["']""")
_BUILT_IN = {
    9: "0%", 10: "0.00%", 14: "mm-dd-yy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yy h:mm", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mmss.0",
}  # fmt: skip
_PLAIN_FORMATS = re.compile(r"general|[#0,._ \-;()\[\]redRED@]*", re.IGNORECASE)


@dataclass
class RowMarks:
    number: int
    hidden: bool = False
    marks: dict[int, Mark] = field(default_factory=dict)


class _Search:
    """Collects the marks of one sheet. Rows without any are left out."""

    def __init__(self, formats: list[str], hidden_columns: list[int]) -> None:
        self.hidden_columns = hidden_columns
        self.formats = {str(number).encode(): Mark(code) for number, code in enumerate(formats) if code}
        self.row = RowMarks(0)
        self.reference, self.beyond = b"", 0  # attributes of the last cell with a reference, cells after it

    def rows(self, text: bytes) -> Iterator[RowMarks]:
        """The rows that are complete when the next one begins; the last one is still in self.row."""
        for tag, about, cell, formula_about, formula, value in _TOKEN.findall(text):
            if not tag:
                if b"r=" in cell or b"r =" in cell:
                    self.reference, self.beyond = cell, 0
                else:
                    self.beyond += 1
                if formula_about or formula or b"s=" in cell or b"t=" in cell or b" =" in cell:
                    self._cell(cell, formula_about, formula, value)
            elif tag == b"col":
                self._column(about)
            else:
                if self.row.marks or self.row.hidden:
                    yield self.row
                match = _REFERENCE.search(about)
                number = int(match[2]) if match and match[2] else self.row.number + 1
                self.row = RowMarks(number, b"hidden" in about and bool(_HIDDEN.search(about)))
                self.reference, self.beyond = b"", 0

    def _cell(self, about: bytes, formula_about: bytes, formula: bytes, value: bytes) -> None:
        style = _STYLE.search(about) if self.formats else None
        mark = self.formats.get(style[1]) if style else None
        kind = _TYPE.search(about)
        error = kind is not None and kind[1] == b"e"
        if formula_about or formula or error:
            text = "=" + (_text(formula) or "…") if formula_about or formula else ""
            cached = bool(value.strip()) or (kind is not None and kind[1] == b"str") or not text
            said = (_text(value) or "#ERROR!") if error else ""
            mark = Mark(mark.number_format if mark else "", text, cached, said)
        if mark is not None:
            match = _REFERENCE.search(self.reference)
            column = column_number(match[1].decode()) if match else 0
            self.row.marks[column + self.beyond] = mark

    def _column(self, about: bytes) -> None:
        if _HIDDEN.search(about):
            span = {name: int(number) for name, number in _SPAN.findall(about)}
            first = span.get(b"min", 1)
            self.hidden_columns += range(first, min(span.get(b"max", first), limits.MAX_COLUMNS) + 1)


def _text(raw: bytes) -> str:
    return html.unescape(raw.decode("utf-8", "replace"))


def scan(archive: zipfile.ZipFile, part: str, formats: list[str], hidden_columns: list[int]) -> Iterator[RowMarks]:
    """The rows of one sheet that have marks, in order. Fills `hidden_columns` on the way. Raises FileRefused."""
    search = _Search(formats, hidden_columns)
    buffer = bytearray()
    try:
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                fresh = max(0, len(buffer) - 16)
                buffer += chunk
                end = buffer.rfind(b"row>", fresh) + 4  # never cut inside of a cell
                if end > 3:
                    yield from search.rows(bytes(buffer[:end]))
                    del buffer[:end]
        yield from search.rows(bytes(buffer))
    except (ValueError, KeyError, zipfile.BadZipFile, OverflowError) as error:
        raise FileRefused("corrupt", "A sheet of the workbook is damaged. Save it again as .xlsx and retry.") from error
    if search.row.marks or search.row.hidden:
        yield search.row


def elements(content: bytes, *names: str) -> list[tuple[str, dict[str, str]]]:
    """The elements of a small part that are called one of `names`, in order, with their attributes.

    Tags are compared without their namespace prefix. Raises FileRefused if the part is damaged.
    """
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name in names:
            found.append((name, attributes))

    def refuse(*_: object) -> None:
        raise FileRefused("xml_entities", "The workbook declares its own XML entities; it is not taken.")

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError) as error:
        raise FileRefused("corrupt", "The workbook is damaged and cannot be read. Save it again as .xlsx.") from error
    return found


def number_formats(archive: zipfile.ZipFile, part: str) -> list[str]:
    """Number format by style number, "" for one that tells no more than the number; [] without styles."""
    try:
        content = archive.read(part)
    except KeyError:
        return []
    custom: dict[str, str] = {}
    styles: list[str] = []
    inside = False
    for name, attributes in elements(content, "numFmt", "cellStyleXfs", "cellXfs", "cellStyles", "xf"):
        if name == "numFmt":
            custom[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and inside:
            number = attributes.get("numFmtId", "0")
            styles.append(custom.get(number) or _BUILT_IN.get(int(number) if number.isdecimal() else 0, ""))
        elif name != "xf":
            inside = name == "cellXfs"
    return ["" if _PLAIN_FORMATS.fullmatch(code) else code for code in styles]


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
