"""Migrations over all tenants: planned once per group of equal schemas, carried out once, replayed as SQL elsewhere.

A tenant that fails is rolled back, quarantined (its pages answer 503) and reported; the others go on. A later
run tries it again. Only a lost server or a failing `public` stops the run.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.models import F
from django.utils.timezone import now

from tenants.context import no_tenant_scope, public_scope, tenant_scope
from tenants.models import MigrationFailure, MigrationReport, Tenant
from tenants.queries import forget_tenants, tenants_to_migrate
from tenants.template import current_template, drop_old_templates, fingerprint, migrate_schema, targets

_RUN_LOCK = 7_120_631
LOCK_TIMEOUT = "3s"  # a migration waits no longer for a busy table: everybody behind it would wait too
LOCK_TRIES = 3
SCHEMAS_PER_QUERY = 200

Key = tuple[str, str]
Say = Callable[[str], object]


class RunnerBusy(RuntimeError):
    """Another process is migrating right now."""


class MigrationFailed(Exception):
    """`migration` ("app.name", empty before the first one) did not go through; the cause is chained."""

    def __init__(self, migration: str) -> None:
        super().__init__(migration)
        self.migration = migration


class RecordingEditor(DatabaseSchemaEditor):
    """Carries a migration out and keeps every statement, ready to be run elsewhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.statements: list[str] = []

    def execute(self, sql: Any, params: Any = ()) -> None:
        whole = str(sql) if params is None else self.connection.ops.compose_sql(str(sql), params)
        self.statements.append(whole.rstrip().rstrip(";"))
        super().execute(whole, None)


@dataclass
class Group:
    """Tenants in one and the same state, and what they lack."""

    tenants: list[Tenant]
    plan: list[Migration] = field(default_factory=list)
    squashed: list[Key] = field(default_factory=list)  # replacements that count as applied
    statements: list[str] | None = None  # known once the first tenant is through
    tied: bool = False  # the statements name the first tenant's schema and are of no use elsewhere

    @property
    def replayable(self) -> bool:
        """Whether SQL alone carries the plan: no Python over rows, nothing that refuses a transaction."""
        return not self.tied and all(m.atomic and _is_sql(m.operations) for m in self.plan)


def _is_sql(operations: Sequence[Any]) -> bool:
    return all(
        _is_sql(op.database_operations) if isinstance(op, SeparateDatabaseAndState) else op.reduces_to_sql
        for op in operations
    )


@contextmanager
def _alone() -> Iterator[None]:
    with no_tenant_scope(), connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [_RUN_LOCK])
        if not cursor.fetchone()[0]:
            raise RunnerBusy("another migration run is at work")
    try:
        yield
    finally:
        if connection.is_usable():
            with no_tenant_scope(), connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s)", [_RUN_LOCK])


def migrate_all(say: Say = lambda line: None) -> MigrationReport:
    """Bring `public`, the template and every tenant to the state of the code; returns the finished report.

    Raises RunnerBusy when another run is at work, and whatever stopped `public` or the server.
    """
    with _alone():
        migrate_schema("public", settings.SHARED_APPS)
        current_template()
        with public_scope():
            report = MigrationReport.objects.create(fingerprint=fingerprint())
        seen: set[int] = set()
        while tenants := _unseen(seen):  # once more for whoever signed up meanwhile
            seen |= {tenant.pk for tenant in tenants}
            _migrate(tenants, report, say)
        report.finished_at = now()
        with public_scope():
            report.save()
        forget_tenants()
        drop_old_templates()
    return report


def _unseen(seen: set[int]) -> list[Tenant]:
    with public_scope():
        return [tenant for tenant in tenants_to_migrate() if tenant.pk not in seen]


def _migrate(tenants: Sequence[Tenant], report: MigrationReport, say: Say) -> None:
    states = applied_states([tenant.schema_name for tenant in tenants])
    groups: dict[str, list[Tenant]] = defaultdict(list)
    for tenant in tenants:
        if state := states.get(tenant.schema_name):
            groups[state].append(tenant)
        else:
            _failed(tenant, MigrationFailed(""), "the schema or its django_migrations is missing", report, say)
    for members in groups.values():
        group = _plan(members)
        if not group.plan and not group.squashed:
            report.unchanged += len(members)
            for tenant in members:
                _through(tenant)
            continue
        say(f"{len(members)} tenants: {', '.join(f'{m.app_label}.{m.name}' for m in group.plan)}")
        for tenant in members:
            _one(tenant, group, report, say)


def applied_states(schemas: Sequence[str]) -> dict[str, str]:
    """A digest of the applied migrations of each schema that has any, a few queries for all."""
    with no_tenant_scope(), connection.cursor() as cursor:
        cursor.execute(
            "select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relname = 'django_migrations' and n.nspname = any(%s) order by 1",
            [list(schemas)],
        )
        present = [name for (name,) in cursor.fetchall()]
        states: dict[str, str] = {}
        for start in range(0, len(present), SCHEMAS_PER_QUERY):
            cursor.execute(" union all ".join(map(_STATE.format, present[start : start + SCHEMAS_PER_QUERY])))
            states.update(cursor.fetchall())
    return states


_STATE = "select '{0}', md5(string_agg(app || '.' || name, ',' order by app, name)) from {0}.django_migrations"


def _plan(tenants: list[Tenant]) -> Group:
    """What the group lacks, read off its first member."""
    with tenant_scope(tenants[0].schema_name):
        executor = MigrationExecutor(connection)
        loader = executor.loader
        plan = [migration for migration, _ in executor.migration_plan(targets(executor, settings.TENANT_APPS))]
        squashed = [
            key
            for key, migration in loader.replacements.items()
            if key not in executor.recorder.applied_migrations()
            and all(old in executor.recorder.applied_migrations() for old in migration.replaces)
        ]
    return Group(tenants, plan, squashed)


def _one(tenant: Tenant, group: Group, report: MigrationReport, say: Say) -> None:
    try:
        _patiently(lambda: _bring_up(tenant.schema_name, group))
    except MigrationFailed as failure:
        if not connection.is_usable():
            raise  # the server is gone: that is nobody's migration
        _failed(tenant, failure, str(failure.__cause__), report, say)
    else:
        report.migrated += 1
        _through(tenant)


def _patiently(work: Callable[[], None]) -> None:
    for last in (False,) * (LOCK_TRIES - 1) + (True,):
        try:
            return work()
        except MigrationFailed as failure:
            waited = isinstance(getattr(failure.__cause__, "__cause__", None), psycopg.errors.LockNotAvailable)
            if last or not waited:
                raise
            time.sleep(1)
    return None


def _bring_up(schema: str, group: Group) -> None:
    if not group.replayable:
        _run_here(schema)
    elif group.statements is None:
        statements = _record(schema, group)
        group.tied = any(schema in statement for statement in statements)
        group.statements = None if group.tied else statements
    else:
        try:
            _replay(schema, group.statements)
        except DatabaseError:
            if not connection.is_usable():
                raise MigrationFailed("") from None
            _record(schema, group)  # finds out which migration it is, or goes through by itself


def _record(schema: str, group: Group) -> list[str]:
    """Carry the plan out in `schema`, all of it or nothing, and return the statements that did it."""
    statements: list[str] = []
    current = ""
    with tenant_scope(schema):
        executor = MigrationExecutor(connection)
        state = executor._create_project_state(with_applied_migrations=True)  # type: ignore[attr-defined]
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
                for migration in group.plan:
                    current = f"{migration.app_label}.{migration.name}"
                    with RecordingEditor(connection, atomic=False) as editor:
                        state = migration.apply(state, editor)
                    closing = ["set constraints all immediate", _applied(migration.app_label, migration.name)]
                    cursor.execute(";".join(closing))
                    statements += editor.statements + closing
                for key in group.squashed:
                    cursor.execute(_applied(*key))
                    statements.append(_applied(*key))
        except Exception as error:
            raise MigrationFailed(current) from error
    return statements


def _applied(app: str, name: str) -> str:
    return f"insert into django_migrations (app, name, applied) values ('{app}', '{name}', now())"  # noqa: S608


def _replay(schema: str, statements: list[str]) -> None:
    with tenant_scope(schema), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}';\n" + ";\n".join(statements))


def _run_here(schema: str) -> None:
    """Django's own executor, one transaction per migration: for plans with Python in them."""
    current = ""

    def note(action: str, migration: Any = None, fake: bool = False) -> None:
        nonlocal current
        if action == "apply_start":
            current = f"{migration.app_label}.{migration.name}"

    with tenant_scope(schema):
        with connection.cursor() as cursor:
            cursor.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'")
        try:
            executor = MigrationExecutor(connection, note)  # type: ignore[arg-type]
            executor.migrate(targets(executor, settings.TENANT_APPS))
        except Exception as error:
            raise MigrationFailed(current) from error
        finally:
            if connection.is_usable():
                with connection.cursor() as cursor:
                    cursor.execute("reset lock_timeout")


def _failed(tenant: Tenant, failure: MigrationFailed, error: str, report: MigrationReport, say: Say) -> None:
    """Take the tenant out of service until it is through; its data are as before."""
    say(f"{tenant.schema_name} failed at {failure.migration or 'the start'}: {error.splitlines()[0] if error else ''}")
    report.failed += 1
    with public_scope(), transaction.atomic():
        Tenant.objects.filter(pk=tenant.pk).exclude(state=Tenant.State.QUARANTINED).update(
            state_before=F("state"), state=Tenant.State.QUARANTINED
        )
        MigrationFailure.objects.create(report=report, tenant=tenant, migration=failure.migration, error=error)


def _through(tenant: Tenant) -> None:
    """Put a tenant that had been quarantined back to what it was."""
    if tenant.state != Tenant.State.QUARANTINED:
        return
    with public_scope(), transaction.atomic():
        Tenant.objects.filter(pk=tenant.pk).update(state=tenant.state_before or Tenant.State.ACTIVE, state_before="")
        tenant.migration_failures.filter(resolved_at=None).update(resolved_at=now())
