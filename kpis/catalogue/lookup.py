"""Find a KPI by what a file calls it: exactly, or as a suggestion a person confirms."""

import re
import unicodedata

from rapidfuzz import fuzz

from kpis.catalogue.definitions import BY_CODE, DEFINITIONS, TEMPLATE_59, KpiDef

# Only these may follow a name in brackets and be dropped: "NPS (rel.)" is not known to be NPS.
UNITS = (
    r"%|percent|pct|% change|working h|h|hrs?|hours?|min|minutes?|d|days?|weeks?|months?|count|#|no\.?|ratio|"
    r"x|score|points?|pts|/ ?\d+|-?\d+ ?(?:-|\.\.|–|to) ?\d+|usd|eur|gbp|chf|\$|€|£"
)
_UNIT_SUFFIX = re.compile(rf"\s*(?:\[\s*(?:{UNITS})\s*\]|\(\s*(?:{UNITS})\s*\))\s*$")
SUGGESTION_FLOOR = 60.0


def normalise(text: str) -> str:
    """Reduce a KPI name to what is compared: no case, accents, punctuation, spaces or unit in brackets."""
    plain = unicodedata.normalize("NFKD", text).casefold()  # in this order: "𝕊" is a capital only once it is an S
    folded = unicodedata.normalize("NFKD", plain).replace("\u00a0", " ").strip()
    folded = "".join(c for c in folded if not unicodedata.combining(c))
    named = _UNIT_SUFFIX.sub("", folded) or folded
    return " ".join(re.sub(r"[\W_]+", " ", named.replace("&", " and ")).split())


def _index() -> dict[str, KpiDef]:
    names: dict[str, KpiDef] = {}
    spellings = [(name, kpi) for kpi in DEFINITIONS for name in (kpi.name, *kpi.aliases)]
    spellings += [(entry.name, entry.kpi) for entry in TEMPLATE_59]
    for name, kpi in spellings:
        other = names.setdefault(normalise(name), kpi)
        if other is not kpi:
            raise ValueError(f'"{name}" names both {other.code} and {kpi.code}')
    return names


_BY_NAME = _index()


def resolve(text: str) -> KpiDef | None:
    """The KPI this name or code means, or None. Exact after `normalise`; near misses are for `suggest` alone.

    The result may be `template_only` (store, do not score) or `portfolio_only` (not a value of one account).
    """
    return BY_CODE.get(text.strip()) or _BY_NAME.get(normalise(text))


def suggest(text: str, limit: int = 3) -> list[tuple[KpiDef, float]]:
    """KPIs with names like this one, best first, with likeness 0..100; [] when nothing is near.

    For a person to choose from: the likeness says how alike the spellings are, not the meanings.
    """
    wanted = normalise(text)
    best: dict[str, float] = {}
    for name, kpi in _BY_NAME.items():
        likeness = likeness_of(wanted, name)
        if likeness >= SUGGESTION_FLOOR:
            best[kpi.code] = max(likeness, best.get(kpi.code, 0.0))
    ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))[:limit]
    return [(BY_CODE[code], round(score, 1)) for code, score in ranked]


def likeness_of(one: str, other: str) -> float:
    """How alike two normalised spellings are, 0..100."""
    # fuzz.WRatio also compares parts of words and so finds "readiness" in "happiness".
    return max(
        fuzz.ratio(one, other),
        fuzz.token_sort_ratio(one, other),
        0.9 * fuzz.token_set_ratio(one, other),
    )
