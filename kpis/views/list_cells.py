"""Cells of the list of accounts that are changed in place: one at a time, or a block pasted from a spreadsheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from accounts import custom, operations, rules
from accounts.conditions import Field, Kind, fields_named
from accounts.models import Account, BulkChange
from accounts.operations import bulk
from accounts.operations.pasting import MOST_CELLS, PastedRow, paste_cells
from accounts.queries.bulk import figures, names_of
from accounts.queries.typed import Reader, as_typed, may_be_typed
from core.errors import Conflict, DomainError
from core.http import Request, toast
from core.rules import require
from kpis.views.uploads import is_uuid
from users.models import User


def changed(*accounts: UUID) -> dict[str, Any]:
    """The page event that wakes what shows these accounts."""
    return {"account-changed": {"accounts": [str(one) for one in accounts]}}


@login_required
@require_http_methods(["GET", "POST"])
def list_cell(request: Request, account_id: UUID, code: str) -> HttpResponse:
    """One field of an account as a form; POST changes it, and says so beside the cell when that cannot be."""
    account = _account(request, account_id)
    require(request.actor, rules.EDIT, account)
    field = fields_named([code], by=request.actor).get(code)
    if field is None or not may_be_typed(code):
        raise Http404("There is no such cell.")
    if request.method == "GET":
        return _form(request, account, field, typed=as_typed(account, code))
    typed = request.POST.get("value", "")
    try:
        name, value = Reader(request.actor).read(code, typed)
        saved = operations.edit_account(
            account_id=account.pk,
            expected_version=_expected(request, account, code),
            changes={name: value},
            by=request.actor,
        )
    except Conflict:
        fresh = _account(request, account_id)
        return _form(request, fresh, field, typed=typed, conflict=True, status=409)
    except (DomainError, PermissionDenied) as refusal:
        return _form(request, account, field, typed=typed, error=str(refusal), status=422)
    return _saved(request, account, saved, field)


def _account(request: Request, account_id: UUID) -> Account:
    seen = Account.objects.visible_to(request.actor).active().select_related("owner")
    found: Account = get_object_or_404(seen, pk=account_id)
    return found


def _expected(request: Request, account: Account, code: str) -> int:
    """The version that was looked at; what others changed in other fields since is in nobody's way."""
    if request.POST.get("was") == as_typed(account, code):
        return account.version
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _saved(request: Request, before: Account, saved: Account, field: Field) -> HttpResponse:
    was, says = as_typed(before, field.code), as_typed(saved, field.code)
    if was == says:
        words, undo = f"{field.label} of {saved.name} is as it was.", ""
    else:
        words = f"{field.label} of {saved.name}: {_said(field, was)} → {_said(field, says)}"
        address = reverse("kpis:list-cell-undo", args=[saved.pk, field.code])
        undo = f"{address}?{urlencode({'to': was, 'version': saved.version})}"
    if not request.htmx:
        messages.success(request, words)
        return redirect("accounts:account", saved.pk)
    answer = HttpResponse(status=204)
    cell = {"id": f"c-{saved.pk}-{field.code}"}
    return toast(answer, words, undo_url=undo, **{"cell-saved": cell, **changed(saved.pk)})


@login_required
@require_POST
def list_cell_undo(request: Request, account_id: UUID, code: str) -> HttpResponse:
    """Give a cell back what it said, unless the account was changed again since."""
    account = _account(request, account_id)
    require(request.actor, rules.EDIT, account)
    if not may_be_typed(code):
        raise Http404("There is no such cell.")
    version = request.GET.get("version", "")
    try:
        name, value = Reader(request.actor).read(code, request.GET.get("to", ""))
        operations.edit_account(
            account_id=account.pk,
            expected_version=int(version) if version.isdecimal() and len(version) < 9 else 0,
            changes={name: value},
            by=request.actor,
        )
    except (DomainError, PermissionDenied) as refusal:
        return toast(HttpResponse(status=204), str(refusal), kind="error", **changed(account.pk))
    return toast(HttpResponse(status=204), "It is as it was before.", **changed(account.pk))


def _said(field: Field, text: str) -> str:
    """What a cell said, in words."""
    if not text:
        return "nothing"
    if field.code == "owner":
        return names_of([{"owner_id": text}]).get(text, "somebody who is gone")
    return dict(field.choices).get(text, text)


def _form(
    request: Request,
    account: Account,
    field: Field,
    *,
    typed: str,
    error: str = "",
    conflict: bool = False,
    status: int = 200,
) -> HttpResponse:
    says = as_typed(account, field.code)
    context = {
        "account": account,
        "label": field.label,
        "typed": typed,
        "was": says if conflict or request.method == "GET" else request.POST.get("was", ""),
        "version": account.version if conflict or request.method == "GET" else request.POST.get("version", ""),
        "theirs": "" if not conflict or not says else _said(field, says),
        "error": error,
        "conflict": conflict,
        "options": _options(field, typed),
        "kind": "date" if field.kind is Kind.DATE and (not error or not typed) else "text",
        "inputmode": "decimal" if field.kind is Kind.NUMBER else "text",
        "url": reverse("kpis:list-cell", args=[account.pk, field.code]),
    }
    template = "kpis/list_cell.html#form" if request.htmx else "kpis/list_cell.html"
    return render(request, template, context, status=status)


def _options(field: Field, typed: str) -> list[tuple[str, str]]:
    """What can be chosen, nothing first; empty for a field that is typed. What is none of them any more stays."""
    if field.code == "owner":
        people = User.objects.filter(is_active=True).order_by("name").values_list("pk", "name")
        return [("", "Nobody"), *((str(pk), name) for pk, name in people)]
    if field.kind is Kind.YES:
        return [("", "Unknown"), ("yes", "Yes"), ("no", "No")]
    if field.kind is not Kind.CHOICE:
        return []
    gone = [(typed, typed)] if typed and typed not in dict(field.choices) else []
    return [("", "Nothing"), *field.choices, *gone]


# A block of cells ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PastedCell:
    """One text and the cell it fell on. problem: why it cannot be taken; name, value: of the account's field."""

    code: str
    text: str
    version: int
    account: Account | None = None
    label: str = ""
    now: str = ""
    problem: str = ""
    name: str = ""
    value: Any = None

    @property
    def packed(self) -> str:
        return f"{self.account.pk if self.account else ''}|{self.code}|{self.version}|{self.text}"

    @property
    def changes(self) -> bool:
        return not self.problem and self.account is not None and custom.held(self.account, self.name) != self.value


@login_required
@require_POST
def list_paste(request: Request) -> HttpResponse:
    """Without `apply` what the block would change, to look at; with it that is done as one change."""
    require(request.actor, rules.EDIT)
    lines = request.POST.getlist("cell") or request.POST.get("cells", "").splitlines()
    if len(lines) > MOST_CELLS:
        return _dialog(request, [], too_many=len(lines), status=422)
    cells = _read(request, lines)
    if "apply" not in request.POST:
        outside = request.POST.get("outside", "")
        return _dialog(request, cells, outside=int(outside) if outside.isdecimal() and len(outside) < 9 else 0)
    try:
        change = paste_cells(rows=_rows(cells), by=request.actor, at=now())
    except DomainError as refusal:
        return _dialog(request, cells, wrong=str(refusal), status=422)
    return _pasted(request, change)


def _pasted(request: Request, change: BulkChange) -> HttpResponse:
    did = figures(change)
    words = f"{did.changed} account{'' if did.changed == 1 else 's'} changed."
    if did.failed:
        words += f" {did.failed} left alone: somebody changed them since."
    undo = reverse("kpis:list-paste-undo", args=[change.pk]) if did.changed else ""
    answer = HttpResponse(status=204)
    return toast(answer, words, kind="warn" if did.failed else "done", undo_url=undo, closeDialog=True, **changed())


def _rows(cells: Sequence[PastedCell]) -> list[PastedRow]:
    rows: dict[UUID, PastedRow] = {}
    for cell in cells:
        if cell.changes and cell.account is not None:
            before = rows.get(cell.account.pk) or PastedRow(cell.account.pk, cell.version, {})
            rows[cell.account.pk] = replace(before, changes={**before.changes, cell.name: cell.value})
    return list(rows.values())


def _read(request: Request, lines: Sequence[str]) -> list[PastedCell]:
    """Each "account|column|version|text" with what it means, in a few queries whatever their number."""
    parts = [[*line.split("|", 3), "", "", ""][:4] for line in lines]
    ids = {part[0] for part in parts if is_uuid(part[0])}
    seen = Account.objects.visible_to(request.actor).active().filter(pk__in=ids).select_related("owner")
    accounts = {str(one.pk): one for one in seen}
    fields = fields_named({part[1] for part in parts if may_be_typed(part[1])}, by=request.actor)
    reader = Reader(request.actor)
    return [_judged(part, accounts, fields, reader) for part in parts]


def _judged(
    part: Sequence[str], accounts: Mapping[str, Account], fields: Mapping[str, Field], reader: Reader
) -> PastedCell:
    pk, code, version, text = part
    account, field = accounts.get(pk), fields.get(code)
    cell = PastedCell(code, text, int(version) if version.isdecimal() and len(version) < 9 else 0, account)
    if account is None or field is None:
        return replace(cell, problem="There is no such cell among your accounts.")
    says = as_typed(account, code)
    cell = replace(cell, label=field.label, now=_said_of(account, field, says))
    if code == "key":
        return replace(cell, problem="Numbers are changed one by one.")
    if account.version != cell.version:
        return replace(cell, problem="Somebody changed this account since you opened the page.")
    try:
        name, value = reader.read(code, text)
    except (DomainError, PermissionDenied) as refusal:
        return replace(cell, problem=str(refusal))
    return replace(cell, name=name, value=value)


def _said_of(account: Account, field: Field, says: str) -> str:
    if field.code == "owner":
        return account.owner.name if account.owner else ""
    return dict(field.choices).get(says, says)


def _dialog(request: Request, cells: Sequence[PastedCell], *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"cells": cells, "good": sum(cell.changes for cell in cells), "most": MOST_CELLS, **more}
    return render(request, "kpis/list_paste.html", context, status=status)


@login_required
@require_POST
def list_paste_undo(request: Request, change_id: UUID) -> HttpResponse:
    """Take a pasted block back as one; what somebody changed since stays."""
    mine = BulkChange.objects.filter(created_by_id=request.actor.user_id, changes={})
    get_object_or_404(mine, pk=change_id)
    try:
        change = bulk.undo_bulk_change(change_id=change_id, by=request.actor, at=now(), at_once=True)
    except DomainError as refusal:
        return toast(HttpResponse(status=204), str(refusal), kind="error")
    did = figures(change)
    words = f"{did.undone} account{'' if did.undone == 1 else 's'} as before."
    left = did.changed - did.undone
    if left:
        words += f" {left} had been changed again and stay{'s' if left == 1 else ''}."
    return toast(HttpResponse(status=204), words, kind="warn" if left else "done", **changed())
