from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.queries import last_seq
from accounts.rules import CREATE, IMPORT
from core.errors import DomainError
from core.http import Request, file_too_large, keyset_page
from core.rules import allowed, require
from kpis import operations, queries, rules
from kpis.models import Upload, UploadIssue
from kpis.queries.compare import version_before
from kpis.queries.inbox import inbox
from kpis.views.upload_history import may_roll_back
from kpis.workbook.starters import STARTERS, write_starter

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TITLES = {"standard": "Standard workbook", "matrix": "Monthly matrix", "long": "Long list", "wide": "Wide table"}


@login_required
@require_http_methods(["GET", "POST"])
def upload_list(request: Request) -> HttpResponse:
    """The files that were brought, newest first, and the place to drop the next one."""
    if request.method == "POST":
        return _receive(request)
    return _list(request)


def _receive(request: Request) -> HttpResponse:
    require(request.actor, rules.UPLOAD)
    file = request.FILES.get("file")
    if file is None:
        limit = operations.too_large(settings.UPLOAD_MAX_BYTES)
        return _list(request, error=str(limit) if file_too_large(request) else "Choose a file first.")
    corrects = request.POST.get("corrects", "")
    try:
        upload = operations.receive_upload(
            name=file.name or "",
            chunks=file.chunks(),
            by=request.actor,
            at=now(),
            corrects=UUID(corrects) if is_uuid(corrects) else None,
        )
    except DomainError as refusal:
        return _list(request, error=str(refusal))
    if upload.state == Upload.State.REFUSED:
        return _list(request, error=upload.message, refused=upload)
    return redirect("kpis:upload", upload.pk)


def _list(request: Request, *, error: str = "", refused: Upload | None = None) -> HttpResponse:
    page = keyset_page(
        queries.uploads_seen(by=request.actor),
        ["-created_at", "id"],
        size=25,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "page": page,
        "held": queries.held_counts(page.rows),
        "inbox": None if request.htmx else inbox(),
        "busy": any(one.busy for one in page.rows),
        "error": error,
        "refused": refused,
        "limit_mb": settings.UPLOAD_MAX_BYTES // 1_000_000,
        "starters": TITLES,
        "may_upload": allowed(request.actor, rules.UPLOAD),
        "live_since": last_seq(),
    }
    template = "kpis/uploads.html#list" if request.htmx and not error else "kpis/uploads.html"
    return render(request, template, context, status=422 if error else 200)


@login_required
@require_GET
def upload(request: Request, upload_id: UUID) -> HttpResponse:
    """One file: how it was read, what it would bring, its problems; then its progress and its result."""
    return _page(request, _seen(request, upload_id))


def _seen(request: Request, upload_id: UUID) -> Upload:
    found: Upload = get_object_or_404(queries.uploads_seen(by=request.actor), pk=upload_id)
    return found


def _page(request: Request, found: Upload, *, error: str = "", field: str = "") -> HttpResponse:
    context: dict[str, Any] = {
        "upload": found,
        "error": error,
        "field": field,
        "may_upload": allowed(request.actor, rules.UPLOAD, found),
        "may_bring": allowed(request.actor, IMPORT),
        "may_roll_back": may_roll_back(request, found),
        "live_since": last_seq(),
    }
    if found.state not in (*Upload.WORKING, Upload.State.REFUSED):
        context |= _details(request, found)
    template = "kpis/upload.html#upload" if request.htmx else "kpis/upload.html"
    return render(request, template, context, status=422 if error else 200)


def _details(request: Request, found: Upload) -> dict[str, Any]:
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    kind, state = kind if kind.isidentifier() else "", state if state in UploadIssue.State.values else ""
    page = keyset_page(
        queries.upload_issues(found, kind=kind, state=state),
        ["number"],
        size=25,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    kpis = list(queries.active_kpis())
    unknown = list(queries.unknown_kpis_of(found))
    accounts = queries.unknown_accounts(found, every=request.GET.get("names") == "all")
    asked = any(question["key"] == "account" for question in found.proposal.get("questions", ()))
    return {
        "issues": page,
        "kinds": queries.issue_kinds(found),
        "kind": kind,
        "state": state,
        "held": queries.held_count(found),
        "accounts": accounts,
        "account_names": queries.account_names(by=request.actor) if accounts.shown or asked else [],
        "unknown": [(one, queries.suggested([one], kpis)[one.pk]) for one in unknown],
        "sheets": queries.sheets_read(found, {kpi.code: kpi for kpi in kpis}),
        "changeable": found.state == Upload.State.PROPOSED and allowed(request.actor, rules.UPLOAD, found),
        "kpi_choices": [(kpi.code, kpi.name) for kpi in kpis if not kpi.portfolio_only],
        "before": version_before(found, by=request.actor) if found.position else None,
        "same": queries.same_content(found, by=request.actor),
        "may_create": allowed(request.actor, CREATE),
        "may_name": allowed(request.actor, rules.EDIT_CATALOGUE),
    }


def _act(request: Request, upload_id: UUID, act: Callable[[], Any]) -> HttpResponse:
    """Do one thing with an upload and show the upload again; a refusal is said on its page."""
    found = _seen(request, upload_id)
    try:
        act()
    except DomainError as refusal:
        return _page(request, found, error=str(refusal), field=refusal.field or "")
    if not request.htmx:
        return redirect("kpis:upload", upload_id)
    return _page(request, _seen(request, upload_id))


@login_required
@require_POST
def answer(request: Request, upload_id: UUID) -> HttpResponse:
    """Answers to the questions about a file; form fields are named after the questions' keys."""
    answers = {key: str(value) for key, value in request.POST.items() if key != "csrfmiddlewaretoken"}
    return _act(
        request,
        upload_id,
        lambda: operations.answer_upload(upload_id=upload_id, answers=answers, by=request.actor),
    )


@login_required
@require_POST
def commit(request: Request, upload_id: UUID) -> HttpResponse:
    return _act(request, upload_id, lambda: operations.commit_upload(upload_id=upload_id, by=request.actor))


@login_required
@require_POST
def cancel(request: Request, upload_id: UUID) -> HttpResponse:
    return _act(request, upload_id, lambda: operations.cancel_upload(upload_id=upload_id, by=request.actor, at=now()))


@login_required
@require_POST
def settle_accounts(request: Request, upload_id: UUID) -> HttpResponse:
    """What the unknown account names mean: form fields `name-1` with `choice-1` or `other-1`, and so on."""
    names = {key[5:]: str(value) for key, value in request.POST.items() if key.startswith("name-")}
    decisions = {
        name: request.POST.get(f"other-{number}", "").strip() or request.POST.get(f"choice-{number}", "")
        for number, name in names.items()
    }
    return _act(
        request,
        upload_id,
        lambda: operations.settle_accounts(upload_id=upload_id, decisions=decisions, by=request.actor),
    )


@login_required
@require_POST
def take_in(request: Request, upload_id: UUID) -> HttpResponse:
    """Try the held rows again with what is known now."""
    return _act(request, upload_id, lambda: operations.take_in_held(upload_id=upload_id, by=request.actor))


@login_required
@require_GET
def held(request: Request, upload_id: UUID) -> HttpResponse:
    """The rows that wait, as a workbook that can be corrected and uploaded again."""
    found = _seen(request, upload_id)
    name = f"{Path(found.file_name).stem} held rows v{found.version}.xlsx"
    return _workbook(name, lambda path: queries.write_held_rows(found, path))


@login_required
@require_GET
def original(request: Request, upload_id: UUID) -> FileResponse:
    """The file exactly as it came, for whoever wants to look at the cell itself."""
    found = _seen(request, upload_id)
    if not default_storage.exists(found.path):
        raise Http404
    return FileResponse(
        default_storage.open(found.path),
        as_attachment=True,
        filename=found.file_name,
        content_type="application/octet-stream",
    )


@login_required
@require_GET
def starter(request: Request, layout: str) -> HttpResponse:
    """A workbook to fill in; its few sample rows speak of an account called “Example account”."""
    if layout not in STARTERS:
        raise Http404
    name = f"plumbline {TITLES[layout].lower()}.xlsx"
    return _workbook(name, lambda path: write_starter(layout, path, today=localdate()))


def _workbook(name: str, write: Callable[[Path], None]) -> HttpResponse:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.xlsx"
        write(path)
        content = path.read_bytes()
    answer = HttpResponse(content, content_type=XLSX)
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
