"""The template schema: built once per state of the migrations, then every new tenant is a replay of its SQL."""

import hashlib
import inspect
import sys
from collections.abc import Sequence
from functools import cache

from django.apps import apps as registry
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from tenants import catalogue, names
from tenants.catalogue import Part
from tenants.context import no_tenant_scope, public_scope, tenant_scope
from tenants.models import SchemaTemplate

_BUILD_LOCK = 7_120_611  # advisory lock: one process builds, the others wait and find it built


class NotReplayable(RuntimeError):
    """A migration made something that the catalogue reader does not know how to make again."""


def labels(apps: Sequence[str]) -> set[str]:
    """App labels of entries of SHARED_APPS or TENANT_APPS."""
    by_name = {config.name: config.label for config in registry.get_app_configs()}
    return {by_name[name] for name in apps}


@cache
def fingerprint() -> str:
    """SHA-256 over the source of every migration of the tenant apps: the state of the code, fixed per process."""
    digest = hashlib.sha256(repr(settings.TENANT_APPS).encode())
    ours = labels(settings.TENANT_APPS)
    for key, migration in sorted(MigrationLoader(None).disk_migrations.items()):
        if key[0] in ours:
            digest.update(repr(key).encode() + inspect.getsource(sys.modules[type(migration).__module__]).encode())
    return digest.hexdigest()


def targets(executor: MigrationExecutor, apps: Sequence[str]) -> list[tuple[str, str]]:
    """The last migrations of `apps`, as the executor wants to be told where to go."""
    wanted = labels(apps)
    return [leaf for leaf in executor.loader.graph.leaf_nodes() if leaf[0] in wanted]


def migrate_schema(schema: str, apps: Sequence[str]) -> None:
    """Bring one schema up with Django's own executor, migration by migration. Seconds, not milliseconds."""
    with tenant_scope(schema):
        executor = MigrationExecutor(connection)
        executor.migrate(targets(executor, apps))


def current_template() -> SchemaTemplate:
    """The template of this code; built now if nobody has yet (`migrate_all` does it ahead of time)."""
    with public_scope():
        found = SchemaTemplate.objects.filter(pk=fingerprint()).first()
    return found or _build()


def _build() -> SchemaTemplate:
    with no_tenant_scope(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [_BUILD_LOCK])
    try:
        with public_scope():
            found = SchemaTemplate.objects.filter(pk=fingerprint()).first()
        return found or _build_locked(names.TEMPLATE_PREFIX + fingerprint()[:16])
    finally:
        with no_tenant_scope(), connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [_BUILD_LOCK])


def _build_locked(schema: str) -> SchemaTemplate:
    with no_tenant_scope(), connection.cursor() as cursor:
        cursor.execute(f"drop schema if exists {schema} cascade")  # left over from a build that was interrupted
        cursor.execute(f"create schema {schema}")
    migrate_schema(schema, settings.TENANT_APPS)
    with public_scope():
        return SchemaTemplate.objects.create(pk=fingerprint(), schema_name=schema, sql=dump(schema))


def drop_old_templates() -> None:
    """Remove the templates of earlier states but the last: a rolling deployment still runs its code.

    One schema per transaction, because a drop holds a lock per table.
    """
    with public_scope():
        old = list(SchemaTemplate.objects.exclude(pk=fingerprint()).order_by("-built_at")[1:])
    for template in old:
        with public_scope(), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"drop schema if exists {names.check_schema(template.schema_name)} cascade")
            template.delete()


def replay(template: SchemaTemplate, schema: str) -> None:
    """Make `schema` as the template is, in the caller's transaction and one round trip."""
    names.check_schema(schema)
    with no_tenant_scope(), connection.cursor() as cursor:
        cursor.execute(template.sql.replace("{schema}", schema))


def dump(schema: str) -> str:
    """The statements that make `schema` again, rows included, with its name written `{schema}`.

    Raises NotReplayable when it holds anything that would be lost.
    """
    if strange := catalogue.unsupported(schema):
        raise NotReplayable("; ".join(strange))
    found = catalogue.parts([schema])[schema]
    statements = ["create schema {schema}", "set local check_function_bodies = off"]
    for kind in catalogue.KINDS:
        if kind == "constraint":  # rows go in before anything checks or counts them
            statements += _rows(schema, found)
        of_kind = sorted((part for part in found if part.kind == kind), key=lambda part: part.name)
        statements += [line for part in of_kind for line in _statement(part, found)]
    return ";\n".join(statements) + ";\n"


def _statement(part: Part, all_parts: Sequence[Part]) -> list[str]:
    table, _, inner = part.name.partition(".")
    match part.kind:
        case "enum":
            return [f"create type {{schema}}.{part.name} as enum ({part.sql})"]
        case "sequence":
            return [f"create sequence {{schema}}.{part.name} {part.sql}"]
        case "table":
            columns = sorted(
                (c for c in all_parts if c.kind == "column" and c.name.startswith(part.name + ".")),
                key=lambda column: column.order,
            )
            options = f" with ({part.sql})" if part.sql else ""
            return [f"create table {{schema}}.{part.name} ({', '.join(c.sql for c in columns)}){options}"]
        case "column":
            return []
        case "constraint" | "foreign key":
            return [f"alter table {{schema}}.{table} add constraint {inner} {part.sql}"]
        case _:  # functions, indexes and triggers are stored as whole statements
            return [part.sql]


def _rows(schema: str, found: Sequence[Part]) -> list[str]:
    """Inserts for what migrations put into tables, and the identity counters that follow from it."""
    statements = []
    for table in sorted(part.name for part in found if part.kind == "table"):
        columns = [
            c
            for c in sorted(found, key=lambda c: c.order)
            if c.kind == "column" and c.name.startswith(table + ".") and " generated always as (" not in c.sql
        ]
        quoted = [c.name.partition(".")[2] for c in columns]
        literals = " || ', ' || ".join(f"quote_nullable({name}::text)" for name in quoted)
        with no_tenant_scope(), connection.cursor() as cursor:
            cursor.execute(f"select {literals} from {schema}.{table}")  # noqa: S608 -- names out of the catalogue
            rows = [f"({row})" for (row,) in cursor.fetchall()]
        if not rows:
            continue
        statements.append(
            f"insert into {{schema}}.{table} ({', '.join(quoted)}) overriding system value values\n" + ",\n".join(rows)
        )
        statements += [
            _counter(table, name) for name, column in zip(quoted, columns, strict=True) if "as identity" in column.sql
        ]
    return statements


def _counter(table: str, column: str) -> str:
    """Statement that lets an identity column go on after the rows that were put in."""
    named = f"'{{schema}}.{table}', '{column.strip(chr(34))}'"
    return f"select setval(pg_get_serial_sequence({named}), max({column})) from {{schema}}.{table}"  # noqa: S608
