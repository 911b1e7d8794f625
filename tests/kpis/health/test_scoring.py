"""Stored scores: their parts add up, they are made once, they are superseded and never overwritten."""

from datetime import date, timedelta

import pytest

from accounts.models import Account
from core.models import Entry
from kpis.models import AccountHealth, HealthScore, KpiValue
from kpis.operations import rescore_accounts
from kpis.operations.health import BULK, attention_of, rescore_past
from kpis.queries.assignment import live_cards
from kpis.queries.health import score_on, trend_days
from tests.kpis.health.book import NOVEMBER, NOW, OCTOBER, SCORING, SEPTEMBER, TODAY, fill, furnish, score, value
from tests.world import World


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


def changes() -> list[tuple[int | None, int | None]]:
    entries = Entry.objects.filter(event="kpis.health_changed").order_by("seq")
    return [(entry.data["old"], entry.data["new"]) for entry in entries]


def test_contributions_stored_add_up_to_the_score(book: World) -> None:
    fill(book.account, seat_use=61, sla_attainment="91.3", relationship_nps=-7)

    health = score(book.account)

    stored = health.latest
    assert stored.score_hundredths == health.score_hundredths
    assert sum(part[5] for part in stored.parts) == stored.score_hundredths
    assert sum(category["contribution"] for category in stored.categories) == stored.score_hundredths
    assert sum(part[4] for part in stored.parts) == 10_000
    assert sum(category["share"] for category in stored.categories) == 10_000


def test_every_value_on_its_green_edge_is_75(book: World) -> None:
    fill(book.account)

    health = score(book.account)

    assert (health.score_hundredths, health.band) == (7500, "green")
    assert health.fingerprint == [75, 75, 75, 75, 75]


def test_a_part_leads_to_its_value(book: World) -> None:
    fill(book.account)
    seats = KpiValue.objects.get(kpi__code="seat_use")

    parts = {part[0]: part for part in score(book.account).latest.parts}

    assert parts["seat_use"] == ["seat_use", str(seats.pk), 7500, 100, parts["seat_use"][4], parts["seat_use"][5]]


def test_too_little_data_is_unknown_and_says_between_what(book: World) -> None:
    value(book.account, "seat_use", 80)

    health = score(book.account)

    assert (health.score_hundredths, health.band, health.coverage) == (None, "unknown", 2)
    assert health.low_hundredths < 300
    assert health.high_hundredths > 9700
    assert health.attention == 7500
    assert changes() == []


def test_scoring_again_changes_nothing(book: World) -> None:
    fill(book.account)
    fill(book.account, OCTOBER)
    first = score(book.account)
    rows, entries = HealthScore.objects.count(), Entry.objects.count()

    again = score(book.account)

    assert HealthScore.objects.count() == rows
    assert Entry.objects.count() == entries
    assert (again.latest_id, again.trend) == (first.latest_id, first.trend)


def test_another_day_without_news_keeps_the_score(book: World) -> None:
    fill(book.account)
    first = score(book.account)

    later = score(book.account, at=NOW + timedelta(days=3))

    assert later.latest_id == first.latest_id
    assert later.as_of == TODAY + timedelta(days=3)


def test_a_changed_value_supersedes_the_score_of_the_day(book: World) -> None:
    fill(book.account)
    first = score(book.account)
    KpiValue.objects.filter(kpi__code="seat_use").update(superseded_at=NOW)
    value(book.account, "seat_use", 40)

    second = score(book.account)

    old = HealthScore.objects.get(pk=first.latest_id)
    assert old.superseded_at is not None
    assert old.score_hundredths == 7500
    assert second.latest_id != old.pk
    assert changes() == [(None, 7500), (7500, second.score_hundredths)]


def test_values_age_until_nothing_is_left_to_say(book: World) -> None:
    fill(book.account)
    score(book.account)

    a_year_later = score(book.account, at=NOW + timedelta(days=400))

    assert a_year_later.band == "unknown"
    assert changes()[-1] == (7500, None)


def test_months_that_were_imported_at_once_make_a_trend(book: World) -> None:
    fill(book.account, OCTOBER, seat_use=20, sla_attainment=85)
    fill(book.account, NOVEMBER)

    health = score(book.account)

    assert health.trend[:10] == [None] * 10
    assert health.trend[10] is not None
    assert health.trend[10] < health.trend[11] == 7500
    october = score_on(book.account.pk, date(2026, 10, 31), by=SCORING)
    assert october is not None
    assert october.as_of == date(2026, 10, 31)
    assert sum(part[5] for part in october.parts) == health.trend[10]


def test_only_the_month_whose_values_changed_is_scored_anew(book: World) -> None:
    for month in (SEPTEMBER, OCTOBER, NOVEMBER):
        fill(book.account, month)
    score(book.account)
    KpiValue.objects.filter(kpi__code="seat_use", period=OCTOBER).update(superseded_at=NOW)
    value(book.account, "seat_use", 60, OCTOBER)

    score(book.account)

    superseded = HealthScore.objects.exclude(superseded_at=None)
    assert [one.as_of for one in superseded] == [date(2026, 10, 31)]


def test_the_change_is_against_what_was_known_28_days_ago(book: World) -> None:
    fill(book.account, SEPTEMBER)  # on 23 October the figures of October were not there yet
    fill(book.account, OCTOBER, seat_use=20, sla_attainment=80, renewal_readiness=20)

    health = score(book.account)

    assert health.change_hundredths == health.score_hundredths - 7500
    assert health.arrow == -1
    assert health.attention == health.score_hundredths + health.change_hundredths


def test_a_small_change_has_no_arrow(book: World) -> None:
    fill(book.account, SEPTEMBER)
    fill(book.account, NOVEMBER, seat_use=79)

    health = score(book.account)

    assert health.change_hundredths < 0
    assert health.arrow == 0
    assert health.attention == health.score_hundredths


@pytest.mark.parametrize(
    ("score", "change", "arrow", "place"),
    [(6200, None, 0, 6200), (6200, -900, -1, 5300), (6200, 900, 1, 6200), (None, None, 0, 7500), (7400, 0, 0, 7400)],
)
def test_low_and_falling_accounts_come_first(score: int | None, change: int | None, arrow: int, place: int) -> None:
    assert attention_of(score, change, arrow) == place


def test_a_month_end_moves_the_trend_on(book: World) -> None:
    fill(book.account)
    before = score(book.account).trend

    after = score(book.account, at=NOW + timedelta(days=15), past=False)

    assert after.trend == [*before[1:], 7500]


def test_many_accounts_give_one_entry_more(book: World) -> None:
    accounts = [Account(name=f"Customer {n}") for n in range(BULK + 1)]
    Account.objects.bulk_create(accounts)
    for account in accounts[:3]:
        fill(account)

    done = rescore_accounts(account_ids=[account.pk for account in accounts], at=NOW, by=SCORING)

    assert (done.scored, done.moved) == (BULK + 1, 3)
    assert Entry.objects.filter(event="kpis.health_changed").count() == 3
    assert Entry.objects.get(event="kpis.portfolio_scored").data["scored"] == BULK + 1


def test_one_account_and_many_get_the_same_score(book: World) -> None:
    other = Account.objects.create(name="Other")
    for account in (book.account, other):
        fill(account, seat_use=33, effort_score="4.7")

    score(book.account, other)

    scores = set(AccountHealth.objects.values_list("score_hundredths", flat=True))
    assert len(scores) == 1


@pytest.mark.parametrize("accounts", [1, 3])
def test_scoring_costs_the_same_queries_for_one_and_three(book: World, query_count, accounts: int) -> None:
    made = [Account.objects.create(name=f"Customer {n}") for n in range(accounts)]
    for account in made:
        fill(account)
    cards = live_cards()

    with query_count() as queries:
        rescore_accounts(account_ids=[account.pk for account in made], at=NOW, by=SCORING)
    with query_count() as past:
        rescore_past(account_ids=[account.pk for account in made], cards=cards, at=NOW, by=SCORING)

    assert queries.number == 19
    assert past.number <= 8 + 2 * len(trend_days(TODAY))
