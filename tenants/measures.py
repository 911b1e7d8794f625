"""How much a tenant uses, for the operators: people, accounts, last activity and size, in three queries for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model

from core.models import Entry
from tenants.context import no_tenant_scope
from tenants.names import check_schema


@dataclass(frozen=True)
class Measure:
    """None where the schema does not say, because it is missing or has not followed the code."""

    people: int | None = None
    accounts: int | None = None
    last_activity: datetime | None = None  # newest of: somebody was seen, something was written into the trail
    size: int | None = None  # bytes on disk with indexes


@dataclass(frozen=True)
class _Counted:
    people: str
    accounts: str
    seen: str


_counted: list[_Counted] = []


def connect(*, people: type[Model], accounts: type[Model], seen: str) -> None:
    """Say which tables of upper floors are counted; `seen` is a person's column of time. Called by config once."""
    _counted[:] = [_Counted(people._meta.db_table, accounts._meta.db_table, seen)]


def measure(schemas: Sequence[str]) -> dict[str, Measure]:
    """A Measure for each of `schemas`."""
    with no_tenant_scope(), connection.cursor() as cursor:
        cursor.execute(_SIZES, [list(schemas)])
        sizes = dict(cursor.fetchall())
        counts: dict[str, tuple[Any, Any, Any]] = {}
        if _counted and (whole := _with_tables(cursor, schemas, _counted[0])):
            cursor.execute(" union all ".join(_one(schema, _counted[0]) for schema in whole))
            counts = {schema: (people, accounts, last) for schema, people, accounts, last in cursor.fetchall()}
    unknown = (None, None, None)
    return {schema: Measure(*(*counts.get(schema, unknown), sizes.get(schema))) for schema in schemas}


_SIZES = """
    select n.nspname, sum(pg_total_relation_size(c.oid))::bigint from pg_class c
    join pg_namespace n on n.oid = c.relnamespace where n.nspname = any(%s) and c.relkind in ('r', 'm') group by 1"""


def _with_tables(cursor: object, schemas: Sequence[str], counted: _Counted) -> list[str]:
    """Those of `schemas` that hold every table we count."""
    tables = [counted.people, counted.accounts, Entry._meta.db_table]
    cursor.execute(  # type: ignore[attr-defined]
        "select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = any(%s) and c.relname = any(%s) and c.relkind in ('r', 'p')"
        " group by 1 having count(*) = %s",
        [list(schemas), tables, len(tables)],
    )
    return [schema for (schema,) in cursor.fetchall()]  # type: ignore[attr-defined]


def _one(schema: str, counted: _Counted) -> str:
    check_schema(schema)
    return (
        f"select '{schema}', (select count(*) from {schema}.{counted.people}),"  # noqa: S608 -- checked names
        f" (select count(*) from {schema}.{counted.accounts}),"
        f" greatest((select max({counted.seen}) from {schema}.{counted.people}),"
        f" (select at from {schema}.{Entry._meta.db_table} order by seq desc limit 1))"
    )
