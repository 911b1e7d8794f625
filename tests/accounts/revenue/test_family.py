"""What a parent and the accounts below it pay together: added up once, converted or left out, only what one sees."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, ExchangeRate
from accounts.queries.family_revenue import family_revenue
from tests.accounts.revenue.test_contracts import AT, agree
from tests.world import World

YEAR = (date(2025, 11, 20), date(2026, 11, 20))


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(AT)


@pytest.fixture
def tree(world: World) -> dict[str, Account]:
    """Initech pays 100; below it Site pays 50 since March, below that Deep 10; Hand has an ARR of 1,200 by hand; Far
    pays $20; Nothing is known of Blank; Gone is archived."""
    top = world.account
    made = {"top": top}
    for name, above, owner in (
        ("Site", "top", world.alice), ("Deep", "Site", world.bob), ("Hand", "top", world.alice),
        ("Far", "top", world.alice), ("Blank", "top", world.alice), ("Gone", "top", world.alice),
    ):  # fmt: skip
        made[name] = Account.objects.create(name=name, owner=owner, parent=made[above])
    Account.objects.filter(pk=made["Hand"].pk).update(arr=Decimal(1200))
    Account.objects.filter(pk=made["Gone"].pk).update(archived_at=AT, arr=Decimal(99))
    agree(world, 100, date(2025, 1, 1))
    agree(world, 50, date(2026, 3, 1), account=made["Site"])
    agree(world, 10, date(2025, 1, 1), account=made["Deep"])
    agree(world, 20, date(2025, 1, 1), account=made["Far"], currency="USD")
    return made


def test_it_adds_each_account_once_and_names_what_it_leaves_out(world: World, tree: dict[str, Account]) -> None:
    found = family_revenue(tree["top"], *YEAR, by=world.mona.as_actor())
    assert found is not None
    assert [(one.account.name, one.depth) for one in found.members] == [
        ("Initech", 0), ("Blank", 1), ("Far", 1), ("Hand", 1), ("Site", 1), ("Deep", 2),
    ]  # fmt: skip
    assert (found.mrr, found.arr, found.by_hand) == (160, 160 * 12 + 1200, 1200)
    assert (found.missing, found.unknown, found.hidden) == (["USD"], 1, 0)
    assert [(bar.kind, bar.amount, bar.accounts) for bar in found.found.bars] == [("new", 50, 1)]
    assert (found.found.opening_mrr, found.found.closing_mrr) == (110, 160)
    ExchangeRate.objects.create(currency="USD", on=date(2025, 1, 1), rate=Decimal("0.5"))
    found = family_revenue(tree["top"], *YEAR, by=world.mona.as_actor())
    assert found is not None
    assert (found.mrr, found.missing) == (170, [])


def test_a_middle_account_has_its_own_view_and_a_leaf_none(world: World, tree: dict[str, Account]) -> None:
    found = family_revenue(tree["Site"], *YEAR, by=world.mona.as_actor())
    assert found is not None
    assert (found.mrr, len(found.members)) == (60, 2)
    assert family_revenue(tree["Deep"], *YEAR, by=world.mona.as_actor()) is None


def test_what_one_does_not_see_is_in_no_figure(world: World, tree: dict[str, Account]) -> None:
    found = family_revenue(tree["top"], *YEAR, by=world.alice.as_actor())
    assert found is not None
    assert (found.mrr, found.hidden) == (150, 1)
    assert "Deep" not in {one.account.name for one in found.members}
    page = world.browser(world.alice).get(f"/accounts/{tree['top'].pk}/revenue/").content.decode()
    assert "1 account of colleagues is not in these figures" in page
    assert "Deep" not in page
    assert world.browser(world.bob).get(f"/accounts/{tree['top'].pk}/revenue/").status_code == 404
    assert world.browser(world.bob).get(f"/api/v1/accounts/{tree['top'].pk}/revenue/").status_code == 404


def test_panel_page_and_api_show_it_and_lead_to_each_account(world: World, tree: dict[str, Account]) -> None:
    browser, top = world.browser(world.mona), tree["top"]
    panel = browser.get(f"/accounts/{top.pk}/panels/money/").content.decode()
    assert "€3,120" in panel
    assert "With the accounts below" in panel
    assert f"/accounts/{top.pk}/revenue/" in panel
    page = browser.get(f"/accounts/{top.pk}/revenue/").content.decode()
    for name in ("Site", "Deep", "Hand", "Far", "Blank"):
        assert f"/accounts/{tree[name].pk}/" in page
    assert "by hand" in page
    assert "Gone" not in page
    assert "No account below" in browser.get(f"/accounts/{tree['Deep'].pk}/revenue/").content.decode()
    assert "With the accounts below" not in browser.get(f"/accounts/{tree['Deep'].pk}/panels/money/").content.decode()
    said = browser.get(f"/api/v1/accounts/{top.pk}/revenue/?opening=2025-11-20&closing=2026-11-20").json()
    assert (Decimal(said["rolled_up"]["mrr"]), said["rolled_up"]["without_rate"]) == (160, ["USD"])
    assert said["rolled_up"]["accounts"][1] == {
        "account_id": str(tree["Blank"].pk), "account": "Blank", "depth": 1, "currency": "EUR",
        "opening_mrr": None, "closing_mrr": None, "arr": None, "by_hand": True,
    }  # fmt: skip
    assert browser.get(f"/api/v1/accounts/{tree['Deep'].pk}/revenue/").json()["rolled_up"] is None


def test_the_page_costs_the_same_for_two_and_for_six(world: World, tree: dict[str, Account], query_count: Any) -> None:
    browser = world.browser(world.mona)
    browser.get(f"/accounts/{tree['Site'].pk}/revenue/")
    with query_count() as few:
        browser.get(f"/accounts/{tree['Site'].pk}/revenue/")
    with query_count() as many:
        browser.get(f"/accounts/{tree['top'].pk}/revenue/")
    assert many.number == few.number
    assert many.number <= 25
