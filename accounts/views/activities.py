"""The timeline of an account, and what people write into it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.timezone import localdate, localtime, now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import rules
from accounts.models import Account, Activity
from accounts.operations import activities as operations
from accounts.queries.timeline import ALL_PARTS, mixed_timeline, people_of
from accounts.serializers.work import ActivityEdit, ActivityInput
from accounts.serving import panel_answer
from accounts.views.conflicts import edited_on, with_theirs
from core.errors import Conflict, DomainError
from core.http import Request, toast
from core.rules import allowed, require
from tenants.context import sign, unsign

TIMELINE_PAGE = 20
FIELDS = ("kind", "subject", "body", "happened_at", "minutes", "version")
UNDO = "activity-undo"
LONGEST_UNDO = 4000  # characters of an address that every proxy passes on


@login_required
@require_GET
def timeline_panel(request: Request, account_id: UUID) -> HttpResponse:
    """What happened on this account, newest first, in pages; `?show=` keeps one part of it."""
    return _timeline(request, _account(request, account_id))


@login_required
@require_http_methods(["GET", "POST"])
def record_activity(request: Request, account_id: UUID) -> HttpResponse:
    """The timeline; posted to, it writes something down."""
    account = _account(request, account_id)
    if request.method == "GET":
        return _timeline(request, account, writing=True)
    require(request.actor, rules.LOG, account)
    data = posted(request, FIELDS) | {"contact_ids": request.POST.getlist("contact_ids")}
    given = ActivityInput(data=data)
    if not given.is_valid():
        return _timeline(request, account, values=data, errors=said(given), status=422)
    try:
        made = operations.record_activity(account_id=account.pk, **given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        return _timeline(request, account, values=data, errors={refusal.field or "": [str(refusal)]}, status=422)
    text = f"The {made.get_kind_display().lower()} is on the timeline."
    return _done(request, account, text, _address("remove-activity", made))


@login_required
@require_http_methods(["GET", "POST"])
def edit_activity(request: Request, account_id: UUID, activity_id: UUID) -> HttpResponse:
    """The form of one activity, in the place of its line or as a page."""
    account, found = _activity(request, account_id, activity_id)
    require(request.actor, rules.LOG, account)
    if request.method == "GET":
        return _form(request, account, found, _values(found), {})
    data = with_theirs(request, posted(request, FIELDS), _stored(found))
    if "people" in request.POST:  # the form shows the choice, so none chosen is nobody
        data["contact_ids"] = request.POST.getlist("contact_ids")
    given = ActivityEdit(data={"subject": "", "body": "", "minutes": None, **data})
    if not given.is_valid():
        return _form(request, account, found, data, said(given), status=422)
    before = {**_values(found), "minutes": found.minutes, "happened_at": found.happened_at.isoformat()}
    changes = dict(given.validated_data)
    try:
        saved = operations.edit_activity(
            activity_id=found.pk, expected_version=changes.pop("version"), changes=changes, by=request.actor, at=now()
        )
    except Conflict:
        found.refresh_from_db()
        return _form(request, account, found, data, {}, conflict=True, status=409)
    except DomainError as refusal:
        return _form(request, account, found, data, {refusal.field or "": [str(refusal)]}, status=422)
    back = sign({**before, "version": saved.version}, UNDO)
    undo = f"{_address('undo-activity', saved)}?to={back}" if len(back) < LONGEST_UNDO else ""
    answer = _done(request, account, "The change is saved.", undo)
    # The form stands in the place of one line; what is saved renews the whole list.
    answer["HX-Retarget"], answer["HX-Reswap"] = "#timeline", "outerHTML"
    return answer


@login_required
@require_POST
def undo_edit(request: Request, account_id: UUID, activity_id: UUID) -> HttpResponse:
    """Put an activity back as it was before an edit; `?to=` was signed when the edit was saved."""
    account, found = _activity(request, account_id, activity_id)
    require(request.actor, rules.LOG, account)
    try:
        changes = unsign(request.GET.get("to", ""), UNDO)
    except signing.BadSignature as error:
        raise Http404 from error
    given = ActivityEdit(data=changes)
    given.is_valid(raise_exception=True)
    values = dict(given.validated_data)
    operations.edit_activity(
        activity_id=found.pk, expected_version=values.pop("version"), changes=values, by=request.actor, at=now()
    )
    return _done(request, account, "It reads as before.", wake=True)


@login_required
@require_POST
def remove_activity(request: Request, account_id: UUID, activity_id: UUID) -> HttpResponse:
    """Take it off the timeline; `?restore=1` brings it back."""
    account, found = _activity(request, account_id, activity_id, removed=True)
    restore = request.GET.get("restore") == "1"
    operations.remove_activity(activity_id=found.pk, by=request.actor, at=now(), restore=restore)
    address = _address("remove-activity", found)
    if restore:
        return _done(request, account, "It is back on the timeline.", wake=True)
    return _done(request, account, f"The {found.get_kind_display().lower()} is removed.", f"{address}?restore=1")


def posted(request: Request, names: tuple[str, ...]) -> dict[str, Any]:
    """What a form sent, without what was left empty."""
    return {name: request.POST[name] for name in names if request.POST.get(name, "").strip()}


def said(given: Any) -> dict[str, list[str]]:
    """The errors of a serializer by field, for the components of a form."""
    return {name: [str(error) for error in errors] for name, errors in given.errors.items()}


def _account(request: Request, account_id: UUID) -> Account:
    found: Account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    return found


def _activity(
    request: Request, account_id: UUID, activity_id: UUID, *, removed: bool = False
) -> tuple[Account, Activity]:
    account = _account(request, account_id)
    known = Activity.objects.filter(account=account) if removed else account.activities.filter(removed_at=None)
    return account, get_object_or_404(known, pk=activity_id)


def _address(name: str, one: Activity) -> str:
    return reverse(f"accounts:{name}", args=[one.account_id, one.pk])


def _values(one: Activity) -> dict[str, Any]:
    when = localtime(one.happened_at).strftime("%Y-%m-%dT%H:%M")
    minutes = "" if one.minutes is None else one.minutes
    present = [str(key) for key in one.contacts.values_list("pk", flat=True)]
    texts = {"contact_ids": present, "kind": one.kind, "subject": one.subject, "body": one.body, "version": one.version}
    return {**texts, "happened_at": when, "minutes": minutes}


def _stored(one: Activity) -> dict[str, str]:
    """As the form writes it."""
    return {name: str(value) for name, value in _values(one).items() if name not in ("version", "contact_ids")}


def _form(
    request: Request, account: Account, one: Activity, values: dict[str, Any], errors: dict[str, list[str]], *,
    conflict: bool = False, status: int = 200,
) -> HttpResponse:  # fmt: skip
    context = {
        "edited": edited_on(request, _stored(one), one.version, conflict=conflict),
        "activity": one, "values": values, "errors": errors, "refused": errors.get("", []) + errors.get("version", []),
        "kinds": Activity.Kind.choices, "address": _address("activity", one), "present": people_of(account, one),
    }  # fmt: skip
    return panel_answer(request, account, "accounts/activity_form.html", context, status=status)


def _timeline(
    request: Request, account: Account, *, values: dict[str, Any] | None = None,
    errors: dict[str, list[str]] | None = None, status: int = 200, done: bool = False, writing: bool = False,
) -> HttpResponse:  # fmt: skip
    """writing: the form stands open, for who came to write something down."""
    part = request.GET.get("show", "")
    part = part if part in ALL_PARTS else ""
    after = request.GET.get("after", "") if status == 200 else ""
    page = mixed_timeline(account.pk, part=part, after=after, size=TIMELINE_PAGE, by=request.actor, may=rules.LOG)
    context = {
        "items": page.rows,
        "page": page,
        "part": part,
        "parts": list(ALL_PARTS.items()),
        "day_before": request.GET.get("day", ""),  # the page before has named this day already
        "today": localdate(),
        "kinds": Activity.Kind.choices,
        "present": people_of(account),
        "may_log": allowed(request.actor, rules.LOG, account) and account.archived_at is None,
        "values": {"happened_at": localtime(now()).strftime("%Y-%m-%dT%H:%M"), **(values or {})},
        "errors": errors or {},
        "refused": (errors or {}).get("", []),
        "done": done,
        "writing": writing,
        "panel_title": "Timeline",
    }
    template = "accounts/timeline.html#more" if after and request.htmx else "accounts/timeline.html"
    return panel_answer(request, account, template, context, status=status)


def _done(request: Request, account: Account, text: str, undo_url: str = "", *, wake: bool = False) -> HttpResponse:
    """wake: the answer is put nowhere, as after an undo, so an event renews the panel."""
    if not request.htmx:
        messages.success(request, text)
        return redirect("accounts:account", account.pk)
    events: dict[str, Any] = {"activity-changed": {}} if wake else {}
    return toast(_timeline(request, account, done=True), text, undo_url=undo_url, **events)
