"""Sample data: marked, scored, and gone without a trace in anything that is real."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account, Contract
from accounts.queries.revenue import period
from accounts.queries.revenue_check import check
from accounts.queries.revenue_rules import Rules
from core.models import Entry, Job
from kpis.models import AccountHealth, HealthScore, KpiValue
from kpis.operations import (
    SampleDataThere,
    add_sample_data,
    add_sample_outcomes,
    remove_sample_data,
    start_adding_sample_data,
    start_removing_sample_data,
)
from tests.kpis.health.book import NOW, fill, furnish, score
from tests.world import World

Capture = Callable[..., AbstractContextManager[Any]]


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


def test_sample_accounts_are_marked_and_belong_to_the_csms(book: World) -> None:
    add_sample_data(by=book.mona.as_actor(), at=NOW, count=6)

    sample = Account.objects.filter(sample=True)
    assert sample.count() == 6
    assert set(sample.values_list("owner_id", flat=True)) == {book.alice.pk, book.bob.pk}
    assert set(KpiValue.objects.values_list("origin", flat=True)) == {"sample"}
    assert Entry.objects.get(event="kpis.sample_added").data["values"] == KpiValue.objects.count()


def test_one_click_adds_and_scores_them(book: World, django_capture_on_commit_callbacks: Capture) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = start_adding_sample_data(by=book.mona.as_actor())

    job.refresh_from_db()
    assert (job.state, job.message) == ("done", "35 sample accounts added.")
    assert AccountHealth.objects.filter(account__sample=True).count() == 35
    assert AccountHealth.objects.filter(score_hundredths__isnull=False).count() > 25


def test_they_cannot_be_added_twice(book: World) -> None:
    start_adding_sample_data(by=book.mona.as_actor())
    with pytest.raises(SampleDataThere):
        start_adding_sample_data(by=book.mona.as_actor())

    add_sample_data(by=book.mona.as_actor(), at=NOW, count=2)
    with pytest.raises(SampleDataThere):
        add_sample_data(by=book.mona.as_actor(), at=NOW)


def test_removal_takes_everything_that_is_sample_and_nothing_else(
    book: World, django_capture_on_commit_callbacks: Capture
) -> None:
    fill(book.account)
    score(book.account)
    real = [model.objects.count() for model in (Account, KpiValue, HealthScore, AccountHealth)]
    with django_capture_on_commit_callbacks(execute=True):
        start_adding_sample_data(by=book.mona.as_actor())
    entries = Entry.objects.count()

    with django_capture_on_commit_callbacks(execute=True):
        start_removing_sample_data(by=book.mona.as_actor())

    assert [model.objects.count() for model in (Account, KpiValue, HealthScore, AccountHealth)] == real
    assert Account.objects.filter(pk=book.account.pk).exists()
    assert Entry.objects.count() == entries + 1
    assert Entry.objects.get(event="kpis.sample_removed").data["accounts"] == 35 + 14  # those that left


def test_a_real_account_of_the_same_name_stays_apart(book: World) -> None:
    add_sample_data(by=book.mona.as_actor(), at=NOW, count=3)
    name = Account.objects.filter(sample=True).first().name
    remove_sample_data(by=book.mona.as_actor())
    Account.objects.create(name=name)

    add_sample_data(by=book.mona.as_actor(), at=NOW, count=3)

    assert Account.objects.get(name=f"{name} (sample)").sample


def test_removing_what_is_not_there_says_nothing(book: World) -> None:
    assert remove_sample_data(by=book.mona.as_actor()) == 0
    assert not Entry.objects.filter(event="kpis.sample_removed").exists()


@pytest.mark.parametrize("person", ["alice", "ana", "vic"])
def test_sample_data_are_a_matter_for_admins_and_managers(book: World, person: str) -> None:
    actor = getattr(book, person).as_actor()
    for verb in (start_adding_sample_data, start_removing_sample_data, remove_sample_data):
        with pytest.raises(PermissionDenied):
            verb(by=actor)
    assert not Job.objects.exists()


def test_sample_accounts_have_contracts_that_come_to_their_revenue(world: World) -> None:
    furnish()
    by = world.amy.as_actor()
    add_sample_data(by=by, at=NOW)
    before = dict(Account.objects.filter(sample=True).values_list("pk", "arr"))
    renewals = dict(Account.objects.filter(sample=True).values_list("pk", "renewal_on"))
    add_sample_outcomes(by=by, at=NOW)
    present = Account.objects.filter(sample=True, archived_at=None)
    assert dict(present.values_list("pk", "arr")) == before
    assert dict(present.values_list("pk", "renewal_on")) == renewals
    sample, ends = Account.objects.filter(sample=True), (date(2025, 10, 31), date(2026, 10, 31))
    checked = check(sample, *ends, known_on=NOW.date(), rules=Rules())
    assert (checked.holds, checked.accounts) == (True, Contract.objects.count())
    year = period(sample, *ends, reporting="EUR")
    assert year.rates.lost > 0
    assert {bar.kind for bar in year.bars} >= {"expansion", "churn"}
    remove_sample_data(by=by)
    assert not Contract.objects.exists()
