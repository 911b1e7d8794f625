"""From what was written to what it means: names become fields, values become values of the field's kind."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from lark import Token, Tree

from accounts.conditions.errors import ConditionError
from accounts.conditions.fields import Field, Kind, Many, alike, alike_among, every_many, find, find_many
from accounts.conditions.nodes import Among, Comparison, Day, Group, Node, Value, opposite
from accounts.conditions.syntax import MOST, parse
from accounts.conditions.words import words
from core.actor import Actor

_SAME = {"<>": "!=", "≠": "!=", "≤": "<=", "≥": ">="}
_ORDERED = (Kind.NUMBER, Kind.DATE)
_YES, _NO = ("yes", "true"), ("no", "false")
_VALUES = ("quoted", "date", "today", "shifted", "ago", "number", "word")


@dataclass(frozen=True)
class _Scope:
    """Who reads, and what the names mean: fields of accounts, or of the records that `many` are."""

    by: Actor | None
    many: Many | None = None

    def find(self, name: str) -> Field | None:
        return self.many.find(name, self.by) if self.many else find(name, by=self.by)

    def alike(self, name: str) -> list[str]:
        return alike_among(name, self.many.fields(self.by)) if self.many else alike(name, by=self.by)


def read(text: str, *, by: Actor | None = None, of: Many | None = None) -> Node:
    """The tree of a condition over accounts, or over the records that `of` are. Raises ConditionError with the place
    and what to do.

    A field that not every role may see is there for `by` if they may, and for nobody when `by` is left out.
    """
    node = _node(parse(text), _Scope(by, of))
    if _count(node) > MOST:
        raise ConditionError(f"A condition compares at most {MOST} times.", 1, len(text))
    return node


def _count(node: Node) -> int:
    if isinstance(node, Group):
        return sum(map(_count, node.parts))
    inner = node.field.where if isinstance(node.field, Among) else None
    return 1 if inner is None else 1 + _count(inner)


def _node(tree: Any, scope: _Scope) -> Node:
    kind = tree.data
    if kind in ("either", "both"):
        parts = tuple(_node(part, scope) for part in tree.children)
        return parts[0] if len(parts) == 1 else Group("or" if kind == "either" else "and", parts)
    if kind == "no":
        return opposite(_node(tree.children[0], scope))
    return _records(kind, tree, scope) if kind in ("any", "count") else _comparison(kind, tree, scope)


def _records(kind: str, tree: Any, scope: _Scope) -> Comparison:
    """Of an account's records, whether it has any or how many, with what they have to meet."""
    name, *rest = tree.children
    many = find_many(str(name), by=scope.by) if scope.many is None else None
    if scope.many is not None:
        raise _wrong(name, f"{scope.many.plural} have no records of their own.")
    if many is None:
        known = ", ".join(one.code for one in every_many(by=scope.by))
        raise _wrong(name, f"There are no records called “{name}”.{f' There are: {known}.' if known else ''}")
    inner = next((part for part in rest if isinstance(part, Tree) and part.data not in _VALUES), None)
    where = _node(inner, _Scope(scope.by, many)) if inner is not None else None
    said = f" where {words(where)}" if where is not None else ""
    if kind == "any":
        made = Among(f"any {many.code}{said}", f"{many.name}{said}", Kind.YES, _no_expression, many=many, where=where)
        return Comparison(made, "=", (True,))
    made = Among(
        f"count of {many.code}{said}",
        f"number of {many.plural}{said}",
        Kind.NUMBER,
        _no_expression,
        many=many,
        where=where,
    )
    op = _SAME.get(str(rest[-2]), str(rest[-2]))
    return Comparison(made, "=" if op == "!=" else op, (_number(made, rest[-1]),), negated=op == "!=")


def _no_expression() -> Any:
    raise TypeError("how many records there are depends on the day: accounts.conditions.matching asks")


def _comparison(kind: str, tree: Any, scope: _Scope) -> Comparison:
    field, *rest = tree.children
    found = _field(field.children[0], scope)
    match kind:
        case "unknown" | "known":
            return Comparison(found, "known", (), negated=kind == "unknown")
        case "yes":
            if found.kind is not Kind.YES:
                raise _wrong(field.children[0], f"{found.label} is no yes or no: compare it with something.")
            return Comparison(found, "=", (True,))
        case "compare":
            op = _SAME.get(str(rest[0]), str(rest[0]))
            if op not in ("=", "!=") and found.kind not in _ORDERED:
                raise _wrong(rest[0], f"{found.label} has no order: use = or !=.")
            value = _value(found, rest[1])
            return Comparison(found, "=" if op == "!=" else op, (value,), negated=op == "!=")
        case "contains" | "starts":
            if found.kind is not Kind.TEXT:
                raise _wrong(field.children[0], f"{found.label} is no text.")
            return Comparison(found, kind, (_value(found, rest[0]),))
        case "between":
            if found.kind not in _ORDERED:
                raise _wrong(field.children[0], f"{found.label} has no order, so nothing lies between.")
            return Comparison(found, "between", (_value(found, rest[0]), _value(found, rest[1])))
        case _:
            return Comparison(found, "in", tuple(_value(found, one) for one in rest), negated=kind == "not_among")


def _field(token: Token, scope: _Scope) -> Field:
    found = scope.find(str(token))
    if found is None:
        near = scope.alike(str(token))
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise _wrong(token, f"There is no field “{token}”.{hint}")
    return found


def _value(field: Field, tree: Any) -> Value:
    read_as: dict[Kind, Callable[[Field, Any], Value]] = {
        Kind.NUMBER: _number,
        Kind.DATE: _day,
        Kind.YES: _yes,
        Kind.CHOICE: _choice,
        Kind.TEXT: _text,
    }
    return read_as[field.kind](field, tree)


def _number(field: Field, tree: Any) -> Decimal:
    if tree.data != "number":
        raise _wrong(tree, f"{field.label} is a number, like 60.")
    digits = [str(part) for part in tree.children if part.type == "NUMBER"][0]
    negative = any(part.type == "SIGN" and part != "+" for part in tree.children)
    return -Decimal(digits) if negative else Decimal(digits)


def _day(field: Field, tree: Any) -> Day:
    match tree.data:
        case "today":
            return Day()
        case "shifted":
            sign, number = tree.children
            return Day(days=_days(number) if sign == "+" else -_days(number))
        case "ago":
            return Day(days=-_days(tree.children[0]))
        case "date" | "quoted":
            try:
                return Day(fixed=date.fromisoformat(str(tree.children[0]).strip("\"'")))
            except ValueError:
                raise _wrong(tree, "There is no such day. Write it as 2026-12-31.") from None
    raise _wrong(tree, f"{field.label} is a day, like 2026-12-31, today or today + 90 days.")


def _days(token: Token) -> int:
    days = Decimal(token)
    if days != int(days) or days > 36_500:
        raise _wrong(token, "Days are a whole number, at most a hundred years.")
    return int(days)


def _yes(field: Field, tree: Any) -> bool:
    said = str(tree.children[0]).strip("\"'").lower() if tree.children else ""
    if tree.data in ("word", "quoted") and said in _YES + _NO:
        return said in _YES
    raise _wrong(tree, f"{field.label} is yes or no.")


def _choice(field: Field, tree: Any) -> str:
    said = _text(field, tree)
    for code, label in field.choices:
        if said.casefold() in (code.casefold(), label.casefold()):
            return code
    known = ", ".join(label for _, label in field.choices)
    raise _wrong(tree, f"{field.label} is one of: {known}.")


def _text(field: Field, tree: Any) -> str:
    if tree.data in ("word", "quoted", "number", "date"):
        said = "".join(str(part) for part in tree.children)
        return said[1:-1] if tree.data == "quoted" else said
    raise _wrong(tree, f"{field.label} is text: put it between quotation marks.")


def _wrong(at: Any, message: str) -> ConditionError:
    if isinstance(at, Token):
        return ConditionError(message, int(at.start_pos or 0) + 1, len(at))
    meta = at.meta
    if meta.empty:  # `today` leaves no token behind
        return ConditionError(message, 1)
    return ConditionError(message, meta.start_pos + 1, meta.end_pos - meta.start_pos)
