"""First pass over a file: what only all of its cells together can tell.

The decimal sign, whether bare numbers of a percentage are fractions, which groups write three decimals. A
group is what shares one habit of writing: a column of a wide table, a KPI in a long one, the value column of
one that lists each KPI once.
"""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from kpis.workbook.figures import Figure, parse_figure
from kpis.workbook.units import PERCENT_UNITS

FRACTION_LIMIT = Decimal("1.5")
REMEMBERED = 50_000  # texts; bounds memory when every value of a file is different
HABIT_PLACES = 3  # digits after a proven decimal sign that make "1.234" of the same group a decimal too


@dataclass
class Shares:
    """Numbers of one group, bare or marked (percent sign or format). doubtful: (figure, marked), not counted yet."""

    bare_within: int = 0
    bare_beyond: int = 0
    marked: int = 0
    marked_small: int = 0
    doubtful: set[tuple[Figure, bool]] = field(default_factory=set)

    def count(self, number: Decimal, *, marked: bool) -> None:
        size = abs(number)
        if marked:
            self.marked += 1
            self.marked_small += size < FRACTION_LIMIT
        else:
            self.bare_within += 0 < size <= FRACTION_LIMIT
            self.bare_beyond += size > FRACTION_LIMIT


@dataclass
class FileFacts:
    """Collected by `note`, closed by `settle`; then `decimal` and `reads_as` hold for every cell.

    decimal: "." or ",", "" when nothing or contradictory texts prove it.
    """

    is_text: bool
    answer: str = ""
    decimal: str = ""
    evidence: str = ""
    open_doubts: int = 0
    proofs: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    habits: set[str] = field(default_factory=set)
    shares: dict[str, Shares] = field(default_factory=dict)
    seen: dict[str, Figure | None] = field(default_factory=dict)
    share_answers: dict[str, str] = field(default_factory=dict)

    def figure(self, text: str) -> Figure | None:
        """parse_figure, remembered: the same texts come back thousands of times."""
        try:
            return self.seen[text]
        except KeyError:
            if len(self.seen) > REMEMBERED:
                self.seen.clear()
            figure = self.seen[text] = parse_figure(text)
            return figure

    def note_text(self, text: str, group: str) -> Figure | None:
        figure = self.figure(text)
        if figure is None:
            return None
        if figure.proof:
            self.proofs[figure.proof] += 1
            self.examples.setdefault(figure.proof, text.strip())
            if figure.places >= HABIT_PLACES:
                self.habits.add(group)
        elif figure.separator:
            self.open_doubts += 1
        return figure

    def note_share(self, group: str, figure: Figure, *, marked: bool) -> None:
        """One number of a percentage KPI. marked: with a percent sign or format."""
        shares = self.shares.setdefault(group, Shares())
        if figure.separator:
            shares.doubtful.add((figure, marked))
        else:
            shares.count(figure.value, marked=marked)

    def settle(self) -> None:
        """Close the first pass."""
        proven = [sign for sign in ".," if self.proofs[sign]]
        if self.answer in (".", ","):
            self.decimal, self.evidence = self.answer, "chosen by a person"
        elif len(proven) == 1:
            self.decimal, self.evidence = proven[0], f'"{self.examples[proven[0]]}" proves it'
        for group, shares in self.shares.items():
            for figure, marked in shares.doubtful:
                as_decimal = figure.separator == self.decimal or group in self.habits or figure.grouped is None
                shares.count(figure.value if as_decimal else figure.grouped, marked=marked)  # type: ignore[arg-type]

    def reads_as(self, group: str, value: Decimal) -> str:
        """How a bare number of a percentage is meant: "percent", "fraction", or "" when the file does not tell.

        Fraction: every bare number of the group lies within 1.5 and every marked one is 1.5 or more in size.
        Percent: no bare number lies within 1.5 and none is marked. In a workbook, where percentages are a
        format, a bare number beyond 1.5 is a percentage too. See docs/decisions/0005-reading-workbooks.md.
        """
        shares = self.shares.get(group)
        if group in self.share_answers:
            return self.share_answers[group]
        if shares is None or value == 0:
            return "percent"
        if not self.is_text and abs(value) > FRACTION_LIMIT:
            return "percent"
        if not shares.bare_beyond:
            return "" if shares.marked_small else "fraction"
        return "percent" if not shares.bare_within and not shares.marked else ""

    def undecided(self) -> list[str]:
        """Groups whose bare numbers only a person can tell."""
        one = Decimal(1)
        return [
            group
            for group, shares in self.shares.items()
            if shares.bare_within + shares.bare_beyond and not self.reads_as(group, one)
        ]


def is_percent(unit: str) -> bool:
    return unit in PERCENT_UNITS
