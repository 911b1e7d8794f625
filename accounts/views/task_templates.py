"""Task templates: the list with the days off, one template with its tasks, applied to an account after a preview."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_http_methods, require_POST

from accounts import queries, rules
from accounts.models import DayOff, Task, TaskTemplate
from accounts.operations import task_templates as operations
from accounts.queries.tasks import people_who_see
from accounts.serializers.work import DayOffInput, TemplateApply, TemplateInput
from accounts.views.activities import posted, said
from core.errors import Conflict, DomainError
from core.http import Request
from core.rules import allowed, require

BLANK = 3  # empty rows at the end of the form
ROW = ("title", "notes", "days", "priority")


@login_required
@require_http_methods(["GET", "POST"])
def templates(request: Request) -> HttpResponse:
    """All templates, and the days on which nobody works; posted to, it adds or takes back a day off."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        require(request.actor, rules.KEEP_TEMPLATES)
        given = DayOffInput(data=posted(request, ("on", "name")) | {"remove": request.POST.get("remove") == "1"})
        errors = {} if given.is_valid() else said(given)
        if not errors:
            try:
                operations.keep_day_off(**given.validated_data, by=request.actor)
                return redirect("accounts:task-templates")
            except DomainError as refusal:
                errors = {refusal.field or "": [str(refusal)]}
    context = {
        "templates": list(TaskTemplate.objects.order_by("archived_at", "name")[:200]),
        "days_off": list(DayOff.objects.filter(on__gte=localdate())[:100]),
        "may_keep": allowed(request.actor, rules.KEEP_TEMPLATES),
        "may_apply": allowed(request.actor, rules.KEEP_TASKS),
        "values": posted(request, ("on", "name")) if errors else {},
        "errors": errors,
    }
    return render(request, "accounts/task_templates.html", context, status=422 if errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def template(request: Request, template_id: UUID | None = None) -> HttpResponse:
    """One template as a form, or a new one. Empty rows say nothing; a row without a title is not kept."""
    require(request.actor, rules.KEEP_TEMPLATES)
    found = get_object_or_404(TaskTemplate, pk=template_id) if template_id else None
    if request.method == "GET":
        name, items = (found.name, found.items) if found else ("", [])
        return _form(request, found, name, items, {}, found.version if found else 0)
    name, items = request.POST.get("name", ""), _rows(request)
    version = request.POST.get("version", "0")
    given = TemplateInput(data={"name": name, "items": items, "version": version or None} if found else
                          {"name": name, "items": items})  # fmt: skip
    if not given.is_valid():
        return _form(request, found, name, items, _flat(given.errors), version, status=422)
    try:
        saved = operations.save_template(
            name=given.validated_data["name"], items=given.validated_data["items"],
            template_id=found.pk if found else None, expected_version=given.validated_data.get("version"),
            by=request.actor,
        )  # fmt: skip
    except DomainError as refusal:
        if found is not None:
            found.refresh_from_db()
        late = isinstance(refusal, Conflict) and found is not None
        errors = {refusal.field or "": [str(refusal)]}
        if late and found:
            said = ", ".join(item["title"] for item in found.items) or "no task"
            now_said = f"It says now: “{found.name}” with {said}."
            errors[""] = [*errors.get("", []), now_said, "Save again to put yours there."]
        return _form(request, found, name, items, errors, found.version if late and found else version, status=422)
    messages.success(request, f"“{saved.name}” is saved as version {saved.version}.")
    return redirect("accounts:task-templates")


@login_required
@require_POST
def archive_template(request: Request, template_id: UUID) -> HttpResponse:
    """Offer it no more, or again."""
    get_object_or_404(TaskTemplate, pk=template_id)
    restore = request.POST.get("restore") == "1"
    found = operations.archive_template(template_id=template_id, by=request.actor, at=now(), restore=restore)
    messages.success(request, f"“{found.name}” is offered again." if restore else f"“{found.name}” is offered no more.")
    return redirect("accounts:task-templates")


@login_required
@require_http_methods(["GET", "POST"])
def apply_template(request: Request, template_id: UUID) -> HttpResponse:
    """Choose account and start, see on which days its tasks fall, then make them."""
    require(request.actor, rules.KEEP_TASKS)
    found = get_object_or_404(TaskTemplate, pk=template_id, archived_at=None)
    if request.method == "GET":
        data = {"starts_on": localdate().isoformat(), "assignee_id": str(request.actor.user_id or "")}
        return _apply(request, found, {**data, "to": request.GET.get("to", "")}, {})
    data = posted(request, ("to", "starts_on", "assignee_id"))
    name = " ".join(str(data.get("to", "")).replace("\0", "").split())
    account = queries.named(name, by=request.actor) if name else None
    given = TemplateApply(data={**data, "account_id": account.pk if account else None})
    errors = {} if given.is_valid() else said(given)
    if account is None:
        errors.pop("account_id", None)
        errors["to"] = [f"No account that you see is called “{name}”." if name else "Name the account."]
    if errors or account is None:
        return _apply(request, found, data, errors, status=422)
    if request.POST.get("make") != "1":
        return _apply(request, found, data, {}, preview=True)
    try:
        made = operations.apply_template(template_id=found.pk, **given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        field = {"assignee_id": "assignee_id"}.get(refusal.field or "", "")
        return _apply(request, found, data, {field: [str(refusal)]}, status=422)
    messages.success(request, f"{len(made)} tasks of “{found.name}” are made.")
    return redirect("accounts:account", account.pk)


def _rows(request: Request) -> list[dict[str, Any]]:
    """The rows of the form that have a title, in their order."""
    columns = {name: request.POST.getlist(f"item_{name}") for name in ROW}
    skip = set(request.POST.getlist("item_weekdays"))
    rows = []
    for number, title in enumerate(columns["title"]):
        row = {name: (columns[name][number] if number < len(columns[name]) else "") for name in ROW}
        if title.strip():
            rows.append({**row, "days": row["days"].strip() or "0", "weekdays": str(number) in skip})
    return rows


def _flat(errors: Any) -> dict[str, list[str]]:
    """Errors of the rows as sentences that name their row."""
    flat: dict[str, list[str]] = {
        name: [str(one) for one in found] for name, found in errors.items() if name != "items"
    }
    rows = errors.get("items", [])
    numbered = [(int(key) + 1, row) for key, row in rows.items()] if isinstance(rows, dict) else enumerate(rows, 1)
    for number, row in numbered:
        for name, found in row.items() if isinstance(row, dict) else [("", [row])]:
            flat.setdefault("items", []).extend(f"Task {number}, {name or 'list'}: {one}" for one in found)
    return flat


def _form(
    request: Request, found: TaskTemplate | None, name: str, items: list[Any], errors: dict[str, list[str]],
    version: Any, *, status: int = 200,
) -> HttpResponse:  # fmt: skip
    blank = {"title": "", "notes": "", "days": "", "priority": 2, "weekdays": True}
    context = {
        "template": found,
        "name": name,
        "rows": [*items, *[blank] * BLANK],
        "version": version,
        "priorities": Task.Priority.choices,
        "errors": errors,
        "refused": errors.get("", []) + errors.get("items", []) + errors.get("version", []),
    }
    return render(request, "accounts/task_template.html", context, status=status)


def _apply(
    request: Request, found: TaskTemplate, values: dict[str, Any], errors: dict[str, list[str]], *, status: int = 200,
    preview: bool = False,
) -> HttpResponse:  # fmt: skip
    plan: list[Any] = []
    if preview:
        given = TemplateApply(data={"account_id": found.pk, "starts_on": values["starts_on"]})
        given.is_valid(raise_exception=True)
        days = operations.planned_days(found, given.validated_data["starts_on"])
        plan = sorted(zip(days, found.items, strict=True), key=lambda row: row[0])
    context = {
        "template": found,
        "values": values,
        "errors": errors,
        "refused": errors.get("", []),
        "people": [(str(one.pk), str(one)) for one in people_who_see(None)],
        "plan": plan,
        "address": reverse("accounts:apply-template", args=[found.pk]),
    }
    return render(request, "accounts/task_template_apply.html", context, status=status)
