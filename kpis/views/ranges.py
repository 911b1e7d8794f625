"""Reference ranges: a new one by its edges with the line drawn as it is typed, and a whole sheet with a preview."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Conflict, DomainError
from core.http import Request, permission_required
from kpis import rules
from kpis.catalogue.drawing import drawing
from kpis.catalogue.edges import LABELS, POINTS, NewRange, edges_of, is_never_red
from kpis.models import Kpi, ReferenceRange
from kpis.operations.ranges import (
    NotARange,
    frame_of,
    import_ranges,
    range_anchors,
    set_range,
    withdraw_range,
)
from kpis.operations.values import limits_of, plain
from kpis.queries.range_sheet import SheetPreview
from kpis.serializers.definitions import RangeInput, edges_given
from kpis.serializers.standing import read_sheet
from kpis.views.catalogue import kpi_answer
from kpis.views.kpi_form import errors_of
from kpis.workbook import FileRefused
from kpis.workbook.rangesheet import TEMPLATE


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_CATALOGUE)
def range_new(request: Request, code: str) -> HttpResponse:
    """The edges of a range, worst to best, from a day on. What is left out of worst and best follows by the rule."""
    kpi = get_object_or_404(Kpi, code=code)
    if request.method == "GET":
        return _form(request, kpi, _stored(kpi))
    given = RangeInput(data=_posted(request))
    errors = errors_of(given)
    if not errors:
        data = given.validated_data
        try:
            made = set_range(
                new=_new(code, data),
                valid_from=data["valid_from"],
                expected_version=data["version"],
                by=request.actor,
                at=now(),
            )
        except NotARange as wrong:
            errors = {name: [text] for name, text in wrong.problems.items()}
        except Conflict as conflict:
            return _form(request, kpi, request.POST.dict(), {"": [str(conflict)]}, status=409)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
        else:
            day = "today" if made.valid_from <= now().date() else f"{made.valid_from:%-d %b %Y}"
            messages.success(request, f"The range of “{kpi}” counts from {day} on.")
            return redirect("kpis:kpi", code)
    return _form(request, kpi, request.POST.dict(), errors, status=422)


@login_required
@require_POST
@permission_required(rules.EDIT_CATALOGUE)
def range_preview(request: Request, code: str) -> HttpResponse:
    """The line that the typed edges give, or what is wrong with them; nothing is stored."""
    kpi = get_object_or_404(Kpi, code=code)
    return render(request, "kpis/range_form.html#curve", _curve(kpi, request.POST.dict()))


@login_required
@require_POST
@permission_required(rules.EDIT_CATALOGUE)
def range_withdraw(request: Request, code: str, range_id: UUID) -> HttpResponse:
    get_object_or_404(ReferenceRange, pk=range_id, kpi__code=code)
    try:
        withdraw_range(range_id=range_id, by=request.actor, at=now())
    except DomainError as refusal:
        return kpi_answer(request, code, errors={"retire": str(refusal)}, status=422)
    messages.success(request, "The range is taken back. It stays on record.")
    return redirect("kpis:kpi", code)


def _posted(request: Request) -> dict[str, Any]:
    """The posted form; an empty field is no edge."""
    data: dict[str, Any] = {name: value for name, value in request.POST.dict().items() if value.strip()}
    data["never_red"] = "never_red" in request.POST
    return data


def _new(code: str, data: dict[str, Any]) -> NewRange:
    return NewRange(
        kpi=code,
        edges=edges_given(data),
        never_red=data["never_red"],
        source=data["source"],
        source_year=data["source_year"],
        note=data["note"],
    )


def _stored(kpi: Kpi) -> dict[str, Any]:
    """The form as it opens: the range in force, from today on. Worst and best stay empty where the rule gives them."""
    edges = edges_of(kpi.anchors, kpi.direction)
    inner = {name: value for name, value in edges.items() if name.partition("_")[0] in ("red", "green")}
    never_red = is_never_red(kpi.anchors, kpi.direction)
    shown = dict(edges)
    if edges:
        try:
            by_rule = range_anchors(kpi, NewRange(kpi.code, inner, never_red))
            if [[float(value), points] for value, points in by_rule] == kpi.anchors:
                shown = inner
        except NotARange:
            pass
    return {
        **{name: plain(value) for name, value in shown.items() if value is not None},
        **({"never_red": "on"} if never_red else {}),
        "valid_from": now().date().isoformat(),
        "version": kpi.version,
    }


def _curve(kpi: Kpi, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The drawing of the typed edges, and the worst and best that follow by the rule."""
    edges: dict[str, Decimal | None] = {}
    for name in frame_of(kpi).names:
        text = str(typed.get(name, "")).strip().replace(",", ".").replace("−", "-")
        try:
            edges[name] = Decimal(text) if text else None
        except ArithmeticError:
            return {"kpi": kpi, "wrong": {LABELS[name]: "Enter a number, such as 85 or 3.5."}}
    if not any(value is not None for value in edges.values()):
        return {"kpi": kpi, "wrong": {}}
    try:
        anchors = range_anchors(kpi, NewRange(kpi.code, edges, "never_red" in typed))
    except NotARange as refusal:
        return {"kpi": kpi, "wrong": {LABELS.get(name, name): text for name, text in refusal.problems.items()}}
    return {"kpi": kpi, "drawing": drawing(anchors), "wrong": {}}


def _form(
    request: Request,
    kpi: Kpi,
    values: dict[str, Any],
    errors: dict[str, list[str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    fields = [
        {
            "name": name,
            "label": LABELS[name],
            "points": POINTS[name.partition("_")[0]],
            "optional": name.partition("_")[0] in ("worst", "best") or name == "red_low",
            "value": values.get(name, ""),
            "errors": (errors or {}).get(name),
        }
        for name in frame_of(kpi).names
    ]
    context = {
        "kpi": kpi,
        "fields": fields,
        "values": values,
        "errors": errors or {},
        "refused": (errors or {}).get("", []),
        "limits": limits_of(kpi),
        "version": kpi.version if status == 409 else values.get("version", kpi.version),
        **_curve(kpi, values),
    }
    return render(request, "kpis/range_form.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_CATALOGUE)
def range_import(request: Request) -> HttpResponse:
    """A sheet of ranges, pasted or as a file: first a preview with the problems of each row, then all that is good."""
    context: dict[str, Any] = {"template": TEMPLATE, "valid_from": now().date().isoformat(), "text": ""}
    if request.method == "GET":
        return render(request, "kpis/range_import.html", context)
    context["valid_from"], text = request.POST.get("valid_from", ""), request.POST.get("text", "")
    try:
        day = date.fromisoformat(context["valid_from"])
        preview, context["text"] = _read(request, text)
    except ValueError:
        return _refuse(request, context, {"valid_from": "Enter a day."})
    except FileRefused as refused:
        return _refuse(request, context | {"text": text}, {"file": refused.message})
    context["preview"] = preview
    if "commit" not in request.POST:
        return render(request, "kpis/range_import.html", context)
    try:
        made = import_ranges(ranges=preview.good, valid_from=day, by=request.actor, at=now())
    except DomainError as refusal:
        return _refuse(request, context, {refusal.field or "file": str(refusal)})
    messages.success(request, f"{len(made)} range{'s' if len(made) != 1 else ''} set from {day:%-d %b %Y} on.")
    return redirect("kpis:catalogue")


def _refuse(request: Request, context: dict[str, Any], errors: dict[str, str]) -> HttpResponse:
    return render(request, "kpis/range_import.html", {**context, "errors": errors}, status=422)


def _read(request: Request, text: str) -> tuple[SheetPreview, str]:
    """The preview, and the sheet as text so that what was looked at is what is taken in. Raises FileRefused."""
    preview = read_sheet(request.FILES.get("file"), text)
    return preview, preview.as_text
