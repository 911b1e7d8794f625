"""The import wizard: a file of any record type, what its columns mean, a dry run, the rows, and the way back."""

import csv
import io
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods

from accounts import columns, rules
from accounts.models import RecordImport
from accounts.operations.name_matches import NEW, say_names
from accounts.operations.record_imports import MOST_ROWS, NEW_FIELD, map_import, start_import, start_step
from accounts.operations.record_kinds import Kind, kind_for, kinds_for, label_of
from accounts.operations.record_kinds.written import DAYS, DECIMALS
from accounts.queries import imports as queries
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
    if file is None or file_too_large(request):
        most = settings.UPLOAD_MAX_BYTES // 1_000_000
        said = f"The file is larger than {most} MB. Split it." if file_too_large(request) else "Choose a file."
        return _list(request, errors={"file": [said]})
    try:
        made = start_import(
            kind=request.POST.get("kind", ""),
            data=file,
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
        "rows": [(one, label_of(one.kind)) for one in page.rows],
        "kinds": [(kind.code, kind.label) for kind in kinds_for(request.actor)],
        "kind": request.POST.get("kind", request.GET.get("kind", "")),
        "errors": errors or {},
        "may_merge": rules.MERGE in request.actor.permissions,
        "workbooks": columns.takes_workbooks(),
        "limit_mb": settings.UPLOAD_MAX_BYTES // 1_000_000,
        "limit": MOST_ROWS,
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
    try:
        _step(request, batch)
    except DomainError as refusal:
        batch.refresh_from_db()
        return _one(request, batch, error=str(refusal), field=refusal.field or "", status=422)
    return redirect("accounts:record-import", batch.pk)


def _step(request: Request, batch: RecordImport) -> None:
    step, by = request.POST.get("step", ""), request.actor
    if step == "stop" and batch.job and batch.job.open:
        jobs.cancel(batch.job)
    elif step == "names":
        if say_names(import_id=batch.pk, said=_names(request), by=by, at=now()):
            tried = batch.state == RecordImport.State.TRIED
            start_step(import_id=batch.pk, step="try" if tried else "again", by=by)
    elif step in ("try", "bring"):
        mapping = {str(at): request.POST.get(f"column-{at}", "") for at in range(len(batch.headings))}
        wanted = bool(request.POST.get("mail"))
        key = request.POST.get("key", "")
        map_import(import_id=batch.pk, mapping=mapping, key=key, by=by, reading=_reading(request), mail_wanted=wanted)
        start_step(import_id=batch.pk, step=step, by=by)
    elif step in ("undo", "again"):
        start_step(import_id=batch.pk, step=step, by=by)


def _reading(request: Request) -> dict[str, Any]:
    post = request.POST
    same = {name.removeprefix("same-"): text for name, text in post.items() if name.startswith("same-")}
    only = {"column": post.get("only-column", ""), "is": post.get("only-is", "")}
    return {"days": post.get("days", ""), "decimal": post.get("decimal", ""), "same": same, "only": only}


def _names(request: Request) -> dict[str, str]:
    """name in the file -> what the person says: another account that was typed counts before what was chosen."""
    post = request.POST
    said: dict[str, str] = {}
    for at in range(len(post.getlist("name"))):
        said[post.getlist("name")[at]] = post.get(f"other-{at}", "").strip() or post.get(f"is-{at}", "")
    return said


def _one(request: Request, batch: RecordImport, *, error: str = "", field: str = "", status: int = 200) -> HttpResponse:
    try:
        kind = kind_for(batch.kind, request.actor)
    except KeyError:  # an own object that is retired, or that is not for this role
        raise Http404 from None
    show = request.GET.get("show", "held" if batch.summary.get("held") else "create")
    show = show if show in queries.ACTIONS else "held"
    lines = queries.lines_of(batch, show, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    job = batch.job if batch.job and batch.job.open else None
    context: dict[str, Any] = {
        "batch": batch,
        "kind": kind,
        "error": error,
        "job": job,
        **_mapping(request, batch, kind, field, error),
        "tabs": [
            (code, label, batch.summary.get(code, 0), f"?show={code}")
            for code, label in queries.ACTIONS.items()
            if batch.summary.get(code) or code == show
        ],
        "show": show,
        "lines": [(row, [(name, row.raw.get(name, "")) for name in batch.headings[:6]]) for row in lines.rows],
        "newer": f"?show={show}&before={lines.before}" if lines.before else "",
        "older": f"?show={show}&after={lines.after}" if lines.after else "",
        "first": queries.first_rows(batch) if not batch.summary and not job else [],
        "reasons": queries.held_reasons(batch)[:8] if batch.summary.get("held") and not job else [],
        **_asked(request, batch, working=job is not None),
    }
    template = f"{ONE}#state" if request.htmx and not error else ONE
    return render(request, template, context, status=status)


def _mapping(request: Request, batch: RecordImport, kind: Kind, field: str, error: str) -> dict[str, Any]:
    """What the form of the columns shows: as it was posted, else as it is kept."""
    posted, kept = request.POST.get("step") in ("try", "bring"), batch.reading
    reading = _reading(request) if posted else {"days": "", "decimal": "", "same": {}, "only": {}, **kept}
    chosen = [
        (at, heading, request.POST.get(f"column-{at}", batch.mapping.get(str(at), "")))
        for at, heading in enumerate(batch.headings)
    ]
    taken = {code for _, _, code in chosen}
    may_add = kind.own and rules.KEEP_FIELDS in request.actor.permissions
    return {
        "mapping": chosen,
        "fields": [
            *((code, one.label + (" (needed)" if one.required else "")) for code, one in kind.columns.items()),
            *([(NEW_FIELD, "A new field of our own")] if may_add else []),
        ],
        "keys": [(code, kind.columns[code].label) for code in kind.keys],
        "key": request.POST.get("key", batch.key),
        "may_map": batch.state in (RecordImport.State.MAPPING, RecordImport.State.TRIED),
        "reading": reading,
        "days": list(DAYS.items()),
        "decimals": list(DECIMALS.items()),
        "headings": [(str(at), heading) for at, heading in enumerate(batch.headings)],
        "same": [
            (code, one, reading["same"].get(code, ""), [error] if field == f"same-{code}" else None)
            for code, one in kind.columns.items()
            if code not in taken and code != "distinct"
        ],
        "same_open": bool(any(reading["same"].values()) or reading["only"] or field.startswith("same-")),
        "mail": bool(request.POST.get("mail")) if posted else batch.mail_wanted,
    }


def _asked(request: Request, batch: RecordImport, *, working: bool) -> dict[str, Any]:
    """The names in the file for which a person has to say the account."""
    ready = batch.state in (RecordImport.State.TRIED, RecordImport.State.DONE) and not working
    names, count = queries.asked_names(batch, by=request.actor) if ready else ([], 0)
    rows = []
    for at, one in enumerate(names):
        options = [(str(one.near.pk), f"It is {one.near.name} ({one.score} %)")] if one.near else []
        if one.said and one.said.account and (not one.near or one.said.account_id != one.near.pk):
            options.append((str(one.said.account_id), f"It is {one.said.account.name}"))
        if batch.kind == "accounts":
            options.append((NEW, "It is another one: make it"))
        rows.append((at, one, options, request.POST.get(f"is-{at}", one.choice), request.POST.get(f"other-{at}", "")))
    return {"asked": rows, "asked_more": max(count - len(rows), 0)}


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
