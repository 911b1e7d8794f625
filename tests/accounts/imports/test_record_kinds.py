"""Contracts, activities, tasks, products and the tenant's own fields from a file."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.models import Account, Activity, Contract, Product, RevenueMovement, SubscriptionLine, Task
from accounts.operations import record_runs
from accounts.operations.custom import add_field
from accounts.operations.record_imports import map_import, start_import
from accounts.operations.record_runs import try_import, undo_import
from tests.accounts.imports.test_record_imports import AT, begin, bring
from tests.world import World

LINES = """Account,Contract number,Start date,End date,Currency,Product,Amount,Billing
Initech,C-1,2026-01-01,2026-12-31,USD,Seats,"1,200.00",monthly
Initech,C-1,2026-01-01,2026-12-31,USD,Support,2400,yearly
Initech,C-2,2027-01-01,,EUR,Seats,10,month
"""


def products(world: World) -> None:
    assert bring(world, begin(world, "products", "Product,Series\nSeats,Core\nSupport,Core\n")) == {"create": 2}


def test_rows_of_one_number_are_one_contract_and_the_ledger_follows(world: World) -> None:
    products(world)
    assert bring(world, begin(world, "contracts", LINES)) == {"create": 1, "update": 1, "held": 1}
    contract = Contract.objects.get()
    assert (contract.number, contract.state, contract.ends_on) == ("C-1", "active", date(2026, 12, 31))
    assert contract.lines.filter(superseded_at=None).count() == 2
    assert [(m.on, m.amount, m.currency) for m in RevenueMovement.objects.all()] == [(date(2026, 1, 1), 1400, "USD")]
    assert Account.objects.get(name="Initech").arr == Decimal("16800.00")
    assert contract.renewals.get().due_on == date(2026, 12, 31)
    held = begin(world, "contracts", LINES)
    assert bring(world, held) == {"same": 2, "held": 1}
    assert "one account has one" in held.lines.get(action="held").error


def test_a_changed_line_supersedes_and_undo_puts_the_old_one_back(world: World) -> None:
    products(world)
    first = begin(world, "contracts", LINES)
    bring(world, first)
    raised = begin(world, "contracts", LINES.replace('"1,200.00"', '"1,300.00"').split("Initech,C-2")[0])
    assert bring(world, raised) == {"update": 1, "same": 1}
    assert Account.objects.get(name="Initech").arr == Decimal("18000.00")
    undo_import(batch=raised, by=world.mona.as_actor(), at=AT)
    assert (raised.message, Account.objects.get(name="Initech").arr) == ("", Decimal("16800.00"))


def test_undo_of_new_contracts_leaves_nothing_of_them(world: World) -> None:
    products(world)
    before = Account.objects.filter(name="Initech").values("arr", "currency", "renewal_on").get()
    batch = begin(world, "contracts", LINES)
    bring(world, batch)
    undo_import(batch=batch, by=world.mona.as_actor(), at=AT)
    assert (batch.message, batch.state) == ("", "undone")
    assert not Contract.objects.exists()
    assert not SubscriptionLine.objects.exists()
    assert not RevenueMovement.objects.exists()
    assert Account.objects.filter(name="Initech").values("arr", "currency", "renewal_on").get() == before


def test_a_contract_that_was_worked_on_since_stays(world: World) -> None:
    products(world)
    batch = begin(world, "contracts", LINES)
    bring(world, batch)
    Contract.objects.update(version=9)
    undo_import(batch=batch, by=world.mona.as_actor(), at=AT)
    assert batch.message == "2 rows stay; each says why."
    assert Contract.objects.exists()


def test_activities_have_their_author_and_their_day(world: World) -> None:
    text = (
        "Account,Subject,Date,Type,Minutes,Author\n"
        "Initech,Kick-off,25/10/2026 14:30,Visit,60,alice@acme.example\n"
        "Initech,Invoice,2026-10-26,Email,,Somebody Gone\n"
        "Initech,Later,2027-01-01,Call,,\n"
    ).replace("alice@acme.example", world.alice.email)
    batch = begin(world, "activities", text)
    assert batch.reading["days"] == "dmy"
    assert bring(world, batch) == {"create": 2, "held": 1}
    visit, invoice = Activity.objects.order_by("happened_at")
    assert (visit.kind, visit.by_id, visit.happened_at.hour, visit.minutes) == ("meeting", world.alice.pk, 14, 60)
    assert (invoice.kind, invoice.by_id, invoice.by_label) == ("mail", None, "Somebody Gone")
    assert bring(world, begin(world, "activities", text)) == {"same": 2, "held": 1}
    undo_import(batch=batch, by=world.mona.as_actor(), at=AT)
    assert not Activity.objects.filter(removed_at=None).exists()


def test_tasks_have_owner_priority_and_are_done(world: World) -> None:
    text = f"Task,Account,Owner,Due,Priority,Done\nCall back,Initech,{world.alice.email},2026-12-01,urgent,no\n"
    text += "Send offer,Initech,,2026-12-02,,yes\nAsk,Initech,nobody@acme.example,,,\n"
    batch = begin(world, "tasks", text)
    assert bring(world, batch) == {"create": 2, "held": 1}
    call, offer = Task.objects.order_by("title")
    assert (call.assignee_id, call.priority, call.due_on) == (world.alice.pk, 1, date(2026, 12, 1))
    assert offer.done_at == AT
    changed = begin(world, "tasks", text.replace("2026-12-01", "2026-12-05"))
    assert bring(world, changed) == {"update": 1, "same": 1, "held": 1}
    undo_import(batch=changed, by=world.mona.as_actor(), at=AT)
    call.refresh_from_db()
    assert call.due_on == date(2026, 12, 1)


def test_products_are_known_by_code_or_name(world: World) -> None:
    products(world)
    batch = begin(world, "products", "Code,Name,Active\nseats,Seats and more,no\n???,Nothing,\n")
    batch.key = "code"
    assert bring(world, batch) == {"update": 1, "held": 1}
    assert (Product.objects.get(code="seats").name, Product.objects.get(code="seats").active) == (
        "Seats and more",
        False,
    )
    undo_import(batch=batch, by=world.mona.as_actor(), at=AT)
    assert Product.objects.get(code="seats").active


def test_own_fields_are_columns_and_a_column_can_become_one(world: World) -> None:
    admin = world.amy.as_actor()
    add_field(label="Employees", kind="number", by=admin)
    batch = start_import(
        kind="accounts",
        data=b"Name,Employees,Founded,Paper\nGlobex,1200,1996,Yes\n",
        file_name="a.csv",
        by=admin,
        at=AT,
    )
    assert batch.mapping == {"0": "name", "1": "custom.employees", "2": "", "3": ""}
    batch = map_import(import_id=batch.pk, mapping={**batch.mapping, "2": "new", "3": "new"}, key="name", by=admin)
    assert (batch.mapping["2"], batch.mapping["3"]) == ("custom.founded", "custom.paper")
    assert bring(world, batch) == {"create": 1}
    globex = Account.objects.get(name="Globex")
    assert globex.custom == {"employees": "1200", "founded": "1996", "paper": True}
    changed = begin(world, "accounts", "Name,Employees\nGlobex,1300\n")
    assert bring(world, changed) == {"update": 1}
    undo_import(batch=changed, by=admin, at=AT)
    globex.refresh_from_db()
    assert globex.custom["employees"] == "1200"


def test_only_some_rows_and_what_is_the_same_for_all(world: World) -> None:
    mona = world.mona.as_actor()
    Account.objects.create(name="Globex")
    batch = start_import(
        kind="outcomes", data=b"Account,Churn\nInitech,Yes\nGlobex,No\n", file_name="o.csv", by=mona, at=AT
    )
    reading = {"only": {"column": "1", "is": "Yes"}, "same": {"kind": "Churned", "on": "2026-10-31"}}
    batch = map_import(import_id=batch.pk, mapping={"0": "account"}, key="account", by=mona, reading=reading)
    assert bring(world, batch) == {"create": 1, "left_out": 1}


def test_a_child_may_stand_before_its_parent(world: World) -> None:
    text = "Name,subsidiary_of\nSmall,Big\nBig,\nLost,Nowhere\n"
    mona = world.mona.as_actor()
    batch = start_import(kind="accounts", data=text.encode(), file_name="a.csv", by=mona, at=AT)
    assert batch.mapping == {"0": "name", "1": "parent"}
    map_import(import_id=batch.pk, mapping=batch.mapping, key="name", by=mona)
    batch.refresh_from_db()
    try_import(batch=batch, by=mona, at=AT)
    assert (batch.summary["create"], batch.summary["held"]) == (2, 1)
    batch.lines.all().delete()
    assert bring(world, batch) == {"create": 2, "held": 1}
    assert Account.objects.get(name="Small").parent == Account.objects.get(name="Big")
    undo_import(batch=batch, by=mona, at=AT)
    assert batch.message == ""


def test_a_dry_run_counts_a_customer_of_many_rows_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invoices: many rows speak of one customer, who has a number and no name."""
    monkeypatch.setattr(record_runs, "MANY", 2)
    rows = ("1,14810,France", "2,16456,Spain", "3,14810,France", "4,16456,Spain", "5,,Spain", "6,16456,Italy")
    text = "InvoiceNo,CustomerID,Country\n" + "\n".join(rows)
    mona = world.mona.as_actor()
    batch = start_import(kind="accounts", data=text.encode(), file_name="i.csv", by=mona, at=AT)
    assert (batch.mapping, batch.key) == ({"0": "", "1": "key", "2": "region"}, "key")
    batch = map_import(import_id=batch.pk, mapping=batch.mapping, key="key", by=mona)
    try_import(batch=batch, by=mona, at=AT)
    tried = {what: count for what, count in batch.summary.items() if count}
    assert tried == {"create": 2, "same": 2, "held": 1, "update": 1}
    batch.lines.all().delete()
    assert bring(world, batch) == tried
    undo_import(batch=batch, by=mona, at=AT)
    assert (batch.message, Account.objects.filter(archived_at=None).count()) == ("", 1)
