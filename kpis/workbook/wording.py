"""The sentences a person reads about a row. Rules say what is wrong, suggestions what to do."""

from collections.abc import Iterable

from kpis.workbook.types import KpiRef


def unknown_account(raw: str, likely: str) -> tuple[str, str]:
    if not raw.strip():
        return "The row names no account.", "Write the account's name as in the list of accounts."
    rule = f'"{raw.strip()[:80]}" is not the name of an account. Names that are only alike are never merged.'
    if likely:
        return rule, f'If "{likely}" is meant, correct the spelling or accept the suggestion.'
    return rule, "Correct the name, or add the account first."


def unknown_kpi(raw: str, likely: Iterable[tuple[KpiRef, float]]) -> tuple[str, str, str]:
    """Rule, suggestion, likely name."""
    if not raw.strip():
        return "The row names no KPI.", "Write the KPI's name.", ""
    names = [kpi.name for kpi, _ in likely]
    rule = f'"{raw.strip()[:80]}" is not a known KPI, so it has no unit and no range; it is kept, not scored.'
    if not names:
        return rule, "Map it to a KPI once, or correct the name.", ""
    listed = '", "'.join(names[:3])
    return rule, f'Map it once to "{listed}", or correct the name.', names[0]


def bad_period(raw: str) -> tuple[str, str]:
    if not raw.strip():
        return "The row names no month.", "Write the month as 2026-03."
    return f'"{raw.strip()[:60]}" is not a month, or lies before 2000 or far ahead.', "Write the month as 2026-03."


def bad_month_column(header: str) -> tuple[str, str]:
    shown = header.strip()[:60]
    return f'The heading "{shown}" is not a month.', "Give it a month such as 2026-03, or leave the column out."


def duplicate(other: str) -> tuple[str, str]:
    return (
        f"The same account, KPI and month has another value at {other}, which is kept.",
        "Decide which one holds and delete the other.",
    )


def merged(first: str) -> tuple[str, str]:
    return (
        f"The cell is merged with {first}; its value belongs to that cell alone.",
        "Undo the merge and write a value into each cell.",
    )


def blanks(count: int) -> tuple[str, str]:
    cells = "One cell is" if count == 1 else f"{count:,} cells are"
    return f"{cells} empty. Empty is not taken as zero.", "Fill them in, or leave them out."


def second_table(row: int) -> tuple[str, str]:
    return (
        f"Another table begins in row {row}; only the first table of a sheet is read, because the account may change.",
        "Put each table on a sheet of its own, or use the long layout with an account column.",
    )


def row_shape(found: int, expected: int) -> tuple[str, str]:
    return (
        f"The row has {found} cells under {expected} headings; a comma inside a value is probably not quoted.",
        'Put the value in quotes ("85,3") and upload again.',
    )
