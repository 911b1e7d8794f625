"""The editor's form of a scorecard: from the text to fields as a person reads them, and back with a word at each field.

A part that nobody touched comes back exactly as it was, so that opening and saving a scorecard is not a change of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from core.errors import DomainError
from kpis.catalogue import CATEGORIES
from kpis.catalogue.edges import LABELS, BadEdges, Frame, anchors_of, edges_of, is_never_red
from kpis.freshness import CADENCE_DAYS
from kpis.models import Kpi
from kpis.scoring import definition_on
from kpis.scoring.document import MOST_EXCEPTIONS, MOST_ITEMS
from kpis.serializers.grid import typed_number
from kpis.workbook import figures
from kpis.workbook.units import plain

ONCE = "once"
NAMES = {category.code: category.name for category in CATEGORIES}
OPS = ("<=", ">=", "<", ">")
RULE_FIELDS = ("kpi", "op", "value", "kind", "limit", "reason", "order")
FIGURES = ("green_from", "yellow_from", "minimum_coverage")
NOTE = 400
CORNERS = "corners"  # a range that four edges cannot say, as "value: points" pairs

Definition = Mapping[str, Any]


@dataclass(frozen=True)
class Typed:
    """What stands in the form. kpis: codes in their order. rules: keys of the caps and floors in their order.

    Names of fields: "c.<category>", "k.<kpi>.<part>", "x.<key>.<part>", the figures, "note".
    """

    fields: Mapping[str, str]
    kpis: tuple[str, ...]
    rules: tuple[str, ...]

    def of(self, *parts: str) -> str:
        return self.fields.get(".".join(parts), "").strip()

    def but(self, **changes: Any) -> "Typed":
        return replace(self, **changes)


@dataclass
class Read:
    """What a form says. errors: field -> words; while there are any, `definition` is not to be used."""

    definition: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    errors: dict[str, str] = field(default_factory=dict)


def posted(fields: Mapping[str, str], kpis: Sequence[str], rules: Sequence[str]) -> Typed:
    """A form as it was sent; what is there twice counts once. No text of ours can hold the character NUL."""
    clean = {name: text.replace("\x00", "") for name, text in fields.items()}
    return Typed(clean, tuple(dict.fromkeys(kpis))[: MOST_ITEMS + 1], tuple(dict.fromkeys(rules)))


# From the text to the form ------------------------------------------------------------------------------------


def typed_of(definition: Definition, kpis: Mapping[str, Kpi], *, day: Any, note: str = "") -> Typed:
    """The fields of a text, ranges as they count on `day`."""
    fields = {"note": note} | {f"c.{code}": text for code, text in _shares(definition).items()}
    for item in definition_on(definition, day)["items"]:
        fields |= item_fields(item, kpis.get(item["kpi"]))
    rules = definition.get("exceptions") or []
    for place, rule in enumerate(rules):
        fields |= {f"x.{place}.{name}": _shown(rule.get(name)) for name in RULE_FIELDS}
    fields |= {"green_from": _shown(definition.get("green_from", 75))}
    fields |= {"yellow_from": _shown(definition.get("yellow_from", 50))}
    least = Decimal(str(definition.get("minimum_coverage", "0.4"))) * 100
    fields |= {"minimum_coverage": plain(least)}
    codes = [item["kpi"] for item in definition["items"]]
    return Typed(fields, tuple(dict.fromkeys(codes)), tuple(str(place) for place in range(len(rules))))


def item_fields(item: Mapping[str, Any], kpi: Kpi | None) -> dict[str, str]:
    """The fields of one KPI. Its anchors are read as edges where edges say all of them, else as corners."""
    code = item["kpi"]
    days = item["cadence_days"] if "cadence_days" in item else CADENCE_DAYS[item["cadence"]]
    fields = {
        "category": item["category"],
        "weight": _shown(item["weight"]),
        "cadence": ONCE if days is None else str(days),
        "expires": _shown(item.get("expires_days")),
        **_range_fields(item["anchors"], kpi),
    }
    return {f"k.{code}.{name}": text for name, text in fields.items()}


def _range_fields(anchors: Sequence[Sequence[Any]], kpi: Kpi | None) -> dict[str, str]:
    if kpi is None or not _said_by_edges(anchors, kpi):
        pairs = (f"{_shown(value)}: {_shown(points)}" for value, points in anchors)
        return {CORNERS: "; ".join(pairs)}
    edges = edges_of(anchors, kpi.direction)
    return {name: "" if value is None else plain(value) for name, value in edges.items()}


def _said_by_edges(anchors: Sequence[Sequence[Any]], kpi: Kpi) -> bool:
    try:
        edges = edges_of(anchors, kpi.direction)
        made = anchors_of(edges, frame_of(kpi), never_red=is_never_red(anchors, kpi.direction))
    except (BadEdges, ArithmeticError):
        return False
    return list(made) == [(Decimal(str(value)), int(points)) for value, points in anchors]


def frame_of(kpi: Kpi) -> Frame:
    return Frame(kpi.direction, kpi.unit, kpi.minimum, kpi.maximum)


def _shares(definition: Definition) -> dict[str, str]:
    """Category -> its weight in per cent, those of the catalogue first. Weights on another scale, such as 3 to 2, are
    brought to a sum of 100; shares that miss it stay as somebody wrote them, so that the page can say so."""
    weights = {code: Decimal(str(weight)) for code, weight in definition["categories"].items()}
    total = sum(weights.values())
    if Decimal("0.5") <= total <= 2:
        total = Decimal(1)
    codes = [*(code for code in NAMES if code in weights), *(code for code in weights if code not in NAMES)]
    absent = {code: "0" for code in NAMES if code not in weights}
    return {code: plain(round(weights[code] / total * 100, 2)) if total else "0" for code in codes} | absent


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return plain(Decimal(str(value))) if isinstance(value, int | float | Decimal) else str(value)


# From the form to the text ------------------------------------------------------------------------------------


def read(typed: Typed, *, base: Definition, kpis: Mapping[str, Kpi], day: Any) -> Read:
    """The text that the form says, what was not touched as it stands in `base`.

    kpis: the catalogue by code. Only the shape is judged here; whether it makes sense is for the checker to say.
    """
    found = Read(note=typed.of("note"))
    was = typed_of(base, kpis, day=day)
    if len(found.note) > NOTE:
        found.errors["note"] = f"Keep it below {NOTE} characters."
    if len(typed.kpis) > MOST_ITEMS:
        found.errors[""] = f"A scorecard has at most {MOST_ITEMS} KPIs."
    elif not typed.kpis:
        found.errors[""] = "A scorecard needs at least one KPI."
    stored = {item["kpi"]: item for item in base["items"]}
    definition = {
        **base,
        "categories": _categories(typed, was, base, found),
        "items": [_item(code, typed, was, stored.get(code), kpis, found) for code in typed.kpis],
        **_figures(typed, was, base, found),
    }
    rules = _rules(typed, was, base, kpis, found)
    if rules or "exceptions" in base:
        definition["exceptions"] = rules
    found.definition = definition
    return found


def _categories(typed: Typed, was: Typed, base: Definition, found: Read) -> dict[str, Any]:
    names = [name for name in was.fields if name.startswith("c.")]
    if all(typed.of(name) == was.of(name) for name in names):
        return dict(base["categories"])
    weights = {}
    for name in names:
        code = name.partition(".")[2]
        share = _number(typed.of(name), name, found, low=0, high=100, what="per cent of the score, 0 to 100")
        if code in base["categories"] or share:
            weights[code] = _json((share or Decimal(0)) / 100)
    if not any(weights.values()):
        found.errors.setdefault(names[0], "At least one category needs some weight.")
    return weights


def _figures(typed: Typed, was: Typed, base: Definition, found: Read) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in FIGURES:
        if typed.of(name) == was.of(name) and name in base:
            made[name] = base[name]
            continue
        what = "per cent of the weight, 0 to 100" if name == "minimum_coverage" else "a score, 0 to 100"
        number = _number(typed.of(name), name, found, low=0, high=100, what=what) or Decimal(0)
        made[name] = _json(number / 100 if name == "minimum_coverage" else number)
    if not found.errors.keys() & {"green_from", "yellow_from"} and not 0 < made["yellow_from"] < made["green_from"]:
        found.errors["yellow_from"] = "Watch has to begin above 0 and below healthy."
    return made


def _item(
    code: str,
    typed: Typed,
    was: Typed,
    stored: Mapping[str, Any] | None,
    kpis: Mapping[str, Kpi],
    found: Read,
) -> dict[str, Any]:
    kpi = kpis.get(code)
    if kpi is None and stored is None:
        found.errors[""] = f"“{code}” is not a KPI of your catalogue."
        return {"kpi": code}
    item = dict(stored or new_item(kpi))  # type: ignore[arg-type]
    start = was if stored else Typed(item_fields(item, kpi), (), ())
    touched = {name: f"k.{code}.{name}" for name in ("category", "weight", "cadence", "expires")}
    touched = {part: name for part, name in touched.items() if typed.of(name) != start.of(name)}
    if "category" in touched:
        item["category"] = _choice(typed, touched["category"], was, found)
    if "weight" in touched:
        weight = _number(typed.of(touched["weight"]), touched["weight"], found, low=0, high=1000, what="3, 2, 1 or 0")
        item["weight"] = _json(weight or Decimal(0))
    if "cadence" in touched:
        item.pop("cadence", None)
        text = typed.of(touched["cadence"])
        item["cadence_days"] = None if text == ONCE else _days(text, touched["cadence"], found)
    if "expires" in touched:
        text = typed.of(touched["expires"])
        item["expires_days"] = _days(text, touched["expires"], found) if text else None
    _range(item, code, typed, start, kpi, found)
    return item


def new_item(kpi: Kpi) -> dict[str, Any]:
    """A row for a KPI that comes onto the card, as the catalogue knows it."""
    return {
        "kpi": kpi.code,
        "category": kpi.category if kpi.category in NAMES else next(iter(NAMES)),
        "weight": kpi.weight,
        "anchors": kpi.anchors,
        "cadence_days": CADENCE_DAYS[kpi.cadence],
        "expires_days": kpi.expires_days,
        "outcome_like": kpi.outcome_like,
    }


def _choice(typed: Typed, name: str, was: Typed, found: Read) -> str:
    chosen = typed.of(name)
    if f"c.{chosen}" not in was.fields:
        found.errors[name] = "Choose one of the categories."
    return chosen


def _range(item: dict[str, Any], code: str, typed: Typed, start: Typed, kpi: Kpi | None, found: Read) -> None:
    """New anchors where an edge was touched; they take the place of the catalogue's dated ranges."""
    names = [name for name in start.fields if name.startswith(f"k.{code}.") and _is_range(name)]
    if all(typed.of(name) == start.of(name) for name in names):
        return
    if kpi is None or f"k.{code}.{CORNERS}" in names:
        anchors = _corners(typed.of("k", code, CORNERS), f"k.{code}.{CORNERS}", found)
    else:
        anchors = _edges(code, typed, kpi, is_never_red(item["anchors"], kpi.direction), found)
    if anchors is not None:
        item["anchors"] = [[_json(value), int(points)] for value, points in anchors]
        item.pop("ranges", None)


def _is_range(name: str) -> bool:
    part = name.rpartition(".")[2]
    return part in LABELS or part == CORNERS


def _edges(code: str, typed: Typed, kpi: Kpi, never_red: bool, found: Read) -> Sequence[tuple[Decimal, int]] | None:
    frame, edges = frame_of(kpi), {}
    for name in frame.names:
        text = typed.of("k", code, name)
        try:
            edges[name] = typed_number(text, kpi) if text else None
        except DomainError as refusal:
            found.errors[f"k.{code}.{name}"] = str(refusal)
    if any(key.startswith(f"k.{code}.") and _is_range(key) for key in found.errors):
        return None
    try:
        return anchors_of(edges, frame, never_red=never_red and edges.get("worst") is None)
    except BadEdges as refusal:
        found.errors |= {f"k.{code}.{name}": words for name, words in refusal.problems.items()}
        return None


def _corners(text: str, name: str, found: Read) -> Sequence[tuple[Decimal, int]] | None:
    pairs = []
    for part in filter(None, (one.strip() for one in text.replace("\n", ";").split(";"))):
        value, points = (figures.parse_figure(one) for one in (*part.split(":"), "")[:2])
        if value is None or points is None or points.value != int(points.value) or part.count(":") != 1:
            found.errors[name] = f"“{part}”: write a value and its points, like 40: 50, and ; between the corners."
            return None
        pairs.append((value.value, int(points.value)))
    if len(pairs) < 2:
        found.errors[name] = "Two corners or more are needed, like 0: 0; 100: 100."
        return None
    return pairs


def _rules(typed: Typed, was: Typed, base: Definition, kpis: Mapping[str, Kpi], found: Read) -> list[dict[str, Any]]:
    if len(typed.rules) > MOST_EXCEPTIONS:
        found.errors[""] = f"A scorecard has at most {MOST_EXCEPTIONS} caps and floors."
        return []
    stored = base.get("exceptions") or []
    rules = []
    for key in typed.rules:
        names = [f"x.{key}.{part}" for part in RULE_FIELDS]
        if key in was.rules and all(typed.of(name) == was.of(name) for name in names):
            rules.append(dict(stored[int(key)]))
        elif not any(typed.of("x", key, part) for part in ("kpi", "value", "limit", "reason")):
            continue  # a row that was added and left empty
        else:
            rules.append(_rule(key, typed, kpis, found))
    return rules


def _rule(key: str, typed: Typed, kpis: Mapping[str, Kpi], found: Read) -> dict[str, Any]:
    place = f"x.{key}"
    code, errors = kpi_named(typed.of(place, "kpi"), kpis), found.errors
    kpi = kpis.get(code or "")
    value = Decimal(0)
    if kpi is None or kpi.code not in typed.kpis:
        errors[f"{place}.kpi"] = "Choose a KPI that is on the card."
    else:
        try:
            value = typed_number(typed.of(place, "value"), kpi)
        except DomainError as refusal:
            errors[f"{place}.value"] = str(refusal)
    limit = _number(typed.of(place, "limit"), f"{place}.limit", found, low=0, high=100, what="points, 0 to 100")
    order = _number(typed.of(place, "order") or "50", f"{place}.order", found, low=0, high=999, what="0 to 999")
    if typed.of(place, "op") not in OPS:
        errors[f"{place}.op"] = "Choose a comparison."
    if typed.of(place, "kind") not in ("cap", "floor"):
        errors[f"{place}.kind"] = "Choose a cap or a floor."
    if not typed.of(place, "reason"):
        errors[f"{place}.reason"] = "Say why; it is printed with every score it moves."
    return {
        "kpi": code or "",
        "op": typed.of(place, "op"),
        "value": _json(value),
        "kind": typed.of(place, "kind"),
        "limit": _json(limit or Decimal(0)),
        "reason": typed.of(place, "reason")[:200],
        "order": int(order or 0),
    }


def kpi_named(text: str, kpis: Mapping[str, Kpi]) -> str | None:
    """The code that a person means by a code or a name, exact but for case; None for anything else."""
    wanted = " ".join(text.split()).casefold()
    return next((code for code, kpi in kpis.items() if wanted in (code, kpi.name.casefold())), None)


def balanced(typed: Typed) -> Typed:
    """The category weights scaled so that they add up to 100 per cent; as they are when that cannot be."""
    names = [name for name in typed.fields if name.startswith("c.")]
    found = Read()
    shares = {name: _number(typed.of(name), name, found, low=0, high=10_000, what="") or Decimal(0) for name in names}
    total = sum(shares.values())
    if found.errors or not total:
        return typed
    scaled = {name: round(share / total * 100, 1) for name, share in shares.items()}
    largest = max(scaled, key=lambda name: scaled[name])
    scaled[largest] += 100 - sum(scaled.values())
    return typed.but(fields={**typed.fields, **{name: plain(share) for name, share in scaled.items()}})


def _number(text: str, name: str, found: Read, *, low: int, high: int, what: str) -> Decimal | None:
    """A number within limits; a comma is a decimal comma. None, with a word at the field, for anything else."""
    figure = figures.parse_figure(text)
    if figure is None or figure.multiplied or not low <= figure.value <= high:
        found.errors[name] = f"Enter {what}."
        return None
    return figure.value


def _days(text: str, name: str, found: Read) -> int | None:
    number = _number(text, name, found, low=1, high=36_500, what="whole days, 1 or more")
    if number is not None and number != int(number):
        found.errors[name] = "Enter whole days, 1 or more."
    return int(number) if number is not None else None


def _json(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def shares_typed(typed: Typed) -> Iterator[tuple[str, str]]:
    """(category, its per cent as typed)."""
    return ((name[2:], text) for name, text in typed.fields.items() if name.startswith("c."))
