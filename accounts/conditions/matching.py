"""A condition as SQL: what a queryset of accounts is filtered by."""

from datetime import date
from typing import Any

from django.db.models import Count, Exists, Q, Subquery, Value
from django.db.models.functions import Coalesce, Lower
from django.db.models.lookups import (
    Contains,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    StartsWith,
)

from accounts.conditions.fields import Field, Kind
from accounts.conditions.nodes import Among, Comparison, Day, Group, Node

_OPS = {"=": Exact, "<": LessThan, "<=": LessThanOrEqual, ">": GreaterThan, ">=": GreaterThanOrEqual}
_NOT = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def matching(node: Node, *, today: date) -> Q:
    """The condition over Account, for `filter()`. Every leaf asks for a known value, whether negated or not."""
    if isinstance(node, Group):
        found = Q()
        for part in node.parts:
            found = found & matching(part, today=today) if node.op == "and" else found | matching(part, today=today)
        return found
    return _leaf(node, today)


def _leaf(node: Comparison, today: date) -> Q:
    known = _known(node, today)
    if node.op == "known":
        return ~known if node.negated else known
    held = _held(node, today)
    if node.negated and node.op in _NOT:
        return known & _held(Comparison(node.field, _NOT[node.op], node.values), today)
    return known & (~held if node.negated else held)


def expression(field: Field, today: date) -> Any:
    """The field as an ORM expression over what has it."""
    if not isinstance(field, Among) or field.many is None:
        return field.expression()
    rows = field.many.rows()
    if field.where is not None:
        rows = rows.filter(matching(field.where, today=today))
    if not field.counts:
        return Exists(rows)
    number = rows.order_by().annotate(all_of_them=Value(1)).values("all_of_them").annotate(number=Count("pk"))
    return Coalesce(Subquery(number.values("number")), Value(0))


def _known(node: Comparison, today: date) -> Q:
    if isinstance(node.field, Among):
        return Q()  # how many records there are is always known
    found = Q(IsNull(expression(node.field, today), False))
    if node.field.kind in (Kind.TEXT, Kind.CHOICE):  # an empty word says nothing
        found &= ~Q(Exact(expression(node.field, today), Value("")))
    return found


def _held(node: Comparison, today: date) -> Q:
    given = [value.on(today) if isinstance(value, Day) else value for value in node.values]
    left: Any = expression(node.field, today)
    if node.field.kind is Kind.TEXT:  # as people read: capitals make no difference
        left, given = Lower(left), [str(value).lower() for value in given]
    match node.op:
        case "in":
            return Q(In(left, given))
        case "between":
            return Q(GreaterThanOrEqual(left, given[0])) & Q(LessThanOrEqual(left, given[1]))
        case "contains":
            return Q(Contains(left, given[0]))
        case "starts":
            return Q(StartsWith(left, given[0]))
    return Q(_OPS[node.op](left, given[0]))
