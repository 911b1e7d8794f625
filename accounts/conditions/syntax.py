"""Text to tokens in a tree: what was written, not yet what it means."""

from lark import Lark, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

from accounts.conditions.errors import ConditionError

LONGEST, DEEPEST, MOST = 2000, 30, 100

GRAMMAR = r"""
?start: either
either: both (_OR both)*
both: inverse (_AND inverse)*
?inverse: _NOT inverse -> no
        | "(" either ")"
        | condition
?condition: field COMPARE value -> compare
          | field _CONTAINS value -> contains
          | field _STARTS _WITH value -> starts
          | field _IN "(" value ("," value)* ")" -> among
          | field _NOT _IN "(" value ("," value)* ")" -> not_among
          | field _BETWEEN value _AND value -> between
          | field _IS _UNKNOWN -> unknown
          | field _IS _KNOWN -> known
          | field _IS _NOT _UNKNOWN -> known
          | _ANY NAME -> any
          | _ANY NAME _WHERE inverse -> any
          | _COUNT_OF NAME COMPARE value -> count
          | _COUNT_OF NAME _WHERE "(" either ")" COMPARE value -> count
          | field -> yes
field: NAME
value: QUOTED -> quoted
     | DATE -> date
     | _TODAY -> today
     | _TODAY SIGN NUMBER _DAYS -> shifted
     | NUMBER _DAYS _AGO -> ago
     | SIGN? NUMBER UNIT? -> number
     | NAME -> word

_ANY.6: /any\s+(?=[a-z_])/i
_COUNT_OF.6: /count\s+of\b/i
_WHERE.5: /where\b/i
_OR.5: /or\b/i
_AND.5: /and\b/i
_NOT.5: /not\b/i
_CONTAINS.5: /contains\b/i
_STARTS.5: /starts\b/i
_WITH.5: /with\b/i
_IN.5: /in\b/i
_BETWEEN.5: /between\b/i
_IS.5: /is\b/i
_UNKNOWN.5: /unknown\b/i
_KNOWN.5: /known\b/i
_TODAY.5: /today\b/i
_DAYS.5: /days?\b/i
_AGO.5: /ago\b/i
COMPARE: "<=" | ">=" | "!=" | "<>" | "=" | "<" | ">" | "≤" | "≥" | "≠"
DATE.4: /\d{4}-\d{2}-\d{2}/
NUMBER.3: /\d+(\.\d+)?/
SIGN: "+" | "-" | "−"
UNIT: "%"
NAME: /[A-Za-z_][A-Za-z0-9_.\-]*/
QUOTED: /"[^"\x00-\x1f]*"|'[^'\x00-\x1f]*'/
%ignore /[ \t\r\n\u00a0]+/
"""
_PARSER = Lark(GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def parse(text: str) -> Tree:
    """Raises ConditionError for text that has another form, is too long or too deeply nested."""
    if not text.strip():
        raise ConditionError("There is no condition. Write one, like health < 60.", 1)
    if len(text) > LONGEST:
        raise ConditionError(f"A condition has at most {LONGEST} characters.", LONGEST, 1)
    _check_depth(text)
    try:
        return _PARSER.parse(text)
    except UnexpectedCharacters as wrong:
        at = int(wrong.pos_in_stream or 0)
        raise ConditionError(f"“{text[at]}” has no meaning here.", at + 1) from None
    except UnexpectedEOF:
        raise ConditionError("The condition ends too early.", len(text) + 1) from None
    except UnexpectedToken as wrong:
        if wrong.token.type == "$END":
            raise ConditionError("The condition ends too early.", len(text) + 1) from None
        column = int(wrong.token.start_pos or 0) + 1
        raise ConditionError(f"“{wrong.token}” is not expected here.", column, len(str(wrong.token))) from None


def _check_depth(text: str) -> None:
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth > DEEPEST:
            raise ConditionError(f"Brackets go at most {DEEPEST} deep.", place + 1)
