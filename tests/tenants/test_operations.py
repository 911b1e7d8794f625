"""New workspaces: quick, whole or not at all, and as the template; and the borders of what we have (T4, T5)."""

import sys
import time

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from core.actor import Actor
from core.models import Entry, EntryHead
from tenants import catalogue, operations, parity, template
from tenants.context import no_tenant_scope, public_scope, tenant_scope
from tenants.models import Domain, Tenant
from tenants.operations import AddressTaken, NotATenantName, create_tenant
from tenants.queries import schema_exists, tenant_of_host
from tests.database import NORTH, SOUTH

BY = Actor.system("tests")


def make(slug: str, **more: object) -> Tenant:
    return create_tenant(name="New", slug=slug, at=timezone.now(), by=BY, **more)


def run(sql: str) -> None:
    with no_tenant_scope(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_new_workspace_is_as_the_template_and_answers_at_once(db, django_capture_on_commit_callbacks):
    assert tenant_of_host("new.test") is None
    with django_capture_on_commit_callbacks(execute=True):
        began = time.perf_counter()
        tenant = make("new")
        sys.stdout.write(f"a new tenant in {time.perf_counter() - began:.3f} s\n")  # shown with -s, not asserted
    assert tenant_of_host("new.test").ready
    assert list(parity.problems()) == []
    with tenant_scope(tenant):
        assert list(Entry.objects.values_list("event", "actor_label")) == [("tenants.created", "system:tests")]
        assert EntryHead.objects.get().seq == 1


def test_what_a_workspace_starts_with_is_run_inside_it(db):
    seen = []
    before = list(operations._SETUP)
    operations.connect([lambda *, at, by: seen.append((connection.schema_name, by))])
    try:
        tenant = make("new")
    finally:
        operations.connect(before)
    assert seen == [(tenant.schema_name, BY)]


def test_a_workspace_that_fails_half_way_leaves_nothing(scratch_database):
    def fail(*, at: object, by: object) -> None:
        raise ZeroDivisionError

    before = list(operations._SETUP)
    operations.connect([fail])
    try:
        with pytest.raises(ZeroDivisionError):
            make("new", schema_name="t_halfway0000")
    finally:
        operations.connect(before)
    assert not schema_exists("t_halfway0000")
    assert tenant_of_host("new.test") is None
    assert parity.orphans() == []


@pytest.mark.parametrize("slug", ["", "-a", "A", "a_b", "a.b", "x" * 41, "admin", "www", "operator", "api"])
def test_an_address_that_cannot_be_one_is_refused(db, slug):
    with pytest.raises(NotATenantName) as refusal:
        make(slug)
    assert refusal.value.field == "slug"


def test_an_address_is_given_once(db):
    with pytest.raises(AddressTaken):
        make("north")
    with public_scope():
        Domain.objects.create(domain="else.test", tenant=Tenant.objects.get(schema_name=NORTH), is_primary=False)
    with pytest.raises(AddressTaken):
        make("else")


def test_two_at_the_same_time_for_one_address_get_one(db, monkeypatch):
    monkeypatch.setattr(operations, "check_slug", lambda slug, kind: slug)  # both looked before either wrote
    with pytest.raises(AddressTaken):
        make("north")


def test_there_is_one_operators_workspace(db):
    with pytest.raises(AddressTaken):
        make("second-operator", kind="operator")


def test_no_foreign_key_crosses_the_border_of_a_tenant(db):
    assert catalogue.leaving_keys() == []


def test_public_has_no_table_that_a_tenant_has(db):
    assert parity.apps_in_both() == set()
    assert parity.shared_tables(NORTH) == {"django_migrations"}


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("drop table {t}.django_session", "table django_session is missing"),
        ("create table {t}.extra (id int)", "table extra is not in the template"),
        (
            "alter table {t}.accounts_account add column extra int",
            "column accounts_account.extra is not in the template",
        ),
        ("alter table {t}.accounts_account alter column name drop not null", "column accounts_account.name is"),
        (
            "alter table {t}.accounts_account drop constraint account_name_once",
            "constraint accounts_account.account_name_once",
        ),
        ("drop index {t}.account_owner", "index account_owner is missing"),
        ("drop trigger core_entry_no_change on {t}.core_entry", "trigger core_entry.core_entry_no_change is missing"),
        (
            "alter table {t}.core_entry disable trigger core_entry_no_change",
            "trigger core_entry.core_entry_no_change is",
        ),
        ("drop function {t}.core_entry_refuse() cascade", "function core_entry_refuse() is missing"),
        ("drop schema {t} cascade", "the schema is missing or empty"),
    ],
)
def test_a_schema_that_differs_from_the_template_is_told(db, harm, told):
    run(harm.format(t=SOUTH))
    problems = list(parity.problems())
    assert any(schema == SOUTH and line.startswith(told) for schema, line in problems), problems
    assert all(schema == SOUTH for schema, line in problems)
    with pytest.raises(CommandError, match="difference"):
        call_command("check_tenants")


def test_keys_that_leave_and_schemas_of_nobody_are_told(db):
    run(f"create table {SOUTH}.extra (id int, tenant bigint references public.tenants_tenant (id))")
    run("create schema t_nobody000000")
    problems = dict(parity.problems())
    assert problems["t_nobody000000"] == "a schema of ours without a tenant"
    assert any("leaves the schema" in line for _, line in parity.problems())


def test_a_schema_with_what_cannot_be_made_again_is_no_template(db):
    run(f"create view {SOUTH}.seen as select 1")
    with pytest.raises(template.NotReplayable, match="seen"):
        template.dump(SOUTH)


def test_rows_counters_enums_and_functions_come_along(db):
    run(
        "create schema t_source00000; create type t_source00000.colour as enum ('red', 'green');"
        "create sequence t_source00000.numbers start 7 increment 3;"
        "create table t_source00000.thing (id bigint generated by default as identity primary key,"
        " c t_source00000.colour not null default 'red', n int default nextval('t_source00000.numbers'),"
        " t text[] , twice int generated always as (n * 2) stored);"
        "create function t_source00000.of(t_source00000.thing) returns text language sql"
        " as $$ select $1.c::text || '100%' $$;"
        "insert into t_source00000.thing (id, c, t) values (5, 'green', array['a''b', null]);"
    )
    sql = template.dump("t_source00000")
    run(sql.replace("{schema}", "t_copy00000000"))
    found = catalogue.parts(["t_source00000", "t_copy00000000"])
    assert catalogue.differences(found["t_source00000"], found["t_copy00000000"]) == []
    with no_tenant_scope(), connection.cursor() as cursor:
        cursor.execute("insert into t_copy00000000.thing default values returning id")
        assert cursor.fetchone() == (6,)
        cursor.execute(
            "select id, c::text, n, t, twice, t_copy00000000.of(thing) from t_copy00000000.thing where id = 5"
        )
        assert cursor.fetchone() == (5, "green", 7, ["a'b", None], 14, "green100%")


def test_the_commands_make_and_check(db, capsys):
    call_command("create_tenant", "Acme, Inc.")
    call_command("check_tenants")
    out = capsys.readouterr().out
    assert "Acme, Inc.: t_" in out
    assert "Every tenant is as the template." in out
    with pytest.raises(CommandError, match="taken"), transaction.atomic():
        call_command("create_tenant", "Acme, Inc.")
    with pytest.raises(CommandError, match="migrate_all"):
        call_command("migrate")
