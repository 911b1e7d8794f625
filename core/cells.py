"""Text in files that leave, which no spreadsheet takes for a formula."""

import re

_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")


def neutralise(text: str) -> str:
    """`text` for a CSV export, so that no spreadsheet runs it: "=1+1" becomes "'=1+1", "-12" stays a number."""
    if text.startswith(_FORMULA_START) and not _PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text
