"""Synthetic customers that left: openly marked, archived, and enough of them for a back-test to say something."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import time_machine

from accounts.models import Account, Outcome
from core.models import Entry
from kpis.models import KpiValue, ScorecardVersion
from kpis.operations import add_sample_data, add_sample_outcomes, remove_sample_data
from kpis.operations.back_tests import result_of
from kpis.sample import former_customers, sample_portfolio
from tests.kpis.health.book import NOW, TODAY, furnish
from tests.world import World


def test_nobody_reports_anything_after_leaving() -> None:
    made, gone = former_customers(on=TODAY)

    for one in gone:
        month = next(at for at, period in enumerate(made.periods) if period == one.left_on.replace(day=1))
        assert np.isnan(made.values[one.row, :, month:]).all()
        assert not np.isnan(made.values[one.row, :, :month]).all()
        assert one.left_on < TODAY
        assert one.reason


@pytest.mark.parametrize("days", range(0, 366, 61))
def test_they_are_the_same_every_time_and_share_no_name_with_the_others(days: int) -> None:
    on = TODAY + timedelta(days=days)
    made, gone = former_customers(on=on)

    assert former_customers(on=on)[1] == gone
    names = {account.name for account in made.accounts}
    assert len(names) == 14
    assert not names & {account.name for account in sample_portfolio(35, on=on).accounts}


@pytest.fixture
def book(world: World) -> Any:
    furnish()
    with time_machine.travel(NOW, tick=False):
        yield world


def test_they_are_marked_archived_and_gone_with_the_sample_data(book: World) -> None:
    by = book.mona.as_actor()
    add_sample_data(by=by, at=NOW, count=6)
    present = set(Account.objects.active().values_list("pk", flat=True))

    made = add_sample_outcomes(by=by, at=NOW)

    assert len(made) == 14
    assert set(Account.objects.active().values_list("pk", flat=True)) == present
    former = Account.objects.filter(pk__in=made)
    assert set(former.values_list("sample", "stage", "archived_at")) == {(True, "churned", NOW)}
    assert set(Outcome.objects.values_list("recorded_at", flat=True)) == {NOW}
    assert Outcome.objects.filter(kind="churned", account__in=made).count() == 14
    assert set(Outcome.objects.filter(kind="renewed").values_list("account__archived_at", flat=True)) <= {None}
    assert set(KpiValue.objects.values_list("origin", flat=True)) == {"sample"}
    assert [entry.data["accounts"] for entry in Entry.objects.filter(event="kpis.sample_added").order_by("seq")] == [
        6,
        14,
    ]
    assert add_sample_outcomes(by=by, at=NOW) == []

    remove_sample_data(by=by)

    assert not Account.objects.filter(sample=True).exists()
    assert not Outcome.objects.exists()


def test_a_back_test_of_the_sample_data_has_something_to_say_and_says_that_they_are_synthetic(book: World) -> None:
    by = book.mona.as_actor()
    add_sample_data(by=by, at=NOW)
    add_sample_outcomes(by=by, at=NOW)

    found = result_of(version=ScorecardVersion.objects.get(), job=None, until=TODAY)

    assert (found["sample"], found["accounts"], found["churned"]) == (True, 49, 14)
    assert (found["main"], found["late_share"]) == ("true", 1)
    first = found["readings"]["true"]["horizons"][0]
    assert (first["verdict"], first["events"]) == ("better", 14)
    assert 9 <= first["caught"] <= 12
