"""What the reader of values does not tell: number formats, formulas without a stored result, errors, hidden rows.

python-calamine gives the values; errors and results that were never calculated both reach us as blanks, so
they are read from the sheet's XML here, streaming, with the parser of the standard library. The file has
passed inspection: it declares no entities, and this parser refuses declarations once more.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from kpis.workbook import limits
from kpis.workbook.grids import Mark
from kpis.workbook.types import FileRefused

_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
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


class _Scanner:
    """Collects the marks of one sheet, row by row. Tag names are compared without their namespace prefix."""

    def __init__(self, formats: list[str]) -> None:
        self.formats = formats
        self.done: list[RowMarks] = []
        self.row = RowMarks(0)
        self.column, self.style, self.kind = 0, "", ""
        self.formula: list[str] | None = None
        self.value: list[str] | None = None
        self.reading: list[str] | None = None
        self.hidden_columns: list[int] = []
        self.starts = {
            "row": self._row,
            "c": self._cell,
            "f": self._formula,
            "v": self._value,
            "col": self._hidden_column,
        }

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        handler = self.starts.get(tag.rpartition(":")[2])
        if handler is not None:
            handler(attributes)

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name in ("f", "v"):
            self.reading = None
        elif name == "c":
            self._close_cell()
        elif name == "row" and (self.row.marks or self.row.hidden):
            self.done.append(self.row)

    def text(self, data: str) -> None:
        if self.reading is not None:
            self.reading.append(data)

    def _row(self, attributes: dict[str, str]) -> None:
        number = int(attributes.get("r") or self.row.number + 1)
        self.row = RowMarks(number, attributes.get("hidden") in ("1", "true"))
        self.column = 0

    def _cell(self, attributes: dict[str, str]) -> None:
        match = _REFERENCE.fullmatch(attributes.get("r", ""))
        self.column = column_number(match[1]) if match else self.column + 1
        self.style, self.kind = attributes.get("s", ""), attributes.get("t", "")
        self.formula = self.value = self.reading = None

    def _formula(self, _: dict[str, str]) -> None:
        self.formula = self.reading = []

    def _value(self, _: dict[str, str]) -> None:
        # Only an error or the result of a formula is needed; all other values come from the reader of values.
        self.value = []
        self.reading = self.value if self.formula is not None or self.kind == "e" else None

    def _hidden_column(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in ("1", "true"):
            first, last = int(attributes.get("min", 0)), int(attributes.get("max", 0))
            self.hidden_columns += range(first, min(last, first + limits.MAX_COLUMNS) + 1)

    def _close_cell(self) -> None:
        number_format = self.formats[int(self.style)] if self.style and int(self.style) < len(self.formats) else ""
        if not number_format and self.formula is None and self.kind != "e":
            return
        value = "".join(self.value or ())
        formula = "" if self.formula is None else "=" + "".join(self.formula)
        error = (value or "#ERROR!") if self.kind == "e" else ""
        cached = self.formula is None or bool(value) or self.kind == "str"
        self.row.marks[self.column] = Mark(number_format, formula, cached, error)


def scan(archive: zipfile.ZipFile, part: str, formats: list[str], hidden_columns: list[int]) -> Iterator[RowMarks]:
    """The rows of one sheet that have marks, in order. Fills `hidden_columns` on the way. Raises FileRefused."""
    scanner = _Scanner(formats)
    parser = _parser(scanner)
    scanner.hidden_columns = hidden_columns
    try:
        with archive.open(part) as stream:
            while chunk := stream.read(limits.CHUNK):
                parser.Parse(chunk, False)
                yield from scanner.done
                scanner.done.clear()
            parser.Parse(b"", True)
            yield from scanner.done
    except (expat.ExpatError, ValueError, KeyError, zipfile.BadZipFile, OverflowError) as error:
        raise FileRefused("corrupt", "A sheet of the workbook is damaged. Save it again as .xlsx and retry.") from error


def _parser(target: "_Scanner | _Styles") -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = target.start, target.end
    parser.CharacterDataHandler = target.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    return parser


def elements(content: bytes, name: str) -> list[dict[str, str]]:
    """The attributes of every element called `name`, in order, whatever its namespace prefix."""
    found: list[dict[str, str]] = []
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == name:
            found.append(attributes)

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    parser.Parse(content, True)
    return found


def _refuse(*_: object) -> None:
    raise FileRefused("xml_entities", "The workbook declares its own XML entities; it is not taken.")


class _Styles:
    """cellXfs of styles.xml as number formats, "" for those that change nothing a reader must know."""

    def __init__(self) -> None:
        self.custom: dict[int, str] = {}
        self.ids: list[int] = []
        self.inside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "numFmt":
            self.custom[int(attributes.get("numFmtId", -1))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self.inside = True
        elif name == "xf" and self.inside:
            self.ids.append(int(attributes.get("numFmtId", 0)))

    def end(self, tag: str) -> None:
        if tag.rpartition(":")[2] == "cellXfs":
            self.inside = False

    def text(self, data: str) -> None:
        """Styles hold no text of interest."""

    def formats(self) -> list[str]:
        codes = [self.custom.get(number) or _BUILT_IN.get(number, "") for number in self.ids]
        return ["" if _PLAIN_FORMATS.fullmatch(code) else code for code in codes]


def number_formats(archive: zipfile.ZipFile, part: str) -> list[str]:
    """Number format by style number; [] if the workbook has no styles. Raises FileRefused."""
    styles = _Styles()
    try:
        content = archive.read(part)
        _parser(styles).Parse(content, True)
    except KeyError:
        return []
    except (expat.ExpatError, ValueError) as error:
        raise FileRefused("corrupt", "The styles of the workbook are damaged. Save it again as .xlsx.") from error
    return styles.formats()


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
