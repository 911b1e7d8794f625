"""Keyset pages: every row exactly once in both directions, whatever the order; made-up cursors give the first page."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db.models import Value
from django.db.models.functions import Coalesce, Lower
from django.http import HttpResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from core.errors import DomainError
from core.http import api_errors, keyset_page, toast
from core.models import Job
from tenants.context import tenant_scope
from tests.database import NORTH

AT = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ORDERS = [
    ("id",),
    ("-id",),
    ("done", "id"),
    ("-done", "id"),
    ("done", "-id"),
    ("kind", "-done", "id"),
    ("-created_at", "kind", "-id"),
    ("cancel_requested", "-created_at", "id"),
    ("shout", "-id"),
]


@pytest.fixture
def north(db):
    with tenant_scope(NORTH):
        yield


def jobs(rows) -> None:
    Job.objects.all().delete()
    Job.objects.bulk_create(
        Job(
            kind=kind,
            done=done,
            cancel_requested=flag,
            created_by_label="x",
            created_at=AT + timedelta(microseconds=late),
        )
        for kind, done, flag, late in rows
    )


def annotated():
    return Job.objects.annotate(shout=Lower("kind"))


def forwards(queryset, order, size):
    pages, after = [], ""
    while True:
        page = keyset_page(queryset, order, size=size, after=after)
        pages.append(page)
        assert (page.before is None) == (after == "")
        if page.after is None:
            return pages
        after = page.after


def backwards(queryset, order, size, last):
    pages, before = [], last.before
    while before is not None:
        page = keyset_page(queryset, order, size=size, before=before)
        assert page.after is not None
        pages.insert(0, page)
        before = page.before
    return pages


KINDS = st.sampled_from(["a", "B", "b", "ä", "", "a b", "-", "é\u0301"])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "B", "b", "ä", "", "a b", "-", "é\u0301"]),
        st.integers(-2, 2),
        st.booleans(),
        st.integers(0, 2),
    ),
    max_size=24,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, order=st.sampled_from(ORDERS), size=st.integers(1, 9))
def test_every_row_exactly_once_in_both_directions(north, rows, order, size):
    jobs(rows)
    whole = list(annotated().order_by(*order))
    pages = forwards(annotated(), order, size)
    assert [row.pk for page in pages for row in page.rows] == [row.pk for row in whole]
    assert all(len(page.rows) == size for page in pages[:-1])
    back = [row.pk for page in backwards(annotated(), order, size, pages[-1]) for row in page.rows]
    assert back + [row.pk for row in pages[-1].rows] == [row.pk for row in whole]


def test_paths_money_and_dates_keep_their_exact_values(world):
    Account.objects.all().delete()
    for number in range(12):
        Account.objects.create(
            name=f"Account {number}",
            owner=world.alice if number % 2 else world.bob,
            arr=Decimal("0.10") * (number % 3),
            renewal_on=date(2026, 1 + number % 4, 28),
        )
    rows = Account.objects.annotate(due=Coalesce("renewal_on", Value(date(9999, 12, 31)))).select_related("owner")
    for order in (("owner__name", "-arr", "id"), ("-due", "arr", "id"), ("arr", "owner__email", "-due", "-id")):
        whole = [row.pk for row in rows.order_by(*order)]
        assert [row.pk for page in forwards(rows, order, 5) for row in page.rows] == whole


def test_a_page_is_one_query_and_one_row_more_however_deep(north, query_count):
    jobs([("a", number, False, 0) for number in range(40)])
    deep = forwards(Job.objects.all(), ("done", "id"), 10)[-2].after
    with query_count() as queries:
        page = keyset_page(Job.objects.all(), ("done", "id"), size=10, after=deep)
    assert queries.number == 1
    assert "LIMIT 11" in queries.sql[0]
    assert [row.done for row in page.rows] == list(range(30, 40))


def test_an_index_finds_the_page(north, query_count):
    """What PostgreSQL is asked names a bound of the first field by itself; ORs alone would read all rows before."""
    with query_count() as queries:
        keyset_page(Job.objects.all(), ("-created_at", "id"), size=1, after=_cursor([str(AT), str(uuid4())]))
    assert '"created_at" <= ' in queries.sql[0]


def test_new_rows_do_not_move_the_pages_of_who_reads(north):
    jobs([("a", number, False, 0) for number in range(10)])
    first = keyset_page(Job.objects.all(), ("done", "id"), size=4)
    jobs_before = {row.pk for row in first.rows}
    Job.objects.create(kind="a", done=-5, created_by_label="x", created_at=AT)
    second = keyset_page(Job.objects.all(), ("done", "id"), size=4, after=first.after)
    assert [row.done for row in second.rows] == [4, 5, 6, 7]
    assert jobs_before.isdisjoint(row.pk for row in second.rows)


def test_no_rows_no_neighbours(north):
    jobs([])
    page = keyset_page(Job.objects.all(), ("id",), size=5)
    assert (page.rows, page.after, page.before) == ([], None, None)


# Made-up cursors -----------------------------------------------------------------------------------------------


def _cursor(values) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


ID = str(uuid4())
MADE_UP = [
    "x",
    "%%%",
    "ünïcode",
    "A" * 3000,
    _cursor("text"),
    _cursor({"a": 1}),
    _cursor([]),
    _cursor(["1"]),
    _cursor(["1", "2", "3", "4", "5"]),
    _cursor([1, str(AT), "a", ID]),
    _cursor([None, str(AT), "a", ID]),
    _cursor([["1"], str(AT), "a", ID]),
    _cursor([{}, str(AT), "a", ID]),
    _cursor(["1", "yesterday", "a", ID]),
    _cursor(["1", "2026-02-31 00:00:00+00:00", "a", ID]),
    _cursor(["1", "2026-11-20 12:00:00", "a", ID]),
    _cursor(["1", str(AT), "a\0b", ID]),
    _cursor(["1", str(AT), "a", "not-an-id"]),
    _cursor(["9" * 30, str(AT), "a", ID]),
    _cursor(["9" * 5000, str(AT), "a", ID]),
    _cursor(["one", str(AT), "a", ID]),
    base64.urlsafe_b64encode(b"[" * 5000).decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
]


@pytest.mark.parametrize("cursor", MADE_UP, ids=lambda cursor: cursor[:20])
@pytest.mark.parametrize("way", ["after", "before"])
def test_a_made_up_cursor_gives_the_first_page(north, cursor, way):
    jobs([("a", number, False, 0) for number in range(6)])
    page = keyset_page(Job.objects.all(), ("done", "-created_at", "kind", "id"), size=4, **{way: cursor})
    assert [row.done for row in page.rows] == [0, 1, 2, 3]
    assert (page.before, page.after is not None) == (None, True)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=60), st.lists(st.text(max_size=12), min_size=4, max_size=4).map(_cursor)))
def test_whatever_stands_in_the_address_there_is_a_page(north, cursor):
    page = keyset_page(Job.objects.all(), ("done", "-created_at", "kind", "id"), size=4, after=cursor)
    assert len(page.rows) <= 4


@pytest.mark.parametrize("cursor", ["x", "cD1ub3QtYW4taWQ=", "cD0wMDAw", "bz0tMQ==", "cj0xJnA9", "cD1hJTAwYg=="])
def test_a_made_up_cursor_of_the_api_is_not_found(world, cursor):
    response = world.browser(world.amy).get("/api/v1/accounts/", {"cursor": cursor})
    assert response.status_code in (200, 404)
    assert response.status_code == 404 or "results" in response.json()


@pytest.mark.parametrize("sort", ["--name", "-", "password", "owner__password", "name;drop", "name,id", "?"])
def test_only_the_named_orders_can_be_asked_for(world, sort):
    assert world.browser(world.amy).get("/api/v1/accounts/", {"sort": sort}).status_code in (200, 400)


# Answers -------------------------------------------------------------------------------------------------------


def test_a_refusal_is_409_with_its_words_and_its_field():
    answer = api_errors(DomainError("Say why.", field="reason"), {})
    assert (answer.status_code, answer.data) == (409, {"detail": "Say why.", "code": "DomainError", "field": "reason"})
    assert "field" not in api_errors(DomainError("No."), {}).data


def test_what_does_not_exist_and_what_one_may_not_see_are_the_same():
    assert api_errors(Account.DoesNotExist(), {}).status_code == 404


def test_a_toast_travels_in_a_header_whatever_it_says():
    response = toast(HttpResponse(), "Größe\r\nSet-Cookie: x", undo_url="/u/", **{"health-changed": {"ids": [1]}})
    value = response["HX-Trigger"]
    assert value.isascii()
    assert "\n" not in value
    assert json.loads(value)["toast"]["text"] == "Größe\r\nSet-Cookie: x"
    assert json.loads(value)["health-changed"] == {"ids": [1]}
