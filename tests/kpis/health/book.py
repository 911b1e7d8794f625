"""What the tests of health need: a catalogue, a few values, and a fixed now."""

from datetime import UTC, date, datetime
from decimal import Decimal

from accounts.models import Account
from core.actor import Actor
from kpis.models import AccountHealth, HealthScore, Kpi, KpiValue, ScorecardVersion
from kpis.operations import install_catalogue, rescore_accounts
from kpis.operations.health import attention_of, rescore_past
from kpis.queries.assignment import live_cards

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
SEPTEMBER, OCTOBER, NOVEMBER = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
SCORING = Actor.system("tests")

# Enough weight for a score, all five categories, all on the green edge: the score is 75.00.
GREEN_EDGES = {
    "executive_contact_days": 45,
    "role_coverage": 75,
    "engagement_score": 70,
    "relationship_nps": 30,
    "seat_use": 80,
    "activation_30_days": 60,
    "feature_breadth": 60,
    "onboarding_completion": 86,
    "first_response_time": 2,
    "resolution_time": 8,
    "sla_attainment": 95,
    "support_csat": 85,
    "realised_value": 80,
    "customer_roi": 200,
    "outcomes_on_target": 75,
    "product_satisfaction": "4.1",
    "renewal_readiness": 80,
    "days_sales_outstanding": 30,
    "paid_within_terms": 96,
    "account_gross_margin": 60,
}


def furnish() -> None:
    install_catalogue(at=NOW, by=SCORING)


def value(account: Account, code: str, number: object, period: date = NOVEMBER, **given: object) -> KpiValue:
    """Put a value of a file into an empty cell."""
    return KpiValue.objects.create(
        account=account,
        kpi=Kpi.objects.get(code=code),
        period=period,
        value=Decimal(str(number)),
        recorded_at=NOW,
        origin=given.pop("origin", KpiValue.Origin.UPLOAD),
        **given,
    )


def fill(account: Account, period: date = NOVEMBER, **other: object) -> None:
    """Every KPI of GREEN_EDGES on its green edge, but for those given."""
    kpis = {kpi.code: kpi for kpi in Kpi.objects.all()}
    values = {**GREEN_EDGES, **other}
    KpiValue.objects.bulk_create(
        KpiValue(
            account=account,
            kpi=kpis[code],
            period=period,
            value=Decimal(str(number)),
            recorded_at=NOW,
            origin=KpiValue.Origin.UPLOAD,
        )
        for code, number in values.items()
    )


def score(*accounts: Account, at: datetime = NOW, past: bool = True) -> AccountHealth:
    """Score the accounts as the worker does; returns where the first one stands."""
    ids = [account.pk for account in accounts]
    rescore_accounts(account_ids=ids, at=at, by=SCORING)
    if past:
        rescore_past(account_ids=ids, cards=live_cards(), at=at, by=SCORING)
    return AccountHealth.objects.select_related("latest").get(pk=ids[0])


def standing(account: Account, hundredths: int | None, *, change: int | None = None, arrow: int = 0) -> None:
    """Where an account stands, without values behind it."""
    band = "unknown"
    if hundredths is not None:
        band = "green" if hundredths >= 7500 else "yellow" if hundredths >= 5000 else "red"
    row = {"score_hundredths": hundredths, "band": band, "coverage": 60, "low_hundredths": 0, "high_hundredths": 10_000}
    made = HealthScore.objects.create(
        account=account,
        version=ScorecardVersion.objects.get(),
        as_of=TODAY,
        categories=[],
        parts=[],
        input_hash="x",
        scored_at=NOW,
        **row,
    )
    AccountHealth.objects.create(
        account=account,
        latest=made,
        fingerprint=[50, None, 80, 20, 75],
        trend=[None] * 11 + [hundredths],
        change_hundredths=change,
        arrow=arrow,
        attention=attention_of(hundredths, change, arrow),
        as_of=TODAY,
        scored_at=NOW,
        **row,
    )
