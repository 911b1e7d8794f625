from typing import Any

import pytest

from tests.kpis.health.book import NOW, furnish
from tests.world import World


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(NOW)


@pytest.fixture
def catalogue(world: World) -> World:
    """The cast with the KPIs that every workspace starts with. It is 20 November 2026."""
    furnish()
    return world
