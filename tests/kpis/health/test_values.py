"""A value set, corrected and taken back by hand; conflicts; and what follows."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account
from core.models import Entry
from kpis.models import AccountHealth, Kpi, KpiValue
from kpis.operations import CellChanged, NotAValue, NothingToChange, correct_kpi_value, undo_correction
from tests.kpis.health.book import NOVEMBER, NOW, fill, furnish, score, value
from tests.world import World
from users.models import User

Capture = Callable[..., AbstractContextManager[Any]]


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


def correct(account: Account, user: User, new: object = 40, **other: Any) -> KpiValue:
    given: dict[str, Any] = {
        "kpi_code": "seat_use",
        "period": NOVEMBER,
        "reason": "counted again",
        "expected_value_id": KpiValue.objects.current()
        .filter(account=account, kpi__code="seat_use", period=NOVEMBER)
        .values_list("pk", flat=True)
        .first(),
        "by": user.as_actor(),
        "at": NOW,
    } | other
    return correct_kpi_value(account_id=account.pk, new=Decimal(str(new)), **given)


def test_a_correction_supersedes_and_keeps_the_old_value(book: World) -> None:
    old = value(book.account, "seat_use", 80)

    new = correct(book.account, book.alice)

    old.refresh_from_db()
    assert (old.value, old.superseded_at) == (Decimal(80), NOW)
    assert (new.value, new.previous_id, new.origin) == (Decimal(40), old.pk, "edit")
    assert (new.by_label, new.reason) == ("Alice", "counted again")


def test_a_correction_is_on_the_trail(book: World) -> None:
    value(book.account, "seat_use", "80.50")

    new = correct(book.account, book.alice)

    entry = Entry.objects.get(event="kpis.value_corrected")
    assert entry.account_id == book.account.pk
    assert entry.actor_id == book.alice.pk
    assert entry.data == {
        "account_id": str(book.account.pk),
        "value_id": str(new.pk),
        "kpi": "seat_use",
        "period": "2026-11-01",
        "old": "80.5",
        "new": "40",
        "reason": "counted again",
    }


def test_an_empty_cell_can_be_filled(book: World) -> None:
    made = correct(book.account, book.alice)

    assert made.previous is None
    assert Entry.objects.get(event="kpis.value_corrected").data["old"] is None


def test_a_correction_lowers_the_score_and_says_so_once(
    book: World, django_capture_on_commit_callbacks: Capture
) -> None:
    fill(book.account)
    score(book.account)

    with django_capture_on_commit_callbacks(execute=True):
        correct(book.account, book.alice, 20, at=NOW + timedelta(seconds=5))

    health = AccountHealth.objects.get(pk=book.account.pk)
    assert health.score_hundredths < 7500
    news = Entry.objects.filter(event="kpis.health_changed").order_by("seq").last()
    assert (news.data["old"], news.data["new"]) == (7500, health.score_hundredths)
    assert Entry.objects.filter(event="kpis.health_changed").count() == 2


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"new": 201}, "new", "Enter 0 to 200."),
        ({"new": -1}, "new", "Enter 0 to 200."),
        ({"new": "NaN"}, "new", "Enter a number."),
        ({"reason": "  "}, "reason", "Say why, in a few words."),
        ({"period": date(2026, 12, 1)}, "period", "December 2026 has not begun yet."),
        ({"period": date(1999, 12, 1)}, "period", "Months before January 2000 are not kept."),
        ({"kpi_code": "win_rate"}, "kpi", "Win rate is a figure of the whole portfolio, not of one account."),
    ],
)
def test_what_cannot_be_is_refused_in_words(book: World, given: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(NotAValue, match=message) as refused:
        correct(book.account, book.alice, **given)

    assert refused.value.field == field
    assert not KpiValue.objects.exists()


def test_the_same_number_again_is_no_correction(book: World) -> None:
    value(book.account, "seat_use", 40)

    with pytest.raises(NothingToChange):
        correct(book.account, book.alice, 40)


def test_who_was_slower_learns_what_the_other_one_set(book: World) -> None:
    seen = value(book.account, "seat_use", 80)
    theirs = correct(book.account, book.mona, 55, reason="from the licence server")

    with pytest.raises(CellChanged, match="Mona set this to 55 since you opened this cell.") as refused:
        correct(book.account, book.alice, 40, expected_value_id=seen.pk)

    assert refused.value.current == theirs
    assert KpiValue.objects.current().get().value == 55


def test_two_fill_an_empty_cell_and_one_wins(book: World) -> None:
    correct(book.account, book.mona, 55)

    with pytest.raises(CellChanged):
        correct(book.account, book.alice, 40, expected_value_id=None)


def test_undo_brings_the_file_and_cell_back(book: World) -> None:
    old = value(book.account, "seat_use", 80, sheet="KPI Data", address="C17", raw="80 %")
    made = correct(book.account, book.alice)

    again = undo_correction(value_id=made.pk, by=book.alice.as_actor(), at=NOW + timedelta(minutes=1))

    assert again is not None
    assert (again.value, again.origin, again.sheet, again.address) == (80, "upload", "KPI Data", "C17")
    assert (again.previous_id, again.reason) == (made.pk, "Undone: counted again")
    assert again.pk != old.pk
    assert KpiValue.objects.count() == 3


def test_undo_of_a_first_value_leaves_the_cell_empty(book: World) -> None:
    made = correct(book.account, book.alice)

    assert undo_correction(value_id=made.pk, by=book.alice.as_actor(), at=NOW) is None

    assert not KpiValue.objects.current().exists()
    assert Entry.objects.filter(event="kpis.value_corrected").order_by("seq").last().data["new"] is None


def test_only_the_last_word_can_be_undone(book: World) -> None:
    first = correct(book.account, book.alice, 40)
    correct(book.account, book.mona, 50)

    with pytest.raises(CellChanged):
        undo_correction(value_id=first.pk, by=book.alice.as_actor(), at=NOW)


def test_a_colleagues_account_does_not_exist(book: World) -> None:
    made = correct(book.account, book.alice)

    with pytest.raises(Account.DoesNotExist):
        correct(book.account, book.bob)
    with pytest.raises(KpiValue.DoesNotExist):
        undo_correction(value_id=made.pk, by=book.bob.as_actor(), at=NOW)


@pytest.mark.parametrize("person", ["ana", "vic"])
def test_reading_is_not_correcting(book: World, person: str) -> None:
    with pytest.raises(PermissionDenied):
        correct(book.account, getattr(book, person))


def test_a_retired_kpi_takes_no_values(book: World) -> None:
    Kpi.objects.filter(code="seat_use").update(active=False)

    with pytest.raises(Kpi.DoesNotExist):
        correct(book.account, book.alice)
