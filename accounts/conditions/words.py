"""A condition as a sentence."""

from decimal import Decimal

from accounts.conditions.fields import Field, Kind
from accounts.conditions.nodes import Among, Comparison, Day, Group, Node, Value
from core.templatetags import formats

_SAYS = {
    "=": ("is", "is not"),
    "<": ("is below", "is at least"),
    "<=": ("is at most", "is above"),
    ">": ("is above", "is at most"),
    ">=": ("is at least", "is below"),
    "in": ("is one of", "is none of"),
    "between": ("lies between", "does not lie between"),
    "contains": ("contains", "does not contain"),
    "starts": ("starts with", "does not start with"),
    "known": ("is known", "is not known"),
}


def words(node: Node) -> str:
    """The sentence, with brackets where "and" and "or" meet."""
    if isinstance(node, Comparison):
        return _comparison(node)
    return f" {node.op} ".join(_inside(part, node.op) for part in node.parts)


def _inside(part: Node, op: str) -> str:
    return f"({words(part)})" if isinstance(part, Group) and part.op != op else words(part)


def _comparison(node: Comparison) -> str:
    if isinstance(node.field, Among) and not node.field.counts:
        return f"{'no' if node.negated else 'any'} {node.field.label}"
    says = _SAYS[node.op][node.negated]
    given = [_value(node.field, value) for value in node.values]
    joined = " and ".join(given) if node.op == "between" else ", ".join(given)
    return " ".join(filter(None, (node.field.label, says, joined)))


def _value(field: Field, value: Value) -> str:
    if isinstance(value, Day):
        if value.fixed is not None:
            return formats.day(value.fixed)
        if not value.days:
            return "today"
        return f"{abs(value.days)} days {'from now' if value.days > 0 else 'ago'}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{formats.number(value)}{' ' + field.unit if field.unit and field.unit != '%' else field.unit}"
    return dict(field.choices).get(value, value) if field.kind is Kind.CHOICE else f"“{value}”"
