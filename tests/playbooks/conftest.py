from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account
from core.actor import Actor
from core.models import Entry
from kpis.models import AccountHealth, HealthScore, Kpi, KpiValue, Scorecard, ScorecardVersion
from playbooks.models import Playbook, Trigger
from playbooks.operations import install_library
from tests.world import World

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)  # a Friday
ENGINE = Actor.system("playbooks")


@pytest.fixture
def library(world: World) -> World:
    """North with two KPIs that triggers watch, and the five playbooks."""
    for number, code, name in ((13, "seat-use", "Seat use"), (31, "reopen-rate", "Reopen rate")):
        Kpi.objects.create(number=number, code=code, name=name, category="adoption", unit="%", weight=2)
    install_library(at=AT, by=ENGINE)
    return world


def trigger(metric: str, playbook: str = "voc-sprint") -> Trigger:
    return Trigger.objects.select_related("kpi").get(metric=metric, playbook__code=playbook)


def only(metric: str, playbook: str = "voc-sprint", **settings: Any) -> Trigger:
    """Switch every trigger off but this one, and set it."""
    Trigger.objects.update(active=False)
    found = trigger(metric, playbook)
    for name, value in {"active": True, **settings}.items():
        setattr(found, name, value)
    found.save()
    return found


def give_health(
    account: Account, hundredths: int | None, *, change: int | None = None, at: datetime = AT
) -> AccountHealth:
    """Health as scoring leaves it; hundredths of a point, None = not enough data."""
    card, _ = Scorecard.objects.get_or_create(name="Test", defaults={"priority": 1, "created_at": AT})
    version, _ = ScorecardVersion.objects.get_or_create(
        scorecard=card, number=1, defaults={"definition": {"items": []}, "state": "live", "created_at": AT}
    )
    band = (
        "unknown" if hundredths is None else "red" if hundredths < 5000 else "yellow" if hundredths < 7500 else "green"
    )
    HealthScore.objects.filter(account=account, superseded_at=None).update(superseded_at=at)
    score = HealthScore.objects.create(
        account=account, version=version, as_of=at.date(), score_hundredths=hundredths, band=band, coverage=80,
        low_hundredths=0, high_hundredths=10_000, categories=[], parts=[], input_hash="0" * 64, scored_at=at,
    )  # fmt: skip
    health, _ = AccountHealth.objects.update_or_create(
        account=account,
        defaults={
            "latest": score, "score_hundredths": hundredths, "band": band, "coverage": 80, "low_hundredths": 0,
            "high_hundredths": 10_000, "fingerprint": [None] * 5, "trend": [None] * 11 + [hundredths],
            "change_hundredths": change, "attention": hundredths or 0, "as_of": at.date(), "scored_at": at,
        },
    )  # fmt: skip
    return health


def give_value(account: Account, code: str, value: str, month: int, *, previous: KpiValue | None = None) -> KpiValue:
    """A value of a month of 2026; `previous` is what it corrects."""
    if previous is not None:
        previous.superseded_at = AT
        previous.save()
    return KpiValue.objects.create(
        account=account,
        kpi=Kpi.objects.get(code=code),
        period=date(2026, month, 1),
        value=Decimal(value),
        recorded_at=AT + timedelta(seconds=month),
        origin="edit",
        previous=previous,
    )


def entries(event: str) -> list[dict[str, Any]]:
    return [entry.data for entry in Entry.objects.filter(event=event).order_by("seq")]


def playbook(code: str = "voc-sprint") -> Playbook:
    return Playbook.objects.get(code=code)
