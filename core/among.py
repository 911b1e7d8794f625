"""Conditions for hundreds of ids at once."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import F, Lookup


class _Among(Lookup):
    """`column = any(array)`: one parameter where `__in` makes, and escapes, one for each id."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = any(%s)", [*params, self.rhs]


def among(column: str, ids: Iterable[UUID]) -> "Lookup[bool]":
    """A condition for `filter()`: the column, of the model itself and of uuids, is one of these ids."""
    return _Among(F(column), list(ids))
