"""The global search: what is found, by whom, and that it is found through indexes."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account, Activity, Contact, ContactRole, Document
from accounts.queries.search import KINDS, Hits, search
from tests.world import World

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def things(world: World) -> World:
    """One thing of each kind at Alice's account."""
    contact = Contact.objects.create(name="Ines Okafor", email="ines@initech.example", title="CFO")
    ContactRole.objects.create(contact=contact, account=world.account, starts_on=date(2026, 1, 1))
    Activity.objects.create(
        account=world.account, kind="note", subject="Quarterly review", body="Migration slips.", happened_at=AT
    )
    Document.objects.create(account=world.account, name="Signed order form.pdf", path="x", size=1, created_at=AT)
    return world


def found(text: str, by: Any, **given: Any) -> dict[str, list[str]]:
    groups: list[Hits] = search(text, by=by.as_actor(), most=8, **given)
    return {group.kind: [hit.title for hit in group.hits] for group in groups}


@pytest.mark.parametrize(
    ("text", "kind", "title"),
    [
        ("init", "accounts", "Initech"),
        ("okafor ines", "contacts", "Ines Okafor"),
        ("ines@init", "contacts", "Ines Okafor"),
        ("migrat", "activities", "Quarterly review"),
        ("review slips", "activities", "Quarterly review"),
        ("order form", "documents", "Signed order form.pdf"),
    ],
)
def test_each_kind_is_found_by_its_words_and_only_by_who_sees_it(
    things: World, text: str, kind: str, title: str
) -> None:
    assert found(text, things.alice)[kind] == [title]
    assert found(text, things.mona)[kind] == [title]
    assert found(text, things.bob) == {}


def test_a_name_that_is_spelt_wrongly_is_found_where_nothing_else_is(things: World) -> None:
    groups = search("initexh", by=things.mona.as_actor(), most=8)
    assert [group.alike for group in groups if group.kind == "accounts"] == [True]
    assert found("inittech", things.mona) == {"accounts": ["Initech"]}
    assert found("inittech", things.bob) == {}
    assert found("int", things.mona) == {}


@pytest.mark.parametrize("text", ["'", "a & !b | (", "%", "\x00", "x" * 300, ":*", "\\"])
def test_whatever_is_typed_is_only_searched_for(things: World, text: str) -> None:
    found(text, things.mona)


def test_what_is_removed_or_archived_is_not_found(things: World) -> None:
    Activity.objects.update(removed_at=AT)
    Document.objects.update(removed_at=AT)
    Contact.objects.update(archived_at=AT)
    assert found("migration", things.mona) == found("order", things.mona) == found("okafor", things.mona) == {}


def test_the_page_shows_all_kinds_and_one_with_its_filter(things: World, query_count: Any) -> None:
    page = things.browser(things.mona)
    text = page.get("/search/?q=initech").content.decode()
    assert "Initech" in text
    assert "Ines Okafor" in text, "her e-mail holds it"
    only = page.get("/search/?q=initech&kind=contacts").content.decode()
    assert f"/accounts/{things.account.pk}/" not in only
    with query_count() as one:
        page.get("/search/?q=initech")
    Account.objects.bulk_create([Account(name=f"Initech {number}") for number in range(40)])
    with query_count() as many:
        answer = page.get("/search/?q=initech")
    assert one.number == many.number <= 25
    assert "More of these" in answer.content.decode()


@pytest.mark.parametrize("kind", list(KINDS))
def test_words_are_found_through_an_index(things: World, kind: str) -> None:
    query = KINDS[kind][1]("okafor", things.mona.as_actor()).order_by()
    other = {"account": things.account, "by_label": "Mona"}
    Activity.objects.bulk_create(
        Activity(kind="note", subject=f"Talk {n}", happened_at=AT, **other) for n in range(1000)
    )
    Document.objects.bulk_create(
        Document(name=f"Paper {n}.pdf", path=f"{n}", size=1, created_at=AT, **other) for n in range(1000)
    )
    with connection.cursor() as cursor:
        cursor.execute("select gin_clean_pending_list('activity_words'), gin_clean_pending_list('document_name_trgm')")
        cursor.execute("analyze accounts_activity, accounts_document")
        cursor.execute("set local enable_seqscan = off")
        sql, given = query.query.sql_with_params()
        cursor.execute(f"explain {sql}", given)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    names = {"accounts": "account_name_trgm", "contacts": "contact_name_trgm"}
    assert names.get(kind, {"activities": "activity_words", "documents": "document_name_trgm"}.get(kind, "")) in plan
