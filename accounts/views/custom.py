"""Settings: the fields that the tenant added to its accounts, people, contracts and own objects."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import custom, rules
from accounts.models import CustomField, CustomObject
from accounts.operations.custom import add_field, change_field, move_field, retire_field
from accounts.queries.custom import has_fields
from accounts.serializers.custom import FieldEdit, FieldNew
from accounts.views.conflicts import edited_on, with_theirs
from core.errors import Conflict, DomainError
from core.http import Request, permission_required, toast
from core.rules import ADMIN
from users.models import Role

PAGE = "accounts/fields.html"


@login_required
@require_GET
@permission_required(rules.KEEP_FIELDS)
def fields(request: Request) -> HttpResponse:
    """Every field of one kind of record (`?record=`), in the order in which forms show them, and the retired ones."""
    return _list(request, _asked(request))


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.KEEP_FIELDS)
def new_field(request: Request) -> HttpResponse:
    record = _asked(request)
    if request.method == "GET":
        return _form(request, None, {"kind": "text", "record": record}, {})
    posted = {**_posted(request), "record": record}
    given = FieldNew(data=posted)
    if not given.is_valid():
        return _form(request, None, posted, _said(given), status=422)
    try:
        made = add_field(**given.validated_data, by=request.actor)
    except DomainError as refusal:
        return _form(request, None, posted, {refusal.field or "": [str(refusal)]}, status=422)
    messages.success(request, f"“{made.label}” is a field now: in forms, conditions, files and the API.")
    return _back(made.record)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.KEEP_FIELDS)
def edit_field(request: Request, field_id: UUID) -> HttpResponse:
    found = get_object_or_404(CustomField, pk=field_id)
    if request.method == "GET":
        kept = ("label", "kind", "unit", "choices", "required", "in_reports", "view_roles", "edit_roles", "version")
        return _form(request, found, {name: getattr(found, name) for name in kept}, {})
    posted = with_theirs(request, {**_posted(request), "kind": found.kind, "record": found.record}, _theirs(found))
    given = FieldEdit(data=posted)
    if not given.is_valid():
        return _form(request, found, posted, _said(given), status=422)
    changes = dict(given.validated_data)
    try:
        saved = change_field(
            field_id=found.pk, expected_version=changes.pop("version"), changes=changes, by=request.actor
        )
    except Conflict:
        found.refresh_from_db()
        return _form(request, found, posted, {}, conflict=True, status=409)
    except DomainError as refusal:
        return _form(request, found, posted, {refusal.field or "": [str(refusal)]}, status=422)
    messages.success(request, f"“{saved.label}” is saved.")
    return _back(saved.record)


@login_required
@require_POST
@permission_required(rules.KEEP_FIELDS)
def shift_field(request: Request, field_id: UUID) -> HttpResponse:
    """Up or down by one place; `up=1` is up."""
    get_object_or_404(CustomField, pk=field_id, active=True)
    moved = move_field(field_id=field_id, up=request.POST.get("up") == "1", by=request.actor)
    if request.htmx:
        return _list(request, moved.record)
    messages.success(request, f"“{moved.label}” is moved.")
    return _back(moved.record)


@login_required
@require_POST
@permission_required(rules.KEEP_FIELDS)
def drop_field(request: Request, field_id: UUID) -> HttpResponse:
    """Retire a field; `?restore=1` brings it back."""
    kind = get_object_or_404(CustomField, pk=field_id).record
    restore = request.GET.get("restore") == "1"
    try:
        field = retire_field(field_id=field_id, by=request.actor, restore=restore)
    except DomainError as refusal:
        return _list(request, kind, refused=[str(refusal)], status=422)
    text = f"“{field.label}” is back." if restore else f"“{field.label}” is retired. Its values are kept."
    if request.htmx:
        undo = f"{reverse('accounts:retire-field', args=[field.pk])}{'' if restore else '?restore=1'}"
        woken: dict[str, Any] = {"fields-changed": {}}
        return toast(_list(request, kind), text, undo_url=undo, **woken)
    messages.success(request, text)
    return _back(kind)


def _asked(request: Request) -> str:
    """The kind of record whose fields are looked at; of none such those of accounts."""
    asked = request.GET.get("record", "")
    return asked if has_fields(asked) else custom.ACCOUNT


def _back(record: str) -> HttpResponse:
    """To the list of the fields of such records."""
    return redirect(f"{reverse('accounts:fields')}?{urlencode({'record': record})}")


def _kinds() -> list[tuple[str, str]]:
    """Kinds of record that can have fields, with what several are called."""
    objects = CustomObject.objects.filter(active=True)
    return [*custom.RECORDS.items(), *((f"{custom.OBJECT}{one.code}", one.plural) for one in objects)]


def _list(request: Request, record: str, *, refused: list[str] | None = None, status: int = 200) -> HttpResponse:
    known, names = list(CustomField.objects.filter(record=record)), dict(Role.objects.values_list("code", "name"))
    rows = [(one, _names(one.view_roles, names), _names(one.edit_roles or one.view_roles, names)) for one in known]
    context = {
        "fields": [row for row in rows if row[0].active],
        "retired": [row for row in rows if not row[0].active],
        "kinds": custom.KINDS,
        "record": record,
        "record_label": dict(_kinds()).get(record, record),
        "records": _kinds(),
        "in_conditions": "" if record.startswith(custom.OBJECT) else custom.PREFIX,
        "refused": refused or [],
    }
    return render(request, f"{PAGE}#list" if request.htmx else PAGE, context, status=status)


def _names(codes: list[str], names: dict[str, str]) -> str:
    return ", ".join(["Admin", *(names.get(code, code) for code in codes if code != ADMIN)]) if codes else "Everybody"


def _posted(request: Request) -> dict[str, Any]:
    data: dict[str, Any] = {name: request.POST.get(name, "") for name in ("label", "kind", "unit", "version")}
    data["choices"] = [line for line in request.POST.get("choices", "").splitlines() if line.strip()]
    data["required"] = request.POST.get("required") == "1"
    data["in_reports"] = request.POST.get("in_reports") == "1"
    for name in ("view_roles", "edit_roles"):
        data[name] = request.POST.getlist(name)
    return data


def _said(given: Any) -> dict[str, list[str]]:
    """Errors by field; of a list, those of its parts in one."""
    said = {}
    for name, errors in given.errors.items():
        parts = [part for found in errors.values() for part in found] if isinstance(errors, dict) else errors
        said["" if name == "version" else name] = list(dict.fromkeys(str(part) for part in parts))
    return said


def _theirs(found: CustomField) -> dict[str, Any]:
    """What the other person saved, as the form posts it."""
    names = ("label", "unit", "choices", "view_roles", "edit_roles", "required", "in_reports")
    return {name: getattr(found, name) for name in names}


def _stored(found: CustomField) -> dict[str, str]:
    """As the form writes it."""
    texts = {"label": found.label, "unit": found.unit, "choices": "\r\n".join(found.choices)}
    boxes = {"required": "1" if found.required else "", "in_reports": "1" if found.in_reports else ""}
    return texts | boxes | {name: ",".join(getattr(found, name)) for name in ("view_roles", "edit_roles")}


def _form(
    request: Request, found: CustomField | None, values: dict[str, Any], errors: dict[str, list[str]], *,
    conflict: bool = False, status: int = 200,
) -> HttpResponse:  # fmt: skip
    context = {
        "edited": edited_on(request, _stored(found), found.version, conflict=conflict) if found else None,
        "field": found,
        "values": {**values, "choices": "\n".join(values.get("choices", []))},
        "errors": errors,
        "refused": errors.get("", []),
        "kinds": list(custom.KINDS.items()),
        "record": values["record"] if found is None else found.record,
        "record_label": dict(_kinds()).get(values["record"] if found is None else found.record, "records"),
        "kind_label": custom.KINDS.get(found.kind, found.kind) if found else "",
        "roles": list(Role.objects.exclude(code=ADMIN).order_by("name").values_list("code", "name")),
    }
    return render(request, "accounts/field_form.html", context, status=status)
