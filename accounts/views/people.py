"""People at customers: the list, one person, and the form with a choice field by field when two edit at once."""

import csv
import io
from itertools import islice
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import custom, rules
from accounts.models import Account, Contact, ContactRole
from accounts.operations import people as operations
from accounts.queries import people as queries
from accounts.queries.custom import own_values
from accounts.queries.timeline import activities_with
from accounts.serializers.people import ContactEdit, ContactInput, RoleInput
from accounts.views.conflicts import differing
from accounts.views.own_fields import posted_own, settable
from accounts.views.roles import clean, errors_of, is_uuid, role_choices, standing_posted
from core.cells import neutralise
from core.errors import Conflict, DomainError
from core.http import Request, keyset_page, permission_required
from core.rules import allowed, require

PAGE, EXPORTED = 25, 500
ORDER = ("sort_name", "id")


@login_required
@require_GET
def contact_list(request: Request) -> HttpResponse:
    """Everybody one sees, by name; the filters are in the address."""
    asked, account, wanted = _asked(request)
    page = keyset_page(
        queries.people(wanted, by=request.actor),
        ORDER,
        size=PAGE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    kept = {name: value for name, value in asked.items() if value and (name, value) != ("state", "all")}
    context = {
        "lines": queries.person_lines(page.rows, by=request.actor),
        "older": f"?{urlencode({**kept, 'after': page.after})}" if page.after else "",
        "newer": f"?{urlencode({**kept, 'before': page.before})}" if page.before else "",
        "asked": asked,
        "filtered": bool(kept),
        "account": account,
        "roles": ContactRole.Role.choices,
        "states": list(queries.STATES.items()),
        "may_edit": allowed(request.actor, rules.EDIT_CONTACT),
        "export_url": f"{reverse('accounts:contacts-export')}?{urlencode(kept)}"
        if allowed(request.actor, rules.EXPORT)
        else "",
    }
    template = "accounts/contacts.html#list" if request.htmx else "accounts/contacts.html"
    return render(request, template, context)


def _asked(request: Request) -> tuple[dict[str, str], Account | None, queries.Wanted]:
    """What the address asks for: as text, the account that is named, and as a filter."""
    asked = {name: clean(request.GET.get(name, "")) for name in ("q", "role", "account", "state")}
    asked["state"] = asked["state"] if asked["state"] in queries.STATES else "all"
    asked["role"] = asked["role"] if asked["role"] in ContactRole.Role.values else ""
    account = None
    if is_uuid(asked["account"]):
        account = Account.objects.visible_to(request.actor).filter(pk=asked["account"]).first()
    return asked, account, queries.Wanted(asked["q"], asked["role"], account.pk if account else None, asked["state"])


@login_required
@require_GET
@permission_required(rules.EXPORT)
def contacts_export(request: Request) -> HttpResponse:
    """Everybody of the list as it is filtered, in its order, as CSV that no spreadsheet runs."""
    wanted = _asked(request)[2]
    text = io.StringIO()
    write = csv.writer(text).writerow
    write(["Name", "Title", "Now", "E-mail", "Phone"])
    found = iter(queries.people(wanted, by=request.actor).order_by(*ORDER).iterator(chunk_size=EXPORTED))
    while some := list(islice(found, EXPORTED)):
        for line in queries.person_lines(some, by=request.actor):
            now_at = [f"{role.account.name}: {role.get_role_display()}" for role in line.roles]
            at = "; ".join([*now_at, *(["At an account of a colleague"] if line.elsewhere else [])])
            one = line.contact
            write([neutralise(said) for said in (one.name, one.title, at, one.email, one.phone)])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="contacts-{localdate():%Y-%m-%d}.csv"'
    return response


@login_required
@require_GET
def contact(request: Request, contact_id: UUID) -> HttpResponse:
    """One person: how to reach them, what they are where, and what they were."""
    found = get_object_or_404(Contact.objects.visible_to(request.actor), pk=contact_id)
    roles = queries.roles_of(found, by=request.actor)
    context = {
        "contact": found,
        "open": [one for one in roles if one.ends_on is None],
        "ended": [one for one in roles if one.ends_on is not None],
        "own": [one for one in own_values(found, by=request.actor, record=custom.CONTACT) if one.value is not None],
        "influences": queries.INFLUENCE,
        "stances": queries.STANCE,
        "talks": activities_with(found.pk, by=request.actor),
        "may_edit": allowed(request.actor, rules.EDIT_CONTACT, found),
    }
    return render(request, "accounts/contact.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new_contact(request: Request) -> HttpResponse:
    """Add somebody; `?account=` also gives them a role there."""
    require(request.actor, rules.EDIT_CONTACT)
    wanted = request.GET.get("account", "")
    account = None
    if is_uuid(wanted):
        account = get_object_or_404(Account.objects.visible_to(request.actor), pk=wanted)
    if request.method == "GET":
        return _form(request, None, {}, account=account)
    given = ContactInput(data=_posted(request))
    own, wrong = posted_own(request, None, custom.CONTACT)
    errors = errors_of(given) | wrong
    role: dict[str, Any] | None = None
    if account is not None:
        placed = RoleInput(data={**standing_posted(request), "account_id": account.pk})
        errors |= errors_of(placed)
        role = dict(placed.validated_data) if not errors else None
    if not errors:
        try:
            made = operations.create_contact(**given.validated_data, **own, role=role, by=request.actor, at=now())
            messages.success(request, f"{made.name} is here.")
            if account is not None:
                return redirect("accounts:people", account.pk)
            return redirect("accounts:contact", made.pk)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    return _form(request, None, errors, account=account, status=422)


@login_required
@require_http_methods(["GET", "POST"])
def edit_contact(request: Request, contact_id: UUID) -> HttpResponse:
    """Fields ticked as `theirs` are left as the other person saved them."""
    found = get_object_or_404(Contact.objects.visible_to(request.actor), pk=contact_id)
    require(request.actor, rules.EDIT_CONTACT, found)
    if request.method == "GET":
        return _form(request, found, {})
    given = ContactEdit(data=_posted(request))
    own, wrong = posted_own(request, found, custom.CONTACT)
    errors = errors_of(given) | wrong
    if not errors:
        changes = {n: v for n, v in {**given.validated_data, **own}.items() if n not in request.POST.getlist("theirs")}
        version = changes.pop("version")
        try:
            saved = operations.edit_contact(
                contact_id=found.pk, expected_version=version, changes=changes, by=request.actor
            )
            messages.success(request, f"{saved.name} is saved.")
            return redirect("accounts:contact", saved.pk)
        except Conflict:
            found.refresh_from_db()
            says = {one.name: one.text for one in settable(request, found, custom.CONTACT)}
            theirs = _theirs(request, found, given.validated_data) | differing(request, says)
            return _form(request, found, {}, theirs=theirs, status=409)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    return _form(request, found, errors, status=422)


@login_required
@require_POST
def archive_contact(request: Request, contact_id: UUID) -> HttpResponse:
    found = get_object_or_404(Contact.objects.visible_to(request.actor), pk=contact_id)
    restore = request.POST.get("restore") == "1"
    try:
        operations.archive_contact(contact_id=found.pk, by=request.actor, at=now(), restore=restore)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("accounts:contact", found.pk)
    said = "is back." if restore else "is archived. Nothing is lost, and you can bring them back here."
    messages.success(request, f"{found.name} {said}")
    return redirect("accounts:contact", found.pk)


def _posted(request: Request) -> dict[str, str]:
    return {n: clean(request.POST[n]) for n in (*operations.EDITABLE, "version") if n in request.POST}


def _theirs(request: Request, fresh: Contact, mine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Field -> what it says now and whether to keep that, where it differs; kept by default: what was not touched."""
    return {
        name: {
            "text": getattr(fresh, name) or "nothing",
            "keep": request.POST.get(f"was-{name}", "") == request.POST.get(name, ""),
        }
        for name in operations.EDITABLE
        if name in mine and mine[name] != getattr(fresh, name)
    }


def _form(
    request: Request,
    found: Contact | None,
    errors: dict[str, list[str]],
    *,
    account: Account | None = None,
    theirs: dict[str, dict[str, Any]] | None = None,
    status: int = 200,
) -> HttpResponse:
    posted = request.POST.dict() if request.method == "POST" else {}
    own = own_values(found, by=request.actor, record=custom.CONTACT)
    stored = {name: getattr(found, name) for name in operations.EDITABLE} if found else {}
    stored |= {one.name: one.text for one in own if one.may_set}
    started = found and (theirs is not None or not posted)  # from what is stored now, or from what it was before
    context = {
        "contact": found,
        "account": account,
        "values": {**stored, "starts_on": localdate().isoformat(), "influence": 1, **posted},
        "version": found.version if found and started else posted.get("version"),
        "was": stored if started else {n: posted[f"was-{n}"] for n in stored if f"was-{n}" in posted},
        "errors": errors,
        "refused": errors.get("", []),
        "theirs": theirs or {},
        "own": [one for one in own if found or one.may_set],
        "edit": queries.last_contact_edit(found) if found and theirs is not None else None,
        **role_choices(account),
    }
    return render(request, "accounts/contact_form.html", context, status=status)
