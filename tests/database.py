"""One migrated database with two tenants and the operators, per state of the code; workers clone it in a blink."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.utils import timezone
from psycopg import sql

from config import env
from core.actor import Actor
from tenants import operations
from tenants.queries import forget_tenants
from tenants.template import current_template, migrate_schema

ROOT = Path(settings.BASE_DIR)
NORTH, SOUTH, OPERATOR = "t_north0000", "t_south0000", "t_operator0"
_BUILDING = 7_120_601  # advisory lock: one worker builds the template, the others wait for it


def reachable() -> bool:
    try:
        with maintenance():
            return True
    except psycopg.OperationalError:
        return False


def start_servers() -> None:
    """Start the throw-away servers of the tests (does nothing when they run) and take over their address."""
    subprocess.run([sys.executable, ROOT / "bin" / "plumbline", "servers", "start", "--test"], check=True)
    run_dir = Path(os.environ.get("PLUMBLINE_RUN_DIR", ROOT / ".run"))
    for line in (run_dir / "test" / "env").read_text().splitlines():
        if line.startswith("DATABASE_URL="):
            settings.DATABASES["default"].update(env.database(line.partition("=")[2]))


def maintenance() -> psycopg.Connection[Any]:
    """A connection beside Django's, to create and drop whole databases."""
    db = settings.DATABASES["default"]
    address = {"host": db["HOST"], "port": db["PORT"], "user": db["USER"], "password": db["PASSWORD"]}
    return psycopg.connect(dbname="postgres", autocommit=True, **{k: v for k, v in address.items() if v})


def use(name: str) -> None:
    connections["default"].close()
    connections["default"].settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name


def _state() -> str:
    files = [*ROOT.glob("*/migrations/*.py"), *ROOT.glob("tenants/*.py"), Path(__file__)]
    content = b"".join(file.read_bytes() for file in sorted(files))
    return hashlib.sha256(content + repr((settings.SHARED_APPS, settings.TENANT_APPS)).encode()).hexdigest()[:16]


def _template(pg: psycopg.Connection[Any]) -> str:
    """Name of the template database for this state of the code, built if nobody has."""
    name = f"template_{_state()}"
    if not pg.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        _clear_away(pg)
        _build(pg, name)
    return name


def _clear_away(pg: psycopg.Connection[Any]) -> None:
    """Drop templates of earlier states and what killed runs have left."""
    for (name,) in pg.execute("select datname from pg_database where datname ~ '^(template|test)_'").fetchall():
        kind, run, *_ = name.split("_")
        if kind == "template" or not Path(f"/proc/{run}").exists():
            drop(pg, name)


def _build(pg: psycopg.Connection[Any], name: str) -> None:
    pg.execute(sql.SQL("create database {}").format(sql.Identifier(f"{name}_building")))
    use(f"{name}_building")
    migrate_schema("public", settings.SHARED_APPS)
    current_template()
    setup = list(operations._SETUP)
    create_tenant = partial(operations.create_tenant, at=timezone.now(), by=Actor.system("tests"))
    operations.connect([])  # tests start with empty workspaces
    create_tenant(name="North", slug="north", schema_name=NORTH)
    create_tenant(name="South", slug="south", schema_name=SOUTH)
    create_tenant(name="Operators", slug="operator", schema_name=OPERATOR, kind="operator")
    operations.connect(setup)
    use(f"{name}_building")  # closes the connection: a database in use cannot be renamed
    pg.execute(
        sql.SQL("alter database {} rename to {}").format(sql.Identifier(f"{name}_building"), sql.Identifier(name))
    )


def drop(pg: psycopg.Connection[Any], name: str) -> None:
    pg.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def clone(pg: psycopg.Connection[Any], name: str) -> None:
    """Make the database `name` as the template is: about 0.1 s. One run at a time builds, clears or clones."""
    pg.execute("select pg_advisory_lock(%s)", [_BUILDING])
    try:
        source = _template(pg)
        drop(pg, name)
        pg.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(source)
            )
        )
    finally:
        pg.execute("select pg_advisory_unlock(%s)", [_BUILDING])


@contextmanager
def database(name: str) -> Iterator[None]:
    """Be in a fresh clone called `name`, dropped afterwards."""
    before = settings.DATABASES["default"]["NAME"]
    with maintenance() as pg:
        clone(pg, name)
        use(name)
        forget_everything()
        try:
            yield
        finally:
            use(before)
            forget_everything()
            drop(pg, name)


def forget_everything() -> None:
    """What processes remember between requests: tenants, hosts and caches."""
    forget_tenants()
    cache._cache.clear()  # locmem; `cache.clear()` through the front would need no tenant either
    cache._expire_info.clear()


def unique_name(worker: str) -> str:
    """A database per run and worker; the run is the process that pytest was started in."""
    return f"test_{os.environ['PLUMBLINE_TEST_RUN']}_{worker}"
