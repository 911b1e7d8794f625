"""One version of a scorecard: the steps it has taken, its text as a table, and what it says otherwise than another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.timezone import localtime

from core.templatetags.formats import day
from kpis.catalogue import CATEGORIES
from kpis.catalogue.ranges import Range
from kpis.models import Kpi, ScorecardVersion
from kpis.queries.back_tests import record_of, running_test
from kpis.queries.scorecard_words import Row, dated_text, exception_text, part_text, ranges_or_none, row_name, row_of
from kpis.scoring.document import DEFAULTS, differences, merge, rows_of, shares_of
from kpis.scoring.findings import REFUSED

State = ScorecardVersion.State
CATEGORY_NAMES = {category.code: category.name for category in CATEGORIES}
_PLACES = {category.code: place for place, category in enumerate(CATEGORIES)}
LEAST_SHIFT = 0.05  # percentage points: less is not said


@dataclass(frozen=True)
class Gate:
    """One of the steps to live. state: done, failed, running, or open when it is still to be done."""

    name: str
    state: str
    text: str


def gates(version: ScorecardVersion) -> list[Gate]:
    """Checked, back-tested, reviewed, live: where this text stands. Two queries."""
    record, running = record_of(version), running_test(version)
    if record is not None:
        tested = Gate("Back-tested", "done", f"Record of {day(localtime(record.finished_at))}")
    elif running is not None:
        tested = Gate("Back-tested", "running", "Running now")
    else:
        tested = Gate("Back-tested", "open", "No record of this text yet")
    return [_checked(version), tested, _reviewed(version), _live(version)]


def _checked(version: ScorecardVersion) -> Gate:
    if version.findings is None:
        published = version.live_since is not None
        return Gate("Checked", "open", "Published without a check" if published else "Not since it was changed")
    refused, doubts = count_findings(version)
    look = f"{doubts} to look at" if doubts else "nothing found"
    if refused:
        return Gate("Checked", "failed", f"{refused} to mend, {look}" if doubts else f"{refused} to mend")
    return Gate("Checked", "done", f"Passed, {look}")


def count_findings(version: ScorecardVersion) -> tuple[int, int]:
    """How many findings stand in the way, and how many are only to be looked at."""
    findings = version.findings or []
    refused = sum(one["severity"] == REFUSED for one in findings)
    return refused, len(findings) - refused


def _reviewed(version: ScorecardVersion) -> Gate:
    if version.live_since is not None:
        return Gate(
            "Reviewed", "done", f"By {version.reviewed_by}" if version.reviewed_by else "It came with Plumbline"
        )
    if version.state == State.REVIEW:
        return Gate("Reviewed", "running", f"Submitted by {version.submitted_by}")
    sent_back = version.review_note and version.state == State.DRAFT
    return Gate("Reviewed", "failed" if sent_back else "open", "Sent back" if sent_back else "Not submitted yet")


def _live(version: ScorecardVersion) -> Gate:
    if version.live_since is None:
        return Gate("Live", "open", "Not yet")
    words = live_words(version)
    return Gate("Live", "done", words[0].upper() + words[1:])


def live_words(version: ScorecardVersion) -> str:
    """The days a version was live: "since 3 Nov 2026", "3 Nov 2026 to 20 Nov 2026", "on 20 Nov 2026" only; "" never."""
    if version.live_since is None:
        return ""
    first = day(localtime(version.live_since))
    if version.state == State.LIVE or version.retired_at is None:
        return f"since {first}"
    last = day(localtime(version.retired_at))
    return f"on {first}" if first == last else f"{first} to {last}"


@dataclass(frozen=True)
class ItemRow:
    """A KPI of a text. share: per cent of the score it decides. findings: what the checker said of this row."""

    code: str
    name: str
    unit: str
    known: bool
    weight: Any
    share: float | None
    anchors: list[Any]
    ranges: list[Mapping[str, Any]]
    cadence_days: int | None
    expires_days: int | None
    outcome_like: bool
    findings: list[Mapping[str, str]]

    @property
    def bands(self) -> tuple[Range, ...]:
        return ranges_or_none(self.anchors)

    @property
    def dated(self) -> str:
        """Its dated ranges in words, "" without any."""
        return dated_text(self.ranges) if self.ranges else ""

    @property
    def expected(self) -> str:
        return part_text("cadence_days", self.cadence_days, {})


@dataclass(frozen=True)
class CategoryRows:
    code: str
    name: str
    weight: Any
    share: float | None
    items: list[ItemRow]
    findings: list[Mapping[str, str]]


def table_of(version: ScorecardVersion) -> list[CategoryRows]:
    """The text as a table: categories in the catalogue's order, KPIs by how much they decide. One query."""
    text, shares, findings = version.definition, shares_of(version.definition), version.findings or []
    kpis = {kpi.code: kpi for kpi in Kpi.objects.filter(code__in=[item["kpi"] for item in text["items"]])}
    rows: dict[str, list[ItemRow]] = {code: [] for code in sorted(text["categories"], key=category_place)}
    for item in text["items"]:
        kpi = kpis.get(item["kpi"])
        rows.setdefault(item["category"], []).append(
            ItemRow(
                code=item["kpi"],
                name=kpi.name if kpi else item["kpi"],
                unit=kpi.unit if kpi else "",
                known=kpi is not None,
                weight=item["weight"],
                share=shares.get(f"items.{item['kpi']}"),
                anchors=item.get("anchors") or [],
                ranges=item.get("ranges") or [],
                cadence_days=item.get("cadence_days"),
                expires_days=item.get("expires_days"),
                outcome_like=bool(item.get("outcome_like")),
                findings=[one for one in findings if _concerns(one, f"items.{item['kpi']}")],
            )
        )
    return [
        CategoryRows(
            code,
            CATEGORY_NAMES.get(code, code),
            text["categories"].get(code),
            shares.get(f"categories.{code}"),
            sorted(items, key=lambda item: (-(item.share or 0), item.name)),
            [one for one in findings if _concerns(one, f"categories.{code}")],
        )
        for code, items in rows.items()
    ]


def category_place(code: str) -> tuple[int, str]:
    return _PLACES.get(code, len(_PLACES)), code


def _concerns(finding: Mapping[str, str], place: str) -> bool:
    return finding["place"] == place or finding["place"].startswith(f"{place}.")


@dataclass(frozen=True)
class ExceptionRow:
    """A cap or floor of a text in words."""

    text: str
    reason: str
    findings: list[Mapping[str, str]]


def exceptions_of(version: ScorecardVersion, names: Mapping[str, str]) -> list[ExceptionRow]:
    findings = version.findings or []
    return [
        ExceptionRow(
            exception_text(rule, names),
            str(rule.get("reason", "")),
            [one for one in findings if _concerns(one, f"exceptions.{place}")],
        )
        for place, rule in enumerate(version.definition.get("exceptions") or [])
    ]


def figures_of(version: ScorecardVersion) -> dict[str, str]:
    """The bands and the least coverage in words."""
    text = version.definition
    return {name: part_text(name, text.get(name, default), {}) for name, default in DEFAULTS.items()}


@dataclass(frozen=True)
class Compared:
    """Two texts side by side: groups of rows, and KPIs whose row is the same but not how much they decide."""

    before: ScorecardVersion
    after: ScorecardVersion
    groups: list[tuple[str, list[Row]]]
    shifted: list[tuple[str, str, float, float]]

    @property
    def count(self) -> int:
        return sum(len(rows) for _, rows in self.groups)


GROUPS = {"figures": "Bands and coverage", "categories": "Categories", "items": "KPIs", "exceptions": "Caps and floors"}


def compare(before: ScorecardVersion, after: ScorecardVersion) -> Compared:
    """Row by row what `after` says otherwise, with the share of the score each KPI decides. One query."""
    names = names_of()
    found = differences(before.definition, after.definition)
    was, will, touched = shares_of(before.definition), shares_of(after.definition), {one.key for one in found}
    shifted = [
        (key.partition(".")[2], names.get(key.partition(".")[2], key), was[key], will[key])
        for key in will
        if key.startswith("items.") and key in was and key not in touched and abs(was[key] - will[key]) >= LEAST_SHIFT
    ]
    rows: dict[str, list[Row]] = {group: [] for group in GROUPS}
    for one in found:
        rows[one.group].append(row_of(one, names))
    groups = [(GROUPS[group], sorted(of, key=_weightiest)) for group, of in rows.items() if of]
    return Compared(before, after, groups, sorted(shifted, key=lambda one: -abs(one[3] - one[2])))


def _weightiest(row: Row) -> tuple[float, str]:
    return -abs(row.shift or 0), row.name


def names_of() -> dict[str, str]:
    """Code -> name of every KPI and category."""
    return dict(Kpi.objects.values_list("code", "name")) | CATEGORY_NAMES


@dataclass(frozen=True)
class ClashRow:
    """A row that the draft and the live version both changed. lines: (what, before, mine, live)."""

    key: str
    name: str
    mine: str
    live: str


@dataclass(frozen=True)
class MergePreview:
    """What bringing the live version into a draft would do. clashes: rows to choose; taken: rows that come along."""

    live: ScorecardVersion
    clashes: list[ClashRow]
    taken: list[str]


def merge_preview(version: ScorecardVersion) -> MergePreview | None:
    """None when nothing went live since the draft was branched, or when it has no text in common with the live one."""
    if version.based_on is None or not version.editable:
        return None
    live = version.scorecard.versions.filter(state=State.LIVE).first()
    if live is None or live.pk == version.based_on_id:
        return None
    names = names_of()
    merged = merge(version.based_on.definition, version.definition, live.definition, {})
    clashes = [
        ClashRow(
            clash.key,
            row_name(clash.key, clash.mine or clash.theirs, names),
            _said(clash.key, clash.base, clash.mine, names),
            _said(clash.key, clash.base, clash.theirs, names),
        )
        for clash in merged.clashes
    ]
    rows = rows_of(version.definition) | rows_of(live.definition)  # a row that was taken out there is still here
    return MergePreview(live, clashes, [row_name(key, rows.get(key), names) for key in merged.taken])


def _said(key: str, base: Any, side: Any, names: Mapping[str, str]) -> str:
    """What one side made of a row, only where it differs from what both came from."""
    if side is None:
        return "taken out"
    if not isinstance(side, Mapping):
        return part_text(key if "." not in key else "weight", side, names)
    was = base if isinstance(base, Mapping) else {}
    changed = [part for part in side if part not in was or was[part] != side[part]]
    return (
        "; ".join(f"{part.replace('_', ' ')} {part_text(part, side[part], names)}" for part in changed) or "as it was"
    )
