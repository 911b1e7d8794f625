"""A file that was rolled back: its scores saw it, what is true does not, and every score is reproduced."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from accounts.models import Account
from kpis.catalogue import BY_CODE
from kpis.models import HealthScore, Upload
from kpis.operations import roll_back_upload
from kpis.queries.history import replay
from tests.kpis.health.book import GREEN_EDGES, score
from tests.kpis.uploads.conftest import bring, commit, long_csv, work
from tests.world import World


@pytest.fixture
def by(catalogue: World) -> Any:
    return catalogue.amy.as_actor()


def file(by: Any, **other: object) -> Upload:
    """October of every KPI of GREEN_EDGES, but for those given."""
    values = {**GREEN_EDGES, **other}
    rows = [
        ("Initech", BY_CODE[code].name, "2026-10", str(number), BY_CODE[code].unit) for code, number in values.items()
    ]
    return commit(bring(long_csv(*rows), "october.csv", by=by), by=by)


def test_what_a_rolled_back_file_said_was_known_and_is_not_true(by: Any) -> None:
    account = Account.objects.get(name="Initech")
    file(by)
    score(account, at=now() + timedelta(seconds=1), past=False)
    second = file(by, seat_use=20, sla_attainment=80)
    score(account, at=now() + timedelta(seconds=2), past=False)

    work(roll_back_upload(upload_id=second.pk, reason="wrong month", by=by, at=now() + timedelta(seconds=3)))
    score(account, at=now() + timedelta(seconds=5), past=False)

    stored = HealthScore.objects.filter(account=account).select_related("version__scorecard").order_by("scored_at")
    before, during, after = (replay(one) for one in stored)
    assert all(one.reproduced for one in (before, during, after))
    assert during.known["score_hundredths"] < before.known["score_hundredths"]
    assert during.true["score_hundredths"] == before.known["score_hundredths"] == after.known["score_hundredths"]
    assert {during.card.rules.kpis[during.card.kpi_ids.index(kpi_id)] for kpi_id, _, _ in during.changed} == {
        "seat_use",
        "sla_attainment",
    }
    assert not before.corrected
