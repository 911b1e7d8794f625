"""The import wizard: a file of any record type, what its columns mean, a dry run, the rows, and the way back."""

import csv
import io
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods

from accounts import columns, rules
from accounts.models import RecordImport
from accounts.operations.record_imports import map_import, start_import, start_step
from accounts.operations.record_kinds import KINDS
from accounts.queries import imports as queries
from accounts.views.importing import MOST_BYTES
from core import jobs
from core.cells import neutralise
from core.errors import DomainError
from core.http import Request, file_too_large, keyset_page, permission_required

LIST, ONE = "accounts/imports.html", "accounts/import_one.html"


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.IMPORT)
def imports(request: Request) -> HttpResponse:
    """The imports so far and the form of the next; posted to, it takes a file and goes on to its columns."""
    if request.method == "GET":
        return _list(request)
    file = request.FILES.get("file")
    corrects = _uuid(request.POST.get("corrects", ""))
    if file is None or file_too_large(request) or (file.size or 0) > MOST_BYTES:
        large = file is not None or file_too_large(request)
        said = f"The file is larger than {MOST_BYTES // 1_000_000} MB. Split it." if large else "Choose a file."
        return _list(request, errors={"file": [said]})
    try:
        made = start_import(
            kind=request.POST.get("kind", ""),
            data=file.read(),
            file_name=file.name or "file",
            corrects=corrects,
            by=request.actor,
            at=now(),
        )
    except DomainError as refusal:
        return _list(request, errors={refusal.field or "file": [str(refusal)]})
    return redirect("accounts:record-import", made.pk)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _list(request: Request, *, errors: dict[str, list[str]] | None = None) -> HttpResponse:
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = keyset_page(queries.imports(by=request.actor), ["-created_at", "-id"], size=25, **cursors)
    context = {
        "page": page,
        "rows": [(one, KINDS[one.kind].label if one.kind in KINDS else one.kind) for one in page.rows],
        "kinds": [(k.code, k.label) for k in KINDS.values() if k.permission in request.actor.permissions],
        "kind": request.POST.get("kind", request.GET.get("kind", "")),
        "errors": errors or {},
        "may_merge": rules.MERGE in request.actor.permissions,
        "workbooks": columns.takes_workbooks(),
        "limit_mb": MOST_BYTES // 1_000_000,
        "newer": f"?before={page.before}" if page.before else "",
        "older": f"?after={page.after}" if page.after else "",
    }
    return render(request, LIST, context, status=422 if errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.IMPORT)
def record_import(request: Request, import_id: UUID) -> HttpResponse:
    """One import in whatever state; posted to, the next step: try, bring, undo or stop."""
    batch = get_object_or_404(queries.imports(by=request.actor), pk=import_id)
    if request.method == "GET":
        return _one(request, batch)
    step = request.POST.get("step", "")
    try:
        if step == "stop" and batch.job and batch.job.open:
            jobs.cancel(batch.job)
        elif step in ("try", "bring", "undo"):
            if step != "undo":
                mapping = {str(at): request.POST.get(f"column-{at}", "") for at in range(len(batch.headings))}
                map_import(import_id=batch.pk, mapping=mapping, key=request.POST.get("key", ""), by=request.actor)
            start_step(import_id=batch.pk, step=step, by=request.actor)
    except DomainError as refusal:
        return _one(request, batch, error=str(refusal), status=422)
    return redirect("accounts:record-import", batch.pk)


def _one(request: Request, batch: RecordImport, *, error: str = "", status: int = 200) -> HttpResponse:
    kind = KINDS[batch.kind]
    show = request.GET.get("show", "held" if batch.summary.get("held") else "create")
    show = show if show in queries.ACTIONS else "held"
    lines = queries.lines_of(batch, show, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context: dict[str, Any] = {
        "batch": batch,
        "kind": kind,
        "error": error,
        "job": batch.job if batch.job and batch.job.open else None,
        "mapping": [
            (at, heading, request.POST.get(f"column-{at}", batch.mapping.get(str(at), "")))
            for at, heading in enumerate(batch.headings)
        ],
        "fields": [(code, one.label) for code, one in kind.columns.items()],
        "keys": [(code, kind.columns[code].label) for code in kind.keys],
        "key": request.POST.get("key", batch.key),
        "may_map": batch.state in (RecordImport.State.MAPPING, RecordImport.State.TRIED),
        "tabs": [
            (code, label, batch.summary.get(code, 0), f"?show={code}")
            for code, label in queries.ACTIONS.items()
            if batch.summary.get(code) or code == show
        ],
        "show": show,
        "lines": [(row, [(name, row.raw.get(name, "")) for name in batch.headings[:6]]) for row in lines.rows],
        "newer": f"?show={show}&before={lines.before}" if lines.before else "",
        "older": f"?show={show}&after={lines.after}" if lines.after else "",
        "first": queries.first_rows(batch) if not batch.summary else [],
    }
    template = f"{ONE}#state" if request.htmx and not error else ONE
    return render(request, template, context, status=status)


@login_required
@require_GET
@permission_required(rules.IMPORT)
def held_file(request: Request, import_id: UUID) -> HttpResponse:
    """The held rows with what is wrong, to be corrected and brought back."""
    batch = get_object_or_404(queries.imports(by=request.actor), pk=import_id)
    text = io.StringIO()
    csv.writer(text).writerows([neutralise(cell) for cell in row] for row in queries.held_rows(batch))
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{batch.kind}-held.csv"'
    return response
