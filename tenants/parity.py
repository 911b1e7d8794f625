"""Whether every tenant's schema is what the template says, and whether the borders hold."""

from collections.abc import Iterator

from django.conf import settings
from django.db import connection

from tenants import catalogue
from tenants.context import no_tenant_scope, public_scope
from tenants.queries import tenants_to_migrate
from tenants.template import current_template

SHARED_ON_PURPOSE = frozenset({"django_migrations"})  # every schema keeps its own list of migrations
SCHEMAS_AT_A_TIME = 50

_TABLES = """
    select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = %s and c.relkind in ('r', 'p', 'v', 'm')"""


def problems() -> Iterator[tuple[str, str]]:
    """(schema, what is wrong there) over all served tenants, `public` and the borders; nothing when all is well."""
    template = current_template()
    expected = catalogue.parts([template.schema_name])[template.schema_name]
    with public_scope():
        schemas = list(tenants_to_migrate().values_list("schema_name", flat=True))
    for start in range(0, len(schemas), SCHEMAS_AT_A_TIME):
        some = schemas[start : start + SCHEMAS_AT_A_TIME]
        found = catalogue.parts(some)
        for schema in some:
            if schema not in found:
                yield schema, "the schema is missing or empty"
                continue
            for line in catalogue.differences(expected, found[schema]):
                yield schema, line
    for line in catalogue.leaving_keys():
        yield line.partition(".")[0], f"foreign key leaves the schema: {line}"
    for table in sorted(shared_tables(template.schema_name) - SHARED_ON_PURPOSE):
        yield "public", f"table {table} exists in public and in every tenant"
    for schema in orphans():
        yield schema, "a schema of ours without a tenant"


def shared_tables(schema: str) -> set[str]:
    """Tables that `public` and the tenants both have, so that one could be taken for the other."""
    return _tables("public") & _tables(schema)


def _tables(schema: str) -> set[str]:
    with no_tenant_scope(), connection.cursor() as cursor:
        cursor.execute(_TABLES, [schema])
        return {name for (name,) in cursor.fetchall()}


def orphans() -> list[str]:
    """Schemas that look like a tenant's and belong to none, templates apart."""
    with public_scope(), connection.cursor() as cursor:
        cursor.execute(
            "select nspname from pg_namespace where nspname ~ '^t_[a-z0-9]{8,40}$'"
            " and nspname not in (select schema_name from tenants_tenant)"
            " and nspname not in (select schema_name from tenants_schematemplate) order by 1"
        )
        return [name for (name,) in cursor.fetchall()]


def apps_in_both() -> set[str]:
    """Apps whose tables would be made in `public` and in every tenant; must be empty."""
    return set(settings.SHARED_APPS) & set(settings.TENANT_APPS)
