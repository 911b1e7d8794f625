"""New account and edit account: one form, with a choice field by field when two people edit at once."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts import custom, operations, queries, rules
from accounts.models import Account
from accounts.queries.contracts import with_contracts
from accounts.queries.custom import own_values
from accounts.serializers import AccountEdit, AccountInput
from accounts.views.own_fields import posted_own
from core.errors import Conflict, DomainError
from core.http import Request, permission_required
from core.money import CURRENCIES
from users.models import User

MOST_PARENTS = 20
EMPTY_IS_NONE = ("owner_id", "arr", "renewal_on", "customer_since")


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.CREATE)
def new_account(request: Request) -> HttpResponse:
    if request.method == "GET":
        return _page(request, None, {})
    posted, wrong = _posted(request)
    own, wrong_own = posted_own(request, None, custom.ACCOUNT)
    given = AccountInput(data=posted)
    errors = _errors(given) | wrong | wrong_own
    if not errors:
        try:
            made = operations.create_account(**given.validated_data, **own, by=request.actor)
            return _on(request, made, "is here")
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    return _page(request, None, errors, status=422)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT)
def edit_account(request: Request, account_id: UUID) -> HttpResponse:
    """Fields ticked as `theirs` are left as the other person saved them."""
    found = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    if request.method == "GET":
        return _page(request, found, {})
    posted, wrong = _posted(request)
    own, wrong_own = posted_own(request, found, custom.ACCOUNT)
    given = AccountEdit(data=posted, context={"owner_id": found.owner_id})
    errors = _errors(given) | wrong | wrong_own
    if not errors:
        mine = {**given.validated_data, **own}
        changes = {n: v for n, v in mine.items() if n not in request.POST.getlist("theirs")}
        version = changes.pop("version")
        try:
            saved = operations.edit_account(
                account_id=found.pk, expected_version=version, changes=changes, by=request.actor
            )
            return _on(request, saved, "is saved")
        except Conflict:
            fresh = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
            return _page(request, fresh, {}, theirs=_theirs(request, fresh, mine), status=409)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    return _page(request, found, errors, status=422)


def _on(request: Request, account: Account, what: str) -> HttpResponse:
    """To the account's page; to the list when the person has just handed the account to a colleague."""
    messages.success(request, f"“{account.name}” {what}.")
    if Account.objects.visible_to(request.actor).filter(pk=account.pk).exists():
        return redirect("accounts:account", account.pk)
    return redirect("kpis:portfolio")


def _posted(request: Request) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The posted form, and what is wrong with the parent, which is named and not numbered.

    An empty field of a form means 'nothing', which is None for figures and dates.
    """
    names = (*operations.EDITABLE, "version")
    data: dict[str, Any] = {name: request.POST[name] for name in names if name in request.POST}
    for name in EMPTY_IS_NONE:
        if name in data and not str(data[name]).strip():
            data[name] = None
    name = " ".join(request.POST.get("parent", "").split())
    if "parent" not in request.POST:
        return data, {}
    parent = queries.named(name, by=request.actor) if name else None
    data["parent_id"] = parent.pk if parent else None
    return data, {} if parent or not name else {"parent_id": [f"No account that you see is called “{name}”."]}


def _errors(given: Any) -> dict[str, list[str]]:
    """Errors by field; what belongs to no field of the form stands above it under ''."""
    if given.is_valid():
        return {}
    errors = {name: [str(e) for e in found] for name, found in given.errors.items()}
    if "version" in errors:
        errors = {"": ["This form is out of date. Load the page again; what you typed stays in it until then."]}
    return errors


def _theirs(request: Request, fresh: Account, mine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Field -> what it says now (`text`) and whether to keep that (`keep`), where it differs from what was posted.

    Kept by default: what this person has not touched. `was-<field>` in the form is what they started from.
    """
    differing = {}
    for name in operations.EDITABLE:
        current = getattr(fresh, name)
        if name in mine and (mine[name] or None) != (current or None):
            typed = str(mine[name] or "") if name == "parent_id" else request.POST.get(name, "")
            untouched = request.POST.get(f"was-{name}", "") == typed
            differing[name] = {"text": _shown(name, current), "keep": untouched}
    for one in own_values(fresh, by=request.actor):
        if one.name in mine and mine[one.name] != one.value:
            untouched = request.POST.get(f"was-{one.name}", "") == request.POST.get(one.name, "")
            differing[one.name] = {"text": one.text or "nothing", "keep": untouched}
    return differing


def _shown(name: str, value: Any) -> str:
    """A stored value as the form's reader knows it."""
    if value in (None, ""):
        return "nothing"
    if name == "owner_id":
        return str(User.objects.get(pk=value))
    if name == "roll_up_method":
        return str(Account.RollUp(value).label)
    if name == "parent_id":
        return "another account"  # which one may not be for this person's eyes
    return Account(stage=value).stage_label if name == "stage" else str(value)


def _page(
    request: Request,
    found: Account | None,
    errors: dict[str, list[str]],
    *,
    theirs: dict[str, dict[str, Any]] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The form: fresh, with errors (as posted), or with the fields in which `theirs` differs."""
    posted = request.POST.dict() if request.method == "POST" else {}
    stored = _plain(found) if found else {"currency": "EUR", "roll_up_method": Account.RollUp.REVENUE_WEIGHTED.value}
    own = own_values(found, by=request.actor)
    stored |= {one.name: one.text for one in own if one.may_set}
    parent = Account.objects.filter(pk=found.parent_id).first() if found and found.parent_id else None
    sees_parent = parent is None or Account.objects.visible_to(request.actor).filter(pk=parent.pk).exists()
    started = found and (theirs is not None or not posted)  # from what is stored now, or from what it was before
    context = {
        "account": found,
        "values": {**stored, "parent": parent.name if parent else "", **posted},
        "sees_parent": sees_parent,
        "methods": Account.RollUp.choices,
        "version": found.version if found and started else posted.get("version"),
        "was": stored if started else {n: posted[f"was-{n}"] for n in stored if f"was-{n}" in posted},
        "own": [one for one in own if found or one.may_set],
        "errors": errors,
        "refused": errors.get("", []),  # what belongs to no field
        "theirs": theirs or {},
        "edit": queries.last_edit(found.pk) if found and theirs is not None else None,
        "by_contracts": bool(found and with_contracts([found.pk])),
        "owner_options": _owners(found),
        "stages": Account.Stage.choices,
        "currencies": [(code, code) for code in CURRENCIES],
    }
    return render(request, "accounts/form.html", context, status=status)


@login_required
@require_GET
def parent_options(request: Request) -> HttpResponse:
    """Names for the parent's field while somebody types: accounts that hold every word."""
    found = queries.accounts_matching(request.GET.get("parent", ""), by=request.actor)
    return render(request, "accounts/form.html#parents", {"parents": found[:MOST_PARENTS]})


def _plain(found: Account) -> dict[str, str]:
    """The stored fields as a form holds them: dates as 2026-11-20, nothing as ''."""
    stored = {name: getattr(found, name) for name in operations.EDITABLE}
    return {name: "" if value is None else str(value) for name, value in stored.items()}


def _owners(found: Account | None) -> list[tuple[Any, str]]:
    """People who can be given the account, and whoever has it now even if they have left."""
    people = User.objects.filter(is_active=True) | User.objects.filter(pk=found.owner_id if found else None)
    return [(person.pk, person.name or person.email) for person in people.order_by("name", "email")]
