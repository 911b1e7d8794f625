"""Reads of uploads: the list, one file's problems by kind, names that wait for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.db.models.functions import Lower

from accounts.models import Account
from core.actor import Actor
from kpis.models import Kpi, UnknownKpi, Upload, UploadIssue
from kpis.workbook import HeldCell, Issue, write_held
from kpis.workbook.types import Holds

HELD, NOTICE, RESOLVED = UploadIssue.State.HELD, UploadIssue.State.NOTICE, UploadIssue.State.RESOLVED
MOST_TYPED = 500
FEW_NAMES, MOST_NAMES = 8, 300  # misspelt names shown at once

KINDS = {
    "missing_value": "Empty or “not available”",
    "ambiguous_number": "Ambiguous number",
    "date_instead_of_number": "Date instead of a number",
    "not_a_number": "Not a number",
    "no_cached_value": "Formula without a stored result",
    "out_of_range": "Outside the possible range",
    "unit_mismatch": "Unit does not fit",
    "unknown_kpi": "Unknown KPI",
    "portfolio_kpi": "Figure of the whole portfolio",
    "computed_kpi": "Computed by a formula",
    "duplicate_key": "Said twice, differently",
    "bad_period": "Month not understood",
    "unknown_account_spelling": "Unknown account",
    "missing_account": "No account named",
    "merged_value": "Merged cells",
    "row_shape": "Row with too few or too many cells",
    "hidden_row": "Hidden row, read",
    "hidden_column": "Hidden column, read",
    "hidden_sheet": "Hidden sheet",
    "cached_formula_used": "Formula, stored result used",
    "duplicate_column": "Month appears twice",
    "duplicate_collapsed": "Said twice, the same",
    "trailing_space_in_account_matched": "Space around an account’s name",
    "dot_thousands_settled_by_file_locale": "Dot read as thousands",
}


def kind_label(kind: str) -> str:
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


def uploads_seen(*, by: Actor) -> QuerySet[Upload]:
    """Files `by` may see, with their jobs; for lists of newest first."""
    found: QuerySet[Upload] = Upload.objects.visible_to(by).filter(sample=False).select_related("job")
    return found


def same_content(upload: Upload, *, by: Actor) -> Upload | None:
    """The newest earlier upload with exactly the same bytes."""
    earlier = Upload.objects.visible_to(by).filter(sha256=upload.sha256, created_at__lt=upload.created_at)
    found: Upload | None = earlier.order_by("-created_at").first()
    return found


@dataclass(frozen=True)
class Kind:
    """Problems of one kind in a file. `cells`: values that wait because of them."""

    code: str
    label: str
    state: str
    count: int
    cells: int


def issue_kinds(upload: Upload) -> list[Kind]:
    """How many problems of each kind: what holds values back first, then notices, then what is settled."""
    grouped = UploadIssue.objects.filter(upload=upload).values("state", "kind")
    rows = grouped.annotate(count=Count("id"), held=Sum("cells")).order_by()
    kinds = [Kind(r["kind"], kind_label(r["kind"]), r["state"], r["count"], r["held"] or 0) for r in rows]
    place = {HELD: 0, NOTICE: 1, RESOLVED: 2}
    return sorted(kinds, key=lambda kind: (place[UploadIssue.State(kind.state)], -kind.cells, -kind.count))


def upload_issues(upload: Upload, *, kind: str = "", state: str = "") -> QuerySet[UploadIssue]:
    """Problems of a file, for lists in the order of `number`."""
    found: QuerySet[UploadIssue] = UploadIssue.objects.filter(upload=upload)
    if kind:
        found = found.filter(kind=kind)
    return found.filter(state=state) if state else found


def account_names(*, by: Actor) -> list[str]:
    """Names of accounts a file of `by` may fill, for typing ahead: the first MOST_TYPED in alphabetical order."""
    found = Account.objects.visible_to(by).active().filter(sample=False)
    return list(found.order_by(Lower("name"), "id").values_list("name", flat=True)[:MOST_TYPED])


@dataclass(frozen=True)
class UnknownName:
    """A name in a file that is no account here; `likely`: an account with nearly this name, never taken silently."""

    spelling: str
    likely: str
    cells: int
    rows: int


@dataclass(frozen=True)
class UnknownNames:
    """The most frequent of them, and how many there are."""

    shown: list[UnknownName]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.shown)


def unknown_accounts(upload: Upload, *, every: bool = False) -> UnknownNames:
    """Names with most values first: the first FEW_NAMES, or up to MOST_NAMES."""
    limit = MOST_NAMES if every else FEW_NAMES
    held = UploadIssue.objects.filter(upload=upload, state=HELD, kind="unknown_account_spelling")
    grouped = held.exclude(account_name="").values("account_name").annotate(
        guess=Max("likely"), waiting=Sum("cells"), rows=Count("id")
    )  # fmt: skip
    found = grouped.order_by("-waiting", "account_name")[:limit]
    shown = [UnknownName(r["account_name"], r["guess"] or "", r["waiting"] or 0, r["rows"]) for r in found]
    return UnknownNames(shown, grouped.order_by().count() if len(shown) == limit else len(shown))


def unknown_kpis(*, state: str | None = UnknownKpi.State.OPEN) -> QuerySet[UnknownKpi]:
    """Names that are or were unknown, in one state or (None) in any, with what waits under them in all files."""
    found = UnknownKpi.objects.filter(state=state) if state else UnknownKpi.objects.all()
    return _with_waiting(found, Q(issues__state=HELD))


def unknown_kpis_of(upload: Upload) -> QuerySet[UnknownKpi]:
    """Open names of one file, those with most values first."""
    waits = Q(issues__state=HELD, issues__upload=upload)
    found = _with_waiting(UnknownKpi.objects.filter(state=UnknownKpi.State.OPEN), waits)
    return found.filter(files__gt=0).order_by("-waiting", "text")


def named_with_waiting(*, by: Actor) -> QuerySet[UnknownKpi]:
    """Names that mean something by now, while values still wait under them in imported files `by` may see."""
    waits = Q(issues__state=HELD, issues__upload__state=Upload.State.DONE)
    if not by.sees_all:
        waits &= Q(issues__upload__created_by_id=by.user_id)
    found = _with_waiting(UnknownKpi.objects.filter(state=UnknownKpi.State.NAMED), waits)
    return found.filter(files__gt=0).order_by("text")


def _with_waiting(found: QuerySet[UnknownKpi], waits: Q) -> Any:
    """Each name with `waiting` values and the number of `files` they wait in."""
    return found.select_related("kpi").annotate(
        waiting=Sum("issues__cells", filter=waits, default=0),
        files=Count("issues__upload", filter=waits, distinct=True),
    )


def uploads_waiting_for(unknown_id: UUID, *, by: Actor) -> list[UUID]:
    """Imported files in which values wait under this name."""
    found = Upload.objects.visible_to(by).filter(
        state=Upload.State.DONE, issues__unknown_id=unknown_id, issues__state=HELD
    )
    return list(found.order_by("created_at").values_list("pk", flat=True).distinct())


def suggested(unknown: Sequence[UnknownKpi], kpis: Sequence[Kpi]) -> dict[UUID, list[tuple[Kpi, float]]]:
    """For every unknown name the KPIs of an account that are spelt alike, best first."""
    by_code = {kpi.code: kpi for kpi in kpis if not kpi.portfolio_only}
    return {
        one.pk: [(by_code[code], likeness) for code, likeness in one.suggestions if code in by_code] for one in unknown
    }


def held_issues(upload: Upload) -> QuerySet[UploadIssue]:
    """What holds values back, for the held-rows file, in the order of the file."""
    found: QuerySet[UploadIssue] = UploadIssue.objects.filter(upload=upload, state=HELD)
    return found.order_by("number")


def held_count(upload: Upload) -> int:
    """Values of the file that wait now."""
    found: dict[str, Any] = UploadIssue.objects.filter(upload=upload, state=HELD).aggregate(cells=Sum(F("cells")))
    return found["cells"] or 0


def held_counts(uploads: Sequence[Upload]) -> dict[UUID, int]:
    """Values that wait now, of each of these files in which any do; one query."""
    held = UploadIssue.objects.filter(upload__in=[one.pk for one in uploads], state=HELD)
    return dict(held.order_by().values_list("upload_id").annotate(waiting=Sum("cells")))


def proposals_waiting_for(unknown_id: UUID) -> QuerySet[Upload]:
    """Files that are read and not imported yet, in which values wait under this name."""
    found: QuerySet[Upload] = Upload.objects.filter(
        state=Upload.State.PROPOSED, issues__unknown_id=unknown_id, issues__state=HELD
    )
    return found.distinct()


def write_held_rows(upload: Upload, path: Path) -> None:
    """Write the rows that wait to a workbook at `path`, each with its problem, ready to be corrected."""
    write_held([_as_read(issue) for issue in held_issues(upload).iterator(chunk_size=500)], path)


def _as_read(issue: UploadIssue) -> Issue:
    return Issue(
        kind=issue.kind,
        sheet=issue.sheet,
        row=issue.line,
        column=0,
        raw=issue.raw,
        rule=issue.rule,
        suggestion=issue.suggestion,
        account_raw=issue.account_name,
        kpi_raw=issue.kpi_text,
        likely=issue.likely,
        holds=cast(Holds, issue.holds),
        held=tuple(held_cell(row) for row in issue.row),
    )


def held_cell(row: Sequence[Any]) -> HeldCell:
    """A cell as `UploadIssue.row` keeps it."""
    sheet, line, column, account, kpi, period, value, unit = row
    number = value if isinstance(value, str) else Decimal(str(value))
    return HeldCell(sheet, line, column, account, kpi, period, number, unit)
