"""Bring accounts from a file or pasted cells: look first, choose what the columns mean, then bring them in."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from accounts import columns, operations, rules
from accounts.queries.custom import own_columns
from core.errors import DomainError
from core.http import Request, file_too_large, permission_required
from core.templatetags import formats

MOST_BYTES = 8_000_000
SHOWN_ROWS, SHOWN_PROBLEMS = 8, 200
PAGE = "accounts/import.html"


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.IMPORT)
def import_accounts(request: Request) -> HttpResponse:
    """The first step: a file or cells in, the proposed columns, first rows and problems out. Nothing changes yet."""
    if request.method == "GET":
        return _start(request)
    ticket = request.POST.get("ticket", "")
    if ticket:
        return _look(request, ticket)
    file, pasted = request.FILES.get("file"), request.POST.get("pasted", "")
    if file_too_large(request) or (file is not None and (file.size or 0) > MOST_BYTES):
        return _refused(request, f"The file is larger than {MOST_BYTES // 1_000_000} MB. Split it.")
    if file is None and not pasted.strip():
        return _refused(request, "Choose a file or paste some cells.")
    ticket = operations.keep_file(data=file.read() if file is not None else pasted.encode(), by=request.actor)
    return _look(request, ticket, pasted=pasted)


@login_required
@require_POST
@permission_required(rules.IMPORT)
def bring_accounts(request: Request) -> HttpResponse:
    """The second step: the checked file becomes accounts."""
    ticket = request.POST.get("ticket", "")
    try:
        sheet = _sheet(request, ticket)
        result = operations.import_accounts(rows=sheet.rows, sha256=ticket, by=request.actor, at=now())
    except (columns.NotASheet, DomainError) as refusal:
        return _refused(request, str(refusal))
    operations.forget_file(by=request.actor)
    refused = sorted([*sheet.problems, *result.refused])
    context = {"result": result, "refused": refused[:SHOWN_PROBLEMS], "total": len(refused)}
    return render(request, PAGE, context)


def _look(request: Request, ticket: str, *, pasted: str = "") -> HttpResponse:
    try:
        sheet = _sheet(request, ticket)
    except columns.NotASheet as refusal:
        return _refused(request, str(refusal), pasted=pasted)
    would = operations.check_import(rows=sheet.rows, by=request.actor, at=now())
    problems = sorted([*sheet.problems, *would.refused])
    own = own_columns(by=request.actor)
    fields = [column.field for column in sheet.columns if column.field]
    context = {
        "sheet": sheet,
        "ticket": ticket,
        "fields": [*columns.FIELDS.items(), *((one.field, one.label) for one in own)],
        "titles": [(column.label, column.field == "arr") for column in sheet.columns if column.field],
        "first": [(line, [_shown(row.get(field)) for field in fields]) for line, row in sheet.rows[:SHOWN_ROWS]],
        "would": would,
        "taken": would.created + would.updated,
        "problems": problems[:SHOWN_PROBLEMS],
        "total": len(problems),
    }
    return render(request, PAGE, context)


def _shown(value: Any) -> tuple[str, bool]:
    """A read cell in the words of the page, and whether it is a figure."""
    if isinstance(value, Decimal):
        return formats.number(value, 2), True
    if isinstance(value, bool):
        return ("yes" if value else "no"), False
    return (formats.day(value) if isinstance(value, date) else value or formats.UNKNOWN), False


def _sheet(request: Request, ticket: str) -> columns.Sheet:
    data = operations.kept_file(ticket=ticket, by=request.actor)
    if data is None:
        raise columns.NotASheet("The file you checked is not kept here any more. Choose it again.")
    own = own_columns(by=request.actor)
    return columns.read(columns.lines_in(data), _chosen(request, {one.field for one in own}), own)


def _chosen(request: Request, own: set[str]) -> dict[int, str]:
    """What the person chose for each column: column-0=name, column-1= (left out)."""
    chosen: dict[int, str] = {}
    for name, value in request.POST.items():
        number = name.removeprefix("column-")
        if name.startswith("column-") and number.isdigit() and len(number) < 5 and value in ("", *columns.FIELDS, *own):
            chosen[int(number)] = value
    return chosen


def _start(request: Request, *, status: int = 200, **shown: Any) -> HttpResponse:
    context = {"workbooks": columns.takes_workbooks(), "limit_mb": MOST_BYTES // 1_000_000, "limit": columns.MOST_ROWS}
    return render(request, PAGE, {**context, **shown}, status=status)


def _refused(request: Request, error: str, **kept: Any) -> HttpResponse:
    return _start(request, status=422, error=error, **kept)
