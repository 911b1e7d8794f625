"""Where the catalogue's ranges come from, in words, and published figures to hold values against. Pure.

A figure stands here only as its source states it. `year` is the year it speaks of, None where the source names none.
They are shown beside values and never enter a score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

SOURCES = {
    "O": "the original configuration of the KPI set",
    "O*": "the original configuration, changed where it was faulty or too strict",
    "U": "Userpilot product benchmarks",
    "S": "support benchmark set",
    "K": "private SaaS survey",
    "B": "retention benchmark reports",
    "V": "practice of vendors and their customers",
    "T": "playbook triggers and targets of the original",
    "J": "judgement",
}


def source_words(keys: Sequence[str]) -> str:
    """The sources behind a range: "Judgement; practice of vendors and their customers"."""
    text = "; ".join(SOURCES.get(key, key) for key in keys)
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class Published:
    """One published figure of a KPI, in the KPI's unit."""

    kpi: str
    statistic: str
    value: Decimal
    population: str
    source: str
    year: int | None = None


_SUPPORT = "Support benchmark set (SQM type)"
_SAAS = "Private SaaS survey"
_RETENTION = "Retention benchmark summaries (KeyBanc and Benchmarkit type), secondary"
_PRODUCT = "Product benchmark pages (Pendo, Userpilot), secondary"


def _of(kpi: str, statistic: str, value: str, population: str, source: str, year: int | None = None) -> Published:
    return Published(kpi, statistic, Decimal(value), population, source, year)


FIGURES: tuple[Published, ...] = (
    _of("portfolio_grr", "p25", "82", "Private B2B SaaS companies", _SAAS),
    _of("portfolio_grr", "median", "91", "Private B2B SaaS companies", _SAAS),
    _of("portfolio_grr", "p75", "95", "Private B2B SaaS companies", _SAAS),
    _of("portfolio_nrr", "median", "101", "Private B2B SaaS companies", _RETENTION, 2024),
    _of("portfolio_nrr", "median", "105", "Private B2B SaaS companies", _RETENTION, 2021),
    _of("portfolio_nrr", "median", "97", "Private B2B SaaS, contracts under 25k", _RETENTION),
    _of("portfolio_nrr", "median", "108", "Private B2B SaaS, contracts of 25k to 100k", _RETENTION),
    _of("portfolio_nrr", "median", "118", "Private B2B SaaS, contracts above 100k", _RETENTION),
    _of("first_contact_resolution", "mean", "68", "Support centres", _SUPPORT),
    _of("first_contact_resolution", "good from", "70", "Support centres", _SUPPORT),
    _of("first_contact_resolution", "world class from", "80", "Support centres", _SUPPORT),
    _of("support_csat", "good from", "75", "Support centres", _SUPPORT),
    _of("support_csat", "world class from", "85", "Support centres", _SUPPORT),
    _of("first_response_time", "target below", "4", "First reply to an e-mail", _SUPPORT),
    _of("activation_30_days", "mean", "37.5", "62 firms, activation rate", _PRODUCT),
    _of("activation_30_days", "median", "37", "62 firms, activation rate", _PRODUCT),
    _of("activation_30_days", "mean", "37.5", "547 firms, activation rate", _PRODUCT),
)
