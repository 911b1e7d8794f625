"""A tenant with the catalogue, and a browser that corrects cells as the grid does. It is 20 November 2026."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from kpis.models import KpiValue
from tests.kpis.health.book import NOVEMBER, NOW, furnish
from tests.world import World


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(NOW)


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


@pytest.fixture
def grid_of(book: World) -> str:
    return f"/accounts/{book.account.pk}/grid/"


def current(world: World, code: str = "seat_use") -> KpiValue | None:
    values = KpiValue.objects.current().filter(account=world.account, kpi__code=code, period=NOVEMBER)
    return values.first()


@pytest.fixture
def put(book: World, grid_of: str) -> Callable[..., Any]:
    """put(browser, "85 %") corrects seat use of November, starting from the value in force."""

    def correct(browser: Client, new: object, reason: str = "counted again", **given: Any) -> Any:
        code, month = given.pop("code", "seat_use"), given.pop("month", "2026-11")
        before = current(book, code)
        expected = given.pop("expected", before.pk if before else "")
        data = {"new": str(new), "reason": reason, "expected": expected}
        return browser.post(f"{grid_of}{code}/{month}/", data, **given)

    return correct
