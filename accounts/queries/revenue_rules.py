"""The rules by which the workspace reads its revenue, and the day it is where its finance sits."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.utils.timezone import localdate

from accounts.models import Account, ExchangeRate, RevenueRules
from accounts.revenue import Settings
from core.money import CURRENCIES

EDGES = tuple(field.name for field in fields(Settings))
DAYS = {"gap_days": 365, "grace_days": 365, "pause_days": 730}  # the most that can be chosen
CHOICES: dict[str, tuple[tuple[str, str], ...]] = {
    "pause": (("carry", "Carried for some days, then churn"), ("churn", "Churn from the first day")),
    "churn_at": (("term", "At the end of the paid term"), ("request", "On the day of the notice")),
    "uplift": (("apart", "On a line of its own"), ("expansion", "As expansion")),
}
LABELS = {
    "gap_days": "Longest gap that is a late renewal",
    "grace_days": "Grace for what is unpaid",
    "pause": "A customer at zero price is",
    "pause_days": "Longest pause at zero price",
    "churn_at": "A notice is churn",
    "uplift": "A price rise that was agreed earlier stands",
    "time_zone": "Time zone of finance",
    "reporting_currency": "Reporting currency",
}


@dataclass(frozen=True)
class Rules:
    """version 0: the defaults. reporting: "" = the currency most accounts are in."""

    version: int = 0
    settings: Settings = Settings()
    time_zone: str = "UTC"
    reporting: str = ""

    def day(self, at: datetime) -> date:
        """The day it is where finance sits."""
        return at.astimezone(self.zone).date()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def words(self) -> list[str]:
        """Each rule as a sentence."""
        edges = self.settings
        carried = f"is carried for up to {_days(edges.pause_days)}, then it is churn"
        return [
            f"A gap of up to {_days(edges.gap_days)} is a late renewal; a longer one is churn and reactivation.",
            f"What is unpaid still counts for {_days(edges.grace_days)}.",
            f"A customer at zero price {carried if edges.pause == 'carry' else 'is churn from the first day'}.",
            f"A notice is churn {'at the end of the paid term' if edges.churn_at == 'term' else 'on its day'}.",
            f"Price rises agreed earlier {'stand apart' if edges.uplift == 'apart' else 'count as expansion'}.",
            f"Days begin and end in {self.time_zone}.",
        ]

    def given(self) -> dict[str, Any]:
        """As they are written: field of RevenueRules -> value."""
        edges = {name: getattr(self.settings, name) for name in EDGES}
        return edges | {"time_zone": self.time_zone, "reporting_currency": self.reporting}


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Version:
    """A past or present version with what it changed: (label, old, new)."""

    row: RevenueRules
    changes: list[tuple[str, str, str]]


def versions(most: int = 50) -> list[Version]:
    """Newest first."""
    rows = list(RevenueRules.objects.order_by("-version")[: most + 1])
    found = []
    for place, row in enumerate(rows[:most]):
        older = rules_of(rows[place + 1]) if place + 1 < len(rows) else Rules()
        old, new = older.given(), rules_of(row).given()
        found.append(Version(row, [(LABELS[n], told(n, old[n]), told(n, new[n])) for n in LABELS if old[n] != new[n]]))
    return found


def told(name: str, value: Any) -> str:
    """A rule's value in words."""
    if name in DAYS:
        return _days(value)
    return str(dict(CHOICES.get(name, ())).get(value, value)) or "the one most accounts are in"


def rules_of(row: RevenueRules | None) -> Rules:
    if row is None:
        return Rules()
    settings = Settings(**{name: getattr(row, name) for name in EDGES})
    return Rules(row.version, settings, row.time_zone, row.reporting_currency)


def rules_in_force() -> Rules:
    """One query."""
    return rules_of(RevenueRules.objects.order_by("-version").first())


def finance_day(at: datetime) -> date:
    """On which day of the workspace's finance a moment falls."""
    return rules_in_force().day(at)


def finance_today() -> date:
    return localdate(timezone=rules_in_force().zone)


def main_currency(rules: Rules | None = None) -> str:
    """The currency that revenue is shown in unless somebody asks for another: the chosen one, else that of most
    accounts with revenue."""
    rules = rules or rules_in_force()
    if rules.reporting:
        return rules.reporting
    used = Account.objects.exclude(movements=None).order_by().values_list("currency").annotate(n=Count("pk"))
    return str(max(used, key=lambda row: (row[1], row[0]), default=(CURRENCIES[0], 0))[0])


def rates_into(reporting: str, on: date, currencies: Collection[str] | None = None) -> Mapping[str, Decimal]:
    """What one unit of each currency is worth in `reporting` on a day, by the newest rates that had begun.

    A rate kept into another currency counts through it, and the other way round. A currency without any way is not in
    it. One query.
    """
    newest: dict[tuple[str, str], Decimal] = {}
    rows = ExchangeRate.objects.filter(on__lte=on).order_by("on").values_list("currency", "into", "rate")
    newest.update({(currency, into): rate for currency, into, rate in rows if currency != into})
    ways: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for (currency, into), rate in newest.items():
        ways[into][currency] = rate
        ways[currency].setdefault(into, 1 / rate)
    for (currency, into), rate in newest.items():  # what was said wins over what follows from its inverse
        ways[into][currency] = rate
    known, edge = {reporting: Decimal(1)}, [reporting]
    while edge:
        into = edge.pop(0)
        for currency, rate in sorted(ways[into].items()):
            if currency not in known:
                known[currency] = rate * known[into]
                edge.append(currency)
    return known if currencies is None else {code: rate for code, rate in known.items() if code in currencies}
