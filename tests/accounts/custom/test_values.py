"""Fields that the tenant added: values by kind, conditions that keep types, roles that may not see or set them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import given
from hypothesis import strategies as st

from accounts import custom
from accounts.conditions import ConditionError, every_field, matching, read, words
from accounts.models import Account, CustomField
from accounts.operations import create_account, edit_account
from accounts.operations.custom_values import NotAValue
from accounts.queries.custom import own_values
from core.actor import Actor
from tests.accounts.conftest import entries
from tests.world import World

TODAY = date(2026, 11, 20)


def field(code: str, kind: str, **more: Any) -> CustomField:
    return CustomField.objects.create(code=code, label=code.replace("_", " ").capitalize(), kind=kind, **more)


@pytest.mark.parametrize(
    ("kind", "said", "kept"),
    [
        ("number", "0012.50", "12.5"),
        ("number", Decimal("1E+3"), "1000"),
        ("number", "-0", "0"),
        ("date", "2026-02-28", "2026-02-28"),
        ("date", date(2026, 2, 28), "2026-02-28"),
        ("yes or no", "Yes", True),
        ("yes or no", False, False),
        ("choice", "gold", "Gold"),
        ("text", "  two words ", "two words"),
        ("text", "  ", None),
        ("number", None, None),
    ],
)
def test_a_value_is_kept_by_its_kind(kind: str, said: Any, kept: Any) -> None:
    assert custom.clean(kind, ["Gold", "Silver"], said) == kept


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("number", "many"), ("number", "nan"), ("number", "Infinity"), ("number", "1e30"), ("number", True),
        ("number", "0.0000001"), ("date", "2026-02-30"), ("date", "28.2.2026"), ("yes or no", "perhaps"),
        ("choice", "Bronze"), ("text", "x" * 501), ("text", "a\x00b"), ("text", ["a"]), ("number", {}), ("date", 7),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_kind_is_refused_in_words(kind: str, said: Any) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        custom.clean(kind, ["Gold", "Silver"], said)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**17), max_value=10**17, places=6))
def test_no_digit_of_a_number_is_lost(number: Decimal) -> None:
    assert Decimal(str(custom.clean("number", [], str(number)))) == number


def _with(world: World, name: str, **own: Any) -> Account:
    return create_account(name=name, by=world.amy.as_actor(), **{f"custom.{code}": v for code, v in own.items()})


def found(text: str, by: Actor | None = None) -> set[str]:
    return set(Account.objects.filter(matching(read(text, by=by), today=TODAY)).values_list("name", flat=True))


def test_a_new_field_is_usable_in_conditions_at_once_and_keeps_its_type(world: World) -> None:
    field("seats", "number", unit="seats")
    field("go_live", "date")
    field("pilot", "yes or no")
    field("wave", "choice", choices=["First", "Second"])
    field("nickname", "text")
    _with(world, "Nine", seats="9", go_live="2026-12-01", pilot="yes", wave="First", nickname="The Nines")
    _with(world, "Ten", seats="10.5", go_live="2025-12-01", pilot="no", wave="Second")
    assert found("custom.seats < 10") == {"Nine"}  # as text "9" would stand behind "10.5"
    assert found("custom.seats >= 10.5") == {"Ten"}
    assert found("custom.seats between 9 and 11") == {"Nine", "Ten"}
    assert found("custom.go_live > today") == {"Nine"}
    assert found("custom.pilot") == {"Nine"}
    assert found("not custom.pilot") == {"Ten"}
    assert found('custom.wave = "second"') == {"Ten"}
    assert found('custom.nickname contains "nine"') == {"Nine"}
    assert found("not (custom.seats < 10)") == {"Ten"}, "Initech, where it is unknown, is in neither"
    assert found("custom.seats is unknown") == {"Initech"}
    assert words(read("custom.seats < 10")) == "Seats is below 10 seats"
    with pytest.raises(ConditionError, match="is a number"):
        read('custom.seats = "ten"')


def test_a_field_that_a_role_may_not_see_is_nowhere_for_it(world: World) -> None:
    secret = field("margin", "number", view_roles=["manager"])
    account = _with(world, "Nine", margin="9")
    alice, mona = world.alice.as_actor(), world.mona.as_actor()
    Account.objects.filter(pk=account.pk).update(owner=world.alice)
    assert [one.field for one in own_values(account, by=mona)] == [secret]
    assert own_values(account, by=alice) == []
    assert "custom.margin" in [one.code for one in every_field(by=mona)]
    assert "custom.margin" not in [one.code for one in every_field(by=alice)]
    assert found("custom.margin > 1", mona) == {"Nine"}
    for by in (alice, None):
        with pytest.raises(ConditionError, match="There is no field") as refused:
            read("custom.margin > 1", by=by)
        assert "mean custom.margin" not in refused.value.message
    with pytest.raises(NotAValue, match="There is no field"):
        edit_account(account_id=account.pk, expected_version=1, changes={"custom.margin": "1"}, by=alice)


def test_a_field_that_a_role_may_only_see_stays_as_it_is(world: World) -> None:
    field("margin", "number", edit_roles=["manager"])
    assert own_values(world.account, by=world.alice.as_actor())[0].may_set is False
    with pytest.raises(PermissionDenied, match="Margin"):
        edit_account(
            account_id=world.account.pk, expected_version=1, changes={"custom.margin": "1"}, by=world.alice.as_actor()
        )


def test_an_edit_stands_on_the_trail_with_old_and_new(world: World) -> None:
    field("seats", "number")
    by = world.alice.as_actor()
    one = edit_account(account_id=world.account.pk, expected_version=1, changes={"custom.seats": "5.0"}, by=by)
    same = edit_account(account_id=one.pk, expected_version=2, changes={"custom.seats": "5"}, by=by)
    gone = edit_account(account_id=one.pk, expected_version=2, changes={"custom.seats": ""}, by=by)
    assert (one.custom, same.version, gone.custom) == ({"seats": "5"}, 2, {})
    said = [data["changes"] for data in entries("accounts.account_edited")]
    assert said == [{"custom.seats": [None, "5"]}, {"custom.seats": ["5", None]}]


def test_a_field_that_is_needed_is_asked_for(world: World) -> None:
    field("seats", "number", required=True)
    with pytest.raises(NotAValue, match="needed") as refused:
        create_account(name="New", by=world.amy.as_actor())
    assert refused.value.field == "custom.seats"


def test_codes_come_from_labels() -> None:
    assert custom.code_from("Größe & Seats", {"gr_sse_seats"}) == "gr_sse_seats_2"
    assert custom.code_from("2nd wave", set()) == "field_2nd_wave"
    assert custom.code_from("***", set()) == "field"
