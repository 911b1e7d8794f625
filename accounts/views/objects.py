"""Settings: the objects that the tenant made for itself."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import rules
from accounts.models import CustomField, CustomObject
from accounts.operations.objects import MOST_OBJECTS, add_object, change_object, retire_object
from accounts.queries.objects import fields_key
from accounts.serializers.objects import ObjectEdit, ObjectNew
from accounts.views.conflicts import differing
from core.errors import Conflict, DomainError
from core.http import Request, permission_required
from core.rules import ADMIN
from users.models import Role

TEXTS, LISTS = ("name", "plural", "description"), ("view_roles", "edit_roles")


@login_required
@require_GET
@permission_required(rules.KEEP_FIELDS)
def objects(request: Request) -> HttpResponse:
    return _list(request)


def _list(request: Request, *, refused: list[str] | None = None, status: int = 200) -> HttpResponse:
    kept = Count("records", filter=Q(records__archived_at=None))
    known = list(CustomObject.objects.annotate(kept=kept))
    counts: dict[str, int] = {}
    for record in CustomField.objects.filter(active=True).values_list("record", flat=True):
        counts[record] = counts.get(record, 0) + 1
    names = dict(Role.objects.values_list("code", "name"))
    rows = [(one, counts.get(fields_key(one), 0), _names(one.view_roles, names)) for one in known]
    context = {
        "objects": [row for row in rows if row[0].active],
        "retired": [row for row in rows if not row[0].active],
        "most": MOST_OBJECTS,
        "refused": refused or [],
    }
    return render(request, "accounts/objects.html", context, status=status)


def _names(codes: list[str], names: dict[str, str]) -> str:
    return ", ".join(["Admin", *(names.get(code, code) for code in codes if code != ADMIN)]) if codes else "Everybody"


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.KEEP_FIELDS)
def new_object(request: Request) -> HttpResponse:
    if request.method == "GET":
        return _form(request, None, {})
    given = ObjectNew(data=_posted(request))
    errors = _errors(given)
    if not errors:
        try:
            made = add_object(**given.validated_data, by=request.actor)
            messages.success(request, f"{made.plural} are here. Give them their fields.")
            return redirect(f"{reverse('accounts:fields')}?record=object:{made.code}")
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    return _form(request, None, errors, status=422)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.KEEP_FIELDS)
def edit_object(request: Request, object_id: UUID) -> HttpResponse:
    """Fields ticked as `theirs` are left as the other person saved them."""
    found = get_object_or_404(CustomObject, pk=object_id)
    if request.method == "GET":
        return _form(request, found, {})
    given = ObjectEdit(data=_posted(request))
    errors = _errors(given)
    if not errors:
        changes = {n: v for n, v in given.validated_data.items() if n not in request.POST.getlist("theirs")}
        version = changes.pop("version")
        try:
            saved = change_object(object_id=found.pk, expected_version=version, changes=changes, by=request.actor)
            messages.success(request, f"“{saved.name}” is saved.")
            return redirect("accounts:objects")
        except Conflict:
            found.refresh_from_db()
            return _form(request, found, {}, theirs=differing(request, _stored(found)), status=409)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    return _form(request, found, errors, status=422)


@login_required
@require_POST
@permission_required(rules.KEEP_FIELDS)
def drop_object(request: Request, object_id: UUID) -> HttpResponse:
    """Retire an object; `restore=1` brings it back."""
    found = get_object_or_404(CustomObject, pk=object_id)
    restore = request.POST.get("restore") == "1"
    try:
        retire_object(object_id=found.pk, by=request.actor, restore=restore)
    except DomainError as refusal:
        return _list(request, refused=[str(refusal)], status=422)
    said = "are back" if restore else "are retired. Their fields and records are kept"
    messages.success(request, f"{found.plural} {said}.")
    return redirect("accounts:objects")


def _posted(request: Request) -> dict[str, Any]:
    data: dict[str, Any] = {name: request.POST.get(name, "") for name in (*TEXTS, "version")}
    return data | {name: request.POST.getlist(name) for name in LISTS}


def _stored(found: CustomObject) -> dict[str, str]:
    """As the form writes it."""
    return {name: getattr(found, name) for name in TEXTS} | {name: ",".join(getattr(found, name)) for name in LISTS}


def _errors(given: Any) -> dict[str, list[str]]:
    if given.is_valid():
        return {}
    return {"" if name == "version" else name: [str(one) for one in said] for name, said in given.errors.items()}


def _form(
    request: Request, found: CustomObject | None, errors: dict[str, list[str]], *,
    theirs: dict[str, Any] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    asked = request.method == "POST"
    stored = _stored(found) if found else {}
    started = found and (theirs is not None or not asked)
    values = _posted(request) if asked else {name: getattr(found, name, "") for name in (*TEXTS, *LISTS)}
    was = {n: request.POST[f"was-{n}"] for n in (*TEXTS, *LISTS) if f"was-{n}" in request.POST}
    context = {
        "object": found,
        "values": values,
        "version": found.version if found and started else request.POST.get("version"),
        "was": stored if started else was,
        "errors": errors,
        "refused": errors.get("", []),
        "theirs": theirs or {},
        "roles": list(Role.objects.exclude(code=ADMIN).order_by("name").values_list("code", "name")),
    }
    return render(request, "accounts/object_form.html", context, status=status)
