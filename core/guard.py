"""Rows and querysets that work only in the tenant they belong to.

Every model instance is stamped with the schema it was made or loaded in, every queryset with the one it was
built in. Used anywhere else they raise CrossTenant: before anything is read, written or handed on.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Self

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, models
from django.db.models.manager import BaseManager
from django.db.models.query import RawQuerySet

from core.errors import CrossTenant


def _place(using: str | None) -> str:
    schema: str = connections[using or "default"].schema_name  # type: ignore[attr-defined]  # our own backend
    return schema


def schema_now(using: str | None = None) -> str | None:
    """The tenant's schema of this thread's connection; None in `public` and before a tenant was named."""
    schema = _place(using)
    return schema if schema.startswith("t_") else None


def stamp_of(row: Any) -> str | None:
    """The schema a row was made or loaded in; None for rows that are not bound to a tenant."""
    return getattr(row, "_schema", None)


def _refuse(what: str, home: str, using: str | None) -> None:
    raise CrossTenant(f"{what} of {home}, used in {_place(using)}")


class GuardedRow:
    """Mixin before Model: refuses to be saved, deleted, refreshed or followed in another tenant."""

    _schema: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._schema = schema_now()  # first: assigning related rows already looks at it
        super().__init__(*args, **kwargs)

    def check_schema(self, using: str | None = None) -> None:
        """Raise CrossTenant when this row belongs to another tenant than the current one."""
        if self._schema is not None and self._schema != _place(using):
            _refuse(type(self).__name__, self._schema, using)

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        self.check_schema(kwargs.get("using"))
        super().save_base(*args, **kwargs)  # type: ignore[misc]
        self._schema = self._schema or schema_now(kwargs.get("using"))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self.check_schema(kwargs.get("using"))
        return super().delete(*args, **kwargs)  # type: ignore[misc]

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        self.check_schema(kwargs.get("using"))
        super().refresh_from_db(*args, **kwargs)  # type: ignore[misc]


class _Bound:
    """What querysets and raw querysets share. Every way to run one asks for `db` first: there it is checked."""

    model: Any
    _db: str | None
    _bound: str | None = None

    def _check(self) -> None:
        if self._bound is not None and self._bound != _place(self._db):
            _refuse(f"queryset of {self.model.__name__}", self._bound, self._db)

    def _bind(self) -> None:
        """Results are about to be kept: from now on this queryset is of one tenant."""
        self._check()
        self._bound = self._bound or schema_now(self._db)

    @property
    def db(self) -> str:
        self._check()
        return super().db  # type: ignore[misc]

    def _fetch_all(self) -> None:
        self._bind()
        super()._fetch_all()  # type: ignore[misc]


class GuardedRows(_Bound):
    """Mixin before QuerySet. Built inside a tenant, or followed from a row, it is bound to that tenant.

    One that was built before any tenant was named (module level, form fields) is bound when it keeps results.
    """

    _hints: dict[str, Any]

    def __init__(self, model: Any = None, query: Any = None, using: str | None = None, hints: Any = None) -> None:
        super().__init__(model, query, using, hints)  # type: ignore[call-arg]
        self._bound = stamp_of((hints or {}).get("instance")) or schema_now(using)

    def _add_hints(self, **hints: Any) -> None:
        super()._add_hints(**hints)  # type: ignore[misc]
        self._bound = stamp_of(hints.get("instance")) or self._bound

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._bound = self._bound or clone._bound
        return clone

    def _iterator(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        self._bind()
        for row in super()._iterator(*args, **kwargs):  # type: ignore[misc]
            self._check()
            yield row

    def raw(self, raw_query: str, *args: Any, **kwargs: Any) -> "GuardedRaw":
        self._check()
        return GuardedRaw(raw_query, model=self.model, params=kwargs.get("params", args[0] if args else ()))

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        objs = list(objs)
        for row in objs:
            row.check_schema(self._db)
        return super().bulk_create(objs, *args, **kwargs)  # type: ignore[misc]

    def bulk_update(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        objs = list(objs)
        for row in objs:
            row.check_schema(self._db)
        return super().bulk_update(objs, *args, **kwargs)  # type: ignore[misc]


class GuardedQuerySet(GuardedRows, models.QuerySet[Any]):  # type: ignore[misc]
    """The base of every tenant table's queryset."""


class GuardedRaw(_Bound, RawQuerySet):
    """`Model.objects.raw(...)`, bound like any queryset."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._bound = schema_now(kwargs.get("using"))
        super().__init__(*args, **kwargs)

    def iterator(self) -> Iterator[Any]:
        self._bind()
        for row in super().iterator():
            self._check()
            yield row


def guard_model(model: type[models.Model]) -> None:
    """Close the doors that a model has beside its own queryset; for models of other packages all of them.

    Foreign keys are followed through the base manager, which Django makes anew for each model and plain.
    Other packages' tenant tables (sessions, e-mail addresses, second factors) get the mixins put in.
    """
    if not issubclass(model, GuardedRow):
        model.__bases__ = (GuardedRow, *model.__bases__)
    for parent in model.__mro__:
        for manager in parent._meta.local_managers if hasattr(parent, "_meta") else ():
            _guard_manager(manager)
    default = model._default_manager
    if default is None or type(default).get_queryset is not BaseManager.get_queryset:
        raise ImproperlyConfigured(
            f"{model.__name__}: its default manager hides rows, so it cannot follow foreign keys"
        )
    model._meta.base_manager_name = default.name
    model._meta._expire_cache()  # type: ignore[attr-defined]


def _guard_manager(manager: Any) -> None:
    rows = manager._queryset_class
    if issubclass(rows, GuardedRows):
        return
    guarded = type(f"Guarded{rows.__name__}", (GuardedRows, rows), {})
    kind = type(manager)
    manager.__class__ = type(f"Guarded{kind.__name__}", (kind,), {"_queryset_class": guarded})
