"""Codes of KPIs: what stands in addresses, scorecards and formulas, and never changes once a KPI is made."""

import re
import unicodedata

_CODE = re.compile(r"[a-z][a-z0-9_]{0,79}")
LONGEST = 60
# Addresses below /kpis/, and words a formula reads as something else.
RESERVED = frozenset(
    ["new", "unknown", "confirm", "ranges", "import", "export", "formulas", "indicators"]
    + ["and", "or", "not", "if", "then", "else", "min", "max", "sum", "mean", "last", "account", "health"]
    + ["true", "false", "none", "null"]
)


def is_code(text: str) -> bool:
    return bool(_CODE.fullmatch(text))


def code_of(name: str) -> str:
    """A code made from a name: "Café visits (per month)" gives "cafe_visits_per_month"."""
    folded = unicodedata.normalize("NFKD", name.casefold().replace("%", " percent "))
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    code = "_".join(re.sub(r"[^a-z0-9]+", " ", plain).split())
    if not code or not code[0].isalpha():
        code = f"kpi_{code}".rstrip("_")
    return code[:LONGEST].rstrip("_")
