"""A file of accounts as text: which column means what, and each row as fields of an account.

Pure: no Django, no tables. Reads CSV with any of the usual delimiters and what a spreadsheet puts on the
clipboard (tabs). Nothing is guessed: an unreadable figure is a problem of its row.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

MOST_ROWS = 50_000

ALIASES = {
    "name": ("name", "account", "account name", "company", "customer", "customer name", "client", "client name"),
    "key": ("key", "account id", "accountid", "id", "number", "customer id", "customer number", "external id"),
    "owner_email": ("owner", "owner email", "owner e mail", "csm", "account manager"),
    "tier": ("tier", "segment", "plan"),
    "industry": ("industry", "sector", "vertical"),
    "region": ("region", "country", "territory", "office location"),
    "stage": ("stage", "lifecycle stage", "lifecycle", "phase"),
    "arr": ("arr", "annual recurring revenue", "recurring revenue", "annual revenue"),
    "currency": ("currency",),
    "renewal_on": ("renewal", "renewal date", "renewal on", "contract end"),
    "customer_since": ("customer since", "since", "start date"),
}
_FIELD_OF = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
STAGES = ("onboarding", "adoption", "value", "renewal", "churned")


@dataclass(frozen=True)
class Sheet:
    """A read file: what each column means (None: not taken), the good rows and the problems, with line numbers."""

    columns: list[tuple[str, str | None]]
    rows: list[tuple[int, dict[str, Any]]]
    problems: list[tuple[int, str]]


class NotASheet(ValueError):
    """The text is no table of accounts; the message says why in a sentence for a person."""


def decode(data: bytes) -> str:
    """UTF-8 with or without BOM, UTF-16 with BOM, otherwise the Windows code page; NotASheet for binary files."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data[:4096] or data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise NotASheet("This is not a text file. Save the sheet as CSV, or copy its cells and paste them here.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read(text: str) -> Sheet:
    """Parse a table whose first row names the columns. Raises NotASheet when there is no account column."""
    lines = list(_table(text))
    if not lines:
        raise NotASheet("There is nothing in it. The first row must name the columns, for example: name, arr, region.")
    (_, header), body = lines[0], lines[1:]
    columns = [(title.strip(), _FIELD_OF.get(_plain(title))) for title in header]
    fields = [field for _, field in columns]
    if "name" not in fields:
        titles = ", ".join(title for title, _ in columns if title) or "nothing readable"
        raise NotASheet(f"No column holds the account's name. The first row says: {titles[:200]}.")
    if len(body) > MOST_ROWS:
        raise NotASheet(f"{len(body):,} rows are more than the {MOST_ROWS:,} that one file may hold. Split it.")
    rows: list[tuple[int, dict[str, Any]]] = []
    problems: list[tuple[int, str]] = []
    for line, cells in body:
        row, problem = _row(fields, cells)
        if problem:
            problems.append((line, problem))
        elif row:
            rows.append((line, row))
    return Sheet(columns, rows, problems)


def _table(text: str) -> Iterator[tuple[int, list[str]]]:
    head = text[:4096].split("\n", 1)[0]
    delimiter = max("\t;,|", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise NotASheet(f"Line {reader.line_num} cannot be read as a row: {error}.") from error


def _plain(title: str) -> str:
    return re.sub(r"[\W_]+", " ", title.casefold()).strip()


def _row(fields: list[str | None], cells: list[str]) -> tuple[dict[str, Any], str]:
    """The fields of one row, or the sentence that says what is wrong with it."""
    row: dict[str, Any] = {}
    for field, cell in zip(fields, cells, strict=False):
        text = cell.strip()
        if field is None or not text:
            continue
        try:
            row[field] = _READ.get(field, _text)(text)
        except ValueError as error:
            return {}, str(error)
    return row, ""


def _text(text: str) -> str:
    if len(text) > 200:
        raise ValueError(f"“{text[:40]}…” is longer than 200 characters.")
    return text


def _amount(text: str) -> Decimal:
    """'€1,250,000.50', '1.250.000,50', '2.5M', '300k'. Three digits behind a sign are thousands: no currency
    of ours has three decimals."""
    match = re.fullmatch(r"(?:[A-Z]{3}\s*)?[€$£¥]?\s*([\d.,'\s\u00a0]+)\s*([kKmM]?)\s*(?:[€$£¥]|[A-Z]{3})?", text)
    if not match:
        raise ValueError(f"“{text[:40]}” is not an amount.")
    digits = re.sub(r"['\s\u00a0]", "", match[1])
    last = max(digits.rfind("."), digits.rfind(","))
    if last >= 0 and not match[2] and (digits.count(digits[last]) > 1 or len(digits) - last - 1 == 3):
        last = -1  # thousands separators only
    whole, fraction = (digits, "") if last < 0 else (digits[:last], digits[last + 1 :])
    try:
        amount = Decimal(re.sub(r"[.,]", "", whole) + (f".{fraction}" if fraction else ""))
    except InvalidOperation as error:
        raise ValueError(f"“{text[:40]}” is not an amount.") from error
    return (amount * {"": 1, "k": 1_000, "m": 1_000_000}[match[2].lower()]).quantize(Decimal("0.01"))


def _day(text: str) -> date:
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%d %b %Y", "%d %B %Y", "%Y/%m/%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  a calendar date has no zone
        except ValueError:
            continue
    raise ValueError(f"“{text[:40]}” is not a date I can be sure of. Write it as 2026-11-20.")


def _stage(text: str) -> str:
    if text.casefold() not in STAGES:
        raise ValueError(f"“{text[:40]}” is no stage. Use one of: {', '.join(STAGES)}.")
    return text.casefold()


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", text):
        raise ValueError(f"“{text[:40]}” is no currency code such as EUR or USD.")
    return text.upper()


_READ: dict[str, Any] = {
    "arr": _amount,
    "renewal_on": _day,
    "customer_since": _day,
    "stage": _stage,
    "currency": _currency,
}
