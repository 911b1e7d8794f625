"""Text to tree: the grammar of formulas. A tree says what was written, not yet what it means."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lark import Lark, Token, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, VisitError
from lark.visitors import Transformer_NonRecursive

from kpis.formula.errors import FormulaError, Problem, Span

LONGEST, DEEPEST, MOST_NODES, MOST_DIGITS = 2000, 60, 400, 20

GRAMMAR = r"""
?start: either
?either: both | either _OR both -> either
?both: inverse | both _AND inverse -> both
?inverse: comparison | NOT inverse -> inverse
?comparison: sum | sum COMPARE sum -> compare
?sum: product | sum ADD product -> binary
?product: unary | product MULTIPLY unary -> binary
?unary: atom | ADD unary -> signed
?atom: NUMBER UNIT? -> number
     | NAME "(" [either ("," either)*] ")" -> call
     | NAME -> name
     | QUOTED -> quoted
     | "(" either ")"

_OR.3: /or\b/i
_AND.3: /and\b/i
NOT.3: /not\b/i
COMPARE: "<=" | ">=" | "!=" | "<>" | "==" | "=" | "<" | ">" | "≤" | "≥" | "≠"
ADD: "+" | "-" | "−"
MULTIPLY: "*" | "/" | "×" | "÷"
NUMBER: /\d+(\.\d+)?/
UNIT.2: "%" | /(days?|hours?|h|minutes?|weeks?|EUR|USD|GBP|CHF)\b/
NAME: /[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*/
QUOTED: /"[^"\x00-\x1f]*"|'[^'\x00-\x1f]*'/
%ignore /[ \t\r\n\u00a0]+/
"""
_SAME = {"==": "=", "<>": "!=", "≠": "!=", "≤": "<=", "≥": ">=", "−": "-", "×": "*", "÷": "/"}
_WORDS = {
    "_OR": "or",
    "_AND": "and",
    "COMPARE": "a comparison",
    "ADD": "+ or -",
    "MULTIPLY": "* or /",
    "RPAR": "a closing bracket",
    "COMMA": "a comma",
}
_START_OF_VALUE = frozenset({"NUMBER", "NAME", "QUOTED", "LPAR"})


@dataclass(frozen=True)
class Number:
    span: Span
    value: Decimal
    unit: str  # "" or as written: "%", "days"


@dataclass(frozen=True)
class Name:
    span: Span
    text: str


@dataclass(frozen=True)
class Quoted:
    """A KPI's name, or a word to compare with; which of the two, its neighbours say."""

    span: Span
    text: str


@dataclass(frozen=True)
class Unary:
    """op: "-" or "not"."""

    span: Span
    op: str
    operand: "Tree"


@dataclass(frozen=True)
class Binary:
    """op: + - * / < <= > >= = != and or."""

    span: Span
    op: str
    left: "Tree"
    right: "Tree"
    at: Span  # of the operator itself


@dataclass(frozen=True)
class Call:
    span: Span
    function: str
    arguments: tuple["Tree", ...]
    at: Span  # of the function's name


Tree = Number | Name | Quoted | Unary | Binary | Call


class _Refused(Exception):
    """Noticed while the tree grows."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


def _span(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


@v_args(inline=True)
class _Growing(Transformer_NonRecursive[Token, Tree]):
    """Makes the nodes from the leaves up, so that no depth can exhaust the stack."""

    def __init__(self) -> None:
        super().__init__()
        self.depths: dict[int, int] = {}
        self.kept: list[Tree] = []  # so that no id is used twice

    def _keep(self, made: Tree, parts: Sequence[Tree]) -> Tree:
        depth = 1 + max((self.depths[id(part)] for part in parts), default=0)
        self.kept.append(made)
        if depth > DEEPEST or len(self.kept) > MOST_NODES:
            raise _Refused("This is too long for one formula: make a KPI of a part of it.", made.span)
        self.depths[id(made)] = depth
        return made

    def number(self, number: Token, unit: Token | None = None) -> Tree:
        span = Span(_span(number).start, _span(unit or number).end)
        if len(number.replace(".", "")) > MOST_DIGITS:
            raise _Refused(f"Write a number with at most {MOST_DIGITS} digits.", span)
        return self._keep(Number(span, Decimal(str(number)), str(unit or "")), [])

    def name(self, token: Token) -> Tree:
        return self._keep(Name(_span(token), str(token)), [])

    def quoted(self, token: Token) -> Tree:
        return self._keep(Quoted(_span(token), str(token)[1:-1].strip()), [])

    def signed(self, sign: Token, operand: Tree) -> Tree:
        if _SAME.get(sign, str(sign)) == "+":
            return operand
        return self._keep(Unary(Span(_span(sign).start, operand.span.end), "-", operand), [operand])

    def inverse(self, word: Token, operand: Tree) -> Tree:
        return self._keep(Unary(Span(_span(word).start, operand.span.end), "not", operand), [operand])

    def binary(self, left: Tree, sign: Token, right: Tree) -> Tree:
        return self._two(left, _SAME.get(sign, str(sign)), right, _span(sign))

    compare = binary

    def either(self, left: Tree, right: Tree) -> Tree:
        return self._two(left, "or", right, Span(left.span.end, right.span.start))

    def both(self, left: Tree, right: Tree) -> Tree:
        return self._two(left, "and", right, Span(left.span.end, right.span.start))

    def _two(self, left: Tree, op: str, right: Tree, at: Span) -> Tree:
        return self._keep(Binary(Span(left.span.start, right.span.end), op, left, right, at), [left, right])

    def call(self, name: Token, *arguments: Tree | None) -> Tree:
        given = tuple(argument for argument in arguments if argument is not None)
        end = max([_span(name).end + 1, *(argument.span.end for argument in given)])
        return self._keep(Call(Span(_span(name).start, end), str(name).lower(), given, _span(name)), given)


_LARK = Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)


def parse(text: str) -> Tree:
    """The tree of a formula. Raises FormulaError with the place of what cannot be read."""
    if not text.strip():
        raise FormulaError([Problem("Write a formula, for example seat_use * 0.5.", Span(0, 1))], text)
    if len(text) > LONGEST:
        raise FormulaError([Problem(f"A formula has at most {LONGEST} characters.", Span(LONGEST, len(text)))], text)
    try:
        return _Growing().transform(_LARK.parse(text))
    except UnexpectedCharacters as error:
        raise FormulaError([_unreadable(text, error.pos_in_stream or 0)], text) from None
    except UnexpectedEOF:
        raise FormulaError([_ends_early(text)], text) from None
    except UnexpectedToken as error:
        raise FormulaError([_unexpected(text, error)], text) from None
    except VisitError as error:
        if isinstance(error.orig_exc, _Refused):
            raise FormulaError([Problem(str(error.orig_exc), error.orig_exc.span)], text) from None
        raise


def _unreadable(text: str, at: int) -> Problem:
    char = text[at]
    span = Span(at, at + 1)
    if char in "\"'":
        return Problem(f"This quotation mark is never closed: add a second {char}.", Span(at, len(text)))
    if char == "^":
        return Problem("There are no powers: multiply the value with itself.", span)
    if char in "[]{}":
        return Problem("Use round brackets.", span)
    return Problem(f"“{char}” has no meaning here: take it out.", span)


def _ends_early(text: str) -> Problem:
    end = len(text.rstrip())
    opened = text.count("(") - text.count(")")
    if opened > 0:
        return Problem("A bracket is never closed: add a closing one.", Span(end - 1, end))
    return Problem("The formula ends too early: something must follow here.", Span(end - 1, end))


def _unexpected(text: str, error: UnexpectedToken) -> Problem:
    token = error.token
    if token.type == "$END":
        return _ends_early(text)
    span, expected = _span(token), set(error.accepts or error.expected or ())
    if token.type == "COMMA":
        return Problem("A comma only separates what stands in brackets; write decimals with a point: 0.5.", span)
    if token.type == "RPAR":
        if text.count(")") > text.count("("):
            return Problem("This bracket closes nothing: take it out.", span)
        return Problem("Something is missing before this bracket.", span)
    if token.type == "COMPARE" and "COMPARE" not in expected and not expected & _START_OF_VALUE:
        return Problem("Compare two values at a time and join comparisons with and.", span)
    if token.type in _START_OF_VALUE and _after_value(text, span.start):
        return Problem(f"Two values stand side by side: put + - * or / before “{token}”.", span)
    if expected & _START_OF_VALUE:
        return Problem(f"A value must stand before “{token}”: a number, a KPI or a field of the account.", span)
    wanted = [word for name, word in _WORDS.items() if name in expected]
    return Problem(f"Something is missing before “{token}”: {', '.join(wanted)}.", span)


def _after_value(text: str, at: int) -> bool:
    before = text[:at].rstrip()
    return bool(before) and (before[-1].isalnum() or before[-1] in "_)'\"%")
