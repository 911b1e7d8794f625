"""PostgreSQL connection that belongs to no tenant until one is named, and that never runs on the wrong path."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Protocol

from django.db.backends.postgresql.base import CursorDebugWrapper
from django.db.backends.utils import CursorWrapper
from django_tenants.postgresql_backend import base as library
from psycopg.pq import TransactionStatus

from core.errors import CrossTenant
from tenants.names import EXTENSIONS, NO_TENANT, PUBLIC, check_schema


class HasSchema(Protocol):
    @property
    def schema_name(self) -> str: ...


class _Nobody:
    """What the connection's `tenant` is before anybody was named."""

    schema_name = NO_TENANT


class _Stamped:
    """A cursor that works only in the schema it was opened in."""

    db: Any
    _checked = frozenset({"fetchone", "fetchmany", "fetchall", "copy"})

    def __init__(self, cursor: Any, db: Any) -> None:
        super().__init__(cursor, db)  # type: ignore[call-arg]
        self._schema = db.schema_name

    def _check(self) -> None:
        if self.db.schema_name != self._schema:
            raise CrossTenant(f"cursor opened in {self._schema}, used in {self.db.schema_name}")

    def __getattr__(self, name: str) -> Any:
        if name in self._checked:
            self._check()
        return super().__getattr__(name)  # type: ignore[misc]

    def __iter__(self) -> Iterator[Any]:
        self._check()
        for row in super().__iter__():  # type: ignore[misc]
            self._check()
            yield row

    def execute(self, sql: Any, params: Any = None) -> Any:
        self._check()
        return super().execute(sql, params)  # type: ignore[misc]

    def executemany(self, sql: Any, param_list: Any) -> Any:
        self._check()
        return super().executemany(sql, param_list)  # type: ignore[misc]


class _Cursor(_Stamped, CursorWrapper):
    pass


class _DebugCursor(_Stamped, CursorDebugWrapper):
    pass


class DatabaseWrapper(library.DatabaseWrapper):
    """The library's backend with its open doors closed.

    It starts in `no_tenant`, so new threads find no table instead of public's. A search path that cannot be
    set raises. A tenant's path holds its own schema and the extensions, never `public`: a table that is
    missing in a tenant is an error, not somebody else's table.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # the library goes to public here
        self.set_no_tenant()

    def set_no_tenant(self) -> None:
        self.set_tenant(_Nobody())

    def set_tenant(self, tenant: HasSchema, include_public: bool = False) -> None:
        """Name the schema of what follows. Nothing is sent; the next cursor sets the path.

        The library also writes into `settings_dict`, which all threads share, and clears the content type
        cache, which with content types in public only is never wrong. Neither is done here.
        """
        schema = check_schema(tenant.schema_name)
        self.tenant = tenant
        self.schema_name = schema
        self.include_public_schema = include_public

    def set_schema(self, schema_name: str, include_public: bool = False, tenant_type: Any = None) -> None:
        """As the library's, whose own helpers call it; but `public` is not added unless asked for."""
        self.set_tenant(library.FakeTenant(schema_name), include_public)

    @contextmanager
    def scope(self, tenant: HasSchema, include_public: bool = False) -> Iterator[None]:
        """Be in `tenant` for a block and afterwards where the block was entered, whatever happened inside."""
        before, with_public = self.tenant, self.include_public_schema
        self.set_tenant(tenant, include_public)
        try:
            yield
        finally:
            self.set_tenant(before, with_public)

    def _get_cursor_search_paths(self) -> list[str]:
        schema = check_schema(self.schema_name)
        if schema == NO_TENANT:
            return [NO_TENANT]
        public = [PUBLIC] if self.include_public_schema and schema != PUBLIC else []
        return [schema, *public, EXTENSIONS]

    def _reported_path(self) -> str | None:
        """The path as the server last reported it, rollbacks included; None before PostgreSQL 18."""
        path: str | None = self.connection.info.parameter_status("search_path")
        return path

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Bring the server to the schema named last, before the cursor is handed out.

        PostgreSQL 18 tells every change of the path, so nothing is sent when it is right already; older
        servers are told each time. Unlike the library this raises when the path cannot be set. Only in an
        aborted transaction is nothing sent: there the server refuses everything but a rollback anyway.
        """
        wanted = ", ".join(self._get_cursor_search_paths())
        if self._reported_path() == wanted:
            return
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            return
        with self.wrap_database_errors:
            self.connection.execute(f"SET search_path = {wanted}")

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return _Cursor(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> CursorDebugWrapper:
        return _DebugCursor(cursor, self)

    def on_commit(self, func: Callable[[], object], robust: bool = False) -> None:
        """Run `func` after the commit in the schema it was registered in, wherever the commit happens."""
        if not callable(func):
            raise TypeError("on_commit()'s callback must be a callable.")
        tenant, with_public = self.tenant, self.include_public_schema

        @wraps(func)
        def in_its_schema() -> object:
            with self.scope(tenant, with_public):
                return func()

        super().on_commit(in_its_schema, robust)
