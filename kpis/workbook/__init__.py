"""Read KPI workbooks and text files that nobody can trust. Pure: no Django, no database, no clock.

inspect_file looks at the bytes, survey proposes a mapping, read and stream give cells, issues and notices.
"""

from core.cells import neutralise
from kpis.workbook.export import write_held
from kpis.workbook.inspection import inspect_file
from kpis.workbook.limits import PARSER_VERSION
from kpis.workbook.names import AccountMatcher
from kpis.workbook.reader import read, stream, survey
from kpis.workbook.types import (
    Batch,
    ColumnMap,
    Dictionary,
    Facts,
    FileRefused,
    HeldCell,
    Issue,
    KpiRef,
    Notice,
    ParsedCell,
    ParsedFile,
    Question,
    SheetInfo,
    address_of,
    held_from_json,
    held_to_json,
)

__all__ = [
    "PARSER_VERSION",
    "AccountMatcher",
    "Batch",
    "ColumnMap",
    "Dictionary",
    "Facts",
    "FileRefused",
    "HeldCell",
    "Issue",
    "KpiRef",
    "Notice",
    "ParsedCell",
    "ParsedFile",
    "Question",
    "SheetInfo",
    "address_of",
    "held_from_json",
    "held_to_json",
    "inspect_file",
    "neutralise",
    "read",
    "stream",
    "survey",
    "write_held",
]
