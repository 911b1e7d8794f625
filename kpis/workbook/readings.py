"""From one cell to one number in the KPI's unit, or to the reason why not."""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

from kpis.workbook.facts import FRACTION_LIMIT, FileFacts, is_percent
from kpis.workbook.figures import Figure, is_missing
from kpis.workbook.grids import Mark, Value, filled, text_of
from kpis.workbook.periods import looks_like_date
from kpis.workbook.types import KpiRef
from kpis.workbook.units import Converted, NoConversion, convert, plain, unit_named

RAW_LENGTH = 200  # characters of a cell that are shown; a held cell keeps all of them
STORABLE = Decimal(10) ** 14  # a larger number cannot be stored with six decimals
NO_MARK = Mark()
PERCENT_FORMAT = "%format"  # unit of a number whose cell format multiplies it by 100 for the eye
UNDECIDED = "?"  # before the unit of a held number somebody must decide on: until then it is held again
_QUOTED = re.compile(r'"([^"]+)"|\[\$([^\-\]]+)')
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cell says. kind: "" if it is a value, else the kind of its problem, explained by rule and suggestion.

    value, unit: as read, also of a problem if a number was found. converted: in the KPI's unit, None where it has
    none. settled: the separator that was taken for thousands only because other cells of the file say so.
    """

    raw: str
    cell_type: str = "text"
    number_format: str = ""
    value: Decimal | None = None
    unit: str = ""
    converted: Decimal | None = None
    conversion: str = ""
    kind: str = ""
    rule: str = ""
    suggestion: str = ""
    blank: bool = False
    settled: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, as far as it matters for reading it.

    habit: the group that shares a way to write decimals. share: the group that shares a way to write percentages.
    unit_column: the table has one, so that a blank unit is the KPI's own. header_unit: in the heading.
    """

    habit: str
    share: str
    unit_column: bool
    header_unit: str = ""


class Problem(Exception):
    """Why a cell has no value: kind, rule, suggestion."""

    def __init__(self, kind: str, rule: str, suggestion: str = "") -> None:
        super().__init__(rule)
        self.kind, self.rule, self.suggestion = kind, rule, suggestion


NO_PROBLEM = Problem("", "")


def read_cell(value: Value, mark: Mark, unit_text: str, kpi: KpiRef, place: Place, facts: FileFacts) -> Reading:
    """The cell as a value of `kpi`. Never raises for what a file may hold: problems are in the reading."""
    raw = mark.error or (mark.formula if mark.formula and not mark.cached else text_of(value))
    number, unit, problem, settled = None, unit_text.strip(), NO_PROBLEM, ""
    converted: Decimal | None = None
    texts: tuple[str, ...] = ()
    try:
        _check_level(kpi)
        figure, settled, notes = _number(value, mark, kpi, place, facts)
        number = figure.value
        unit, notes = _unit(figure, unit_text, kpi, place, notes)
        number, unit, notes = _scaled(figure, unit, kpi, place, facts, notes)
        result = _converted(number, unit, kpi)
        _check_range(number, result.value, kpi)
        converted, texts = result.value if kpi.unit else None, (*notes, result.text)
    except Problem as found:
        problem = found
        if number is not None and problem.kind == "ambiguous_number":
            unit = f"{UNDECIDED} {unit}".rstrip()
    return Reading(
        raw[:RAW_LENGTH],
        cell_type_of(value, mark),
        mark.number_format,
        number,
        unit,
        converted,
        "; ".join(text for text in texts if text),
        problem.kind,
        problem.rule,
        problem.suggestion,
        blank=not raw.strip(),
        settled=settled,
    )


def _check_level(kpi: KpiRef) -> None:
    if kpi.portfolio_only and not kpi.template_only:
        raise Problem("portfolio_kpi", f"{kpi.name} belongs to the whole portfolio and means nothing for one account.")
    if getattr(kpi, "computed", False):
        raise Problem(
            "computed_kpi", f"{kpi.name} is computed by its formula.", "Leave it out, or bring the values it reads."
        )


def cell_type_of(value: Value, mark: Mark) -> str:
    if mark.formula:
        return "formula"
    if isinstance(value, float):
        return "percent" if _is_percent_format(mark.number_format) else "number"
    if isinstance(value, (date, datetime, time, timedelta)):
        return "date"
    return "text"


def _number(
    value: Value, mark: Mark, kpi: KpiRef, place: Place, facts: FileFacts
) -> tuple[Figure, str, tuple[str, ...]]:
    """The figure of a cell, the separator that the file settled, and notes on how it was read."""
    if mark.error:
        raise Problem("not_a_number", f"The cell shows the error {mark.error}.", "Mend the formula or type the value.")
    if mark.formula and not mark.cached:
        raise Problem(
            "no_cached_value",
            "The formula was never calculated, so the file holds no result; it is not guessed.",
            "Open the file in Excel, save it, and upload it again, or type the value.",
        )
    if isinstance(value, float) and not isinstance(value, bool):
        return _typed_number(value, mark), "", ()
    if isinstance(value, (date, datetime, time, timedelta)):
        raise _date_problem(value)
    if isinstance(value, bool):
        raise Problem("not_a_number", f"The cell says {text_of(value)}, which is not a number.", "Type the number.")
    text = value or ""
    if is_missing(text):
        raise Problem("missing_value", "There is no value. It is not taken as zero.", "Fill it in, or leave it out.")
    figure = facts.figure(text)
    if figure is None:
        raise _text_problem(text)
    if not figure.separator:
        note = f"{text.strip()} = {plain(figure.value)}" if figure.multiplied else ""
        return figure, "", (note,)
    return _settle(text.strip(), figure, kpi, place, facts)


def _typed_number(value: float, mark: Mark) -> Figure:
    if not math.isfinite(value):
        raise Problem("not_a_number", "The cell holds no finite number.", "Type the number.")
    return Figure(Decimal(f"{value:.15g}"), unit_of_format(mark.number_format))  # 15 digits are what Excel keeps


def _date_problem(value: date | time | timedelta) -> Problem:
    suggestion = "Format the cell as a number and type the value again."
    if isinstance(value, date) and value.year >= 2000:
        suggestion = f"Perhaps {value.day}.{value.month} or {value.month}.{value.day} was typed; write it as a number."
    return Problem("date_instead_of_number", f"The cell holds {_date_words(value)}, not a number.", suggestion)


def _date_words(value: date | time | timedelta) -> str:
    if isinstance(value, (time, timedelta)):
        return f"the time {value}"
    return f"the date {value.day} {value:%B %Y}"


def _text_problem(text: str) -> Problem:
    shown = text.strip()[:60]
    if looks_like_date(text.strip()):
        return Problem("date_instead_of_number", f'"{shown}" is a date, not a number.', "Write the number.")
    return Problem(
        "not_a_number", f'"{shown}" is not a number with a known unit.', "Write the number alone, or with its unit."
    )


def loose_value(value: Value, mark: Mark, unit_text: str, facts: FileFacts) -> tuple[Decimal | str, str]:
    """A cell of no known KPI for the held-rows file: a number with its unit where that is certain, else its text.

    A bare number that could be a share gets an undecided unit, because the held-rows file has a unit column.
    """
    if mark.error or (mark.formula and not mark.cached):
        return mark.error or mark.formula, unit_text
    if isinstance(value, float) and math.isfinite(value):
        figure: Figure | None = _typed_number(value, mark)
    else:
        figure = facts.figure(value) if isinstance(value, str) else None
    if figure is None or (figure.separator and facts.decimal in ("", figure.separator)):
        return text_of(value), unit_text
    number = figure.grouped if figure.separator and figure.grouped is not None else figure.value
    if figure.unit == PERCENT_FORMAT:
        return number * 100, "%"
    bare = not figure.unit and not unit_text.strip() and 0 < abs(number) <= FRACTION_LIMIT
    return number, UNDECIDED if bare else figure.unit or unit_text


# One of two readings


def _settle(
    text: str, figure: Figure, kpi: KpiRef, place: Place, facts: FileFacts
) -> tuple[Figure, str, tuple[str, ...]]:
    """Choose between "1.234" as a decimal and as thousands, by the rest of the file; raises Problem if it is open."""
    grouped = figure.grouped if figure.grouped is not None else figure.value
    decimal_fits = _fits(figure.value, figure.unit, kpi, fraction=True)
    grouped_fits = _fits(grouped, figure.unit, kpi, fraction=False)
    as_decimal = (figure, "", (f"{text} = {plain(figure.value)}" if figure.multiplied else "",))
    note = f"{text} = {plain(grouped)}"
    as_grouped = (figure._replace(value=grouped), figure.separator, (note,))
    if facts.decimal and facts.decimal != figure.separator:
        if grouped_fits or not decimal_fits:
            return as_grouped
    elif (place.habit in facts.habits and decimal_fits) or (decimal_fits and not grouped_fits):
        return as_decimal
    elif not facts.decimal and grouped_fits and not decimal_fits:
        return as_grouped
    elif facts.answer == figure.separator and decimal_fits:
        return as_decimal
    raise Problem(
        "ambiguous_number",
        f'"{text}" can be {plain(figure.value)} or {plain(grouped)}; nothing in the file settles which.',
        f"Write {_certain(figure.value)} or {plain(grouped)}, or say which decimal sign the file uses."
        if not facts.decimal
        else f"Write {plain(grouped)} or {_certain(figure.value)}.",
    )


def _certain(value: Decimal) -> str:
    """The decimal reading so that nobody takes it for thousands: 4.96, and 3.9520 for 3.952."""
    text = plain(value)
    return f"{text}0" if len(text.partition(".")[2]) == 3 else text


def _fits(value: Decimal, unit: str, kpi: KpiRef, *, fraction: bool) -> bool:
    """False if this reading would be nonsense for the KPI: outside its limits, or a count with decimals."""
    if fraction and kpi.unit == "count" and value != value.to_integral_value():
        return False
    try:
        number = convert(value, unit, kpi.unit).value
    except NoConversion:
        return True
    low, high = kpi.minimum, kpi.maximum
    return (low is None or number >= low) and (high is None or number <= high)


# Unit, share, range


def _unit(
    figure: Figure, unit_text: str, kpi: KpiRef, place: Place, notes: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """The unit of the value: in the cell, else in the unit column, else in the heading."""
    if unit_text.lstrip().startswith(UNDECIDED):
        raise Problem(
            "undecided",
            "The row waits for a decision: its unit starts with a question mark.",
            "Delete the question mark if the value holds as it stands, or correct it, or delete the row.",
        )
    column_unit = unit_named(unit_text)
    if figure.unit:
        if filled(unit_text) and column_unit != ("%" if figure.unit == PERCENT_FORMAT else figure.unit):
            notes = (*notes, f"the unit column says {unit_text.strip()[:20]}")
        return figure.unit, notes
    if column_unit is None:
        if not kpi.unit:
            return unit_text.strip()[:40], notes
        raise Problem(
            "unit_mismatch",
            f'The unit "{unit_text.strip()[:40]}" is not known.',
            f"Write the value in {kpi.unit}, or leave the unit empty.",
        )
    return column_unit or place.header_unit, notes


def _scaled(
    figure: Figure, unit: str, kpi: KpiRef, place: Place, facts: FileFacts, notes: tuple[str, ...]
) -> tuple[Decimal, str, tuple[str, ...]]:
    """Percentages as 85: from a percent format, or from a bare fraction where the whole group writes fractions."""
    number = figure.value
    if figure.unit == PERCENT_FORMAT:
        percent = number * 100
        return percent, "%", (*notes, f"{plain(number)} × 100 = {plain(percent)} %")
    if not is_percent(kpi.unit) or figure.unit or place.unit_column or unit not in ("", "%"):
        return number, unit, notes
    habit = facts.reads_as(place.share, number)
    if habit == "fraction":
        percent = number * 100
        return percent, "%", (*notes, f"{plain(number)} × 100 = {plain(percent)} %")
    if habit == "percent":
        return number, unit, notes
    raise Problem(
        "ambiguous_number",
        f"It is not clear whether {plain(number)} is {plain(number)} % or {plain(number * 100)} %: "
        f'the other numbers of "{place.share[:60]}" are written both ways.',
        f"Write {plain(number)}% or {plain(number * 100)}%, or answer once for the column.",
    )


def _converted(number: Decimal, unit: str, kpi: KpiRef) -> Converted:
    try:
        return convert(number, unit, kpi.unit)
    except NoConversion as error:
        raise Problem(
            "unit_mismatch", f"{str(error)[:1].upper()}{str(error)[1:]}.", f"Write it in {kpi.unit}."
        ) from error


def _check_range(number: Decimal, converted: Decimal, kpi: KpiRef) -> None:
    if max(abs(number), abs(converted)) >= STORABLE:
        raise Problem("out_of_range", "The number is too large to be stored.", "Correct the value.")
    low, high = kpi.minimum, kpi.maximum
    if (low is not None and converted < low) or (high is not None and converted > high):
        limits = f"{plain(low)} to {plain(high)}" if low is not None and high is not None else "its limits"
        raise Problem(
            "out_of_range",
            f"{plain(converted)}{_spoken(kpi.unit)} is outside of {limits}, the possible values of this KPI.",
            "Correct the value or its unit.",
        )


def _spoken(unit: str) -> str:
    """The unit behind a number in a sentence; scales such as "1-7" say nothing there."""
    return f" {unit}" if unit in {"%", "days", "h", "working h"} else ""


# Number formats


@lru_cache(maxsize=500)
def _is_percent_format(number_format: str) -> bool:
    return "%" in number_format and "%" in _LITERAL.sub("", number_format)


@lru_cache(maxsize=500)
def unit_of_format(number_format: str) -> str:
    """PERCENT_FORMAT, the unit a format writes behind the number ('0 "days"'), else ""."""
    if not number_format:
        return ""
    if _is_percent_format(number_format):
        return PERCENT_FORMAT
    for quoted, symbol in _QUOTED.findall(number_format):
        if unit := unit_named(quoted or symbol):
            return unit
    return ""
