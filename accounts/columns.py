"""A file of accounts: which column means what, and each row as fields of an account.

Pure: no Django, no tables. Takes text with any of the usual delimiters, what a spreadsheet puts on the
clipboard (tabs), and rows of typed cells. Nothing is guessed: an unreadable figure is a problem of its row.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import IO, Any, TextIO

from core.money import CURRENCIES

MOST_ROWS = 10_000
MOST_AMOUNT = Decimal(10) ** 12
STAGES = ("onboarding", "adoption", "value", "renewal", "churned")
LONGEST = {"name": 200, "key": 80, "tier": 40, "industry": 80, "region": 80}

# What a column can become, in the order in which the page offers it, and the titles that say so by themselves.
FIELDS = {
    "name": "Name",
    "key": "Number",
    "owner_email": "Owner's e-mail",
    "arr": "ARR",
    "currency": "Currency",
    "renewal_on": "Next renewal",
    "customer_since": "Customer since",
    "tier": "Tier",
    "stage": "Stage",
    "industry": "Industry",
    "region": "Region",
    "churned_on": "Churned on",
    "renewed_on": "Renewed on",
}
ALIASES = {
    "name": ("name", "account", "account name", "company", "customer", "customer name", "client", "client name"),
    "key": ("key", "account id", "accountid", "id", "number", "customer id", "customer number", "external id"),
    "owner_email": ("owner", "owner email", "owner e mail", "csm", "csm email", "account manager"),
    "arr": ("arr", "annual recurring revenue"),
    "currency": ("currency",),
    "renewal_on": ("renewal", "next renewal", "renewal date", "renewal on", "contract end"),
    "customer_since": ("customer since", "since"),
    "tier": ("tier", "segment", "plan"),
    "stage": ("stage", "lifecycle stage", "lifecycle", "phase"),
    "industry": ("industry", "sector", "vertical"),
    "region": ("region", "state", "country", "territory", "office location"),
    "parent": ("parent", "subsidiary of", "parent account", "parent name", "parent company", "group"),
    "churned_on": ("churned on", "churn date", "date of churn", "lost on", "cancelled on", "canceled on"),
    "renewed_on": ("renewed on", "last renewal", "last renewed", "date of last renewal"),
}
_FIELD_OF = {alias: field for field, aliases in ALIASES.items() for alias in aliases}

Cell = str | Decimal | date
Line = tuple[int, Sequence[Cell]]


class NotASheet(ValueError):
    """It is no table of accounts; the message says why in a sentence for a person."""


@dataclass(frozen=True)
class Column:
    """One column: its title in the file and the field it becomes ('' = left out)."""

    title: str
    field: str
    own_label: str = ""

    @property
    def label(self) -> str:
        return self.own_label or FIELDS.get(self.field, "")


@dataclass(frozen=True)
class OwnColumn:
    """A field of the tenant's own that a column can become. read: raises ValueError with a sentence."""

    field: str
    label: str
    titles: tuple[str, ...]  # in small letters, words with one space between
    read: Callable[[Cell], Any]


@dataclass(frozen=True)
class Sheet:
    """A read file: its columns, the good rows and the problems, both with line numbers of the file."""

    columns: list[Column]
    rows: list[tuple[int, dict[str, Any]]]
    problems: list[tuple[int, str]]


def decode(data: bytes) -> str:
    """UTF-8 with or without BOM, UTF-16 with BOM, otherwise the Windows code page; NotASheet for binary files."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data or data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise NotASheet("This is not a text file. Save the sheet as CSV, or copy its cells and paste them here.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def lines_of(text: str) -> Iterator[Line]:
    """The rows of a text that are not empty, with the line each ends on; the first line decides the delimiter."""
    return _rows(io.StringIO(text, newline=""), text[:4096])


def _rows(stream: TextIO, head: str) -> Iterator[Line]:
    first = head.lstrip("\r\n").split("\n", 1)[0]
    reader = csv.reader(stream, delimiter=max("\t;,|", key=first.count))
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise NotASheet(f"Line {reader.line_num} cannot be read as a row: {error}.") from error


_WORKBOOK_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx; old or encrypted, which its reader refuses by name
_WORKBOOKS: list[Callable[[bytes], Iterator[Line]]] = []


def connect_workbooks(reader: Callable[[bytes], Iterator[Line]]) -> None:
    """Say who reads Excel files: the floor above, named in config.wiring. It raises NotASheet."""
    _WORKBOOKS[:] = [reader]


def takes_workbooks() -> bool:
    return bool(_WORKBOOKS)


def lines_in(data: bytes) -> Iterator[Line]:
    """The rows of a file, whichever kind it is. Raises NotASheet."""
    if data.startswith(_WORKBOOK_STARTS) and _WORKBOOKS:
        return _WORKBOOKS[0](data)
    return lines_of(decode(data))


def stream_lines(file: IO[bytes]) -> Iterator[Line]:
    """As `lines_in`, of an open file that is read as it goes: a text of any length takes little memory."""
    head = file.read(4096)
    file.seek(0)
    if head.startswith(_WORKBOOK_STARTS) and _WORKBOOKS:
        yield from _WORKBOOKS[0](file.read())
        return
    encoding = _encoding(file, head)
    file.seek(0)
    yield from _rows(_Lines(file, encoding), head.decode(encoding, errors="replace"))


def _encoding(file: IO[bytes], head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    decode(head[:4])  # refuses by its first bytes what is no text
    reader = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8-sig"
    while piece := file.read(1_000_000):
        if b"\x00" in piece:
            decode(b"\x00")
        try:
            reader.decode(piece)
        except UnicodeDecodeError:
            encoding = "cp1252"
    return encoding


class _Lines(io.TextIOWrapper):
    """Text over a file that belongs to somebody else, who closes it."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        super().__init__(file, encoding=encoding, errors="replace", newline="")

    def close(self) -> None:
        with suppress(ValueError):
            self.detach()

    def __del__(self) -> None:
        self.close()


def read(lines: Iterator[Line], chosen: Mapping[int, str] | None = None, own: Sequence[OwnColumn] = ()) -> Sheet:
    """Read a table whose first row names the columns. `chosen`: field by column, where a person has decided; `own`:
    what columns can become beside FIELDS.

    Raises NotASheet when no column is the account's name, or two columns are the same field.
    """
    first = next(lines, None)
    if first is None:
        raise NotASheet("There is nothing in it. The first row must name the columns, for example: name, arr, region.")
    columns = _columns([_text(cell) for cell in first[1]], chosen or {}, own)
    readers = _READ | {one.field: one.read for one in own}
    rows: list[tuple[int, dict[str, Any]]] = []
    problems: list[tuple[int, str]] = []
    for count, (line, cells) in enumerate(lines, start=1):
        if count > MOST_ROWS:
            raise NotASheet(f"One file may hold {MOST_ROWS:,} accounts. Split this one.")
        row, problem = _row(columns, cells, readers)
        if problem:
            problems.append((line, problem))
        else:
            rows.append((line, row))
    return Sheet(columns, rows, problems)


def _columns(titles: list[str], chosen: Mapping[int, str], own: Sequence[OwnColumn]) -> list[Column]:
    """What a person chose, else what the title says; of two columns that say the same the first is taken."""
    labels = FIELDS | {one.field: one.label for one in own}
    field_of = {title: one.field for one in reversed(own) for title in one.titles} | _FIELD_OF
    taken = [field for field in chosen.values() if field]
    twice = next((field for field in taken if taken.count(field) > 1), None)
    if twice:
        raise NotASheet(f"Two columns were chosen as “{labels[twice]}”. Choose one of them.")
    found = []
    for at, title in enumerate(titles):
        field = chosen.get(at)
        if field is None:
            field = field_of.get(plain(title), "")
            field = "" if field in taken else field
            taken.append(field)
        found.append(Column(title, field, "" if field in FIELDS else labels.get(field, "")))
    if "name" not in taken:
        named = ", ".join(title for title in titles if title) or "nothing readable"
        raise NotASheet(f"No column holds the account's name. The first row says: {named[:200]}.")
    return found


Readers = Mapping[str, Callable[[Cell], Any]]


def _row(columns: list[Column], cells: Sequence[Cell], readers: Readers) -> tuple[dict[str, Any], str]:
    """The fields of one row, or the sentence that says what is wrong with it."""
    row: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=False):
        if not column.field or _text(cell) == "":
            continue
        try:
            row[column.field] = readers.get(column.field, _words)(cell)
        except ValueError as error:
            return {}, f"{column.title}: {error}"
        if not column.own_label and len(str(row[column.field])) > LONGEST.get(column.field, 254):
            return {}, f"{column.title}: “{_short(cell)}” is longer than {LONGEST.get(column.field, 254)} characters."
    return (row, "") if "name" in row else ({}, "This row names no account.")


def plain(title: str) -> str:
    """A title as it is compared: small letters, words with one space between."""
    return re.sub(r"[\W_]+", " ", title.casefold()).strip()


def as_day(cell: Cell) -> date:
    """Raises ValueError for what is not a date without doubt."""
    return _day(cell)


def _text(cell: Cell) -> str:
    """A cell as a person reads it: no trailing zeros on numbers, dates as 2026-11-20."""
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}"
    return cell.isoformat() if isinstance(cell, date) else cell.strip()


def _short(cell: Cell) -> str:
    text = _text(cell)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _words(cell: Cell) -> str:
    text = _text(cell)
    if "\x00" in text:
        raise ValueError("holds a character that is no text.")
    return text


_AMOUNT = re.compile(r"(?:[A-Z]{3}|[€$£¥])?\s*(\d[\d.,'’\s]*?)\s*([kKmM]?)\s*(?:[€$£¥]|[A-Z]{3})?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2}(?:\.\d{3})+|\d+")
_DECIMALS = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)\.(\d+)|(\d{1,3}(?:\.\d{3})+|\d+),(\d+)")
_SCALES = {"": 1, "k": 1_000, "m": 1_000_000}


def _amount(cell: Cell) -> Decimal:
    """'€1,250,000.50', '1.250.000,50', '2.5M', '300k' or a number cell, in whole cents.

    Three digits behind one sign are thousands, as no currency of ours has three decimals; with k or M they
    could be either and are refused.
    """
    if isinstance(cell, date):
        raise ValueError("a date, where an amount was expected.")
    figure = cell if isinstance(cell, Decimal) else _figure(cell)
    amount = figure.quantize(Decimal("0.01"), ROUND_HALF_UP) if figure < MOST_AMOUNT else None
    if amount is None or amount < 0:
        raise ValueError(f"“{_short(cell)}” is not an amount of money.")
    return amount


def _figure(text: str) -> Decimal:
    match = _AMOUNT.fullmatch(text.strip())
    if not match:
        raise ValueError(f"“{_short(text)}” is not an amount.")
    digits, scale = re.sub(r"['’\s]", "", match[1]), match[2].lower()
    if _THOUSANDS.fullmatch(digits):
        if scale and not digits.isdigit():
            raise ValueError(f"“{_short(text)}” can mean two amounts. Write it in full.")
        return Decimal(re.sub(r"[.,]", "", digits)) * _SCALES[scale]
    parts = _DECIMALS.fullmatch(digits)
    if not parts:
        raise ValueError(f"“{_short(text)}” is not an amount.")
    whole, fraction = (parts[1], parts[2]) if parts[2] else (parts[3], parts[4])
    return Decimal(re.sub(r"[.,]", "", whole) + "." + fraction) * _SCALES[scale]


def _day(cell: Cell) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%d %b %Y", "%d %B %Y", "%Y/%m/%d"):
        try:
            return datetime.strptime(_text(cell), form).date()  # noqa: DTZ007  a calendar date has no zone
        except ValueError:
            continue
    raise ValueError(f"“{_short(cell)}” is not a date without doubt. Write it as 2026-11-20.")


def _stage(cell: Cell) -> str:
    stage = _text(cell).casefold()
    if stage not in STAGES:
        raise ValueError(f"“{_short(cell)}” is no stage. Use one of: {', '.join(STAGES)}.")
    return stage


def _currency(cell: Cell) -> str:
    code = _text(cell).upper()
    if code not in CURRENCIES:
        raise ValueError(f"“{_short(cell)}” is no currency we keep. Use one of: {', '.join(CURRENCIES)}.")
    return code


_READ: dict[str, Callable[[Cell], Any]] = {
    "arr": _amount,
    "renewal_on": _day,
    "customer_since": _day,
    "churned_on": _day,
    "renewed_on": _day,
    "stage": _stage,
    "currency": _currency,
}


# Other record types read their cells as accounts do.
READERS = _READ
read_words, read_day, read_amount, read_currency, cell_text = _words, _day, _amount, _currency, _text
