"""Reads of scorecards: which there are and whom they are for, one with its versions, what two texts differ in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.models import Account
from core.actor import Actor
from kpis.catalogue import CATEGORIES
from kpis.models import BackTest, Kpi, Scorecard, ScorecardVersion
from kpis.queries.portfolio import Sums
from kpis.scoring import definition_hash
from kpis.scoring.assignment import FACTS, RULE_FIELDS, Facts, Rule, matches, rule_text
from kpis.scoring.document import Difference, differences, merge, shares_of

State = ScorecardVersion.State


@dataclass
class Reach:
    """The accounts a scorecard is for, among those a person sees; arr: their revenue, unknown amounts counted."""

    accounts: int = 0
    arr: Sums = field(default_factory=Sums)


@dataclass(frozen=True)
class ScorecardRow:
    """A scorecard in the list. reach: None while it has no live version, so that it is for nobody yet."""

    card: Scorecard
    live: ScorecardVersion | None
    drafts: int
    in_review: int
    reach: Reach | None

    @property
    def rule(self) -> str:
        return rule_text(self.card.rule)


def scorecards(*, archived: bool = False) -> QuerySet[Scorecard]:
    """Scorecards by priority with `drafts` and `in_review`."""
    found: QuerySet[Scorecard] = Scorecard.objects.filter(archived_at__isnull=not archived).order_by("priority")
    return found.annotate(
        drafts=Count("versions", filter=Q(versions__state=State.DRAFT)),
        in_review=Count("versions", filter=Q(versions__state=State.REVIEW)),
    )


def scorecard_rows(*, by: Actor, today: date, archived: bool = False) -> list[ScorecardRow]:
    """Every scorecard by priority with whom it is for, as far as `by` sees the accounts. Four queries."""
    live = {version.scorecard_id: version for version in live_versions()}
    reach = reaches(_rules(), by=by, today=today)
    return [
        ScorecardRow(
            card,
            live.get(card.pk),
            card.drafts,  # type: ignore[attr-defined]
            card.in_review,  # type: ignore[attr-defined]
            reach.get(card.pk, Reach()) if card.pk in live else None,
        )
        for card in scorecards(archived=archived)
    ]


def live_versions() -> QuerySet[ScorecardVersion]:
    """The versions in force, by priority; without their texts."""
    live = ScorecardVersion.objects.filter(state=State.LIVE, scorecard__archived_at=None)
    found: QuerySet[ScorecardVersion] = live.select_related("scorecard").order_by("scorecard__priority")
    return found.defer("definition", "findings", "effect")


Ruled = tuple[int, UUID, Rule]  # priority, scorecard, rule


def _rules() -> list[Ruled]:
    return [(v.scorecard.priority, v.scorecard_id, v.scorecard.rule) for v in live_versions()]


def reaches(rules: Sequence[Ruled], *, by: Actor, today: date) -> dict[UUID | None, Reach]:
    """Scorecard -> the accounts it would be for if these were the live ones; None: accounts that none is for."""
    found: dict[UUID | None, Reach] = {}
    for facts, arr, currency in _accounts(by):
        reach = found.setdefault(_winner(rules, facts, today), Reach())
        reach.accounts += 1
        reach.arr.add(arr, currency, unknown=arr is None)
    return found


def _accounts(by: Actor) -> Any:
    rows = Account.objects.visible_to(by).active().values_list(*FACTS, "arr", "currency")
    return ((Facts(*row[: len(FACTS)]), row[-2], row[-1]) for row in rows.iterator(2000))


def _winner(rules: Sequence[Ruled], facts: Facts, today: date) -> UUID | None:
    return next((card for _, card, rule in sorted(rules, key=lambda one: one[0]) if matches(rule, facts, today)), None)


@dataclass(frozen=True)
class Moves:
    """What another rule would do: accounts this scorecard has now and would have, and those that come and go.

    arr: their revenue. nobody: accounts that no scorecard would be for.
    """

    now: Reach
    then: Reach
    come: Reach
    go: Reach
    nobody: int


def rule_moves(card: Scorecard, rule: Rule, priority: int, *, by: Actor, today: date) -> Moves:
    """Who would move if the scorecard had this rule and priority. A card without a live version is taken as live."""
    others = [one for one in _rules() if one[1] != card.pk]
    here = [one for one in _rules() if one[1] == card.pk]
    then = sorted([*others, (priority, card.pk, rule)], key=lambda one: (one[0], one[1] != card.pk))
    now = sorted([*others, *here], key=lambda one: one[0])
    made = {name: Reach() for name in ("now", "then", "come", "go")}
    nobody = 0
    for facts, arr, currency in _accounts(by):
        before, after = (_winner(rules, facts, today) for rules in (now, then))
        nobody += after is None
        mine = {"now": before == card.pk, "then": after == card.pk}
        mine |= {"come": mine["then"] and not mine["now"], "go": mine["now"] and not mine["then"]}
        for name in [name for name, counts in mine.items() if counts]:
            made[name].accounts += 1
            made[name].arr.add(arr, currency, unknown=arr is None)
    return Moves(**made, nobody=nobody)


def rule_choices() -> dict[str, list[tuple[str, str, int]]]:
    """Field -> (value, label, accounts) that occur in the book or in a rule, the most frequent first."""
    accounts = Account.objects.active()
    ruled = list(Scorecard.objects.filter(archived_at=None).values_list("rule", flat=True))
    found = {}
    for name in RULE_FIELDS:
        counts: Counter[str] = Counter(dict(accounts.exclude(**{name: ""}).values_list(name).annotate(Count("id"))))
        counts.update({value: 0 for rule in ruled for value in rule.get(name, ())})
        labels = dict(Account.Stage.choices) if name == "stage" else {}
        if name == "stage":
            counts.update(dict.fromkeys(labels, 0))
        found[name] = [(value, str(labels.get(value, value)), count) for value, count in counts.most_common(60)]
    return found


def versions_of(card: Scorecard) -> QuerySet[ScorecardVersion]:
    """All versions of a scorecard, newest first."""
    found: QuerySet[ScorecardVersion] = card.versions.select_related("scorecard", "based_on").order_by("-number")
    return found


def versions() -> QuerySet[ScorecardVersion]:
    found: QuerySet[ScorecardVersion] = ScorecardVersion.objects.select_related("scorecard", "based_on")
    return found


def in_review() -> QuerySet[ScorecardVersion]:
    """What waits for somebody to approve it."""
    return versions().filter(state=State.REVIEW, scorecard__archived_at=None)


@dataclass(frozen=True)
class Gate:
    """One of the steps to live. state: done, failed, open (to be done) or running."""

    name: str
    state: str
    text: str


def record_of(version: ScorecardVersion) -> BackTest | None:
    """The newest finished back-test of exactly this text, whichever version it was made for."""
    return _records(version).filter(result__isnull=False, finished_at__isnull=False).first()


def _records(version: ScorecardVersion) -> QuerySet[BackTest]:
    tests = BackTest.objects.filter(definition_hash=definition_hash(version.definition))
    found: QuerySet[BackTest] = tests.select_related("job").order_by("-created_at")
    return found


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


@dataclass(frozen=True)
class CategoryRows:
    code: str
    name: str
    weight: Any
    share: float | None
    items: list[ItemRow]
    findings: list[Mapping[str, str]]


CATEGORY_NAMES = {category.code: category.name for category in CATEGORIES}
_PLACES = {category.code: place for place, category in enumerate(CATEGORIES)}


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
class Compared:
    """Two texts side by side. rows: group -> differences. shifted: KPIs whose row is the same, but not their share."""

    before: ScorecardVersion
    after: ScorecardVersion
    rows: Mapping[str, list[Difference]]
    shifted: list[tuple[str, float, float]]
    names: Mapping[str, str]

    @property
    def count(self) -> int:
        return sum(map(len, self.rows.values()))


def compare(before: ScorecardVersion, after: ScorecardVersion) -> Compared:
    """Row by row what `after` says otherwise, with the share of the score each KPI decides. One query."""
    found = differences(before.definition, after.definition)
    was, will = shares_of(before.definition), shares_of(after.definition)
    touched = {one.key for one in found}
    shifted = [
        (key.partition(".")[2], was[key], will[key])
        for key in will
        if key.startswith("items.") and key in was and key not in touched and abs(was[key] - will[key]) >= 0.05
    ]
    rows: dict[str, list[Difference]] = {"figures": [], "categories": [], "items": [], "exceptions": []}
    for one in found:
        rows[one.group].append(one)
    return Compared(before, after, rows, sorted(shifted, key=lambda one: one[1] - one[2]), kpi_names() | CATEGORY_NAMES)


def kpi_names() -> dict[str, str]:
    return dict(Kpi.objects.values_list("code", "name"))


@dataclass(frozen=True)
class MergePreview:
    """What bringing the live version into a draft would do. clashes: rows to choose; taken: rows that come along."""

    live: ScorecardVersion
    clashes: tuple[Any, ...]
    taken: tuple[str, ...]


def merge_preview(version: ScorecardVersion) -> MergePreview | None:
    """None when nothing went live since the draft was branched, or when it has no text in common with the live one."""
    if version.based_on is None or not version.editable:
        return None
    live = version.scorecard.versions.filter(state=State.LIVE).first()
    if live is None or live.pk == version.based_on_id:
        return None
    merged = merge(version.based_on.definition, version.definition, live.definition, {})
    return MergePreview(live, merged.clashes, merged.taken)
