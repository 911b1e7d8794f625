"""The KPI catalogue: 62 KPIs, the second template of 59 names, and figures that belong to a portfolio only.

The tables are data (`*.tsv` beside this file). The ranges are starting points which a tenant may override.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from kpis.catalogue.anchors import Anchors, band_anchors, one_sided_anchors

Direction = Literal["up", "down", "band"]
Level = Literal["account", "portfolio"]
Cadence = Literal["week", "month", "quarter", "once"]


@dataclass(frozen=True)
class Category:
    """weight: share of the category in the overall score; the five sum to 1."""

    code: str
    name: str
    weight: Decimal


CATEGORIES = (
    Category("relationship", "Relationship Strength", Decimal("0.20")),
    Category("adoption", "Adoption & Engagement", Decimal("0.25")),
    Category("support", "Support & Experience", Decimal("0.20")),
    Category("value", "Product Value", Decimal("0.20")),
    Category("outcomes", "Business Outcomes", Decimal("0.15")),
)


@dataclass(frozen=True)
class KpiDef:
    """What is known of one KPI before any tenant changes it.

    number: 1..62 in the catalogue, None outside it. unit: "" means the unit of each value as read.
    anchors: (value, points 0..100) sorted by value, () when the KPI has no ranges and so is never scored.
    green, yellow, red: the reference ranges in words. weight: impact 3 high, 2 medium, 1 low, 0 shown only.
    minimum, maximum: hard limits, a value outside is an error; None when not known.
    outcome_like: says what a churn prediction should predict, so it may not feed one.
    template_only: known from the 59-KPI template, without a twin in the catalogue; stored, never scored.
    expires_days: age at which a value has faded out completely, if that is earlier than its cadence says.
    description: what is counted, and from where. caveats: what the number does not say.
    """

    number: int | None
    code: str
    name: str
    category: str
    unit: str = ""
    direction: Direction = "up"
    level: Level = "account"
    anchors: Anchors = ()
    green: str = ""
    yellow: str = ""
    red: str = ""
    weight: int = 0
    cadence: Cadence = "month"
    outcome_like: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    sources: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    template_only: bool = False
    expires_days: int | None = None
    description: str = ""
    caveats: str = ""

    @property
    def portfolio_only(self) -> bool:
        """True for figures that mean nothing for one account."""
        return self.level == "portfolio"

    @property
    def short_name(self) -> str:
        """The name without its explanation in brackets, for narrow columns."""
        return self.name.split(" (")[0] if self.number else self.name


@dataclass(frozen=True)
class TemplateName:
    """One of the 59 original names; original_category: its heading in the original, kpi: its meaning here."""

    name: str
    original_category: str
    category: str
    kpi: KpiDef


# An opinion goes stale however often it was asked for: the pulse fades out completely at this age.
EXPIRES_DAYS = {"csm_pulse": 90}

# Not the account's own net and gross retention (52, 53). A bare "NRR" or "GRR" could be either: it is asked.
PORTFOLIO_NAMES = (
    ("logo_churn", "Logo churn", "%", ("Customer churn rate (portfolio)",)),
    ("revenue_churn", "Revenue churn", "%", ("MRR churn",)),
    ("portfolio_nrr", "Portfolio net revenue retention", "%", ("Portfolio NRR", "Company NRR")),
    ("portfolio_grr", "Portfolio gross revenue retention", "%", ("Portfolio GRR", "Company GRR")),
    ("acquisition_cost", "Customer acquisition cost", "", ("CAC", "Customer acquisition cost (CAC)")),
    ("market_share", "Market share", "%", ()),
    ("win_rate", "Win rate", "%", ()),
    ("clv_to_cac", "CLV:CAC", "ratio", ("LTV:CAC", "CLV to CAC ratio")),
)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def _anchors(row: dict[str, str], minimum: Decimal, maximum: Decimal) -> Anchors:
    edges = row["edges"].split()
    if row["direction"] == "band":
        red_low, green_low, green_high, red_high = edges
        return band_anchors(
            red_low=None if red_low == "-" else Decimal(red_low),
            green_low=Decimal(green_low),
            green_high=Decimal(green_high),
            red_high=Decimal(red_high),
            minimum=minimum,
            maximum=maximum,
        )
    green, red = edges
    return one_sided_anchors(
        green=Decimal(green),
        red=Decimal(red),
        minimum=minimum,
        maximum=maximum,
        unit=row["unit"],
        has_red=not row["red"].startswith("n/a"),
    )


def _catalogue_kpi(row: dict[str, str]) -> KpiDef:
    minimum, maximum = Decimal(row["minimum"]), Decimal(row["maximum"])
    return KpiDef(
        number=int(row["number"]),
        code=row["code"],
        name=row["name"],
        category=row["category"],
        unit=row["unit"],
        direction=row["direction"],  # type: ignore[arg-type]  # the tests hold the table to these words
        anchors=_anchors(row, minimum, maximum),
        green=row["green"],
        yellow=row["yellow"],
        red=row["red"],
        weight=int(row["weight"]),
        cadence=row["cadence"],  # type: ignore[arg-type]
        outcome_like=row["outcome_like"] == "yes",
        minimum=minimum,
        maximum=maximum,
        sources=tuple(row["sources"].split(",")),
        aliases=tuple(row["aliases"].split("|")) if row["aliases"] else (),
        expires_days=EXPIRES_DAYS.get(row["code"]),
        description=CARDS[row["code"]]["description"],
        caveats=CARDS[row["code"]]["caveats"],
    )


def _template_name(row: dict[str, str]) -> TemplateName:
    kpi = BY_NUMBER[int(row["number"])] if row["number"] else _template_kpi(row)
    return TemplateName(row["name"], row["original_category"], row["category"], kpi)


def _template_kpi(row: dict[str, str]) -> KpiDef:
    code = "template_" + "_".join("".join(c if c.isalnum() else " " for c in row["name"].lower()).split())
    return KpiDef(
        number=None,
        code=code,
        name=row["name"],
        category=row["category"],
        level=row["level"],  # type: ignore[arg-type]
        outcome_like=row["outcome_like"] == "yes",
        template_only=True,
    )


def _portfolio_kpi(code: str, name: str, unit: str, aliases: tuple[str, ...]) -> KpiDef:
    return KpiDef(
        number=None,
        code=code,
        name=name,
        category="outcomes",
        unit=unit,
        level="portfolio",
        outcome_like=True,
        aliases=aliases,
    )


CARDS: dict[str, dict[str, str]] = {row["code"]: row for row in _rows("cards.tsv")}
CATALOGUE: tuple[KpiDef, ...] = tuple(_catalogue_kpi(row) for row in _rows("catalogue.tsv"))
BY_NUMBER: dict[int, KpiDef] = {kpi.number: kpi for kpi in CATALOGUE if kpi.number}
TEMPLATE_59: tuple[TemplateName, ...] = tuple(_template_name(row) for row in _rows("template_59.tsv"))
TEMPLATE_ONLY: tuple[KpiDef, ...] = tuple(entry.kpi for entry in TEMPLATE_59 if entry.kpi.template_only)
PORTFOLIO_ONLY: tuple[KpiDef, ...] = (
    *(_portfolio_kpi(*row) for row in PORTFOLIO_NAMES),
    *(kpi for kpi in TEMPLATE_ONLY if kpi.portfolio_only),
)
DEFINITIONS: tuple[KpiDef, ...] = tuple(dict.fromkeys((*CATALOGUE, *TEMPLATE_ONLY, *PORTFOLIO_ONLY)))
BY_CODE: dict[str, KpiDef] = {kpi.code: kpi for kpi in DEFINITIONS}
