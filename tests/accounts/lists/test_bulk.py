"""One change of many accounts: looked at before, done in chunks, never twice, and taken back as one."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now

from accounts.models import Account, BulkChange
from accounts.operations import bulk
from accounts.operations.accounts import archive_account, edit_account
from accounts.queries.bulk import figures
from accounts.tasks.lists import change_many, undo_many
from core import jobs
from core.models import Job
from tests.accounts.conftest import entries
from tests.kpis.health.book import furnish
from tests.world import World


@pytest.fixture
def book(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    furnish()
    monkeypatch.setattr(bulk, "CHUNK", 2)
    Account.objects.all().delete()
    for name, tier in (("Anvil", "Gold"), ("Bolt", "Silver"), ("Clamp", "Silver"), ("Drill", ""), ("Edge", "Bronze")):
        Account.objects.create(name=name, tier=tier, owner=world.alice)
    return world


def start(book: World, changes: dict[str, str] | None = None, accounts: Any = None) -> BulkChange:
    chosen = Account.objects.all() if accounts is None else accounts
    return bulk.start_bulk_change(
        accounts=chosen, changes=changes or {"tier": "Gold"}, by=book.mona.as_actor(), at=now()
    )


def work(made: BulkChange) -> None:
    made.refresh_from_db()
    task = undo_many if made.undone_at else change_many
    task(job_id=str(made.job_id))
    made.refresh_from_db()


def tiers() -> dict[str, str]:
    return dict(Account.objects.values_list("name", "tier"))


def test_every_account_is_changed_with_its_own_entry_and_its_own_result(book: World) -> None:
    looked = bulk.look(accounts=Account.objects.all(), changes={"tier": "Gold"}, by=book.mona.as_actor())
    assert (looked.accounts, looked.same, looked.changing) == (5, 1, 4)
    made = start(book)
    work(made)

    assert set(tiers().values()) == {"Gold"}
    found = figures(made)
    assert (found.changed, found.same, found.failed, found.waiting) == (4, 1, 0, 0)
    assert len(entries("accounts.account_edited")) == 4
    assert {"tier": ["Silver", "Gold"]} in [entry["changes"] for entry in entries("accounts.account_edited")]
    assert len(entries("accounts.bulk_change_started")) == 1
    assert set(Account.objects.values_list("version", flat=True)) == {1, 2}


def test_a_worker_killed_between_chunks_goes_on_and_doubles_nothing(book: World) -> None:
    made = start(book)
    bulk.change_chunk(change_id=made.pk, by=book.mona.as_actor())
    assert figures(made).waiting == 3
    work(made)
    work(made)

    assert made.done == 5
    assert len(entries("accounts.account_edited")) == 4
    assert Account.objects.get(name="Bolt").version == 2
    assert Job.objects.get(pk=made.job.pk).state == "done"


def test_it_is_taken_back_as_one_and_what_somebody_changed_since_is_left_and_listed(book: World) -> None:
    before = tiers()
    made = start(book)
    work(made)
    bolt = Account.objects.get(name="Bolt")
    edit_account(account_id=bolt.pk, expected_version=bolt.version, changes={"tier": "Lead"}, by=book.alice.as_actor())

    bulk.undo_bulk_change(change_id=made.pk, by=book.mona.as_actor(), at=now())
    work(made)
    assert tiers() == {**before, "Bolt": "Lead"}
    assert made.rows.get(account__name="Bolt").error == bulk.CHANGED_SINCE
    assert figures(made).undone == 3
    with pytest.raises(bulk.NotAChange):
        bulk.undo_bulk_change(change_id=made.pk, by=book.mona.as_actor(), at=now())


def test_an_owner_is_given_and_given_back(book: World) -> None:
    made = start(book, {"owner_id": str(book.bob.pk)})
    work(made)
    assert set(Account.objects.values_list("owner_id", flat=True)) == {book.bob.pk}
    bulk.undo_bulk_change(change_id=made.pk, by=book.mona.as_actor(), at=now())
    work(made)
    assert set(Account.objects.values_list("owner_id", flat=True)) == {book.alice.pk}


def test_what_goes_away_meanwhile_is_left_and_says_why(book: World) -> None:
    made = start(book)
    Account.objects.filter(name="Drill").update(archived_at=now())
    work(made)
    assert made.rows.get(account__name="Drill").error == bulk.GONE
    assert (made.done, made.failed) == (5, 1)
    assert tiers()["Drill"] == ""


def test_a_stop_keeps_what_is_done_and_it_can_be_taken_back(book: World) -> None:
    before = tiers()
    made = start(book)
    bulk.change_chunk(change_id=made.pk, by=book.mona.as_actor())
    Job.objects.filter(pk=made.job.pk).update(started_at=now())
    jobs.cancel(Job.objects.get(pk=made.job.pk))
    work(made)
    assert made.finished_at is not None
    assert figures(made).waiting == 3
    bulk.undo_bulk_change(change_id=made.pk, by=book.mona.as_actor(), at=now())
    work(made)
    assert tiers() == before


@pytest.mark.parametrize(
    "changes", [{}, {"arr": "5"}, {"stage": "nonsense"}, {"owner_id": "nobody"}, {"tier": "x" * 41}]
)
def test_what_is_no_change_is_refused(book: World, changes: dict[str, str]) -> None:
    with pytest.raises(bulk.NotAChange):
        bulk.start_bulk_change(accounts=Account.objects.all(), changes=changes, by=book.mona.as_actor(), at=now())
    with pytest.raises(PermissionDenied):
        bulk.start_bulk_change(accounts=Account.objects.all(), changes={"tier": "x"}, by=book.vic.as_actor(), at=now())


def test_the_pages_choose_look_and_start(book: World) -> None:
    client = book.browser(book.mona)
    chosen = {"all": "1", "where": 'tier = "Silver"', "field": "tier", "value-tier": "Gold"}
    page = client.get("/accounts/bulk/", chosen).content.decode()
    assert "<b>2</b> accounts will have" in page
    assert "<pl-chosen><form" in page  # only the value of what is chosen shows
    answer = client.post("/accounts/bulk/", chosen)
    made = BulkChange.objects.get()
    assert made.total == 2
    assert answer["Location"] == f"/accounts/bulk/{made.pk}/"
    work(made)
    page = client.get(f"/accounts/bulk/{made.pk}/").content.decode()
    assert "<b>2</b> changed" in page
    assert "Tier: Silver" in page
    client.post(f"/accounts/bulk/{made.pk}/undo/")
    work(made)
    assert tiers()["Bolt"] == "Silver"
    assert book.browser(book.vic).get("/accounts/bulk/").status_code == 403
    assert client.post("/accounts/bulk/", {"all": "1", "field": ""}).status_code == 422


def test_a_condition_that_does_not_read_means_no_account_instead_of_all(book: World) -> None:
    client = book.browser(book.mona)
    page = client.get("/accounts/bulk/", {"all": "1", "where": "gone > 3"}).content.decode()
    assert "No account is chosen" in page


def test_somebody_elses_accounts_are_not_chosen_by_their_number(book: World) -> None:
    ids = [str(pk) for pk in Account.objects.values_list("pk", flat=True)]
    Account.objects.filter(name="Anvil").update(owner=book.bob)
    book.browser(book.bob).post("/accounts/bulk/", {"ids": ids, "field": "tier", "value-tier": "X"})
    made = BulkChange.objects.get()
    assert made.total == 1
    assert book.browser(book.alice).get(f"/accounts/bulk/{made.pk}/").status_code == 404


def test_the_api_looks_starts_lists_and_takes_back(book: World) -> None:
    client, json = book.browser(book.mona), "application/json"
    asked: dict[str, Any] = {"changes": {"tier": "Gold"}, "where": 'tier = "Silver"'}
    looked = client.post("/api/v1/bulk-changes/", {**asked, "dry_run": True}, content_type=json)
    assert looked.json() == {"accounts": 2, "same": 0, "refused": 0, "changing": 2}
    made = client.post("/api/v1/bulk-changes/", asked, content_type=json)
    assert made.status_code == 201, made.content
    work(BulkChange.objects.get())
    pk = made.json()["id"]
    rows = client.get(f"/api/v1/bulk-changes/{pk}/rows/?state=changed").json()["results"]
    assert [row["before"] for row in rows] == [{"tier": "Silver"}] * 2
    assert client.post(f"/api/v1/bulk-changes/{pk}/undo/").status_code == 200
    assert client.post(f"/api/v1/bulk-changes/{pk}/undo/").status_code == 409
    assert client.post("/api/v1/bulk-changes/", {"changes": {"tier": "x"}}, content_type=json).status_code == 400


def test_many_are_archived_and_brought_back_as_one(book: World) -> None:
    browser = book.browser(book.mona)
    ids = [str(one.pk) for one in Account.objects.filter(tier="Silver")]
    look = browser.get("/accounts/bulk/", {"ids": ids, "field": "archived_at"}).content.decode()
    assert "will be archived" in look
    browser.post("/accounts/bulk/", {"ids": ids, "field": "archived_at"})
    made = BulkChange.objects.get()
    work(made)
    assert list(Account.objects.filter(archived_at=None).values_list("name", flat=True).order_by("name")) == [
        "Anvil",
        "Drill",
        "Edge",
    ]
    assert [entry["restored"] for entry in entries("accounts.account_archived")] == [False, False]
    assert "Archived: yes" in browser.get(f"/accounts/bulk/{made.pk}/").content.decode()

    again = Account.objects.get(name="Bolt")
    archive_account(account_id=again.pk, by=book.mona.as_actor(), at=now(), restore=True)
    bulk.undo_bulk_change(change_id=made.pk, by=book.mona.as_actor(), at=now())
    work(made)
    assert not Account.objects.exclude(archived_at=None).exists()
    assert made.rows.get(undone=True).account.name == "Clamp"
    assert made.rows.get(undone=False).error == bulk.CHANGED_SINCE


def test_who_may_not_archive_one_archives_no_many(book: World) -> None:
    with pytest.raises(PermissionDenied):
        bulk.start_bulk_change(
            accounts=Account.objects.all(), changes={"archived_at": ""}, by=book.alice.as_actor(), at=now()
        )
    browser, ids = book.browser(book.alice), [str(one.pk) for one in Account.objects.all()]
    assert "Archive them" not in browser.get("/accounts/bulk/", {"ids": ids}).content.decode()
    assert "Archive them" in book.browser(book.mona).get("/accounts/bulk/", {"ids": ids}).content.decode()
    refused = browser.post("/accounts/bulk/", {"ids": ids, "field": "archived_at"})
    assert refused.status_code in (403, 422)
    assert not BulkChange.objects.exists()
    with pytest.raises(bulk.NotAChange):
        start(book, {"archived_at": "", "tier": "Gold"})
