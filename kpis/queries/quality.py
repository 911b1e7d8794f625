"""How good the data is: completeness, freshness, validity and consistency, by source and by KPI; what to mend first.

The heavy figures are added up by the worker and kept with their time; the lists behind them are read as they are now.
The measure of a fix: by how many points it would raise the coverage of the scores, each account counting with its
yearly revenue. Coverage is the part of the scorecard's weight that has values, as in the scores themselves.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from accounts.models import Account
from core.time import month_end
from kpis.freshness import FULL_UNTIL, MONTH_DAYS, ZERO_AT
from kpis.models import Kpi, QualityReport, Suggestion, Upload, UploadIssue
from kpis.queries.assignment import cards_for
from kpis.queries.health import LiveCard

CHUNK = 1_000  # accounts whose newest values are in memory at once
RECENT_DAYS = 90  # contradictions of so many days
MOST_HELD = 200_000  # held cells that are weighed
OWN = {
    "edit": "Corrected by people",
    "api": "API",
    "formula": "Formulas",
    "sample": "Sample data",
    "sync": "Sync",
    "event": "Events",
}


@dataclass
class Item:
    """A KPI of a scorecard. share: its part of the weight; full, gone: days until it fades, until it is gone."""

    code: str
    name: str
    category: str
    share: float
    full: float
    gone: float


@dataclass
class KpiQuality:
    """Of the accounts: how many have a value that counts, how many a fresh one. held: cells that wait."""

    code: str
    name: str
    category: str
    accounts: int = 0
    counting: int = 0
    fresh: int = 0
    held: int = 0
    contradictions: int = 0
    doubts: int = 0

    @property
    def missing(self) -> int:
        return self.accounts - self.counting

    @property
    def fading(self) -> int:
        return self.counting - self.fresh


@dataclass
class SourceQuality:
    """key: the file's name, or the kind of origin. values: newest ones that count in a score now."""

    key: str
    label: str
    is_file: bool
    values: int = 0
    fresh: int = 0
    accounts: int = 0
    newest: str = ""
    cells: int = 0
    held: int = 0
    contradictions: int = 0
    doubts: int = 0
    upload: str = ""

    @property
    def fading(self) -> int:
        return self.values - self.fresh

    @property
    def valid(self) -> float | None:
        return None if not self.cells else 100 * (1 - self.held / self.cells)


@dataclass
class Fix:
    """kind: missing, held or fading. gain: points of revenue-weighted coverage. url: where it is done."""

    kind: str
    what: str
    key: str
    gain: float
    accounts: int
    values: int


@dataclass
class Figures:
    accounts: int = 0
    coverage: float | None = None
    weighted_by: str = "revenue"
    expected: int = 0
    counting: int = 0
    fresh: int = 0
    cells: int = 0
    held: int = 0
    contradictions: int = 0
    doubts: int = 0
    kpis: list[KpiQuality] = field(default_factory=list)
    sources: list[SourceQuality] = field(default_factory=list)
    fixes: list[Fix] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Figures":
        rest = {name: value for name, value in kept.items() if name not in ("kpis", "sources", "fixes")}
        return cls(
            **rest,
            kpis=[KpiQuality(**row) for row in kept.get("kpis", [])],
            sources=[SourceQuality(**row) for row in kept.get("sources", [])],
            fixes=[Fix(**row) for row in kept.get("fixes", [])],
        )


def newest_report() -> QualityReport | None:
    found: QualityReport | None = QualityReport.objects.order_by("-made_at").first()
    return found


def items_of(card: LiveCard) -> dict[UUID, Item]:
    """The KPIs that a scorecard expects, by the id of their row."""
    totals: dict[str, float] = defaultdict(float)
    for item in card.rules.items:
        totals[item.category] += float(item.weight)
    whole = float(sum(card.rules.categories.values()))
    kpis = {kpi.pk: kpi for kpi in Kpi.objects.filter(pk__in=card.kpi_ids)}
    found = {}
    for kpi_id, item in zip(card.kpi_ids, card.rules.items, strict=True):
        share = float(card.rules.categories[item.category]) / whole * float(item.weight) / (totals[item.category] or 1)
        cadence = max(item.cadence_days, MONTH_DAYS) if item.cadence_days else 0
        full, gone = (FULL_UNTIL * cadence, ZERO_AT * cadence) if cadence else (1e9, 2e9)
        found[kpi_id] = Item(kpis[kpi_id].code, kpis[kpi_id].name, item.category, share, full, gone)
    return found


_NEWEST = """
select a.id, k.id, v.period, v.origin, v.upload_id
from unnest(%(accounts)s::uuid[]) a(id)
cross join unnest(%(kpis)s::uuid[]) k(id)
cross join lateral (
    select period, origin, upload_id from kpis_kpivalue
    where account_id = a.id and kpi_id = k.id and superseded_at is null and period <= %(today)s
    order by period desc limit 1
) v
"""


class Measuring:
    """One pass over the newest value of each account and KPI; `figures` says the rest."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.items: dict[UUID, Item] = {}
        self._cards: dict[UUID, dict[UUID, Item]] = {}
        self.uploads = dict(Upload.objects.values_list("id", "file_name"))
        self.weights = _weights()
        self.kpis: dict[UUID, KpiQuality] = {}
        self.sources: dict[str, SourceQuality] = {}
        self.held = _held_keys()
        self.covered = 0.0
        self.gains: dict[tuple[str, str], float] = defaultdict(float)
        self.touched: dict[tuple[str, str], set[UUID]] = defaultdict(set)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.of_source: dict[str, set[UUID]] = defaultdict(set)
        self._periods: dict[date, int] = {}

    def figures(self) -> Figures:
        accounts = list(self.weights)
        for start in range(0, len(accounts), CHUNK):
            self._chunk(accounts[start : start + CHUNK])
        return _finished(self)

    def _chunk(self, accounts: Sequence[UUID]) -> None:
        for card, ids in cards_for(accounts, today=self.today):
            self._under(self._items(card), ids)

    def _items(self, card: LiveCard) -> dict[UUID, Item]:
        if card.row.pk not in self._cards:
            self._cards[card.row.pk] = items_of(card)
            self.items |= self._cards[card.row.pk]
            for pk, item in self._cards[card.row.pk].items():
                self.kpis.setdefault(pk, KpiQuality(item.code, item.name, item.category))
        return self._cards[card.row.pk]

    def _under(self, items: Mapping[UUID, Item], accounts: Sequence[UUID]) -> None:
        newest: dict[UUID, dict[UUID, tuple[date, str, UUID | None]]] = {account: {} for account in accounts}
        given: dict[str, Any] = {"accounts": list(accounts), "kpis": list(items), "today": self.today}
        with connection.cursor() as cursor:
            cursor.execute(_NEWEST, given)
            for account, kpi, period, origin, upload in cursor.fetchall():
                newest[account][kpi] = period, origin, upload
        for account, values in newest.items():
            self._account(account, items, values)

    def _account(
        self, account: UUID, items: Mapping[UUID, Item], values: Mapping[UUID, tuple[date, str, UUID | None]]
    ) -> None:
        weight, waiting = self.weights[account], self.held.get(account, {})
        for kpi, item in items.items():
            row, value = self.kpis[kpi], values.get(kpi)
            row.accounts += 1
            fresh = self._freshness(item, value[0]) if value else 0.0
            self.covered += weight * item.share * fresh
            lost = weight * item.share * (1 - fresh)
            if value and fresh > 0:
                row.counting += 1
                row.fresh += fresh == 1
                self._of_source(account, value, fresh, lost)
            else:
                self._gain("missing", item.code, account, lost)
            if lost and kpi in waiting:
                self._gain("held", waiting[kpi], account, lost)

    def _of_source(self, account: UUID, value: tuple[date, str, UUID | None], fresh: float, lost: float) -> None:
        period, origin, upload = value
        source = self.source(origin, self.uploads.get(upload, "") if upload else "")
        source.values += 1
        source.fresh += fresh == 1
        source.newest = max(source.newest, period.isoformat())
        self.of_source[source.key].add(account)
        if fresh < 1:
            self._gain("fading", source.key, account, lost)

    def _gain(self, kind: str, key: str, account: UUID, lost: float) -> None:
        self.gains[kind, key] += lost
        self.touched[kind, key].add(account)
        self.counts[kind, key] += 1

    def source(self, origin: str, file: str) -> SourceQuality:
        key = file or f"={origin}"
        if key not in self.sources:
            self.sources[key] = SourceQuality(key, file or OWN.get(origin, "Files without a name"), bool(file))
        return self.sources[key]

    def _freshness(self, item: Item, period: date) -> float:
        if period not in self._periods:
            self._periods[period] = max(0, (self.today - month_end(period)).days)
        age = self._periods[period]
        return 1.0 if age <= item.full else max(0.0, (item.gone - age) / (item.gone - item.full))


def _weights() -> dict[UUID, float]:
    """Each account's part of the whole yearly revenue; without any revenue all count the same."""
    rows = Account.objects.active().order_by("pk").values_list("pk", "arr")
    known = {pk: float(arr or 0) for pk, arr in rows}
    total = sum(known.values())
    return {pk: (arr / total if total else 1 / len(known)) for pk, arr in known.items()}


def _held_keys() -> dict[UUID, dict[UUID, str]]:
    """Account -> KPI -> the file in which a value of it waits."""
    held = UploadIssue.objects.filter(
        state=UploadIssue.State.HELD, cells=1, account__isnull=False, kpi__isnull=False, upload__state=Upload.State.DONE
    ).order_by("upload_id")
    found: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    for account, kpi, file in held.values_list("account_id", "kpi_id", "upload__file_name")[:MOST_HELD].iterator():
        found[account][kpi] = file
    return found


def _finished(done: Measuring) -> Figures:
    kpis = sorted(done.kpis.values(), key=lambda row: row.counting / row.accounts if row.accounts else 0)
    _validity(done)
    _consistency(done)
    for key, accounts in done.of_source.items():
        done.sources[key].accounts = len(accounts)
    sources = sorted(done.sources.values(), key=lambda row: -row.values)
    return Figures(
        accounts=len(done.weights),
        coverage=round(100 * done.covered, 2) if done.items and done.weights else None,
        weighted_by="revenue" if Account.objects.active().filter(arr__gt=0).exists() else "account",
        expected=sum(row.accounts for row in kpis),
        counting=sum(row.counting for row in kpis),
        fresh=sum(row.fresh for row in kpis),
        cells=sum(row.cells for row in sources),
        held=sum(row.held for row in sources),
        contradictions=sum(row.contradictions for row in kpis),
        doubts=sum(row.doubts for row in sources),
        kpis=kpis,
        sources=sources,
        fixes=_fixes(done),
    )


def _validity(done: Measuring) -> None:
    """Of each file's newest version: how many of its cells could be taken; and what is held by KPI."""
    held = UploadIssue.objects.filter(state=UploadIssue.State.HELD, upload__state=Upload.State.DONE)
    waiting: Counter[UUID] = Counter(dict(held.order_by().values_list("upload").annotate(n=_CELLS)))
    newest = Upload.objects.filter(state=Upload.State.DONE, sample=False).order_by("file_name", "-version")
    for upload in newest.distinct("file_name").only("id", "file_name", "summary"):
        source, said = done.source("upload", upload.file_name), upload.summary
        taken = sum(int(said.get(name, 0)) for name in ("imported", "template_only", "unchanged", "corrected"))
        source.held, source.upload = int(waiting[upload.pk]), str(upload.pk)
        source.cells = taken + source.held
    by_kpi = held.filter(kpi__isnull=False).order_by().values_list("kpi").annotate(n=_CELLS)
    for kpi, cells in by_kpi:
        if kpi in done.kpis:
            done.kpis[kpi].held = cells or 0


_CELLS = Count("id", filter=Q(cells__gt=0))

_CONTRADICTIONS = """
select c.kpi_id, n.file_name, count(*)
from kpis_kpivalue c
join kpis_kpivalue p on p.id = c.previous_id
join kpis_upload n on n.id = c.upload_id
join kpis_upload o on o.id = p.upload_id
where c.previous_id is not null and c.recorded_at >= %s and c.origin = 'upload' and p.origin = 'upload'
  and o.file_name <> n.file_name and o.state = 'done' and n.state = 'done' and p.value <> c.value
group by 1, 2
"""


def _consistency(done: Measuring) -> None:
    """Values that one file said otherwise than another, and values that are doubted."""
    with connection.cursor() as cursor:
        cursor.execute(_CONTRADICTIONS, [done.today - timedelta(days=RECENT_DAYS)])
        for kpi, file, count in cursor.fetchall():
            done.source("upload", file).contradictions += count
            if kpi in done.kpis:
                done.kpis[kpi].contradictions += count
    doubts = Suggestion.objects.filter(state=Suggestion.State.OPEN, value__superseded_at=None).order_by()
    for kpi, origin, file, count in doubts.values_list("kpi", "value__origin", "value__upload__file_name").annotate(
        n=Count("id")
    ):
        done.source(origin, file or "").doubts += count
        if kpi in done.kpis:
            done.kpis[kpi].doubts += count


def _fixes(done: Measuring) -> list[Fix]:
    """The three worth most. What is held in a file is worth more than nothing only where a value is lacking."""
    names = {item.code: item.name for item in done.items.values()}
    found = [
        Fix(
            kind,
            _what(kind, key, names, done),
            key,
            round(100 * gain, 2),
            len(done.touched[kind, key]),
            done.counts[kind, key],
        )
        for (kind, key), gain in done.gains.items()
    ]
    return sorted((fix for fix in found if fix.gain >= 0.01), key=lambda fix: -fix.gain)[:3]


def _what(kind: str, key: str, names: Mapping[str, str], done: Measuring) -> str:
    return names.get(key, key) if kind == "missing" else done.sources[key].label if key in done.sources else key
