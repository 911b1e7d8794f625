"""Tree to typed nodes: names resolved, units joined, conversions written out; everything wrong is said at its place."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from kpis.formula import dimensions
from kpis.formula.dimensions import COUNT, OWN, PERCENT, PLAIN, Factor, NoUnit, said
from kpis.formula.errors import FormulaError, Problem, Span
from kpis.formula.names import FUNCTIONS, KpiName, Names
from kpis.formula.nodes import (
    Absolute,
    Arith,
    Both,
    Choice,
    Compared,
    Const,
    Days,
    Either,
    Extreme,
    Field,
    FirstKnown,
    Inverted,
    KpiAt,
    MonthEnd,
    Negated,
    Node,
    Rounded,
    Word,
)
from kpis.formula.syntax import Binary, Call, Name, Number, Quoted, Tree, Unary

MOST_MONTHS, MOST_READINGS = 12, 40
ARTICLES = {"number": "a number", "text": "a word", "date": "a date", "truth": "a condition"}


@dataclass(frozen=True)
class Typed:
    """A node with what it is: kind number, text, date or truth. free: a bare number that takes the other's unit."""

    node: Node
    kind: str
    unit: str = PLAIN
    free: bool = False


class _Broken(Exception):
    """A part is wrong, and it has been said."""


class Checker:
    """One pass over one tree; `problems` collects what is wrong in independent parts."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.problems: list[Problem] = []
        self.kpis: dict[str, KpiName] = {}
        self.functions: dict[str, Callable[[Call], Typed]] = {
            "if": self._if,
            "coalesce": lambda call: self._alike(call, FirstKnown),
            "min": lambda call: self._alike(call, lambda parts: Extreme(True, parts)),
            "max": lambda call: self._alike(call, lambda parts: Extreme(False, parts)),
            "abs": self._abs,
            "round": self._round,
            **dict.fromkeys(("mean", "sum", "last", "change", "before"), self._months),
            **dict.fromkeys(("days_since", "days_until", "days_between"), self._days),
            "percent": self._percent,
            "number": self._number,
        }

    def result(self, tree: Tree, unit: str) -> Typed:
        """The whole formula as a number in `unit` ("": whatever comes out). Raises _Broken."""
        found = self._numeric(tree, hint="; write if(…, 1, 0) to count it")
        wanted = dimensions.canonical(unit)
        if not unit or found.free or (found.unit == PLAIN and wanted in dimensions.BARE):
            return found
        return self._converted(found, wanted, tree.span, f"the KPI is in {unit}")

    def _refuse(self, message: str, span: Span, suggestions: tuple[str, ...] = ()) -> _Broken:
        self.problems.append(Problem(message, span, suggestions))
        return _Broken()

    def _of(self, tree: Tree) -> Typed:
        match tree:
            case Number():
                unit = dimensions.canonical(tree.unit)
                return Typed(Const(tree.value), "number", unit, free=not tree.unit)
            case Name():
                return self._name(tree)
            case Quoted():
                return self._kpi(tree.text, tree.span)
            case Unary(op="not"):
                return Typed(Inverted(self._truth(tree.operand).node), "truth")
            case Unary():
                found = self._numeric(tree.operand)
                return Typed(Negated(found.node), "number", found.unit, found.free)
            case Binary():
                return self._binary(tree)
            case Call():
                return self._call(tree)

    def _all(self, *trees: Tree) -> list[Typed]:
        """Every part, so that each one's problems are said before giving up."""
        found = []
        for tree in trees:
            try:
                found.append(self._of(tree))
            except _Broken:
                continue
        if len(found) < len(trees):
            raise _Broken
        return found

    def _numeric(self, tree: Tree, hint: str = "") -> Typed:
        found = self._of(tree)
        if found.kind != "number":
            raise self._refuse(f"A number is needed here, and this is {ARTICLES[found.kind]}{hint}.", tree.span)
        return found

    def _truth(self, tree: Tree) -> Typed:
        found = self._of(tree)
        if found.kind != "truth":
            message = f"A condition is needed here, such as seat_use > 50, and this is {ARTICLES[found.kind]}."
            raise self._refuse(message, tree.span)
        return found

    def _name(self, tree: Name) -> Typed:
        known = self.names.fields.get(tree.text.lower())
        if known:
            return Typed(Field(known.name, known.kind), known.kind, dimensions.canonical(known.unit))
        return self._kpi(tree.text, tree.span)

    def _kpi(self, text: str, span: Span) -> Typed:
        kpi = self._found(text, span)
        return Typed(KpiAt(kpi.code), "number", dimensions.canonical(kpi.unit))

    def _found(self, text: str, span: Span) -> KpiName:
        kpi = self.names.kpi(text)
        if kpi is None:
            if text.lower() in FUNCTIONS:
                raise self._refuse(f"{text} is a function: write {FUNCTIONS[text.lower()].signature}.", span)
            raise self._refuse(f"There is no KPI and no field called “{text}”.", span, self.names.like(text))
        if kpi.portfolio_only:
            raise self._refuse(f"{kpi.name} is a figure of the whole portfolio, not of one account.", span)
        self.kpis[kpi.code] = kpi
        return kpi

    def _binary(self, tree: Binary) -> Typed:
        if tree.op in ("and", "or"):
            left, right = (self._truth(part) for part in (tree.left, tree.right))
            return Typed((Both if tree.op == "and" else Either)(left.node, right.node), "truth")
        if tree.op in ("+", "-", "*", "/"):
            return self._arithmetic(tree)
        return self._comparison(tree)

    def _arithmetic(self, tree: Binary) -> Typed:
        left, right = self._all(tree.left, tree.right)
        for part, side in ((left, tree.left), (right, tree.right)):
            if part.kind != "number":
                hint = " For dates there are days_since and days_between." if part.kind == "date" else ""
                message = f"“{tree.op}” needs numbers, and this is {ARTICLES[part.kind]}.{hint}"
                raise self._refuse(message, side.span)
        free = left.free and right.free
        if tree.op in ("+", "-"):
            (left, right), unit = self._joined([left, right], tree)
            return Typed(Arith(tree.op, left.node, right.node), "number", unit, free)
        try:
            made = (dimensions.product if tree.op == "*" else dimensions.quotient)(left.unit, right.unit)
        except NoUnit as refusal:
            raise self._refuse(f"{_sentence(refusal)}.", tree.span) from None
        return Typed(_scaled(Arith(tree.op, left.node, right.node), made.factor), "number", made.unit, free)

    def _joined(self, parts: list[Typed], tree: Tree) -> tuple[list[Typed], str]:
        """The parts in one unit: that of the first which has one, others turned into it where that is exact."""
        bound = [part for part in parts if not part.free]
        unit = bound[0].unit if bound else PLAIN
        for other in bound[1:]:
            unit = self._common(unit, other.unit, tree)
        return [part if part.free else self._converted(part, unit, tree.span, "") for part in parts], unit

    def _common(self, one: str, other: str, tree: Tree) -> str:
        for have, want in ((other, one), (one, other)):
            try:
                dimensions.factor(have, want)
            except NoUnit as refusal:
                reason = refusal
            else:
                return have if want == PLAIN and have in dimensions.BARE else want
        hint = "; percent(…) makes per cent of a share" if {one, other} == {PLAIN, PERCENT} else ""
        at = tree.at if isinstance(tree, Binary) else tree.span
        what = f"“{tree.op}” joins" if isinstance(tree, Binary) else "This joins"
        raise self._refuse(f"{what} {said(one)} and {said(other)}: {reason}{hint}.", at)

    def _converted(self, found: Typed, unit: str, span: Span, why: str) -> Typed:
        try:
            factor = dimensions.factor(found.unit, unit)
        except NoUnit as refusal:
            hint = " Write percent(…) around a share." if (found.unit, unit) == (PLAIN, PERCENT) else ""
            if found.unit == OWN or unit in dimensions.MONEY:
                hint = " Divide by another amount of the account, or take the unit away with number(…)."
            raise self._refuse(f"This gives {said(found.unit)}, and {why}: {refusal}.{hint}", span) from None
        return Typed(_scaled(found.node, factor), "number", unit)

    def _comparison(self, tree: Binary) -> Typed:
        left, right = self._sides(tree)
        if left.kind != right.kind or left.kind == "truth":
            message = f"{_capital(ARTICLES[left.kind])} cannot be compared with {ARTICLES[right.kind]}."
            raise self._refuse(message, tree.span)
        if left.kind == "text" and tree.op not in ("=", "!="):
            raise self._refuse("Words are equal or not: use = or !=.", tree.at)
        if left.kind == "number":
            (left, right), _ = self._joined([left, right], tree)
        return Typed(Compared(tree.op, left.node, right.node, left.kind), "truth")

    def _sides(self, tree: Binary) -> list[Typed]:
        """Both sides; what stands in quotation marks beside a field of words is a word."""
        for one, other in ((tree.left, tree.right), (tree.right, tree.left)):
            if isinstance(one, Quoted) and isinstance(other, Name):
                known = self.names.fields.get(other.text.lower())
                if known and known.kind == "text":
                    word = Typed(Word(one.text), "text")
                    field = self._of(other)
                    return [word, field] if one is tree.left else [field, word]
        return self._all(tree.left, tree.right)

    def _call(self, tree: Call) -> Typed:
        made = self.functions.get(tree.function)
        if made is None:
            raise self._refuse(
                f"There is no function called “{tree.function}”.", tree.at, Names.functions_like(tree.function)
            )
        return made(tree)

    def _count(self, call: Call, least: int, most: int | None) -> None:
        given = len(call.arguments)
        if given < least or (most is not None and given > most):
            raise self._refuse(f"It is written {FUNCTIONS[call.function].signature}.", call.span)

    def _if(self, call: Call) -> Typed:
        self._count(call, 3, 3)
        condition = self._truth(call.arguments[0])
        parts, unit = self._numbers(call, call.arguments[1:])
        free = all(part.free for part in parts)
        return Typed(Choice(condition.node, parts[0].node, parts[1].node), "number", unit, free)

    def _alike(self, call: Call, make: Callable[[tuple[Node, ...]], Node]) -> Typed:
        self._count(call, 2, 12)
        parts, unit = self._numbers(call, call.arguments)
        return Typed(make(tuple(part.node for part in parts)), "number", unit, all(part.free for part in parts))

    def _numbers(self, call: Call, trees: tuple[Tree, ...]) -> tuple[list[Typed], str]:
        found = self._all(*trees)
        for part, tree in zip(found, trees, strict=True):
            if part.kind != "number":
                raise self._refuse(f"A number is needed here, and this is {ARTICLES[part.kind]}.", tree.span)
        return self._joined(found, call)

    def _abs(self, call: Call) -> Typed:
        self._count(call, 1, 1)
        found = self._numeric(call.arguments[0])
        return Typed(Absolute(found.node), "number", found.unit, found.free)

    def _round(self, call: Call) -> Typed:
        self._count(call, 1, 2)
        places = self._whole(call.arguments[1], 0, 6) if len(call.arguments) == 2 else 0
        found = self._numeric(call.arguments[0])
        return Typed(Rounded(found.node, places), "number", found.unit, found.free)

    def _percent(self, call: Call) -> Typed:
        self._count(call, 1, 1)
        found = self._numeric(call.arguments[0])
        if found.unit not in (PLAIN, COUNT):
            raise self._refuse(f"percent(…) takes a share, and this is {said(found.unit)}.", call.arguments[0].span)
        return Typed(Arith("*", found.node, Const(Decimal(100))), "number", PERCENT)

    def _number(self, call: Call) -> Typed:
        self._count(call, 1, 1)
        return Typed(self._numeric(call.arguments[0]).node, "number", PLAIN, free=True)

    def _whole(self, tree: Tree, least: int, most: int) -> int:
        if isinstance(tree, Number) and not tree.unit and tree.value == int(tree.value) and least <= tree.value <= most:
            return int(tree.value)
        raise self._refuse(f"Write a whole number from {least} to {most} here.", tree.span)

    def _months(self, call: Call) -> Typed:
        self._count(call, 2, 2)
        given, months = call.arguments
        count = self._whole(months, 1, MOST_MONTHS)
        if not isinstance(given, Name | Quoted):
            raise self._refuse(f"{call.function}(…) looks at the months of one KPI: write its code here.", given.span)
        if isinstance(given, Name) and given.text.lower() in self.names.fields:
            raise self._refuse("A field of the account has no months; only KPIs have.", given.span)
        kpi = self._found(given.text, given.span)
        unit = dimensions.canonical(kpi.unit)
        past = [KpiAt(kpi.code, back) for back in range(count)]
        match call.function:
            case "last":
                return Typed(FirstKnown(tuple(past)), "number", unit)
            case "before":
                return Typed(KpiAt(kpi.code, count), "number", unit)
            case "change":
                return Typed(Arith("-", KpiAt(kpi.code), KpiAt(kpi.code, count)), "number", unit)
        total: Node = past[0]
        for one in past[1:]:
            total = Arith("+", total, one)
        return Typed(Arith("/", total, Const(Decimal(count))) if call.function == "mean" else total, "number", unit)

    def _days(self, call: Call) -> Typed:
        wanted = 2 if call.function == "days_between" else 1
        self._count(call, wanted, wanted)
        found = self._all(*call.arguments)
        for part, tree in zip(found, call.arguments, strict=True):
            if part.kind != "date":
                dates = tuple(one.name for one in self.names.fields.values() if one.kind == "date")
                raise self._refuse(f"A date is needed here, and this is {ARTICLES[part.kind]}.", tree.span, dates)
        match call.function:
            case "days_since":
                return Typed(Days(found[0].node, MonthEnd()), "number", "days")
            case "days_until":
                return Typed(Days(MonthEnd(), found[0].node), "number", "days")
        return Typed(Days(found[0].node, found[1].node), "number", "days")


def checked(tree: Tree, text: str, names: Names, unit: str) -> tuple[Typed, dict[str, KpiName]]:
    """The typed formula and the KPIs it reads. Raises FormulaError with every problem that was found."""
    checker = Checker(names)
    try:
        found = checker.result(tree, unit)
    except _Broken:
        ordered = sorted(dict.fromkeys(checker.problems), key=lambda problem: problem.span.start)
        raise FormulaError(ordered, text) from None
    return found, checker.kpis


def _scaled(node: Node, factor: Factor) -> Node:
    if factor.times != 1:
        node = Arith("*", node, Const(Decimal(factor.times)))
    return Arith("/", node, Const(Decimal(factor.by))) if factor.by != 1 else node


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(refusal: NoUnit) -> str:
    return _capital(str(refusal))
