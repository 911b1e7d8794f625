"""Fields of the tenant's own in files of accounts, and what the trail says of each account in a file."""

import json

from django.utils.timezone import now

from accounts import columns
from accounts.models import Account
from accounts.operations import import_accounts
from accounts.queries.custom import own_columns
from core.actor import Actor
from tests.accounts.conftest import entries
from tests.accounts.custom.test_values import field
from tests.world import World

TABLE = """name,Seats,Go live,Pilot,Wave
Initech,12.50,1 Dec 2026,yes,first
Acme,9,2026-12-01,no,
Bad,many,,,
Worse,,,,Ninth
"""


def fields() -> None:
    field("seats", "number")
    field("go_live", "date", position=1)
    field("pilot", "yes or no", position=2)
    field("wave", "choice", choices=["First", "Second"], position=3)


def read(text: str, by: Actor) -> columns.Sheet:
    return columns.read(columns.lines_of(text), own=own_columns(by=by))


def test_columns_become_fields_by_their_titles_and_values_keep_their_kind(world: World) -> None:
    fields()
    by = world.amy.as_actor()
    sheet = read(TABLE, by)
    assert [column.label for column in sheet.columns] == ["Name", "Seats", "Go live", "Pilot", "Wave"]
    assert [problem for _, problem in sheet.problems] == [
        "Seats: Enter a number, like 1250 or 99.5.",
        "Wave: Choose one of: First, Second.",
    ]
    result = import_accounts(rows=sheet.rows, sha256="x", by=by, at=now())
    assert (result.created, result.updated) == (1, 1)
    kept = dict(Account.objects.values_list("name", "custom"))
    assert kept["Initech"] == {"seats": "12.5", "go_live": "2026-12-01", "pilot": True, "wave": "First"}
    assert kept["Acme"] == {"seats": "9", "go_live": "2026-12-01", "pilot": False}
    again = import_accounts(rows=sheet.rows, sha256="x", by=by, at=now())
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)


def test_the_trail_says_of_each_account_what_a_file_changed(world: World) -> None:
    fields()
    by = world.amy.as_actor()
    import_accounts(rows=read("name,Seats,arr\nInitech,5,100\nNew,6,\n", by).rows, sha256="x", by=by, at=now())
    said = {data["account_id"]: (data["created"], data["changes"]) for data in entries("accounts.account_imported")}
    new = Account.objects.get(name="New")
    assert said[str(new.pk)] == (True, {})
    assert said[str(world.account.pk)] == (False, {"custom.seats": [None, "5"], "arr": [None, "100.00"]})


def test_a_column_that_one_may_not_set_is_none(world: World) -> None:
    field("margin", "number", view_roles=["manager"])
    by = world.alice.as_actor()
    assert read("name,Margin\nInitech,5\n", by).columns[1].field == ""
    result = import_accounts(rows=[(2, {"name": "Initech", "custom.margin": "5"})], sha256="x", by=by, at=now())
    assert result.refused == [(2, "There is no field “margin” that you may set.")]
    assert Account.objects.get(pk=world.account.pk).custom == {}


def test_the_api_and_the_page_take_them_too(world: World) -> None:
    fields()
    mona = world.browser(world.mona)
    body = json.dumps({"text": "firm,size\nInitech,7\n", "columns": {"firm": "name", "size": "custom.seats"}})
    answer = mona.post("/api/v1/accounts/import/", body, "application/json")
    assert answer.json()["updated"] == 1
    page = mona.post("/accounts/import/", {"pasted": "name,Pilot\nInitech,no\n"}).content.decode()
    assert "Go live" in page
    assert "custom.pilot" in page
    assert Account.objects.get(pk=world.account.pk).custom == {"seats": "7"}
