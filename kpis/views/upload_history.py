"""What became of a file later: compared with another version, rolled back, imported again."""

import csv
import io
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.http import Request, permission_required
from core.rules import allowed
from kpis import operations, queries, rules
from kpis.models import Upload
from kpis.queries.compare import KINDS, Difference, Wanted, difference, differences, version_before, versions_of
from kpis.queries.rollback import effect_of_rollback, kept_values
from kpis.serializers import CompareQuery
from kpis.workbook import neutralise


def _seen(request: Request, upload_id: UUID) -> Upload:
    found: Upload = get_object_or_404(queries.uploads_seen(by=request.actor), pk=upload_id)
    return found


def _wanted(request: Request) -> tuple[Wanted, UUID | None]:
    given = CompareQuery(data=request.GET.dict())
    given.is_valid()
    return given.wanted(), given.other()


def _other(request: Request, upload: Upload, other: UUID | None) -> Upload | None:
    return _seen(request, other) if other else version_before(upload, by=request.actor)


@login_required
@require_GET
def compare(request: Request, upload_id: UUID) -> HttpResponse:
    """What a file says differently than another one, cell by cell; by default than the version before it."""
    upload, (wanted, other_id) = _seen(request, upload_id), _wanted(request)
    other = _other(request, upload, other_id)
    kept = {"with": other.pk if other_id and other else "", "kpi": wanted.kpi, "account": wanted.account}
    context: dict[str, Any] = {"upload": upload, "other": other, "wanted": wanted}
    if other:
        page = difference(other, upload, wanted, by=request.actor)
        versions = versions_of(upload, by=request.actor).exclude(pk=upload.pk).filter(position__gt=0)
        choices = [(str(one.pk), _label(one)) for one in versions.order_by("-version")[:50]]
        context |= {
            "page": page,
            "kinds": [
                (kind, label, page.counts[kind], _address(kept, kind=kind), wanted.kind == kind)
                for kind, label in KINDS.items()
            ],
            "everything": _address(kept),
            "differing": sum(page.counts[kind] for kind in Wanted().kinds),
            "older": _address(kept, kind=wanted.kind, after=page.after) if page.after else "",
            "first": _address(kept, kind=wanted.kind) if wanted.after else "",
            "export": f"export.csv{_address(kept, kind=wanted.kind)}",
            "versions": choices if any(key == str(other.pk) for key, _ in choices) else [
                (str(other.pk), _label(other)), *choices
            ],
            "kpi_choices": [(kpi.code, kpi.name) for kpi in queries.active_kpis()],
        }  # fmt: skip
    return render(request, "kpis/upload_compare.html", context)


def _label(upload: Upload) -> str:
    rolled = ", rolled back" if upload.state == Upload.State.ROLLED_BACK else ""
    return f"{upload.file_name}, version {upload.version}, {upload.created_at:%d %b %Y}{rolled}"


def _address(kept: dict[str, Any], **more: str) -> str:
    return "?" + urlencode({name: value for name, value in {**kept, **more}.items() if value})


@login_required
@require_GET
def compare_export(request: Request, upload_id: UUID) -> HttpResponse | FileResponse:
    """The difference as CSV, exactly the cells that are shown."""
    upload, (wanted, other_id) = _seen(request, upload_id), _wanted(request)
    other = _other(request, upload, other_id)
    if other is None:
        return redirect("kpis:upload-compare", upload.pk)
    file = TemporaryFile()  # noqa: SIM115 -- the answer closes it
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    csv.writer(text).writerows(_lines(differences(other, upload, wanted, by=request.actor)))
    text.detach()
    file.seek(0)
    name = f"difference v{other.version} to v{upload.version}.csv"
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")


def _lines(found: Iterator[Difference]) -> Iterator[list[Any]]:
    yield ["Kind", "Account", "KPI", "Month", "Before", "Before at", "Before as read", "Now", "Now at", "Now as read"]
    for one in found:
        cells = [part for cell in (one.old, one.new) for part in (_number(cell.value), _place(cell), cell.raw)]
        yield [one.label, neutralise(one.account), one.kpi_name, f"{one.period:%Y-%m}", *map(neutralise, cells)]


def _number(value: Any) -> str:
    return "" if value is None else f"{value.normalize():f}"


def _place(cell: Any) -> str:
    return f"{cell.sheet} {cell.address}".strip()


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.ROLL_BACK)
def roll_back(request: Request, upload_id: UUID) -> HttpResponse:
    """What rolling this file back would do; with a reason, do it."""
    upload, error, field = _seen(request, upload_id), "", ""
    if request.method == "POST":
        try:
            reason = request.POST.get("reason", "")
            operations.roll_back_upload(upload_id=upload.pk, reason=reason, by=request.actor, at=now())
        except DomainError as refusal:
            error, field = str(refusal), refusal.field or ""
        else:
            return redirect("kpis:upload", upload.pk)
    context = {
        "upload": upload,
        "effect": effect_of_rollback(upload),
        "kept": kept_values(upload, after=request.GET.get("after", "")),
        "first": bool(request.GET.get("after")),
        "reason": request.POST.get("reason", ""),
        "error": error,
        "errors": [error] if field == "reason" else [],
    }
    return render(request, "kpis/upload_roll_back.html", context, status=422 if error else 200)


@login_required
@require_POST
def import_again(request: Request, upload_id: UUID) -> HttpResponse:
    """Bring a file that was rolled back once more; leads to its new version."""
    _seen(request, upload_id)
    try:
        again = operations.import_again(upload_id=upload_id, by=request.actor, at=now())
    except operations.NotNow:
        return redirect("kpis:upload", upload_id)
    return redirect("kpis:upload", again.pk)


def may_roll_back(request: Request, upload: Upload) -> bool:
    """Whether the page of this upload offers it."""
    over = upload.state in (Upload.State.DONE, Upload.State.CANCELLED, Upload.State.FAILED) or (
        upload.stuck and upload.state == Upload.State.ROLLING_BACK
    )
    return over and bool(upload.imported) and allowed(request.actor, rules.ROLL_BACK, upload)
