"""Forward from a value: the scores made with it and the reports made from those."""

from decimal import Decimal
from typing import Any

from django.utils.timezone import now

from analytics.models import Report
from kpis.models import HealthScore, KpiValue
from kpis.operations import correct_kpi_value, rescore_accounts
from kpis.queries.lineage import lineage
from tests.analytics.conftest import AT, SYSTEM
from tests.world import World


def value_of(world: World) -> KpiValue:
    score = HealthScore.objects.get(account=world.account, superseded_at=None)
    return KpiValue.objects.get(pk=next(part[1] for part in score.parts if part[5] > 0))


def test_a_value_leads_to_its_scores_and_their_reports(scored: World, written: Any) -> None:
    value = value_of(scored)
    report = written(scored.account, by=scored.alice)
    found = lineage(value, by=scored.alice.as_actor())
    assert [one.score.account_id for one in found.scores] == [scored.account.pk]
    assert found.scores[0].contribution > 0
    assert [used.url for used in found.used] == [f"/reports/{report.pk}/"]
    assert Report.objects.get().score_id == found.scores[0].score.pk


def test_after_a_correction_the_old_score_is_there_and_superseded(scored: World) -> None:
    value = value_of(scored)
    correct_kpi_value(
        account_id=scored.account.pk, kpi_code=value.kpi.code, period=value.period, new=value.value + Decimal(1),
        reason="counted again", expected_value_id=value.pk, by=scored.alice.as_actor(), at=now(),
    )  # fmt: skip
    rescore_accounts(account_ids=[scored.account.pk], at=AT, by=SYSTEM)
    assert [one.in_force for one in lineage(value, by=scored.alice.as_actor()).scores] == [False]


def test_the_page_and_the_api_say_the_same_and_nothing_to_strangers(scored: World, query_count: Any) -> None:
    value = value_of(scored)
    path = f"/accounts/{scored.account.pk}/values/{value.pk}/"
    browser = scored.browser(scored.alice)
    with query_count() as queries:
        page = browser.get(path)
    assert page.status_code == 200
    assert "Scores made with it" in page.content.decode()
    assert queries.number <= 15
    answer = scored.browser(scored.alice).get(f"/api/v1/kpi-values/{value.pk}/lineage/").json()
    assert [one["as_of"] for one in answer["scores"]] == ["2026-11-20"]
    assert scored.browser(scored.bob).get(path).status_code == 404
