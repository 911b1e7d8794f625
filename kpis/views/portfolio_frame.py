"""What stands around the lines of the portfolio: heads of columns, headings of groups, and what both add up to."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from accounts.conditions import Field, Kind
from accounts.queries.views import NAME_COLUMN, WIDEST, narrowest
from core.money import CURRENCIES
from core.templatetags import formats
from kpis.queries.columns import Column
from kpis.queries.orders import group_name
from kpis.queries.sums import Bundle
from kpis.views.looks import Looks

SORTS = {"health": "score", "health_change": "change", "coverage": "coverage", "arr": "arr", "renewal_on": "renewal"}
FIRST = ("attention", "name", "renewal", "change", "score")  # what is ordered upwards by the first click
TICK, NAME, OTHER = 44, 260, 140  # pixels of columns that stay in sight when no width was chosen
UNSORTED = ("trend",)

Row = TypeVar("Row")


@dataclass(frozen=True)
class Slot:
    """A column where it stands. css, style: of all its cells; width: pixels, 0 as wide as it needs."""

    column: Column
    css: str = ""
    style: str = ""
    width: int = 0

    @property
    def sort(self) -> str:
        """Its name in the address of a sort."""
        if self.column.field is None and self.column.code in UNSORTED:
            return ""
        return SORTS.get(self.column.code, self.column.code) if self.column.field is None else self.column.code


@dataclass(frozen=True)
class Head:
    """The head of a column. sort, url: its name in the address and where a click leads, if it can be ordered by."""

    code: str
    label: str
    css: str
    style: str
    sort: str
    url: str
    width: int
    narrowest: int
    widest: int = WIDEST


@dataclass(frozen=True)
class Foot:
    """What one column adds up to. code: "" is nothing; text "" is one of the usual columns, drawn by the page."""

    code: str
    css: str
    style: str
    how: str = ""
    text: str = ""
    unknown: int = 0
    label: str = ""


def slots(looks: Looks, *, ticked: bool) -> tuple[Slot, list[Slot]]:
    """The account's own column and the others. Pinned ones know how far from the edge they stay."""
    left = TICK if ticked else 0
    width = looks.widths.get(NAME_COLUMN, NAME if looks.pins else 0)
    name = Slot(Column(NAME_COLUMN, "Account"), *_place("pin", width, left), width)
    left += width
    found = []
    for column in looks.columns:
        pinned = column.code in looks.pins
        width = looks.widths.get(column.code, OTHER if pinned else 0)
        found.append(Slot(column, *_place("pin" if pinned else "", width, left if pinned else 0), width))
        left += width if pinned else 0
    return name, found


def _place(pin: str, width: int, left: int) -> tuple[str, str]:
    style = [f"--w:{width}px"] if width else []
    style += [f"--x:{left}px"] if pin else []
    return " ".join(filter(None, (pin, "sized" if width else ""))), ";".join(style)


def heads(found: Sequence[Slot], *, sort: str, to: Callable[[str], str]) -> list[Head]:
    """to: the address of a sort."""
    return [
        Head(
            one.column.code,
            one.column.label,
            " ".join(filter(None, ("num" if one.column.numeric else "", one.css))),
            one.style,
            one.sort,
            to(next_sort(one.sort, sort)) if one.sort else "",
            one.width,
            narrowest(one.column.code),
        )
        for one in found
    ]


def next_sort(name: str, current: str) -> str:
    """What a click on the column's head asks for: the telling end first, then the other."""
    first = name if name in FIRST else f"-{name}"
    other = f"-{name}" if first == name else name
    return other if current == first else first


def feet(found: Sequence[Slot], bundle: Bundle) -> list[Foot]:
    """One cell for each column."""
    return [_foot(one, bundle) for one in found]


def _foot(slot: Slot, bundle: Bundle) -> Foot:
    column = slot.column
    css = " ".join(filter(None, ("num" if column.numeric else "", slot.css)))
    if column.field is not None and column.field.kind is Kind.NUMBER:
        total = bundle.total(column.field)
        text = plain(column.field, total.value) if total.value is not None else formats.UNKNOWN
        return Foot(column.code, css, slot.style, total.how.capitalize(), text, total.unknown, column.label)
    code = column.code if column.field is None and column.code in ("health", "coverage", "arr") else ""
    return Foot(code, css, slot.style, label=column.label if code else "")


@dataclass(frozen=True)
class Section(Generic[Row]):
    """The lines of one group; without grouping there is one without a heading. url: opens or shuts it."""

    rows: list[Row]
    label: str = ""
    bundle: Bundle | None = None
    feet: Sequence[Foot] = ()
    shut: bool = False
    url: str = ""


@dataclass(frozen=True)
class Cut:
    """How a page was cut from the list. shut: marks of groups without lines; first, last: of all pages."""

    shut: Collection[str]
    first: bool
    last: bool


def sections(
    rows: Sequence[tuple[str, Row]],
    groups: Sequence[Bundle],
    field: Field,
    found: Sequence[Slot],
    cut: Cut,
    *,
    to: Callable[[str], str],
) -> list[Section[Row]]:
    """The groups of one page in their order, with their lines.

    rows: key of the group and line. to: address by marks. Of the groups that are shut a page heads those that stand
    between its lines and right before them.
    """
    shut = cut.shut
    places = {one.key: at for at, one in enumerate(groups)}
    on_page = sorted({places[key] for key, _ in rows if key in places})
    first, last = (on_page[0], on_page[-1]) if on_page else (0, len(groups) - 1)
    while not cut.first and first and groups[first - 1].mark in shut:
        first -= 1
    low, high = 0 if cut.first else first, len(groups) - 1 if cut.last else last
    made = []
    for at in range(low, high + 1):
        one = groups[at]
        closed = one.mark in shut
        if not closed and at not in on_page:
            continue
        others = [mark for mark in shut if mark != one.mark]
        made.append(
            Section(
                rows=[row for key, row in rows if key == one.key],
                label=group_name(field, one.key),
                bundle=one,
                feet=feet(found, one),
                shut=closed,
                url=to(",".join(others if closed else [*others, one.mark])),
            )
        )
    return made


def plain(field: Field, value: Any) -> str:
    """A value of a field as people read it; empty when it is not known."""
    if value is None or value == "":
        return ""
    match field.kind:
        case Kind.NUMBER if field.unit in CURRENCIES:
            return formats.money(value, field.unit)
        case Kind.NUMBER if field.unit == "%":
            return formats.percent(value, 2).replace(".00%", "%")
        case Kind.NUMBER:
            text = formats.number(round(value, 2) if isinstance(value, float) else value)
            return f"{text} {field.unit}" if field.unit and field.unit != "count" else text
        case Kind.DATE:
            return formats.day(value)
        case Kind.YES:
            return "Yes" if value else "No"
        case Kind.CHOICE:
            return dict(field.choices).get(value, str(value))
    return str(value)
