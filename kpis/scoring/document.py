"""A scorecard's text as rows: what two texts differ in, and how a branch comes together with what went live since.

A row is the smallest thing that is taken or left as a whole; its key names its place in the document:
"categories.support", "items.seat_use", "exceptions.champion_status cap <=", "green_from". Pure, no Django.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

Definition = Mapping[str, Any]
Kind = Literal["added", "removed", "changed"]

FIGURES = ("green_from", "yellow_from", "minimum_coverage")
# What the reader of a text without them takes instead.
DEFAULTS = {"green_from": 75, "yellow_from": 50, "minimum_coverage": 0.4}
FARTHEST = 10**14  # what a stored value can hold before its point; infinity and NaN are beyond it
MOST_ITEMS, MOST_EXCEPTIONS, MOST_CATEGORIES, MOST_ANCHORS = 400, 60, 40, 24


@dataclass(frozen=True)
class Difference:
    """One row that two texts do not share. before, after: the row as it stands, None where there is none.

    share_before, share_after: per cent of the score that this KPI or category decides while every KPI has fresh
    data; None for other rows and where it is not on the card. parts: what of a changed row is another.
    """

    key: str
    kind: Kind
    before: Any
    after: Any
    share_before: float | None = None
    share_after: float | None = None
    parts: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """ "categories", "items", "exceptions" or "figures"."""
        head, dot, _ = self.key.partition(".")
        return head if dot else "figures"

    @property
    def code(self) -> str:
        """The KPI's, the category's or the figure's code; of an exception its key."""
        return self.key.partition(".")[2] or self.key


@dataclass(frozen=True)
class Clash:
    """A row that both sides changed, each in its own way. None: that side has taken it out."""

    key: str
    base: Any
    mine: Any
    theirs: Any


@dataclass(frozen=True)
class Merged:
    """definition: both sides together; of a row in `clashes` it holds mine. taken: rows that came from theirs."""

    definition: dict[str, Any]
    taken: tuple[str, ...]
    clashes: tuple[Clash, ...] = field(default=())


def rows_of(definition: Definition) -> dict[str, Any]:
    """Every row of a text by its key, in the order of the text."""
    rows: dict[str, Any] = {f"categories.{code}": weight for code, weight in definition["categories"].items()}
    listed = [(f"items.{item['kpi']}", item) for item in definition["items"]]
    for rule in definition.get("exceptions") or ():
        listed.append((f"exceptions.{rule.get('kpi')} {rule.get('kind')} {rule.get('op')}", rule))
    seen: dict[str, int] = {}
    for key, row in listed:
        seen[key] = seen.get(key, 0) + 1
        rows[key if seen[key] == 1 else f"{key} {seen[key]}"] = dict(row)
    return rows | {name: definition.get(name, DEFAULTS[name]) for name in FIGURES}


def shares_of(definition: Definition) -> dict[str, float]:
    """Per cent of the score that each KPI ("items.…") and category ("categories.…") decides with fresh data for all.

    A category without a weighted KPI decides nothing; a text whose weights are no numbers has no shares.
    """
    try:
        weights = {code: float(weight) for code, weight in definition["categories"].items()}
        items = [(item["kpi"], item["category"], float(item["weight"])) for item in definition["items"]]
    except (KeyError, TypeError, ValueError):
        return {}
    within: dict[str, float] = {}
    for _, category, weight in items:
        within[category] = within.get(category, 0.0) + weight
    whole = sum(weight for code, weight in weights.items() if within.get(code, 0) > 0)
    if not whole > 0 or not math.isfinite(whole):
        return {}
    shares = {f"categories.{code}": 100 * w / whole if within.get(code, 0) > 0 else 0.0 for code, w in weights.items()}
    for kpi, category, weight in items:
        beside = within[category]
        shares[f"items.{kpi}"] = shares.get(f"categories.{category}", 0.0) * weight / beside if beside > 0 else 0.0
    return shares


def differences(before: Definition, after: Definition) -> list[Difference]:
    """Row by row what `after` says otherwise, in the order of `after`, what it no longer has at the end.

    A KPI whose own row is the same but whose share of the score is another is not a difference of the text.
    """
    old, new = rows_of(before), rows_of(after)
    was, will = shares_of(before), shares_of(after)
    found = []
    for key in [*new, *(key for key in old if key not in new)]:
        one, other = old.get(key), new.get(key)
        if key in old and key in new and _same(one, other):
            continue
        kind: Kind = "added" if key not in old else "removed" if key not in new else "changed"
        parts = _parts(one, other) if kind == "changed" else ()
        found.append(Difference(key, kind, one, other, was.get(key), will.get(key), parts))
    return found


def _same(one: Any, other: Any) -> bool:
    return _plain(one) == _plain(other)


def _plain(value: Any) -> Any:
    """What has no say left out, so that a missing part and an empty one are the same."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items() if part not in (None, False, [], ())}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return float(value) if isinstance(value, Decimal) else value


def _parts(one: Any, other: Any) -> tuple[str, ...]:
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        return ("value",)
    names = dict.fromkeys([*other, *one])
    return tuple(name for name in names if not _same(one.get(name) or None, other.get(name) or None))


def merge(base: Definition, mine: Definition, theirs: Definition, choices: Mapping[str, str]) -> Merged:
    """Three-way: a row changed on one side only is taken from there, one that both changed alike is that.

    base: the text both come from. choices: key -> "mine" or "theirs" for rows that both sides changed; those
    without a choice are clashes. Items keep my order, new ones of theirs follow.
    """
    bases, mines, others = rows_of(base), rows_of(mine), rows_of(theirs)
    taken: list[str] = []
    clashes: list[Clash] = []
    result: dict[str, Any] = {}
    for key in dict.fromkeys([*mines, *others, *bases]):
        was, my, their = bases.get(key), mines.get(key), others.get(key)
        row = my
        if not _same(my, their) and not _same(was, their):
            chosen = "theirs" if _same(was, my) else choices.get(key)
            if chosen == "theirs":
                row = their
                taken.append(key)
            elif chosen != "mine":
                clashes.append(Clash(key, was, my, their))
        if row is not None:
            result[key] = row
    return Merged(from_rows(result, mine), tuple(taken), tuple(clashes))


def from_rows(rows: Mapping[str, Any], like: Definition) -> dict[str, Any]:
    """The text made of these rows; whatever else `like` says is kept."""
    groups: dict[str, dict[str, Any]] = {"categories": {}, "items": {}, "exceptions": {}}
    figures: dict[str, Any] = {}
    for key, row in rows.items():
        head, dot, rest = key.partition(".")
        if dot:
            groups[head][rest] = row
        else:
            figures[key] = row
    made = {**like, **figures, "categories": groups["categories"], "items": list(groups["items"].values())}
    if groups["exceptions"] or "exceptions" in like:
        made["exceptions"] = list(groups["exceptions"].values())
    return made


def shape_fault(given: Any) -> str | None:
    """Why this is no text of a scorecard that a page could show; None when it is one.

    Only the shape: whether it makes sense as a scorecard is for the checker to say.
    """
    if not isinstance(given, Mapping) or not isinstance(given.get("categories"), Mapping):
        return "A scorecard needs its categories with their weights."
    if len(given["categories"]) > MOST_CATEGORIES:
        return f"A scorecard has at most {MOST_CATEGORIES} categories."
    if not isinstance(given.get("items"), list) or not all(isinstance(item, Mapping) for item in given["items"]):
        return "A scorecard needs a list of KPIs."
    if len(given["items"]) > MOST_ITEMS:
        return f"A scorecard has at most {MOST_ITEMS} KPIs."
    figures = [*given["categories"].items(), *((name, given[name]) for name in FIGURES if name in given)]
    for name, value in figures:
        if not _number(value):
            return f"{name}: a number is needed."
    return next((fault for item in given["items"] if (fault := _item_fault(item))), None) or _exceptions_fault(given)


def _item_fault(item: Mapping[str, Any]) -> str | None:
    code = item.get("kpi")
    if not isinstance(code, str) or not code:
        return "Every row needs the code of its KPI."
    if not isinstance(item.get("category"), str):
        return f"{code}: which category does it belong to?"
    if not _number(item.get("weight")):
        return f"{code}: the weight is a number."
    for name in ("cadence_days", "expires_days"):
        if item.get(name) is not None and not (_number(item[name]) and isinstance(item[name], int)):
            return f"{code}: {name} is a whole number of days."
    texts = [item.get("anchors"), *(one.get("anchors") for one in _ranges(item))]
    if not all(_anchors(text) for text in texts):
        return f"{code}: anchors are pairs of a value and its points, at most {MOST_ANCHORS}."
    return None if "ranges" not in item or _ranges(item) or not item["ranges"] else f"{code}: its ranges are not dated."


def _ranges(item: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    given = item.get("ranges") or []
    return given if isinstance(given, list) and all(isinstance(one, Mapping) and _day(one) for one in given) else []


def _day(given: Mapping[str, Any]) -> bool:
    try:
        return bool(date.fromisoformat(given["from"]))
    except (KeyError, TypeError, ValueError):
        return False


def _anchors(given: Any) -> bool:
    return (
        isinstance(given, list)
        and len(given) <= MOST_ANCHORS
        and all(
            isinstance(pair, list | tuple) and len(pair) == 2 and all(_number(figure) for figure in pair)
            for pair in given
        )
    )


def _exceptions_fault(given: Mapping[str, Any]) -> str | None:
    rules = given.get("exceptions", [])
    if not isinstance(rules, list) or len(rules) > MOST_EXCEPTIONS or not all(isinstance(r, Mapping) for r in rules):
        return f"Caps and floors are a list of at most {MOST_EXCEPTIONS}."
    return None


def _number(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and -FARTHEST < given < FARTHEST
