"""What a formula may speak of: the tenant's KPIs, fields of the account, functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from kpis.catalogue import normalise
from kpis.formula.dimensions import OWN, PLAIN

ALIKE = 60.0
MOST_SUGGESTIONS = 3


@dataclass(frozen=True)
class FieldName:
    """A field of the account: kind number, text or date; the unit of a number. own: its kind as a field of the tenant's
    own, "" for one that every tenant has."""

    name: str
    label: str
    kind: str
    unit: str = PLAIN
    own: str = ""


@dataclass(frozen=True)
class FunctionName:
    """How a function is written, and what it says."""

    name: str
    signature: str
    text: str


@dataclass(frozen=True)
class KpiName:
    """A KPI as formulas see it; spellings: every name it answers to in quotation marks."""

    code: str
    name: str
    unit: str
    outcome_like: bool = False
    portfolio_only: bool = False
    spellings: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The name without what stands in brackets."""
        return self.name.partition(" (")[0]


FIELDS: dict[str, FieldName] = {
    one.name: one
    for one in (
        FieldName("arr", "Yearly revenue (ARR)", "number", OWN),
        FieldName("currency", "Currency", "text"),
        FieldName("tier", "Tier", "text"),
        FieldName("stage", "Stage", "text"),
        FieldName("industry", "Industry", "text"),
        FieldName("region", "Region", "text"),
        FieldName("customer_since", "Customer since", "date"),
        FieldName("renewal_on", "Renewal", "date"),
    )
}
FUNCTIONS: dict[str, FunctionName] = {
    one.name: one
    for one in (
        FunctionName("if", "if(condition, a, b)", "a where the condition holds, else b"),
        FunctionName("coalesce", "coalesce(a, b, …)", "the first of them that is known"),
        FunctionName("min", "min(a, b, …)", "the least"),
        FunctionName("max", "max(a, b, …)", "the greatest"),
        FunctionName("abs", "abs(x)", "without its sign"),
        FunctionName("round", "round(x, places)", "rounded half up to 0 to 6 decimals"),
        FunctionName("mean", "mean(kpi, months)", "mean of the months that end with this one"),
        FunctionName("sum", "sum(kpi, months)", "sum of the months that end with this one"),
        FunctionName("last", "last(kpi, months)", "newest value of the months that end with this one"),
        FunctionName("change", "change(kpi, months)", "this month minus that many months before"),
        FunctionName("before", "before(kpi, months)", "its value that many months before"),
        FunctionName("days_between", "days_between(from, to)", "days from one date to another"),
        FunctionName("days_since", "days_since(date)", "days from a date to the end of the month"),
        FunctionName("days_until", "days_until(date)", "days from the end of the month to a date"),
        FunctionName("percent", "percent(x)", "a share as per cent: 0.5 becomes 50 %"),
        FunctionName("number", "number(x)", "the figure without its unit"),
    )
}


@dataclass
class Names:
    """The KPIs a formula may read, by code and by every spelling; and the fields of the account, by name."""

    kpis: Sequence[KpiName]
    fields: Mapping[str, FieldName] = field(default_factory=lambda: FIELDS)
    by_code: dict[str, KpiName] = field(init=False)
    by_spelling: dict[str, KpiName] = field(init=False)

    def __post_init__(self) -> None:
        self.by_code = {kpi.code: kpi for kpi in self.kpis}
        self.by_spelling = {}
        for kpi in self.kpis:
            for text in (kpi.name, kpi.short, *kpi.spellings, kpi.code):
                self.by_spelling.setdefault(normalise(text), kpi)

    def kpi(self, text: str) -> KpiName | None:
        """By code, or by a name as in a file: exact but for case, accents and punctuation."""
        return self.by_code.get(text) or self.by_spelling.get(normalise(text))

    def like(self, text: str) -> tuple[str, ...]:
        """Names that may have been meant, as they would be written, best first."""
        choices = {name: normalise(name) for name in (*self.fields, *self.by_code)}
        choices |= {f'"{kpi.short}"': normalise(kpi.short) for kpi in self.kpis}
        return _alike(normalise(text), choices)

    @staticmethod
    def functions_like(text: str) -> tuple[str, ...]:
        return _alike(normalise(text), {name: normalise(name) for name in FUNCTIONS})


def _alike(wanted: str, choices: dict[str, str]) -> tuple[str, ...]:
    found: Iterable[tuple[str, float, str]] = process.extract(
        wanted, choices, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=MOST_SUGGESTIONS
    )
    return tuple(name for _, _, name in found)
