"""Tasks: the list, one task with its thread, the panel of an account, templates."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import DateField, Value
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_http_methods, require_POST

from accounts import rules
from accounts.models import Account, Task, TaskTemplate
from accounts.operations import task_templates
from accounts.operations import tasks as operations
from accounts.queries.comments import thread
from accounts.queries.documents import documents_about
from accounts.queries.leftover import things_of
from accounts.queries.tasks import FAR, VIEWS, people_who_see, tasks_in, tasks_of, templates
from accounts.serializers.work import TaskEdit, TaskInput, TaskSnooze, TemplateApply
from accounts.serving import panel_answer
from accounts.views.activities import posted, said
from accounts.views.conflicts import edited_on, with_theirs
from core.errors import Conflict, DomainError
from core.http import Request, keyset_page, toast
from core.rules import allowed, require

PAGE, PANEL, THREAD = 50, 20, 100
FIELDS = ("title", "notes", "assignee_id", "priority", "due_on", "remind_on", "private", "about", "version")
EMPTY = {"title": "", "notes": "", "assignee_id": None, "due_on": None, "remind_on": None, "private": False}


@login_required
@require_http_methods(["GET", "POST"])
def tasks(request: Request) -> HttpResponse:
    """The list of tasks, one view of it in the URL; posted to, it makes a task without an account."""
    if request.method == "POST":
        require(request.actor, rules.KEEP_TASKS)
        data = posted(request, FIELDS)
        given = TaskInput(data=data)
        if not given.is_valid():
            return _list(request, values=data, errors=said(given), status=422)
        try:
            made = operations.create_task(**given.validated_data, by=request.actor, at=now())
        except DomainError as refusal:
            return _list(request, values=data, errors={refusal.field or "": [str(refusal)]}, status=422)
        messages.success(request, f"“{made.title}” is on the list.")
        return redirect("accounts:tasks")
    return _list(request)


@login_required
@require_http_methods(["GET", "POST"])
def task(request: Request, task_id: UUID) -> HttpResponse:
    """One task with its form and its thread."""
    found = get_object_or_404(Task.objects.visible_to(request.actor).select_related("account", "assignee"), pk=task_id)
    if request.method == "GET":
        return _task(request, found, _values(found), {})
    require(request.actor, rules.KEEP_TASKS, found)
    data = with_theirs(request, posted(request, FIELDS), _stored(found))
    given = TaskEdit(data={**EMPTY, **data})
    if not given.is_valid():
        return _task(request, found, data, said(given), status=422)
    changes = {name: value for name, value in given.validated_data.items() if name != "about"}
    if "about" in request.POST and request.POST["about"] != _about(found):
        changes["about"] = request.POST["about"]
    try:
        operations.edit_task(
            task_id=found.pk, expected_version=changes.pop("version"), changes=changes, by=request.actor, at=now()
        )
    except Conflict:
        found.refresh_from_db()
        return _task(request, found, data, {}, conflict=True, status=409)
    except DomainError as refusal:
        return _task(request, found, data, {refusal.field or "": [str(refusal)]}, status=422)
    messages.success(request, "The task is saved.")
    return redirect("accounts:task", found.pk)


@login_required
@require_POST
def task_step(request: Request, task_id: UUID, verb: str) -> HttpResponse:
    """Done, dropped, reopened; with undo."""
    get_object_or_404(Task.objects.visible_to(request.actor), pk=task_id)
    if verb == "reopen":
        found = operations.reopen_task(task_id=task_id, by=request.actor, at=now())
        return _stepped(request, found, "The task is open again.", "")
    found = operations.close_task(task_id=task_id, dropped=verb == "drop", by=request.actor, at=now())
    text = f"“{found.title}” is {'dropped' if found.dropped else 'done'}."
    return _stepped(request, found, text, reverse("accounts:reopen-task", args=[found.pk]))


@login_required
@require_POST
def snooze_task(request: Request, task_id: UUID) -> HttpResponse:
    """Put it away until a day, or wake it."""
    found = get_object_or_404(Task.objects.visible_to(request.actor).select_related("account", "assignee"), pk=task_id)
    require(request.actor, rules.KEEP_TASKS, found)
    data = {"until": None, **posted(request, ("until", "reason"))}
    given = TaskSnooze(data=data)
    errors = {} if given.is_valid() else said(given)
    if data["until"] is None and request.POST.get("wake") != "1":
        errors["until"] = ["Choose a day to come."]
    if not errors:
        try:
            operations.snooze_task(task_id=task_id, **given.validated_data, by=request.actor, at=now())
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    if errors:
        return _task(request, found, {**_values(found), **data}, errors, status=422)
    return _stepped(request, found, "It comes back on its day." if data["until"] else "The task is awake.", "")


@login_required
@require_http_methods(["GET", "POST"])
def tasks_panel(request: Request, account_id: UUID) -> HttpResponse:
    """The open tasks of an account; posted to, it makes one or applies a template."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    if request.method == "GET":
        return _panel(request, account)
    require(request.actor, rules.KEEP_TASKS, account)
    if request.POST.get("template_id"):
        return _apply(request, account)
    data = posted(request, FIELDS)
    given = TaskInput(data=data)
    if not given.is_valid():
        return _panel(request, account, values=data, errors=said(given), status=422)
    try:
        made = operations.create_task(account_id=account.pk, **given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        return _panel(request, account, values=data, errors={refusal.field or "": [str(refusal)]}, status=422)
    return _made(request, account, f"“{made.title}” is made.")


def _apply(request: Request, account: Account) -> HttpResponse:
    data = posted(request, ("template_id", "starts_on", "assignee_id"))
    given = TemplateApply(data={**data, "account_id": account.pk})
    if not given.is_valid():
        return _panel(request, account, values=data, errors=said(given), status=422)
    try:
        template = TaskTemplate.objects.get(pk=UUID(data["template_id"]), archived_at=None)
        made = task_templates.apply_template(
            template_id=template.pk, **given.validated_data, by=request.actor, at=now()
        )
    except (ValueError, TaskTemplate.DoesNotExist):
        return _panel(request, account, values=data, errors={"template_id": ["Choose a template."]}, status=422)
    except DomainError as refusal:
        return _panel(request, account, values=data, errors={refusal.field or "": [str(refusal)]}, status=422)
    return _made(request, account, f"{len(made)} tasks of “{template.name}” are made.")


def _made(request: Request, account: Account, text: str) -> HttpResponse:
    if not request.htmx:
        messages.success(request, text)
        return redirect("accounts:account", account.pk)
    return toast(_panel(request, account, done=True), text)


def _panel(
    request: Request, account: Account, *, values: dict[str, Any] | None = None,
    errors: dict[str, list[str]] | None = None, status: int = 200, done: bool = False,
) -> HttpResponse:  # fmt: skip
    found, errors = list(tasks_of(account.pk, by=request.actor)[: PANEL + 1]), errors or {}
    may = allowed(request.actor, rules.KEEP_TASKS, account) and account.archived_at is None
    of_template = "template_id" in (values or {})
    context = {
        "tasks": found[:PANEL],
        "more": len(found) > PANEL,
        "today": localdate(),
        "may_keep": may,
        "people": _people(account) if may else [],
        "things": things_of(account) if may else [],
        "templates": [(one.pk, one.name) for one in templates()] if may else [],
        "priorities": Task.Priority.choices,
        "me": request.actor.user_id,
        "values": {"assignee_id": request.actor.user_id, "starts_on": localdate().isoformat(), **(values or {})},
        "refused": errors.get("", []),
        "task_errors": {} if of_template else errors,
        "template_errors": errors if of_template else {},
        "done": done,
    }
    return panel_answer(request, account, "accounts/tasks_panel.html", context, status=status)


def _people(account: Account | None) -> list[tuple[UUID, str]]:
    return [(one.pk, str(one)) for one in people_who_see(account)]


def _list(
    request: Request, *, values: dict[str, Any] | None = None, errors: dict[str, list[str]] | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    view, day = request.GET.get("view", ""), localdate()
    view = view if view in VIEWS else "mine"
    found = tasks_in(view, by=request.actor, on=day)
    found = found.annotate(due=Coalesce("due_on", Value(FAR), output_field=DateField()))
    order = ["-done_at", "id"] if view == "done" else ["due", "priority", "id"]
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    context = {
        "page": keyset_page(found, order, size=PAGE, **cursors),
        "view": view,
        "views": list(VIEWS.items()),
        "today": day,
        "me": request.actor.user_id,
        "may_keep": allowed(request.actor, rules.KEEP_TASKS),
        "people": _people(None),
        "priorities": Task.Priority.choices,
        "values": {"assignee_id": request.actor.user_id, **(values or {})},
        "errors": errors or {},
    }
    template = "accounts/tasks.html#list" if request.htmx else "accounts/tasks.html"
    return render(request, template, context, status=status)


def _values(found: Task) -> dict[str, Any]:
    values = {name: getattr(found, name) for name in FIELDS if name != "about"} | {"about": _about(found)}
    days = {name: values[name].isoformat() if values[name] else "" for name in ("due_on", "remind_on")}
    return {**values, **days}


def _stored(found: Task) -> dict[str, Any]:
    """As the form writes it."""
    values = _values(found)
    names = ("title", "notes", "assignee_id", "priority", "due_on", "remind_on")
    return {name: "" if values[name] is None else str(values[name]) for name in names}


def _says(found: Task) -> dict[str, str]:
    return {"assignee_id": str(found.assignee or ""), "priority": found.get_priority_display()}


def _about(found: Task) -> str:
    return f"{found.subject_kind}:{found.subject_id}" if found.subject_kind in ("contract", "renewal") else ""


def _task(
    request: Request, found: Task, values: dict[str, Any], errors: dict[str, list[str]], *, conflict: bool = False,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    account = found.account
    sees = account is not None and Account.objects.visible_to(request.actor).filter(pk=account.pk).exists()
    may = allowed(request.actor, rules.KEEP_TASKS, found)
    context = {
        "task": found,
        "edited": edited_on(request, _stored(found), found.version, conflict=conflict, says=_says(found)),
        "shown_account": account if sees else None,
        "values": values,
        "errors": errors,
        "refused": errors.get("", []) + errors.get("version", []),
        "priorities": Task.Priority.choices,
        "people": _people(account) if may else [],
        "may_keep": may,
        "things": things_of(account) if may and account else [],
        "today": localdate(),
        "me": request.actor.user_id,
        "comments": list(thread("task", found.pk).order_by("created_at", "id")[:THREAD]),
        "documents": documents_about("task", found.pk),
        "subject_kind": "task",
        "subject_id": found.pk,
        "may_comment": allowed(request.actor, rules.COMMENT),
    }
    return render(request, "accounts/task.html", context, status=status)


def _stepped(request: Request, found: Task, text: str, undo_url: str) -> HttpResponse:
    if not request.htmx:
        messages.success(request, text)
        return redirect("accounts:task", found.pk)
    events: dict[str, Any] = {"task-changed": {}}
    return toast(HttpResponse(), text, undo_url=undo_url, **events)
