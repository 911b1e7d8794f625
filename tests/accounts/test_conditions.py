"""Conditions: what they mean is what the database says, whatever is negated and whatever is unknown."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.conditions import ConditionError, matching, read, words
from accounts.models import Account
from tests.world import World

TODAY = date(2026, 11, 20)


@pytest.fixture
def book(world: World) -> World:
    Account.objects.all().delete()
    rows = [
        ("Acme", "Gold", 60_000, TODAY + timedelta(days=30), "onboarding"),
        ("Bolt", "gold", 20_000, TODAY + timedelta(days=200), "value"),
        ("Core", "Silver", None, None, ""),
        ("Dune", "", 5_000, TODAY - timedelta(days=3), "renewal"),
    ]
    for name, tier, arr, renewal, stage in rows:
        Account.objects.create(
            name=name, tier=tier, arr=arr, renewal_on=renewal, stage=stage, owner=world.alice if name < "C" else None
        )
    return world


def names(text: str) -> str:
    found = Account.objects.filter(matching(read(text), today=TODAY)).order_by("name")
    return "".join(name[0] for name in found.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('tier = "Gold"', "AB"),
        ("tier != gold", "C"),
        ("tier is unknown", "D"),
        ("arr >= 20000", "AB"),
        ("not (arr >= 20000)", "D"),
        ("not (arr < 20000) and not tier = silver", "AB"),
        ("renewal_on between today and today + 90 days", "A"),
        ("renewal_on < 2 days ago", "D"),
        ("renewal_on is known and arr is unknown", ""),
        ("stage in (onboarding, Renewal)", "AD"),
        ("stage not in (onboarding, renewal)", "B"),
        ('name contains "o" and (tier = gold or arr is unknown)', "BC"),
        ("name starts with d or owner is known", "ABD"),
        ("not (tier = gold or arr < 10000)", ""),
        ("not (tier = gold and arr < 30000)", "AC"),
        ("sample", ""),
        ("not sample", "ABCD"),
        ("sample = no", "ABCD"),
    ],
)
def test_it_finds_what_it_says(book: World, text: str, expected: str) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "There is no condition"),
        ("teir = gold", 1, "Did you mean tier"),
        ("health <", 9, "ends too early"),
        ("health < low", 10, "is a number"),
        ("tier < gold", 6, "has no order"),
        ("renewal_on > 2026-02-30", 14, "no such day"),
        ("stage = asleep", 9, "is one of: Onboarding"),
        ("arr > 5 arr", 9, "not expected"),
        ("arr", 1, "is no yes or no"),
        ("arr # 5", 5, "no meaning"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(world: World, text: str, column: int, message: str) -> None:
    with pytest.raises(ConditionError) as wrong:
        read(text)
    assert (wrong.value.column, message in wrong.value.message) == (column, True), wrong.value


def test_it_reads_as_a_sentence(world: World) -> None:
    said = words(read("tier = Gold and (health < 60 or renewal_on <= today + 90 days) and owner is unknown"))
    assert said == (
        "Tier is “Gold” and (Health is below 60 or Renewal is at most 90 days from now) and Owner is not known"
    )


simple = st.sampled_from(
    ["tier = gold", "arr > 10000", "arr < 30000", "renewal_on > today", "stage = value", "owner is known", "not sample"]
)
nested = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
        inner.map(lambda part: f"not ({part})"),
    ),
    max_leaves=6,
)


def truth(text: str, account: Account) -> bool | None:
    """Three-valued logic in Python, written anew: None is unknown."""
    leaves: dict[str, bool | None] = {
        "tier = gold": account.tier.lower() == "gold" if account.tier else None,
        "arr > 10000": None if account.arr is None else account.arr > Decimal(10_000),
        "arr < 30000": None if account.arr is None else account.arr < Decimal(30_000),
        "renewal_on > today": None if account.renewal_on is None else account.renewal_on > TODAY,
        "stage = value": account.stage == "value" if account.stage else None,
        "owner is known": account.owner_id is not None,
        "not sample": not account.sample,
    }
    if text in leaves:
        return leaves[text]
    if text.startswith("not (") and _closes(text, 4) == len(text) - 1:
        inner = truth(text[5:-1], account)
        return None if inner is None else not inner
    end = _closes(text, 0)
    left, op, right = text[1:end], text[end + 2 :].split(" ", 1)[0], text[end + 2 :].split("(", 1)[1][:-1]
    one, other = truth(left, account), truth(right, account)
    if op == "and":
        return False if False in (one, other) else None if None in (one, other) else True
    return True if True in (one, other) else None if None in (one, other) else False


def _closes(text: str, start: int) -> int:
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if not depth:
            return place
    raise AssertionError(text)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=nested)
def test_nested_conditions_agree_with_three_valued_logic(book: World, text: str) -> None:
    expected = "".join(one.name[0] for one in Account.objects.order_by("name") if truth(text, one))
    assert names(text) == expected, text


def test_the_portfolio_the_export_and_the_api_filter_by_it(book: World, query_count: Any) -> None:
    browser = book.browser(book.mona)
    where = {"where": "tier = gold and arr > 30000"}
    page = browser.get("/accounts/", where).content.decode()
    assert "Acme" in page
    assert "Bolt" not in page
    assert "Tier is “gold” and ARR is above 30,000" in page
    export = browser.get("/accounts/export.csv", where).content.decode()
    assert [line.split(",")[0] for line in export.splitlines()[1:]] == ["Acme"]
    assert [row["name"] for row in browser.get("/api/v1/health/", where).json()["results"]] == ["Acme"]
    assert browser.get("/api/v1/health/", {"where": "arr >"}).status_code == 400


def test_a_condition_that_cannot_be_read_is_said_and_filters_nothing_in_silence(book: World) -> None:
    page = book.browser(book.mona).get("/accounts/", {"where": "arr >"}).content.decode()
    assert "The condition in the address cannot be read" in page
    assert 'class="acct"' not in page
    assert "that match" not in page, "all of them are not a click away from being changed"
    export = book.browser(book.mona).get("/accounts/export.csv", {"where": "arr >"}).content.decode()
    assert len(export.splitlines()) == 1, "the heads alone"
    check = book.browser(book.mona, htmx=True).get("/accounts/condition/", {"where": "arr > 1 and tierr = x"})
    assert "There is no field “tierr”" in check.content.decode()
    assert "2 accounts where ARR is above 10,000" in (
        book.browser(book.mona, htmx=True).get("/accounts/condition/", {"where": "arr > 10000"}).content.decode()
    )


def test_a_csm_counts_only_what_they_see(book: World) -> None:
    check = book.browser(book.alice, htmx=True).get("/accounts/condition/", {"where": "not sample"})
    assert "2 accounts where" in check.content.decode()
