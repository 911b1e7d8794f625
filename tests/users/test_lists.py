"""Every list costs the same number of queries with one row and with three."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.timezone import now

from core.models import Entry
from tests.world import World
from users.models import Role, User
from users.operations import change_role, create_token, invite_person


def _people(world: World, rows: int) -> None:
    for number in range(rows):
        invite_person(email=f"p{number}@x.example", name=f"P{number}", role="csm", by=world.amy.as_actor(), at=now())


def _tokens(world: World, rows: int) -> None:
    for number in range(rows):
        by = (world.amy, world.mona, world.alice)[number].as_actor()
        create_token(name=f"t{number}", hint="north", expires_at=None, by=by, at=now())


def _entries(world: World, rows: int) -> None:
    for person, role in [(world.bob, "viewer"), (world.vic, "csm"), (world.ana, "manager")][:rows]:
        change_role(user_id=person.pk, role=role, by=world.amy.as_actor())


def _roles(world: World, rows: int) -> None:
    for number in range(rows):
        role = Role.objects.create(code=f"own-{number}", name=f"Own {number}")
        User.objects.create(email=f"r{number}@x.example", name="R", role=role)


# A full page asks once more than the API: how many notices wait.
LISTS: list[tuple[str, Callable[[World, int], None], int]] = [
    ("/settings/people/?text=x.example", _people, 5),
    ("/settings/roles/", _roles, 4),
    ("/settings/tokens/", _tokens, 4),
    ("/settings/trail/?event=users.role_changed", _entries, 7),
    ("/api/v1/users/?page_size=100", _people, 3),
    ("/api/v1/roles/", _roles, 3),
    ("/api/v1/tokens/", _tokens, 3),
    ("/api/v1/entries/?event=users.role_changed", _entries, 3),
]


@pytest.mark.parametrize(("path", "make", "queries"), LISTS, ids=[row[0] for row in LISTS])
@pytest.mark.parametrize("rows", [1, 3])
def test_a_list_costs_the_same_for_any_number_of_rows(
    world: World, query_count: Any, path: str, make: Callable[[World, int], None], queries: int, rows: int
) -> None:
    make(world, rows)
    browser = world.browser(world.amy)
    assert browser.get(path).status_code == 200

    with query_count() as counted:
        browser.get(path)

    assert counted.number == queries, "\n".join(counted.sql)
    assert Entry.objects.exists()
