"""What the report says is what is stored, figure by figure."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import Account
from accounts.operations import edit_account
from analytics.charts import Point, bar, trend_chart
from analytics.models import Report
from analytics.queries import health_report
from analytics.tasks import report_context
from core.models import Entry
from kpis.catalogue import CATEGORIES
from kpis.models import AccountHealth, HealthScore, Kpi, KpiValue
from kpis.operations.exceptions import Wanted, set_exception
from kpis.operations.health import rescore_accounts
from tests.analytics.conftest import AT, SYSTEM, VALUES
from tests.world import World


def test_contributions_add_up_to_the_stored_score(scored: World) -> None:
    score = HealthScore.objects.get(account=scored.account, superseded_at=None, as_of=AT.date())
    data = health_report(scored.account)
    assert data.score == score
    assert data.points == Decimal(score.score_hundredths) / 100
    assert data.total == data.points
    assert sum(line.contribution for line in data.categories) == data.points
    assert sum(group.contribution for group in data.by_category) == data.points


def test_every_line_is_a_stored_part(scored: World) -> None:
    score = HealthScore.objects.get(account=scored.account, superseded_at=None, as_of=AT.date())
    values = KpiValue.objects.in_bulk([part[1] for part in score.parts])
    stored = {
        (
            values[UUID(value_id)].kpi.name,
            values[UUID(value_id)].value,
            Decimal(points) / 100,
            freshness,
            Decimal(share) / 100,
            Decimal(contribution) / 100,
        )
        for _, value_id, points, freshness, share, contribution in score.parts
    }
    lines = health_report(scored.account).kpis
    printed = {(x.name, x.value, x.points, x.freshness, x.share, x.contribution) for x in lines}
    assert printed == stored
    assert len(lines) == VALUES
    assert sum(line.share for line in lines) == Decimal(100)
    assert {line.lost for line in lines} == {line.share - line.contribution for line in lines}


def test_categories_stand_in_the_order_of_the_catalogue(scored: World) -> None:
    names = [category.name for category in CATEGORIES]
    data = health_report(scored.account)
    assert [line.name for line in data.categories] == names
    assert [group.name for group in data.by_category] == names
    assert [line.weight for line in data.categories] == [20, 25, 20, 20, 15]
    health = AccountHealth.objects.get(pk=scored.account.pk)
    known = [None if line.score is None else int(line.score) for line in data.categories]
    assert health.fingerprint == known, "and so do the bars beside every score"


def test_sources_are_named_so_that_they_can_be_looked_up(scored: World) -> None:
    lines = health_report(scored.account).kpis
    by_source: dict[str, int] = {}
    for line in lines:
        by_source[line.source] = by_source.get(line.source, 0) + 1
    assert by_source == {"november.xlsx v2, KPI Data!C17": 1, "Corrected by hand, Mona": 1, "Sample data": VALUES - 2}
    assert [line.raw for line in lines if line.raw] == ["85 %"]


def test_what_gives_and_what_costs_most(scored: World) -> None:
    data = health_report(scored.account)
    assert [line.contribution for line in data.best] == sorted((x.contribution for x in data.kpis), reverse=True)[:5]
    assert [line.lost for line in data.costly] == sorted((x.lost for x in data.kpis), reverse=True)[:5]


def test_kpis_without_a_value_are_named(scored: World) -> None:
    score = HealthScore.objects.get(account=scored.account, superseded_at=None, as_of=AT.date())
    items = {item["kpi"] for item in score.version.definition["items"] if float(item["weight"])}
    present = {part[0] for part in score.parts}
    missing = set(Kpi.objects.filter(code__in=items - present).values_list("name", flat=True))
    assert set(health_report(scored.account).missing) == missing
    assert len(missing) == len(items) - VALUES


def test_a_kpi_that_was_switched_off_since_is_still_in_the_report(scored: World) -> None:
    before = len(health_report(scored.account).kpis)
    Kpi.objects.update(active=False)
    assert len(health_report(scored.account).kpis) == before


def test_without_values_there_is_nothing_and_nothing_is_made_up(world: World) -> None:
    data = health_report(world.account)
    assert (data.score, data.points, data.change, data.trend, data.categories, data.kpis, data.missing) == (
        None,
        None,
        None,
        [],
        [],
        [],
        [],
    )
    assert (data.best, data.costly, data.by_category, data.total, data.trail) == ([], [], [], Decimal(0), [])


def test_too_little_data_is_no_score(scored: World) -> None:
    keep = KpiValue.objects.filter(account=scored.account).values_list("pk", flat=True)[:3]
    KpiValue.objects.exclude(pk__in=list(keep)).delete()
    rescore_accounts(account_ids=[scored.account.pk], at=AT, by=SYSTEM)
    data = health_report(scored.account)
    assert (data.points, data.score.band if data.score else "") == (None, "unknown")
    assert data.total > 0
    html = _html(scored.account)
    assert '<p class="score">—</p>' in html
    assert "What the known KPIs alone would give; too little for a score" in html


def _html(account: Account) -> str:
    report = Report(account=account, as_of=AT.date(), created_by_label="Alice", created_at=AT)
    return " ".join(render_to_string("analytics/report.html", report_context(report, at=timezone.now())).split())


def test_the_trail_is_the_newest_twenty_entries_of_the_account(scored: World) -> None:
    for number in range(25):
        version = Account.objects.get(pk=scored.account.pk).version
        given = {"account_id": scored.account.pk, "expected_version": version}
        edit_account(**given, changes={"tier": f"T{number}"}, by=scored.alice.as_actor())
    data = health_report(scored.account)
    newest = Entry.objects.filter(account_id=scored.account.pk).order_by("-seq")[:20]
    assert [item.seq for item in data.trail] == [entry.seq for entry in newest]
    assert data.trail_head == Entry.objects.order_by("-seq")[0]


def test_the_report_reads_a_fixed_number_of_rows_at_a_time(scored: World, query_count: Any) -> None:
    with query_count() as queries:
        health_report(scored.account)
    assert queries.number <= 10


# Charts -------------------------------------------------------------------------------------------------------


def test_a_month_without_a_score_is_a_gap_and_never_a_zero() -> None:
    points = [Point("Sep 26", 60.0), Point("Oct 26", None), Point("Nov 26", 80.0)]
    chart = trend_chart(points)
    assert chart.count("<polyline") == 2
    assert chart.count("<circle") == 2
    assert "<title>Health score by month: Sep 26 60.0, Oct 26 no score, Nov 26 80.0</title>" in chart


def test_a_line_ends_in_a_dot() -> None:
    chart = trend_chart([Point(f"M{n}", float(n)) for n in range(12)])
    assert chart.count("<polyline") == chart.count("<circle") == 1
    assert ">M11</text>" in chart


def test_bars() -> None:
    assert 'width="60.0" height="6.0" fill="#dd9d1e"' in bar(50.0, "yellow")
    assert "<title>50.0 of 100</title>" in bar(50.0, "yellow")
    assert bar(None, "unknown").count("<rect") == 1
    assert "<title>no score</title>" in bar(None, "unknown")


# Caps and floors ------------------------------------------------------------------------------------------------


def test_a_cap_is_printed_with_what_the_score_would_be_without(scored: World) -> None:
    before = AccountHealth.objects.get(pk=scored.account.pk).score
    assert before is not None
    wanted = Wanted(kind="cap", limit=Decimal(10), reason="Champion left", starts_on=AT.date())
    set_exception(account_id=scored.account.pk, wanted=wanted, by=scored.mona.as_actor(), at=AT)
    rescore_accounts(account_ids=[scored.account.pk], at=AT, by=SYSTEM)

    data = health_report(scored.account)
    text = _html(scored.account)

    assert (data.points, data.total) == (Decimal(10), before)
    assert f"Champion left caps overall at 10; without it {before:.2f}" in text
    assert "The sum of the contributions, before caps and floors" in text
