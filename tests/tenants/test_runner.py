"""Migrations over many tenants: replayed, resumable, and past a tenant that cannot follow (T17)."""

import shutil
import sys
import textwrap
from functools import partial
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

import accounts.migrations
from accounts.models import Account
from core.actor import Actor
from tenants import operations, runner, template
from tenants.context import no_tenant_scope, public_scope, tenant_scope
from tenants.models import MigrationFailure, MigrationReport, SchemaTemplate, Tenant
from tenants.parity import problems
from tenants.queries import tenant_of_schema
from tests.database import NORTH, SOUTH

ADD_COLUMN = """
    operations = [
        migrations.AddField("account", "motto", models.CharField(max_length=20, null=True)),
        migrations.AddIndex("account", models.Index(fields=["motto"], name="account_motto")),
        migrations.RunSQL("create function shout(text) returns text language sql as $$ select upper($1) || '100%' $$"),
    ]
"""
# Only a tenant whose regions all differ can follow.
REGION_ONCE = """
    operations = [
        migrations.AddField("account", "motto", models.CharField(max_length=20, null=True)),
        migrations.AddConstraint("account", models.UniqueConstraint(fields=["region"], name="account_region_once")),
    ]
"""
IN_PYTHON = """
    def fill(apps, editor):
        Account = apps.get_model("accounts", "Account")
        if Account.objects.filter(region="poison").exists():
            raise RuntimeError("cannot follow")
        Account.objects.update(region="filled by " + editor.connection.schema_name)

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
"""


@pytest.fixture
def add_migration(scratch_database, settings, tmp_path, monkeypatch):
    """Put one more migration behind those of accounts, in a copy, and the code in the state that follows."""
    package = tmp_path / "more_migrations"
    shutil.copytree(Path(accounts.migrations.__file__).parent, package)
    monkeypatch.syspath_prepend(tmp_path)
    last = sorted(file.stem for file in package.glob("0*.py"))[-1]

    def add(body: str, name: str = "9000_more") -> None:
        text = (
            "from django.db import migrations, models\n\nclass Migration(migrations.Migration):\n"
            f'    dependencies = [("accounts", "{last}")]\n'
        )
        (package / f"{name}.py").write_text(text + textwrap.indent(textwrap.dedent(body), "    "))
        settings.MIGRATION_MODULES = {"accounts": "more_migrations"}
        template.fingerprint.cache_clear()

    yield add
    template.fingerprint.cache_clear()
    for module in [name for name in sys.modules if name.startswith("more_migrations")]:
        del sys.modules[module]


create = partial(operations.create_tenant, at=timezone.now(), by=Actor.system("tests"))


def put(schema: str, *regions: str) -> None:
    with tenant_scope(schema):
        for number, region in enumerate(regions):
            Account.objects.create(name=f"Account {number}", region=region)


def has_motto(schema: str) -> bool:
    with no_tenant_scope(), connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_attribute where attrelid = %s::regclass and attname = 'motto'",
            [f"{schema}.accounts_account"],
        )
        return cursor.fetchone() == (1,)


def states() -> dict[str, str]:
    with public_scope():
        return dict(Tenant.objects.values_list("schema_name", "state"))


def test_a_run_with_nothing_to_do_changes_nothing(scratch_database):
    report = runner.migrate_all()
    assert (report.unchanged, report.migrated, report.failed) == (3, 0, 0)
    assert report.finished_at is not None


def test_one_plan_is_carried_out_once_and_replayed_in_every_tenant(add_migration, monkeypatch):
    recorded, replayed = [], []
    record, replay = runner._record, runner._replay
    monkeypatch.setattr(runner, "_record", lambda schema, group: recorded.append(schema) or record(schema, group))
    monkeypatch.setattr(runner, "_replay", lambda schema, sql: replayed.append(schema) or replay(schema, sql))
    add_migration(ADD_COLUMN)

    report = runner.migrate_all()

    assert (report.unchanged, report.migrated, report.failed) == (0, 3, 0)
    assert (len(recorded), len(replayed)) == (1, 2)
    assert all(has_motto(schema) for schema in states())
    assert list(problems()) == []
    again = runner.migrate_all()
    assert (again.unchanged, again.migrated) == (3, 0)


def test_a_tenant_that_cannot_follow_is_quarantined_and_the_others_go_on(add_migration, settings):
    for number in range(9):
        create(name=f"More {number}", slug=f"more-{number}")
    poisoned = create(name="Poisoned", slug="poisoned").schema_name
    put(poisoned, "same", "same")
    put(NORTH, "one", "two")
    add_migration(REGION_ONCE)

    report = runner.migrate_all()

    assert (report.migrated, report.failed) == (12, 1)
    assert [schema for schema, state in states().items() if state == "quarantined"] == [poisoned]
    assert not has_motto(poisoned), "what went before the failure must be undone"
    with public_scope():
        failure = MigrationFailure.objects.get()
        assert (failure.tenant.schema_name, failure.migration) == (poisoned, "accounts.9000_more")
        assert "account_region_once" in failure.error
    assert not tenant_of_schema(poisoned).ready
    with tenant_scope(poisoned):
        assert Account.objects.values("name").count() == 2, "the rows stay"

    assert runner.migrate_all().failed == 1, "nothing has been mended yet"
    with tenant_scope(poisoned), connection.cursor() as cursor:
        cursor.execute("update accounts_account set region = name")
    report = runner.migrate_all()

    assert (report.migrated, report.unchanged, report.failed) == (1, 12, 0)
    assert states()[poisoned] == "active"
    assert has_motto(poisoned)
    with public_scope():
        assert not MigrationFailure.objects.filter(resolved_at=None).exists()


def test_the_first_tenant_may_be_the_poisoned_one(add_migration):
    put(NORTH, "same", "same")
    add_migration(REGION_ONCE)
    report = runner.migrate_all()
    assert (report.migrated, report.failed) == (2, 1)
    assert states()[NORTH] == "quarantined"


def test_python_over_rows_runs_in_every_tenant_by_itself(add_migration):
    put(NORTH, "a")
    put(SOUTH, "poison")
    add_migration(IN_PYTHON)
    report = runner.migrate_all()
    assert (report.migrated, report.failed) == (2, 1)
    with tenant_scope(NORTH):
        assert Account.objects.get().region == f"filled by {NORTH}"
    with tenant_scope(SOUTH):
        assert Account.objects.get().region == "poison"
    with public_scope():
        failure = MigrationFailure.objects.get()
    assert (failure.migration, failure.error) == ("accounts.9000_more", "cannot follow")


def test_a_suspended_tenant_is_migrated_and_stays_suspended_through_a_quarantine(add_migration):
    put(SOUTH, "same", "same")
    with public_scope():
        Tenant.objects.filter(schema_name=SOUTH).update(state="suspended")
    add_migration(REGION_ONCE)
    runner.migrate_all()
    assert states()[SOUTH] == "quarantined"
    with tenant_scope(SOUTH), connection.cursor() as cursor:
        cursor.execute("update accounts_account set region = name")
    runner.migrate_all()
    assert states()[SOUTH] == "suspended"


def test_a_tenant_without_a_schema_is_reported_and_does_not_stop_the_run(add_migration):
    with public_scope():
        Tenant.objects.create(
            name="Ghost", slug="ghost", schema_name="t_ghost000000", state="active", created_at=timezone.now()
        )
    add_migration(ADD_COLUMN)
    report = runner.migrate_all()
    assert (report.migrated, report.failed) == (3, 1)
    assert states()["t_ghost000000"] == "quarantined"


def test_a_tenant_being_provisioned_or_deleted_is_left_alone(add_migration):
    with public_scope():
        for number, state in enumerate(["provisioning", "deleted"]):
            Tenant.objects.create(
                name=state, slug=state, schema_name=f"t_ghost00000{number}", state=state, created_at=timezone.now()
            )
    add_migration(ADD_COLUMN)
    assert runner.migrate_all().failed == 0


def test_a_run_that_was_killed_half_way_is_finished_by_the_next(add_migration, monkeypatch):
    add_migration(ADD_COLUMN)
    replay = runner._replay

    def killed(schema: str, sql: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "_replay", killed)
    with pytest.raises(KeyboardInterrupt):
        runner.migrate_all()
    assert sum(map(has_motto, states())) == 1
    monkeypatch.setattr(runner, "_replay", replay)
    report = runner.migrate_all()
    assert (report.migrated, report.unchanged) == (2, 1)
    with public_scope():
        assert MigrationReport.objects.filter(finished_at=None).count() == 1


def test_a_busy_table_is_waited_for_a_moment_and_then_reported(add_migration, monkeypatch):
    monkeypatch.setattr(runner, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(runner.time, "sleep", lambda seconds: None)
    add_migration(ADD_COLUMN)
    runner.current_template()
    import psycopg

    db = connection.settings_dict
    with psycopg.connect(host=db["HOST"], port=db["PORT"] or None, user=db["USER"], dbname=db["NAME"]) as other:
        other.execute(f"select * from {SOUTH}.accounts_account")  # an open transaction that reads
        report = runner.migrate_all()
    assert (report.migrated, report.failed) == (2, 1)
    with public_scope():
        assert "lock timeout" in MigrationFailure.objects.get().error
    assert runner.migrate_all().migrated == 1


def test_two_runs_do_not_meet(scratch_database):
    import psycopg

    db = connection.settings_dict
    with psycopg.connect(host=db["HOST"], port=db["PORT"] or None, user=db["USER"], dbname=db["NAME"]) as other:
        other.execute("select pg_advisory_lock(%s)", [runner._RUN_LOCK])
        with pytest.raises(runner.RunnerBusy):
            runner.migrate_all()
        with pytest.raises(CommandError, match="another migration run"):
            call_command("migrate_all", wait=0, verbosity=0)


def test_the_command_fails_when_a_tenant_failed(add_migration, capsys):
    put(SOUTH, "same", "same")
    add_migration(REGION_ONCE)
    with pytest.raises(CommandError, match="2 tenants migrated, 0 up to date, 1 failed"):
        call_command("migrate_all")
    assert f"{SOUTH} failed at accounts.9000_more" in capsys.readouterr().out


def test_the_template_of_the_last_state_is_kept_and_older_ones_go(add_migration):
    add_migration(ADD_COLUMN)
    runner.migrate_all()
    with public_scope():
        assert SchemaTemplate.objects.count() == 2
        SchemaTemplate.objects.create(fingerprint="old", schema_name="t_templateold0", sql="")
        SchemaTemplate.objects.update(built_at=timezone.now())
        SchemaTemplate.objects.filter(pk="old").update(built_at="2020-01-01T00:00Z")
    runner.migrate_all()
    with public_scope():
        assert "old" not in SchemaTemplate.objects.values_list("pk", flat=True)
        assert SchemaTemplate.objects.count() == 2


def test_a_new_tenant_is_made_in_the_state_of_the_code_even_before_the_run(add_migration):
    add_migration(ADD_COLUMN)
    fresh = create(name="Fresh", slug="fresh")
    assert has_motto(fresh.schema_name)
    report = runner.migrate_all()
    assert (report.unchanged, report.migrated) == (1, 3)
