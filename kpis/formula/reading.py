"""A formula read out in words, for people who would rather check a sentence than brackets."""

from kpis.formula.names import Names
from kpis.formula.syntax import Binary, Call, Name, Number, Quoted, Tree, Unary

_WORDS = {
    "+": "plus",
    "-": "minus",
    "*": "times",
    "/": "divided by",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
    "=": "is",
    "!=": "is not",
    "and": "and",
    "or": "or",
}
_STRENGTH = {"or": 0, "and": 1, "+": 3, "-": 3, "*": 4, "/": 4}


def reading(tree: Tree, names: Names) -> str:
    """One sentence without its full stop."""
    text = _said(tree, names)
    return text[:1].upper() + text[1:]


def _said(tree: Tree, names: Names) -> str:
    match tree:
        case Number():
            number = f"{tree.value:f}"
            return f"{number} {tree.unit}".strip()
        case Name() | Quoted():
            return _called(tree.text, names)
        case Unary(op="not"):
            return f"not ({_said(tree.operand, names)})"
        case Unary():
            return f"minus {_inside(tree.operand, 4, names)}"
        case Binary():
            return _two(tree, names)
        case Call():
            return _call(tree, names)


def _called(text: str, names: Names) -> str:
    if text.lower() in names.fields:
        return names.fields[text.lower()].label
    kpi = names.kpi(text)
    return kpi.short if kpi else f"“{text}”"


def _two(tree: Binary, names: Names) -> str:
    strength = _STRENGTH.get(tree.op, 2)
    right = _inside(tree.right, strength + (tree.op in ("-", "/")), names)
    return f"{_inside(tree.left, strength, names)} {_WORDS[tree.op]} {right}"


def _inside(tree: Tree, strength: int, names: Names) -> str:
    """In brackets where it would otherwise bind less than what is around it."""
    said = _said(tree, names)
    weak = isinstance(tree, Binary) and _STRENGTH.get(tree.op, 2) < strength
    weak = weak or (isinstance(tree, Call) and tree.function == "if")
    return f"({said})" if weak else said


_SHORT = {
    "coalesce": ("the first that is known of {}", "and"),
    "min": ("the least of {}", "and"),
    "max": ("the greatest of {}", "and"),
    "days_between": ("days from {}", "to"),
    "days_since": ("days since {}", "and"),
    "days_until": ("days until {}", "and"),
    "number": ("{}", "and"),
    "abs": ("the size of {}", "and"),
    "percent": ("{} as per cent", "and"),
}
_OF_MONTHS = {
    "mean": "the mean of {} over {}",
    "sum": "the sum of {} over {}",
    "last": "the newest value of {} over {}",
    "change": "the change of {} against {} before",
    "before": "{} of {} before",
}


def _call(tree: Call, names: Names) -> str:
    given = tree.arguments
    if tree.function in _SHORT:
        pattern, last = _SHORT[tree.function]
        return pattern.format(_list(given, names, last))
    if tree.function in _OF_MONTHS:
        return _OF_MONTHS[tree.function].format(_said(given[0], names), _months(given[1]))
    if tree.function == "if":
        condition, then, other = (_said(part, names) for part in given)
        return f"if {condition}, then {then}, otherwise {other}"
    places = _said(given[1], names) if len(given) > 1 else "0"
    return f"{_inside(given[0], 5, names)} rounded to {places} decimals"


def _list(trees: tuple[Tree, ...], names: Names, last: str) -> str:
    said = [_inside(tree, 5 if len(trees) == 1 else 0, names) for tree in trees]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} {last} {said[-1]}"


def _months(tree: Tree) -> str:
    count = int(tree.value) if isinstance(tree, Number) else 0
    return "1 month" if count == 1 else f"{count} months"
