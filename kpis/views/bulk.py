"""Change many accounts: choose, look, let the worker do it, see each account's result, take it back as one."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import rules as accounts_rules
from accounts.conditions import ConditionError
from accounts.models import Account, BulkChange, BulkRow
from accounts.operations import bulk
from accounts.queries import bulk as bulk_queries
from accounts.queries.custom import own_values
from core.errors import DomainError
from core.http import Request, keyset_page, permission_required
from core.rules import allowed
from kpis.queries import portfolio as queries
from kpis.serializers.portfolio import PageQuery
from kpis.views.looks import address
from kpis.views.uploads import is_uuid
from users.models import User

PAGE = 50
STATES = {"": "All", "changed": "Changed", "same": "Said so already", "failed": "Left alone", "undone": "Taken back"}


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(accounts_rules.EDIT)
def bulk_edit(request: Request) -> HttpResponse:
    """The rows that are ticked (`ids`), or all that the address matches (`all`); the look before comes first."""
    accounts, chosen = _chosen(request)
    given = request.POST if request.method == "POST" else request.GET
    name = given.get("field", "")
    own = [one for one in own_values(None, by=request.actor) if one.may_set]
    names = [*bulk.FIELDS, bulk.ARCHIVED, *(one.name for one in own)]
    may_archive = allowed(request.actor, accounts_rules.ARCHIVE)
    value = given.get(f"value-{name}", "") if name in names else ""
    errors: dict[str, str] = {}
    labels, looked = {one.name: one.field.label for one in own}, None
    if name:
        try:
            looked = bulk.look(accounts=accounts, changes={name: value}, by=request.actor)
            if request.method == "POST":
                given_by = {"where": chosen["query"], "by": request.actor, "at": now()}
                made = bulk.start_bulk_change(accounts=accounts, changes={name: value}, **given_by)
                return redirect("kpis:bulk-change", made.pk)
        except (DomainError, PermissionDenied) as refusal:
            errors = {getattr(refusal, "field", "") or "": str(refusal)}
    elif request.method == "POST":
        errors = {"field": "Choose what is to be changed."}
    context = {
        **chosen,
        **_choices(request),
        "count": looked.accounts if looked else accounts.count(),
        "field": name,
        "fields": [*bulk.FIELDS.items(), *((one.name, one.field.label) for one in own)]
        + ([(bulk.ARCHIVED, "Archive them")] if may_archive else []),
        "own": [(f"value-{one.name}", one, given.get(f"value-{one.name}", "")) for one in own],
        "value": value,
        "values": {one: given.get(f"value-{one}", "") for one in bulk.FIELDS},
        "says": bulk_queries.said(bulk.checked(changes={name: value}, by=request.actor), own=labels) if looked else "",
        "looked": looked,
        "errors": errors,
        "wrong": errors.get("") or errors.get("value"),
        "most": bulk.MOST,
    }
    return render(request, "kpis/bulk_edit.html", context, status=422 if errors else 200)


def _chosen(request: Request) -> tuple[QuerySet[Account], dict[str, Any]]:
    """The accounts that are meant, and how the form remembers them. A condition that does not read means none."""
    given = request.POST if request.method == "POST" else request.GET
    ids = [one for one in given.getlist("ids") if is_uuid(one)]
    if given.get("all") != "1":
        ticked = Account.objects.visible_to(request.actor).active().filter(pk__in=ids)
        return ticked, {"ids": ids, "kept": {}, "query": "", "back": address(queries.BookFilter())}
    asked = PageQuery(data=given.dict())
    readable = asked.is_valid()
    wanted = asked.wanted()
    kept = {name: value for name, value in vars(wanted).items() if value}
    try:
        accounts = queries.book(wanted, by=request.actor, today=now().date())
    except ConditionError:
        readable = False
    if not readable:
        accounts = Account.objects.none()
    return accounts, {"ids": [], "kept": {**kept, "all": "1"}, "query": urlencode(kept), "back": address(wanted)}


def _choices(request: Request) -> dict[str, Any]:
    found = queries.choices(by=request.actor)
    people = User.objects.filter(is_active=True).order_by("name").values_list("pk", "name")
    return {
        "owners": [(str(pk), name) for pk, name in people],
        "stages": Account.Stage.choices,
        "known": {"tier": found.tiers, "industry": found.industries, "region": found.regions},
    }


@login_required
@require_GET
def bulk_change(request: Request, change_id: UUID) -> HttpResponse:
    """How far it is, and what it did to each account that one sees."""
    change = get_object_or_404(_seen(request), pk=change_id)
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    rows = bulk_queries.rows_of(change, by=request.actor, state=state)
    page = keyset_page(
        rows, ["id"], size=PAGE, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    running, own = change.job is not None and change.job.finished_at is None, bulk_queries.labels_of(by=request.actor)
    context = {
        "change": change,
        "says": bulk_queries.said(change.changes, own=own) or bulk_queries.PASTED,
        "running": running,
        "figures": bulk_queries.figures(change),
        "lines": _lines(change, page.rows, own),
        "tabs": [(f"?state={name}", label, name == state) for name, label in STATES.items()],
        "newer": f"?{urlencode({'state': state, 'before': page.before})}" if page.before else "",
        "older": f"?{urlencode({'state': state, 'after': page.after})}" if page.after else "",
        "may_undo": not running and change.finished_at is not None and change.undone_at is None,
        "here": request.get_full_path(),
    }
    template = "kpis/bulk_change.html#state" if request.htmx else "kpis/bulk_change.html"
    return render(request, template, context)


def _lines(change: BulkChange, rows: list[BulkRow], own: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each account with what it said before and what became of it."""
    people, now_so = (
        bulk_queries.names_of([row.before for row in rows if row.before]),
        bulk_queries.stored(change.changes),
    )
    return [
        {
            "row": row,
            "before": bulk_queries.said(row.before, people, own=own) if row.before is not None else "",
            "result": _result(row, now_so if row.after is None else row.after),
        }
        for row in rows
    ]


def _result(row: BulkRow, now_so: dict[str, str | None]) -> str:
    if row.error:
        return row.error
    if row.before is None:
        return "Waiting"
    if row.before == now_so:
        return "Said so already"
    return "Taken back" if row.undone else "Changed"


@login_required
@require_POST
def bulk_stop(request: Request, change_id: UUID) -> HttpResponse:
    """Stop after this chunk; what is done stays done, and can be taken back."""
    get_object_or_404(_seen(request), pk=change_id)
    try:
        bulk.stop_change(change_id=change_id, by=request.actor)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("kpis:bulk-change", change_id)


@login_required
@require_POST
def bulk_undo(request: Request, change_id: UUID) -> HttpResponse:
    get_object_or_404(_seen(request), pk=change_id)
    try:
        bulk.undo_bulk_change(change_id=change_id, by=request.actor, at=now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("kpis:bulk-change", change_id)


def _seen(request: Request) -> QuerySet[BulkChange]:
    found: QuerySet[BulkChange] = BulkChange.objects.select_related("job")
    return found if request.actor.sees_all else found.filter(created_by_id=request.actor.user_id)
