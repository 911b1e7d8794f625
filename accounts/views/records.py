"""Records of the tenant's own objects: the list, one record, its form, deleting and restoring, the panel, the file."""

import csv
import io
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import queries, rules
from accounts.conditions import ConditionError, Kind
from accounts.models import Account, CustomField, CustomObject, CustomRecord
from accounts.operations.records import archive_record, create_record, edit_record
from accounts.queries.custom import OwnValue, fields_seen, own_values
from accounts.queries.objects import (
    Wanted,
    choosable,
    fields_key,
    may_change,
    objects_seen,
    records,
    records_at,
)
from accounts.serving import panel_answer
from accounts.views.conflicts import differing, last_record_edit
from accounts.views.own_fields import posted_own, settable
from accounts.views.roles import clean, is_uuid
from core.cells import neutralise
from core.errors import Conflict, DomainError
from core.http import Request, keyset_page, permission_required
from core.rules import allowed, require

PAGE, IN_PANEL, IN_LIST = 50, 5, 6  # rows of a page, records of each object in the panel, fields in the list
LONGEST_NAME = 200


def _kind(request: Request, code: str) -> CustomObject:
    found: CustomObject = get_object_or_404(objects_seen(by=request.actor), code=code)
    return found


def _record(request: Request, kind: CustomObject, record_id: UUID) -> CustomRecord:
    seen = CustomRecord.objects.visible_to(request.actor).select_related("account", "object")
    found: CustomRecord = get_object_or_404(seen.filter(object=kind), pk=record_id)
    return found


@login_required
@require_GET
def index(request: Request) -> HttpResponse:
    """The objects that one may know of, with how many records of each one sees."""
    kinds = list(objects_seen(by=request.actor))
    seen = CustomRecord.objects.visible_to(request.actor).filter(archived_at=None, account__archived_at=None)
    counts = dict(seen.values_list("object_id").annotate(number=Count("pk")))
    context = {
        "rows": [(kind, counts.get(kind.pk, 0)) for kind in kinds],
        "may_keep": allowed(request.actor, rules.KEEP_FIELDS),
    }
    return render(request, "accounts/record_index.html", context)


@login_required
@require_GET
def record_list(request: Request, code: str) -> HttpResponse:
    """The records of one object, by name; the filters are in the address."""
    kind = _kind(request, code)
    wanted, chosen, account = _asked(request, kind)
    errors: list[str] = []
    try:
        found = records(kind, wanted, by=request.actor)
    except ConditionError as wrong:
        found, errors = CustomRecord.objects.none(), [wrong.message]
    page = keyset_page(
        found, ["sort_name", "id"], size=PAGE, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    ) if not errors else None  # fmt: skip
    fields = fields_seen(by=request.actor, record=fields_key(kind))
    kept = {name: value for name, value in _kept(request, chosen).items() if value}
    context = {
        "kind": kind,
        "lines": [(row, _shown(row, fields[:IN_LIST])) for row in page.rows] if page else [],
        "fields": fields[:IN_LIST],
        "every": fields,
        "chosen": chosen,
        "wanted": wanted,
        "account": account,
        "errors": errors,
        "filtered": bool(kept),
        "older": f"?{urlencode({**kept, 'after': page.after})}" if page and page.after else "",
        "newer": f"?{urlencode({**kept, 'before': page.before})}" if page and page.before else "",
        "file": f"{reverse('accounts:records-export', args=[kind.code])}?{urlencode(kept)}",
        "may_change": may_change(kind, None, by=request.actor),
        "may_export": allowed(request.actor, rules.EXPORT),
        "may_keep": allowed(request.actor, rules.KEEP_FIELDS),
    }
    template = "accounts/records.html#list" if request.htmx else "accounts/records.html"
    return render(request, template, context, status=422 if errors else 200)


def _asked(request: Request, kind: CustomObject) -> tuple[Wanted, list[tuple[CustomField, str, Any]], Account | None]:
    """What the address asks for: as a query, as filters with their value and options, and the account in it."""
    chosen: list[tuple[CustomField, str, Any]] = []
    for field in choosable(kind, by=request.actor):
        said = clean(request.GET.get(field.code, ""))
        options = (
            [("true", "Yes"), ("false", "No")] if field.kind == Kind.YES else [(one, one) for one in field.choices]
        )
        chosen.append((field, said if said in dict(options) else "", options))
    asked, account = clean(request.GET.get("account", "")), None
    if is_uuid(asked):
        account = Account.objects.visible_to(request.actor).filter(pk=asked).first()
    wanted = Wanted(
        q=clean(request.GET.get("q", "")),
        account_id=account.pk if account else None,
        where=clean(request.GET.get("where", "")),
        said={field.code: value for field, value, _ in chosen if value},
        deleted=request.GET.get("deleted") == "1",
    )
    return wanted, chosen, account


def _kept(request: Request, chosen: list[tuple[CustomField, str, Any]]) -> dict[str, str]:
    names = ("q", "account", "where", "deleted", *(field.code for field, _, _ in chosen))
    return {name: clean(request.GET.get(name, "")) for name in names}


def _shown(row: CustomRecord, fields: list[CustomField]) -> list[OwnValue]:
    return [OwnValue(field, row.custom.get(field.code), False) for field in fields]


@login_required
@require_GET
@permission_required(rules.EXPORT)
def records_export(request: Request, code: str) -> HttpResponse:
    """What the list shows, with every field that one sees, as CSV."""
    kind = _kind(request, code)
    try:
        found = records(kind, _asked(request, kind)[0], by=request.actor)
    except ConditionError as wrong:
        return HttpResponse(wrong.message, status=422, content_type="text/plain; charset=utf-8")
    fields = fields_seen(by=request.actor, record=fields_key(kind))
    text = io.StringIO()
    writer = csv.writer(text)
    units = [f"{field.label} ({field.unit})" if field.unit else field.label for field in fields]
    writer.writerow([neutralise(cell) for cell in (kind.name, "Account", *units)])
    for row in found.order_by(Lower("name"), "id").iterator(1000):
        cells = (row.name, row.account.name, *(one.text for one in _shown(row, fields)))
        writer.writerow([neutralise(cell) for cell in cells])
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{kind.code}-{localdate():%Y-%m-%d}.csv"'
    return answer


@login_required
@require_GET
def record(request: Request, code: str, record_id: UUID) -> HttpResponse:
    kind = _kind(request, code)
    found = _record(request, kind, record_id)
    context = {
        "kind": kind,
        "record": found,
        "own": own_values(found, by=request.actor, record=fields_key(kind)),
        "may_change": may_change(kind, found.account, by=request.actor),
    }
    return render(request, "accounts/record.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new_record(request: Request, code: str) -> HttpResponse:
    """Add a record; `?account=` says at which account, else it is named in the form."""
    kind = _kind(request, code)
    require(request.actor, rules.EDIT)
    if not may_change(kind, None, by=request.actor):
        return redirect("accounts:records", kind.code)
    account = _account(request)
    if request.method == "GET":
        return _form(request, kind, None, {}, account=account)
    values, errors = _own(request, kind, None)
    if account is None:
        errors["to"] = ["No account that you see is called so."]
    if not errors and account is not None:
        try:
            made = create_record(
                code=kind.code, account_id=account.pk, name=_name(request), **values, by=request.actor, at=now()
            )
            messages.success(request, f"“{made.name}” is here.")
            return redirect("accounts:record", kind.code, made.pk)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    return _form(request, kind, None, errors, account=account, status=422)


@login_required
@require_http_methods(["GET", "POST"])
def edit_record_page(request: Request, code: str, record_id: UUID) -> HttpResponse:
    """Fields ticked as `theirs` are left as the other person saved them."""
    kind = _kind(request, code)
    found = _record(request, kind, record_id)
    require(request.actor, rules.EDIT, found.account)
    if not may_change(kind, found.account, by=request.actor):
        return redirect("accounts:record", kind.code, found.pk)
    if request.method == "GET":
        return _form(request, kind, found, {})
    values, errors = _own(request, kind, found)
    version = request.POST.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 9):
        errors = {"": ["This form is out of date. Load the page again; what you typed stays in it until then."]}
    if not errors:
        mine = {"name": _name(request), **values}
        changes = {name: value for name, value in mine.items() if name not in request.POST.getlist("theirs")}
        try:
            saved = edit_record(record_id=found.pk, expected_version=int(version), changes=changes, by=request.actor)
            messages.success(request, f"“{saved.name}” is saved.")
            return redirect("accounts:record", kind.code, saved.pk)
        except Conflict:
            found.refresh_from_db()
            own = {one.name: one.text for one in settable(request, found, fields_key(kind))}
            theirs = differing(request, {"name": found.name, **own})
            return _form(request, kind, found, {}, theirs=theirs, status=409)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    return _form(request, kind, found, errors, status=422)


def _name(request: Request) -> str:
    return clean(request.POST.get("name", ""))[:LONGEST_NAME]


def _account(request: Request) -> Account | None:
    """The account of a new record: by id in the address, or by its name in the form."""
    asked = clean(request.GET.get("account", ""))
    if is_uuid(asked):
        found: Account = get_object_or_404(Account.objects.visible_to(request.actor).active(), pk=asked)
        return found
    name = " ".join(clean(request.POST.get("to", "")).split())
    return queries.named(name, by=request.actor) if name else None


def _own(
    request: Request, kind: CustomObject, found: CustomRecord | None
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    values, errors = posted_own(request, found, fields_key(kind))
    if not _name(request):
        errors["name"] = ["It needs a name."]
    return values, errors


def _form(
    request: Request, kind: CustomObject, found: CustomRecord | None, errors: dict[str, list[str]], *,
    account: Account | None = None, theirs: dict[str, Any] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    posted = request.POST.dict() if request.method == "POST" else {}
    own = own_values(found, by=request.actor, record=fields_key(kind))
    stored = {"name": found.name if found else "", **{one.name: one.text for one in own if one.may_set}}
    started = found and (theirs is not None or not posted)  # from what is stored now, or from what it was before
    context = {
        "kind": kind,
        "record": found,
        "account": found.account if found else account,
        "own": [one for one in own if found or one.may_set],
        "values": {**stored, **posted},
        "version": found.version if found and started else posted.get("version"),
        "was": stored if started else {n: posted[f"was-{n}"] for n in stored if f"was-{n}" in posted},
        "errors": errors,
        "refused": errors.get("", []),
        "theirs": theirs or {},
        "edit": last_record_edit(found) if found and theirs is not None else None,
    }
    return render(request, "accounts/record_form.html", context, status=status)


@login_required
@require_POST
def delete_record(request: Request, code: str, record_id: UUID) -> HttpResponse:
    """Delete a record; `restore=1` brings it back."""
    kind = _kind(request, code)
    found = _record(request, kind, record_id)
    restore = request.POST.get("restore") == "1"
    try:
        archive_record(record_id=found.pk, by=request.actor, at=now(), restore=restore)
        messages.success(request, f"“{found.name}” is {'back' if restore else 'deleted. You can bring it back here'}.")
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("accounts:record", kind.code, found.pk)


@login_required
@require_GET
def records_panel(request: Request, account_id: UUID) -> HttpResponse:
    """The tenant's own objects with their records at this account."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    groups = records_at(account, by=request.actor, most=IN_PANEL)
    return panel_answer(request, account, "accounts/records_panel.html", {"groups": groups})
