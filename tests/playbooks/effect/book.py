"""A workspace with a known truth in its tables: accounts, scores as they were known, runs, and what came after."""

from datetime import UTC, datetime, timedelta

import numpy as np

from accounts.models import Account
from kpis.models import HealthScore, Scorecard, ScorecardVersion
from playbooks.models import Playbook, Run
from playbooks.operations import start_run, stop_run
from tests.world import World

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
BEGAN = datetime(2026, 6, 10, 9, tzinfo=UTC)


def version() -> ScorecardVersion:
    card, _ = Scorecard.objects.get_or_create(name="Test", defaults={"priority": 1, "created_at": BEGAN})
    found, _ = ScorecardVersion.objects.get_or_create(
        scorecard=card, number=1, defaults={"definition": {"items": []}, "state": "live", "created_at": BEGAN}
    )
    return found


def score(account: Account, points: float | None, at: datetime, *, of: ScorecardVersion) -> HealthScore:
    """A score computed at that moment, for that day."""
    return HealthScore(
        account=account, version=of, as_of=at.date(), score_hundredths=None if points is None else round(points * 100),
        band="red", coverage=80, low_hundredths=0, high_hundredths=10_000, categories=[], parts=[],
        input_hash="0" * 64, scored_at=at,
    )  # fmt: skip


def confounded_book(
    world: World, *, accounts: int = 160, effect: float = 12.0, seed: int = 3, sample: bool = False
) -> list[Account]:
    """The worse an account stands the likelier it ran the playbook; what is bad comes back half the way by itself."""
    random = np.random.default_rng(seed)
    made = Account.objects.bulk_create(
        Account(name=f"Customer {number:03}", owner=world.alice if number % 2 else world.bob, sample=sample,
                customer_since=(BEGAN - timedelta(days=int(random.integers(60, 900)))).date())
        for number in range(accounts)
    )  # fmt: skip
    health = np.clip(random.normal(58, 12, accounts), 15, 85)
    treated = random.random(accounts) < 1 / (1 + np.exp((health - 52) / 10))
    after = health + 0.5 * (60 - health) + effect * treated + random.normal(0, 6, accounts)
    of, scores = version(), []
    for number, account in enumerate(made):
        for points, at in (
            (health[number] + 2, BEGAN - timedelta(days=29)),
            (health[number], BEGAN - timedelta(days=1)),
            (float(np.clip(after[number], 0, 100)), BEGAN + timedelta(days=80)),
        ):
            scores.append(score(account, float(points), at, of=of))
    HealthScore.objects.bulk_create(scores)
    playbook = Playbook.objects.get(code="voc-sprint")
    mona = world.mona.as_actor()
    for number in np.flatnonzero(treated):
        start_run(account_id=made[number].pk, playbook_id=playbook.pk, by=mona, at=BEGAN)
    for run in Run.objects.filter(playbook=playbook):
        stop_run(run_id=run.pk, outcome="Ended.", by=mona, at=BEGAN + timedelta(days=30))
    return made
