"""Sites, products and what accounts may use: from contract lines and by hand, with their pages and API."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now

from accounts.models import Account, Contract, Entitlement, Location, Product, SubscriptionLine
from accounts.operations.holdings import remove_site, save_entitlement, save_product, save_site
from accounts.queries.holdings import held_by, matrix, products
from core.errors import Conflict, DomainError
from tests.accounts.conftest import entries
from tests.world import World

TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel("2026-11-20 09:30Z", tick=False):
        yield


def product(world: World, name: str = "Platform") -> Product:
    return save_product(values={"name": name}, by=world.mona.as_actor())


def sold(account: Account, what: Product, *, state: str = "active", ends_on: date | None = None) -> None:
    contract = Contract.objects.create(
        account=account, name="C", state=state, starts_on=date(2026, 1, 1), ends_on=ends_on
    )
    SubscriptionLine.objects.create(
        contract=contract, product=what, quantity=5, amount=10, starts_on=date(2026, 1, 1), recorded_at=now(),
        recorded_by="x",
    )  # fmt: skip


def test_what_an_account_may_use_comes_from_lines_and_from_people(world: World) -> None:
    platform, support = product(world), product(world, "Support")
    sold(world.account, platform)
    sold(world.account, support, state="draft")
    given = {"product_id": support.pk, "quantity": None, "unit": "hours", "starts_on": date(2026, 1, 1)}
    save_entitlement(
        account_id=world.account.pk, values={**given, "ends_on": date(2026, 6, 30)}, by=world.alice.as_actor()
    )
    found = held_by(world.account, on=TODAY)
    assert [(one.product.name, one.quantity, one.over, one.by_hand is None) for one in found] == [
        ("Platform", Decimal(5), False, True),
        ("Support", None, True, False),
    ]
    assert [(one.name, count) for one, count in products(by=world.mona.as_actor(), on=TODAY)] == [
        ("Platform", 1),
        ("Support", 0),
    ]


def test_peers_are_the_others_of_the_industry_and_at_least_eight(world: World) -> None:
    platform = product(world)
    Account.objects.filter(pk=world.account.pk).update(industry="Energy")
    others = [Account.objects.create(name=f"A{n}", industry="Energy", owner=world.alice) for n in range(8)]
    for one in others[:2]:
        sold(one, platform)
    account = Account.objects.get(pk=world.account.pk)
    by = world.mona.as_actor()
    (row,) = matrix([platform], [account], by=by, on=TODAY)
    assert (row.has, row.peers) == ([False], [25])
    others[7].delete()
    (row,) = matrix([platform], [account], by=by, on=TODAY)
    assert row.peers == [None]
    (row,) = matrix([platform], [others[0]], by=by, on=TODAY)
    assert row.has == [True]


def test_two_people_who_change_a_site_notice_each_other_and_the_trail_knows(world: World) -> None:
    by = world.alice.as_actor()
    made = save_site(account_id=world.account.pk, values={"name": "Leeds", "country": "gb"}, by=by)
    assert (made.country, made.version) == ("GB", 1)
    save_site(account_id=world.account.pk, site_id=made.pk, expected_version=1, values={"region": "Yorkshire"}, by=by)
    with pytest.raises(Conflict):
        save_site(account_id=world.account.pk, site_id=made.pk, expected_version=1, values={"region": "X"}, by=by)
    for values, field in (({"name": " "}, "name"), ({"name": "A", "country": "1"}, "country")):
        with pytest.raises(DomainError) as refusal:
            save_site(account_id=world.account.pk, values=values, by=by)
        assert refusal.value.field == field
    with pytest.raises(PermissionDenied):
        remove_site(site_id=made.pk, by=world.vic.as_actor())
    remove_site(site_id=made.pk, by=by)
    assert [entry["what"] for entry in entries("accounts.site_changed")] == ["added", "edited", "removed"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"starts_on": date(2026, 2, 1), "ends_on": date(2026, 1, 1)}, "ends_on"),
        ({"quantity": Decimal(0)}, "quantity"),
        ({"product_id": None}, "product_id"),
        ({"starts_on": None}, "starts_on"),
    ],
)
def test_what_cannot_be_is_refused(world: World, given: dict[str, Any], field: str) -> None:
    values = {"product_id": product(world).pk, "starts_on": date(2026, 1, 1), **given}
    with pytest.raises(DomainError) as refusal:
        save_entitlement(account_id=world.account.pk, values=values, by=world.alice.as_actor())
    assert refusal.value.field == field
    assert not Entitlement.objects.exists()


def test_the_panels_and_pages(world: World) -> None:
    browser, account = world.browser(world.alice, htmx=True), world.account.pk
    url = f"/accounts/{account}/sites/"
    answer = browser.post(url, {"name": "Leeds", "country": "GBR"})
    assert (answer.status_code, "no more than 2 characters" in answer.content.decode()) == (422, True)
    assert "Leeds" in browser.post(url, {"name": "Leeds", "region": "Yorkshire"}).content.decode()
    made = Location.objects.get()
    assert browser.post(url, {"row": str(made.pk), "version": "1", "name": "York"}).status_code == 200
    late = browser.post(url, {"row": str(made.pk), "version": "1", "name": "Hull"})
    assert late.status_code == 409
    assert Location.objects.get().name == "York"
    browser.post(url, {"row": str(made.pk), "remove": "1"})
    assert not Location.objects.exists()
    sells = world.browser(world.mona)
    sells.post("/products/", {"name": "Platform"})
    again = sells.post("/products/", {"name": "Platform"})
    assert (again.status_code, "Another product has this code." in again.content.decode()) == (422, True)
    url = f"/accounts/{account}/entitlements/"
    given = {"product_id": str(Product.objects.get().pk), "starts_on": "2026-01-01", "quantity": "ten"}
    assert browser.post(url, given).status_code == 422
    browser.post(url, {**given, "quantity": "10", "unit": "seats"})
    assert "10 seats" in browser.get(url).content.decode()
    row = Entitlement.objects.get()
    edit = {**given, "row": str(row.pk), "version": "1", "quantity": ""}
    browser.post(url, edit)
    assert "without limit" in browser.get(url).content.decode()
    assert "has it" in world.browser(world.mona).get("/products/accounts/").content.decode()
    assert "1 account has it" in " ".join(sells.get("/products/").content.decode().split())
    assert world.browser(world.bob).get(url).status_code == 404
    assert world.browser(world.vic).post("/products/", {"name": "X"}).status_code == 403
    assert world.browser(world.vic).post(url, given).status_code == 403


def test_through_the_api(world: World) -> None:
    browser, json = world.browser(world.alice), {"content_type": "application/json"}
    site = browser.post("/api/v1/sites/", {"account_id": str(world.account.pk), "name": "Leeds"}, **json).json()
    assert browser.put(f"/api/v1/sites/{site['id']}/", {"name": "York", "version": 1}, **json).json()["version"] == 2
    assert browser.put(f"/api/v1/sites/{site['id']}/", {"name": "Hull", "version": 1}, **json).status_code == 409
    assert browser.delete(f"/api/v1/sites/{site['id']}/").status_code == 204
    given = {
        "account_id": str(world.account.pk), "product_id": str(product(world).pk), "starts_on": "2026-01-01",
        "quantity": "3", "unit": "seats",
    }  # fmt: skip
    held = browser.post("/api/v1/entitlements/", given, **json).json()
    assert (held["quantity"], held["unit"]) == ("3.00", "seats")
    assert world.browser(world.bob).get(f"/api/v1/entitlements/{held['id']}/").status_code == 404
    assert browser.delete(f"/api/v1/entitlements/{held['id']}/").status_code == 204


def test_conditions_ask_for_the_region_of_a_site(world: World) -> None:
    save_site(account_id=world.account.pk, values={"name": "Leeds", "region": "York & Moor"}, by=world.alice.as_actor())
    Account.objects.create(name="Elsewhere", owner=world.alice)
    browser = world.browser(world.alice)
    page = browser.get(f"/accounts/{world.account.pk}/sites/").content.decode()
    link = page.partition('href="/accounts/?where=')[2].partition('"')[0]
    answer = browser.get(f"/accounts/?where={link}").content.decode()
    assert "Initech" in answer
    assert "Elsewhere" not in answer


@pytest.mark.parametrize(
    ("state", "ends_on", "has"),
    [
        ("active", date(2026, 12, 31), True),
        ("renewed", date(2026, 12, 31), True),
        ("renewed", date(2026, 11, 19), False),
        ("ended", date(2026, 11, 19), False),
        ("draft", date(2026, 12, 31), False),
    ],
)
def test_a_contract_gives_its_products_until_its_last_day(world: World, state: str, ends_on: date, has: bool) -> None:
    """The page of one account and the matrix of all say the same."""
    product = Product.objects.create(code="platform", name="Platform")
    contract = Contract.objects.create(
        account=world.account, name="Licence", state=state, starts_on=date(2026, 1, 1), ends_on=ends_on
    )
    SubscriptionLine.objects.create(
        contract=contract, product=product, amount=10, starts_on=date(2026, 1, 1), recorded_at=now(), recorded_by="Mona"
    )
    by = world.mona.as_actor()
    (row,) = matrix([product], [world.account], by=by, on=TODAY)
    assert row.has == [has]
    assert [one.product for one in held_by(world.account, on=TODAY) if not one.over] == [product] * has


def test_on_a_phone_each_cell_says_its_product(world: World) -> None:
    Product.objects.create(code="platform", name="Platform")
    page = world.browser(world.mona).get("/products/accounts/").content.decode()
    assert '<td data-label="Platform">' in page
