"""What an account's page shows of its health: what pushes the score, what costs most, how good the data are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import Max

from accounts.models import Account
from core.time import month_of, months_back
from kpis.freshness import MONTH_DAYS
from kpis.models import KpiValue, ScorecardVersion, Target, Upload
from kpis.queries.evidence import CategoryPart, Evidence, Part, target
from kpis.queries.goals import Aim, current_targets
from kpis.queries.health import card_of
from kpis.queries.measured import newest_values
from kpis.queries.percentiles import Standing, standings
from kpis.scoring import score_portfolio
from kpis.scoring.trend import WINDOW_DAYS

GREEN = Decimal(75)
NAMED, MEASURES, UPLOADS = 2, 6, 3
PLACED = 2000  # accounts; six places among ten thousand take half a second, a panel has a tenth


@dataclass(frozen=True)
class Before:
    """What was known 28 days ago, under the same scorecard: points per category and value per KPI, where known."""

    day: date
    categories: dict[str, Decimal]
    values: dict[str, Decimal]


def before(account: Account, version: ScorecardVersion, on: date) -> Before:
    """One query for the values of one account."""
    card, day = card_of(version), on - timedelta(days=WINDOW_DAYS)
    sheet = newest_values([account.pk], card.kpi_ids, on=on, then=day).over_by(day)
    scores = score_portfolio(card.rules_on(on), sheet.values, sheet.ages)
    categories = zip(card.rules.categories, scores.category_scores[0].tolist(), strict=True)
    values = zip(card.rules.kpis, sheet.values[0].tolist(), strict=True)
    return Before(
        day,
        {code: Decimal(str(round(points, 2))) for code, points in categories if not np.isnan(points)},
        {code: Decimal(str(value)) for code, value in values if not np.isnan(value)},
    )


@dataclass(frozen=True)
class Push:
    """How far one category moves the score away from 75, and the KPIs that do most of it, in the same direction."""

    category: CategoryPart
    points: Decimal
    most: list[tuple[Part, Decimal]]


def pushes(found: Evidence) -> list[Push]:
    """Every KPI on its green edge would give exactly 75; this is what leads from there to the score.

    What lowers comes first, the largest on top; they sum exactly to the score minus 75.
    """
    every = [_push(category) for category in found.categories if category.share]
    return sorted(every, key=lambda push: push.points)


def _push(category: CategoryPart) -> Push:
    points = category.contribution - category.share * GREEN / 100
    parts = [(part, (part.contribution or 0) - (part.share or 0) * GREEN / 100) for part in category.parts]
    same = [(part, moved) for part, moved in parts if moved and (moved < 0) == (points < 0)]
    return Push(category, points, sorted(same, key=lambda one: (-abs(one[1]), one[0].kpi.name))[:NAMED])


@dataclass(frozen=True)
class Measure:
    """A KPI that costs the score much, with its twelve months."""

    part: Part
    target: str
    change: Decimal | None
    months: list[Decimal | None]
    aim: Aim | None = None
    place: Standing | None = None

    @property
    def reach(self) -> int:
        """Months from one value to the next one that is expected: 3 for a quarterly KPI; a missed one is a gap."""
        days = self.part.item.cadence_days
        return len(self.months) if days is None else max(1, round(days / MONTH_DAYS))

    @property
    def rhythm(self) -> str:
        """What the small line shows, for those who hear it."""
        known = sum(month is not None for month in self.months)
        every = {1: "month by month", 3: "quarter by quarter"}.get(self.reach, "as values came in")
        return f"Twelve months, {every}: {known} value{'' if known == 1 else 's'}"


def measures(account: Account, found: Evidence, known: Before, *, on: date, most: int = MEASURES) -> list[Measure]:
    """The KPIs whose improvement would bring most points, biggest loss first. Four queries.

    aim: the account's own target, else None. place: among the tenant's accounts, None without a value that counts and
    in a book of more than PLACED accounts: there a KPI's own page says it.
    """
    costly = sorted((p for p in found.parts if p.lost > 0), key=lambda p: (-p.lost, p.kpi.name))[:most]
    months = months_back(month_of(on), 12)
    values = KpiValue.objects.current().filter(account=account, kpi__in=[p.kpi for p in costly], period__in=months)
    stored = {(kpi, period): value for kpi, period, value in values.values_list("kpi_id", "period", "value")}
    kpis = [part.kpi for part in costly]
    targets = current_targets(account, kpis) if kpis else {}
    judged = {part.kpi.code: part.item.anchors for part in costly}
    few = Account.objects.active().filter(sample=account.sample)[: PLACED + 1].count() <= PLACED
    places = standings(account, kpis, on=on, anchors=judged) if kpis and few else {}
    return [
        Measure(
            part,
            target(part.item.anchors),
            _change(part, known),
            [stored.get((part.kpi.pk, month)) for month in months],
            _aim(part, targets.get(part.kpi.code)),
            places.get(part.kpi.code),
        )
        for part in costly
    ]


def _aim(part: Part, target: Target | None) -> Aim | None:
    return Aim(target, part.kpi, part.value.value if part.value else None) if target else None


def _change(part: Part, known: Before) -> Decimal | None:
    then = known.values.get(part.kpi.code)
    return None if then is None or part.value is None else part.value.value - then


@dataclass(frozen=True)
class DataState:
    """Where an account's figures come from and how fresh they are."""

    states: Counter[str]
    origins: Counter[str]
    newest_month: date | None
    newest_record: Any
    uploads: Sequence[Upload]


def data_state(account: Account, found: Evidence | None) -> DataState:
    """Freshness and origin of what is in the score, and the last files that brought something. Two queries."""
    current = KpiValue.objects.current().filter(account=account)
    newest = current.aggregate(month=Max("period"), recorded=Max("recorded_at"))
    files = KpiValue.objects.filter(account=account, upload__isnull=False).values("upload")
    parts = found.parts if found else []
    return DataState(
        states=Counter([part.state for part in parts] + ["missing"] * len(found.missing if found else [])),
        origins=Counter(part.value.origin for part in parts if part.value),
        newest_month=newest["month"],
        newest_record=newest["recorded"],
        uploads=list(Upload.objects.filter(pk__in=files).order_by("-created_at")[:UPLOADS]),
    )
