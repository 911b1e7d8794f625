"""Problems of a file as rows: what each speaks of, and the inbox of KPI names nobody knows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Max

from kpis.catalogue import normalise
from kpis.models import UnknownKpi, Upload, UploadIssue
from kpis.queries.dictionary import Dictionary, ignored_names, sample_names
from kpis.workbook import HeldCell, Issue, Notice
from kpis.workbook.starters import EXAMPLE

UNKNOWN_KPI, UNKNOWN_ACCOUNT = "unknown_kpi", "unknown_account_spelling"
_LIMITS: dict[str, int] = {field.name: field.max_length for field in UploadIssue._meta.fields if field.max_length}


def clipped(text: str, limit: int) -> str:
    """Text as a column of `limit` characters can hold it; PostgreSQL takes no NUL."""
    return text.replace("\x00", "")[:limit] if text else ""


class Recorder:
    """Writes the issues of one upload in the order of the file; call `write` inside the batch's transaction."""

    def __init__(self, upload: Upload, accounts: Mapping[str, UUID], dictionary: Dictionary, *, at: datetime) -> None:
        self.upload, self.accounts, self.dictionary, self.at = upload, accounts, dictionary, at
        self.ignored, self.samples = ignored_names(), sample_names()
        self.kinds: Counter[str] = Counter()
        self._unknown: dict[str, UnknownKpi] = {}

    def write(self, issues: Iterable[Issue], notices: Iterable[Notice]) -> int:
        """Store a batch of problems and notices; returns how many values they hold back."""
        issues = list(issues)
        self._meet({normalise(issue.kpi_raw): issue.kpi_raw for issue in issues if issue.kind == UNKNOWN_KPI})
        number = UploadIssue.objects.filter(upload=self.upload).aggregate(last=Max("number"))["last"] or 0
        rows = [self._issue(issue) for issue in issues] + [self._notice(notice) for notice in notices]
        for place, row in enumerate(rows, number + 1):
            row.number = place
        UploadIssue.objects.bulk_create(rows, batch_size=1_000)
        self.kinds.update(row.kind for row in rows)
        return sum(row.cells for row in rows if row.state == UploadIssue.State.HELD)

    def _issue(self, issue: Issue) -> UploadIssue:
        normalised = normalise(issue.kpi_raw) if issue.kind == UNKNOWN_KPI else ""
        kpi = self.dictionary.by_code.get(issue.code or "")
        ignored = normalised and normalised in self.ignored
        example = issue.kind == UNKNOWN_ACCOUNT and issue.account_raw.strip() == EXAMPLE
        state = UploadIssue.State.NOTICE if ignored or example else UploadIssue.State.HELD
        rule, suggestion = self._words(issue)
        return UploadIssue(
            upload=self.upload,
            state=state,
            account_id=self.accounts.get(issue.account or ""),
            kpi=kpi,
            unknown=self._unknown.get(normalised),
            period=issue.period,
            line=issue.row,
            holds=issue.holds,
            cells=len(issue.held),
            row=[kept(cell) for cell in issue.held],
            **_texts(
                kind=issue.kind,
                sheet=issue.sheet,
                address=issue.address,
                account_name=issue.account_raw or issue.account or "",
                kpi_text=issue.kpi_raw,
                raw=issue.raw,
                rule=rule,
                suggestion=suggestion,
                likely=issue.likely,
            ),
        )

    def _words(self, issue: Issue) -> tuple[str, str]:
        """Rule and suggestion; a name that is no account may be one that only looks like it."""
        name = issue.account_raw.strip()
        if issue.kind == UNKNOWN_ACCOUNT and name == EXAMPLE:
            return "A sample row of the template; it is read past.", ""
        if issue.kind == UNKNOWN_ACCOUNT and name in self.samples:
            rule = f'"{name[:80]}" is an account of the sample data, and files fill real accounts only.'
            return rule, "Name an account of your own, or remove the sample data and add this one."
        return issue.rule, issue.suggestion

    def _notice(self, notice: Notice) -> UploadIssue:
        texts = _texts(kind=notice.kind, sheet=notice.sheet, address=notice.address, rule=notice.text)
        return UploadIssue(upload=self.upload, state=UploadIssue.State.NOTICE, line=notice.row, **texts)

    def _meet(self, names: Mapping[str, str]) -> None:
        """Put names nobody knows into the inbox, each once, with KPIs that are spelt alike."""
        missing = {normalised: text for normalised, text in names.items() if normalised not in self._unknown}
        if not missing:
            return
        UnknownKpi.objects.bulk_create(
            [
                UnknownKpi(
                    text=clipped(text, 200),
                    normalised=clipped(normalised, 200),
                    suggestions=[[kpi.code, likeness] for kpi, likeness in self.dictionary.suggest(text)],
                    first_seen_at=self.at,
                )
                for normalised, text in missing.items()
            ],
            ignore_conflicts=True,
        )
        for row in UnknownKpi.objects.filter(normalised__in=[clipped(name, 200) for name in missing]):
            self._unknown[row.normalised] = row


def kept(cell: HeldCell) -> list[str | int | float]:
    """A held cell as JSON; a figure that could be read stays a number."""
    value = float(cell.value) if isinstance(cell.value, Decimal) else clipped(cell.value, 400)
    texts = (clipped(text, 400) for text in (cell.account, cell.kpi, cell.period))
    return [clipped(cell.sheet, 80), cell.row, cell.column, *texts, value, clipped(cell.unit, 40)]


def _texts(**given: str) -> dict[str, str]:
    return {name: clipped(text, _LIMITS[name]) for name, text in given.items()}
