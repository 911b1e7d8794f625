"""What was known, what is true, and the line under one definition: scores of the past, computed again."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from core.time import month_of
from kpis.models import HealthScore, Kpi, KpiValue
from kpis.operations import correct_kpi_value, undo_correction
from kpis.operations.exceptions import Wanted, set_exception, withdraw_exception
from kpis.queries.history import replay, stored_record
from kpis.scoring.stored import canonical
from tests.kpis.health.book import (
    GREEN_EDGES,
    NOVEMBER,
    NOW,
    OCTOBER,
    SEPTEMBER,
    TODAY,
    fill,
    furnish,
    score,
    value,
)
from tests.world import World


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


def scores(account: Account) -> list[HealthScore]:
    """Everything that was ever stored of an account, superseded or not."""
    found = HealthScore.objects.filter(account=account).select_related("version__scorecard")
    return list(found.order_by("scored_at", "as_of"))


def correct(world: World, code: str, new: object, *, period: date = NOVEMBER, at: datetime = NOW) -> KpiValue:
    seen = KpiValue.objects.current().filter(account=world.account, kpi__code=code, period=period).first()
    return correct_kpi_value(
        account_id=world.account.pk,
        kpi_code=code,
        period=period,
        new=Decimal(str(new)),
        reason="counted again",
        expected_value_id=seen.pk if seen else None,
        by=world.alice.as_actor(),
        at=at,
    )


def bring(account: Account, code: str, number: object, period: date, at: datetime) -> None:
    """As an import does: the same number again is nothing new, another one supersedes."""
    kpi = Kpi.objects.get(code=code)
    before = KpiValue.objects.current().filter(account=account, kpi=kpi, period=period).first()
    if before is not None:
        if before.value == Decimal(str(number)):
            return
        KpiValue.objects.filter(pk=before.pk).update(superseded_at=at)
    KpiValue.objects.create(
        account=account,
        kpi=kpi,
        period=period,
        value=Decimal(str(number)),
        recorded_at=at,
        origin=KpiValue.Origin.UPLOAD,
        previous=before,
    )


def reproduces(account: Account) -> int:
    """Every stored score of the account comes out again to the byte; returns how many there are.

    Where nothing was written at the very instant of the score, the stamps tell the same as its parts.
    """
    stored = scores(account)
    for one in stored:
        again = replay(one)
        assert canonical(again.known) == canonical(stored_record(one)), (one.as_of, one.scored_at)
        # A newer month written at that instant puts the older one in doubt, whose own stamps lie elsewhere.
        at_that_instant: dict[Any, bool] = {}
        doubted = KpiValue.objects.filter(pk__in=again.doubts)
        for kpi_id, began, ended in doubted.values_list("kpi_id", "recorded_at", "superseded_at"):
            at_that_instant[kpi_id] = at_that_instant.get(kpi_id, False) or one.scored_at in (began, ended)
        assert all(at_that_instant.values()), (one.as_of, one.scored_at, at_that_instant)
    return len(stored)


def test_a_late_correction_changes_what_is_true_and_not_what_was_known(book: World) -> None:
    fill(book.account, OCTOBER, seat_use=20)
    score(book.account)
    october = HealthScore.objects.get(account=book.account, as_of="2026-10-31", superseded_at=None)
    before = canonical(stored_record(october))

    correct(book, "seat_use", 80, period=OCTOBER, at=NOW + timedelta(days=3))

    again = replay(HealthScore.objects.select_related("version__scorecard").get(pk=october.pk))
    assert canonical(again.known) == before
    assert again.reproduced
    assert again.corrected
    assert again.known["score_hundredths"] == october.score_hundredths
    assert again.true["score_hundredths"] == 7500 > again.known["score_hundredths"]
    assert [(was.value, now.value) for _, was, now in again.changed if was and now] == [(20, 80)]


def test_a_correction_of_the_same_instant_is_told_by_the_ledger(book: World) -> None:
    """By their stamps the score could have seen either value; its parts say which."""
    fill(book.account)
    score(book.account, past=False)
    correct(book, "seat_use", 20, at=NOW)

    (stored,) = scores(book.account)
    again = replay(stored)

    assert again.reproduced
    assert len(again.doubts) == 2
    assert again.true["score_hundredths"] < again.known["score_hundredths"] == 7500


def test_what_was_stamped_before_and_committed_after_was_not_known(book: World) -> None:
    fill(book.account)
    score(book.account, past=False)
    late = value(book.account, "champion_status", 1)
    KpiValue.objects.filter(pk=late.pk).update(recorded_at=NOW - timedelta(minutes=5))

    (stored,) = scores(book.account)
    again = replay(stored)

    assert again.reproduced
    assert len(again.doubts) == 1


def test_a_figure_that_came_in_after_the_day_is_not_what_the_day_knew(book: World) -> None:
    """On the 20th November's figure counts if it was there; one that came on the 25th speaks of later days too."""
    fill(book.account, OCTOBER)
    score(book.account, past=False)
    bring(book.account, "seat_use", 20, NOVEMBER, NOW + timedelta(days=5))

    (stored,) = scores(book.account)

    assert replay(stored).true["score_hundredths"] == 7500


def test_a_month_that_was_over_and_came_in_late_is_true_of_the_day(book: World) -> None:
    fill(book.account, SEPTEMBER)
    score(book.account, past=False)
    bring(book.account, "seat_use", 20, OCTOBER, NOW + timedelta(days=5))

    (stored,) = scores(book.account)

    assert replay(stored).true["score_hundredths"] < 7500


def test_undo_leads_back_to_the_same_number_but_not_to_the_same_row(book: World) -> None:
    fill(book.account)
    score(book.account, past=False)
    made = correct(book, "seat_use", 20, at=NOW + timedelta(hours=1))
    score(book.account, at=NOW + timedelta(hours=1), past=False)
    undo_correction(value_id=made.pk, by=book.alice.as_actor(), at=NOW + timedelta(hours=2))

    first, second = scores(book.account)

    assert replay(first).reproduced
    assert replay(second).reproduced
    assert not replay(first).corrected
    assert replay(second).true["score_hundredths"] == first.score_hundredths


def test_a_value_taken_back_was_known_and_is_not_true(book: World) -> None:
    fill(book.account)
    made = correct(book, "champion_status", 1, at=NOW)
    score(book.account, at=NOW + timedelta(hours=1), past=False)
    undo_correction(value_id=made.pk, by=book.alice.as_actor(), at=NOW + timedelta(hours=2))

    (stored,) = scores(book.account)
    again = replay(stored)

    assert again.reproduced
    assert [now for _, _, now in again.changed] == [None]


def test_archived_and_sample_accounts_are_reproduced_too(book: World) -> None:
    fill(book.account)
    score(book.account)
    Account.objects.filter(pk=book.account.pk).update(archived_at=NOW, sample=True)
    assert reproduces(book.account) > 0


def test_caps_are_those_of_the_time(book: World) -> None:
    fill(book.account)
    capped = Wanted("cap", Decimal(60), "Champion left", TODAY, None)
    made = set_exception(account_id=book.account.pk, wanted=capped, by=book.mona.as_actor(), at=NOW)
    score(book.account, past=False)
    withdraw_exception(exception_id=made.pk, by=book.mona.as_actor(), at=NOW + timedelta(days=2))
    score(book.account, at=NOW + timedelta(days=2), past=False)

    first, second = scores(book.account)

    assert (first.score_hundredths, second.score_hundredths) == (6000, 7500)
    assert replay(first).reproduced
    assert replay(second).reproduced
    assert replay(first).true["score_hundredths"] == 6000  # it held on that day and still did


def test_a_cap_being_set_while_the_score_was_made_is_told_by_its_hash(book: World) -> None:
    """Its stamp is earlier than the score's, but the score did not see it."""
    fill(book.account)
    score(book.account, past=False)
    capped = Wanted("cap", Decimal(60), "Champion left", TODAY, None)
    set_exception(account_id=book.account.pk, wanted=capped, by=book.mona.as_actor(), at=NOW - timedelta(seconds=1))

    (stored,) = scores(book.account)

    assert replay(stored).reproduced
    assert replay(stored).true["score_hundredths"] == 6000


CODES = sorted(GREEN_EDGES)[:6]
steps = st.one_of(
    st.tuples(st.just("import"), st.sampled_from(CODES), st.integers(1, 100), st.integers(0, 2)),
    st.tuples(st.just("correct"), st.sampled_from(CODES), st.integers(1, 100), st.integers(0, 2)),
    st.tuples(st.just("undo")),
    st.tuples(st.just("score"), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([1, 3_600, 86_400, 5 * 86_400, 40 * 86_400])),
)


class Story:
    """A random life of one account; time stands still unless a step waits."""

    def __init__(self, world: World) -> None:
        self.world, self.at, self.made = world, datetime(2026, 3, 10, 9, tzinfo=UTC), list[KpiValue]()
        self.account = world.account = Account.objects.create(name="Story", owner=world.alice)
        fill(self.account, date(2026, 3, 1))
        KpiValue.objects.filter(account=self.account).update(recorded_at=self.at)

    def period(self, back: int) -> date:
        return month_of(month_of(self.at.date()) - timedelta(days=28 * back))

    def do(self, what: str, *rest: Any) -> None:
        act: Callable[..., None] = getattr(self, f"_{what}")
        act(*rest)

    def _import(self, code: str, number: int, back: int) -> None:
        bring(self.account, code, number, self.period(back), self.at)

    def _correct(self, code: str, number: int, back: int) -> None:
        seen = KpiValue.objects.current().filter(account=self.account, kpi__code=code, period=self.period(back)).first()
        if seen is None or seen.value != number:
            self.made.append(correct(self.world, code, number, period=self.period(back), at=self.at))

    def _undo(self) -> None:
        last = KpiValue.objects.current().filter(pk__in=[one.pk for one in self.made]).order_by("-recorded_at").first()
        if last is not None:
            undo_correction(value_id=last.pk, by=self.world.alice.as_actor(), at=self.at)

    def _score(self, past: bool) -> None:
        score(self.account, at=self.at, past=past)

    def _wait(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)


@settings(max_examples=12, deadline=None, suppress_health_check=[*HealthCheck])
@given(story=st.lists(steps, min_size=4, max_size=14))
def test_every_score_of_every_story_is_reproduced(book: World, story: list[tuple[Any, ...]]) -> None:
    with transaction.atomic():
        _tell(book, story)
        transaction.set_rollback(True)


def _tell(book: World, story: list[tuple[Any, ...]]) -> None:
    told = Story(book)
    for step in [("score", True), *story, ("score", True)]:
        told.do(*step)
    then = {one.pk: canonical(stored_record(one)) for one in scores(told.account)}
    newest = HealthScore.objects.select_related("version__scorecard").get(pk=told.account.health.latest_id)

    told.do("wait", 3_600)
    seen = KpiValue.objects.get(pk=next(part[1] for part in newest.parts if part[0] == "role_coverage"))
    correct(book, "role_coverage", 1 if seen.value != 1 else 2, period=seen.period, at=told.at)

    assert reproduces(told.account) == len(then)
    assert {one.pk: canonical(stored_record(one)) for one in scores(told.account)} == then
    assert [was.id for _, was, _ in replay(newest).changed if was] == [seen.pk]
