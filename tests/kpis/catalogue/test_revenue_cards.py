"""Every figure of the pages of revenue and renewals leads to its card."""

from datetime import date
from typing import Any

import pytest

from tests.accounts.revenue.test_contracts import AT, agree
from tests.kpis.catalogue.test_metrics import without_card
from tests.world import World

PLAIN = {"Reads"}  # the figure of the convention that the row names and says


@pytest.mark.parametrize("address", ["/revenue/", "/renewals/"])
def test_no_figure_is_without_a_card(world: World, time_machine: Any, address: str) -> None:
    time_machine.move_to(AT)
    agree(world, 1000, date(2025, 12, 20), ends_on=date(2026, 12, 19))

    page = world.browser(world.mona).get(address).content.decode()

    assert "1,000" in page or "12,000" in page, "there is a figure"
    assert without_card(page) - PLAIN == set()
