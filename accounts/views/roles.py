"""What a person is at an account: give a role, say what they count for, end it, move them to another company."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods

from accounts import queries, rules
from accounts.models import Account, Contact, ContactRole
from accounts.operations import roles as operations
from accounts.queries.people import INFLUENCE, STANCE, last_contact_edit
from accounts.serializers.people import STANCES, Leave, Move, RoleEdit, RoleEnd, RoleInput
from core.errors import Conflict, DomainError
from core.http import Request
from core.rules import require

MOST_ACCOUNTS = 20
OUT_OF_DATE = "This form is out of date. Load the page again; what you typed stays in it until then."


def clean(text: str) -> str:
    return text.replace("\x00", "").strip()


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def errors_of(given: Any) -> dict[str, list[str]]:
    """Errors by field; what belongs to no field of the form stands above it under ''."""
    if given.is_valid():
        return {}
    if "version" in given.errors:
        return {"": [OUT_OF_DATE]}
    return {name: [str(one) for one in said] for name, said in given.errors.items()}


def standing_posted(request: Request) -> dict[str, Any]:
    """A posted role: nothing chosen is unknown for stance and nobody for the line."""
    names = ("role", "influence", "starts_on", "version")
    data: dict[str, Any] = {n: clean(request.POST[n]) for n in names if request.POST.get(n, "").strip()}
    for name in ("stance", "reports_to_id"):
        if name in request.POST:
            data[name] = clean(request.POST[name]) or None
    return data


def role_choices(account: Account | None, but: Contact | None = None) -> dict[str, Any]:
    """What the fields of a role offer; whom one may report to: one line a person at the account."""
    bosses: dict[UUID, tuple[str, str]] = {}
    if account is not None:
        held = ContactRole.objects.filter(account=account, ends_on=None).select_related("contact")
        for role in held.order_by("contact__name", "starts_on", "pk"):
            if but is None or role.contact_id != but.pk:
                bosses.setdefault(role.contact_id, (str(role.pk), role.contact.name))
    return {
        "roles": ContactRole.Role.choices,
        "influences": list(INFLUENCE.items()),
        "stances": STANCES,
        "bosses": list(bosses.values()),
    }


@login_required
@require_http_methods(["GET", "POST"])
def new_role(request: Request, contact_id: UUID) -> HttpResponse:
    """A role at an account, named; or one more where they are already (`?account=`)."""
    found = _contact(request, contact_id)
    wanted = request.GET.get("account", "")
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=wanted) if is_uuid(wanted) else None
    context = {"contact": found, "account": account, "roles": ContactRole.Role.choices}
    if request.method == "GET":
        values = {"starts_on": localdate().isoformat()}
        return _page(request, "accounts/role_new.html", context, values, {})
    place = account or _named(request)
    data = _filled(request, "role", "starts_on")
    given = RoleInput(data={**data, "account_id": place.pk if place else None})
    errors = errors_of(given)
    if "account_id" in errors:
        errors["to"] = errors.pop("account_id") and [_nobody_called(request)]
    if not errors:
        try:
            operations.open_role(contact_id=found.pk, **given.validated_data, by=request.actor, at=now())
            messages.success(request, "The role is given.")
            return redirect("accounts:contact", found.pk)
        except DomainError as refusal:
            errors = _refused(refusal)
    return _page(request, "accounts/role_new.html", context, request.POST.dict(), errors, status=422)


@login_required
@require_http_methods(["GET", "POST"])
def edit_role(request: Request, contact_id: UUID, role_id: UUID) -> HttpResponse:
    """Influence, stance and whom they report to; a stale form shows what the other person saved."""
    found = _contact(request, contact_id)
    role = _role(request, found, role_id)
    context = {"contact": found, "role": role, "account": role.account, **role_choices(role.account, found)}
    values = _standing(role)
    if request.method == "GET":
        return _page(request, "accounts/role_edit.html", {**context, "version": found.version}, values, {})
    given = RoleEdit(data=standing_posted(request))
    errors = errors_of(given)
    context["version"] = request.POST.get("version", "")
    if not errors:
        changes = dict(given.validated_data)
        version = changes.pop("version")
        try:
            operations.change_standing(role_id=role.pk, expected_version=version, changes=changes, by=request.actor)
            messages.success(request, f"{found.name} is saved.")
            return redirect("accounts:people", role.account_id)
        except Conflict as refusal:
            now_said = f"It says now: {INFLUENCE[role.influence].lower()}, {STANCE[role.stance].lower()}."
            context |= {"version": found.version, "edit": last_contact_edit(found)}
            errors = {"": [str(refusal), now_said, "Save again to put what stands below in its place."]}
            return _page(request, "accounts/role_edit.html", context, request.POST.dict(), errors, status=409)
        except DomainError as refusal:
            errors = _refused(refusal)
    return _page(request, "accounts/role_edit.html", context, request.POST.dict(), errors, status=422)


@login_required
@require_http_methods(["GET", "POST"])
def end_role(request: Request, contact_id: UUID, role_id: UUID) -> HttpResponse:
    found = _contact(request, contact_id)
    role = _role(request, found, role_id)
    context = {"contact": found, "role": role, "account": role.account}
    if request.method == "GET":
        return _page(request, "accounts/role_end.html", context, {"on": localdate().isoformat()}, {})
    given = RoleEnd(data=_filled(request, "on", "reason"))
    errors = errors_of(given)
    if not errors:
        try:
            operations.end_role(role_id=role.pk, **given.validated_data, by=request.actor, at=now())
            messages.success(request, f"{found.name} is no longer {role.get_role_display().lower()}.")
            return redirect("accounts:people", role.account_id)
        except DomainError as refusal:
            errors = _refused(refusal)
    return _page(request, "accounts/role_end.html", context, request.POST.dict(), errors, status=422)


@login_required
@require_http_methods(["GET", "POST"])
def move_contact(request: Request, contact_id: UUID) -> HttpResponse:
    """They left an account (`?account=`): to another one, or to where is not known."""
    found = _contact(request, contact_id)
    held = ContactRole.objects.visible_to(request.actor).filter(contact=found, ends_on=None).select_related("account")
    places = list({one.account_id: (str(one.account_id), one.account.name) for one in held}.values())
    context = {"contact": found, "places": places, "roles": ContactRole.Role.choices}
    if request.method == "GET":
        only = places[0][0] if len(places) == 1 else ""
        values = {"account_id": request.GET.get("account", only), "on": localdate().isoformat()}
        return _page(request, "accounts/contact_move.html", context, values, {})
    data, to = _filled(request, "account_id", "on", "reason", "role"), clean(request.POST.get("to", ""))
    place = _named(request)
    given = Move(data={**data, "to_account_id": place.pk}) if place else Leave(data=data)
    errors = errors_of(given) | ({"to": [_nobody_called(request)]} if to and not place else {})
    if not errors:
        try:
            gone = {**given.validated_data, "contact_id": found.pk, "by": request.actor, "at": now()}
            if place:
                operations.move_contact(**gone)
            else:
                operations.leave_account(**gone)
            said = f"moved to {place.name}" if place else "left"
            messages.success(request, f"{found.name} {said}. What they were stays on record.")
            return redirect("accounts:contact", found.pk)
        except DomainError as refusal:
            errors = _refused(refusal)
    return _page(request, "accounts/contact_move.html", context, request.POST.dict(), errors, status=422)


@login_required
@require_GET
def account_options(request: Request) -> HttpResponse:
    """Names for a field that wants an account, while somebody types."""
    found = queries.accounts_matching(clean(request.GET.get("to", "")), by=request.actor)
    return render(request, "accounts/contact_move.html#options", {"options": found[:MOST_ACCOUNTS]})


def _contact(request: Request, contact_id: UUID) -> Contact:
    found: Contact = get_object_or_404(Contact.objects.visible_to(request.actor), pk=contact_id)
    require(request.actor, rules.EDIT_CONTACT, found)
    return found


def _role(request: Request, found: Contact, role_id: UUID) -> ContactRole:
    mine = ContactRole.objects.visible_to(request.actor).filter(contact=found, ends_on=None).select_related("account")
    role: ContactRole = get_object_or_404(mine, pk=role_id)
    return role


def _named(request: Request) -> Account | None:
    name = " ".join(clean(request.POST.get("to", "")).split())
    return queries.named(name, by=request.actor) if name else None


def _nobody_called(request: Request) -> str:
    name = clean(request.POST.get("to", ""))
    return f"No account that you see is called “{name}”." if name else "Name the account."


def _filled(request: Request, *names: str) -> dict[str, str]:
    return {name: clean(request.POST[name]) for name in names if request.POST.get(name, "").strip()}


def _refused(refusal: DomainError) -> dict[str, list[str]]:
    field = {"account_id": "to"}.get(refusal.field or "", refusal.field or "")
    return {field: [str(refusal)]}


def _standing(role: ContactRole) -> dict[str, Any]:
    """The stored standing as the form holds it; the line as the option that stands for the person."""
    bosses = ContactRole.objects.filter(pk__in=[role.reports_to_id]).values("contact_id")
    held = ContactRole.objects.filter(account_id=role.account_id, contact_id__in=bosses, ends_on=None)
    line = held.order_by("starts_on", "pk").values_list("pk", flat=True).first()
    return {"influence": role.influence, "stance": "" if role.stance is None else role.stance, "reports_to_id": line}


def _page(
    request: Request,
    template: str,
    context: dict[str, Any],
    values: dict[str, Any],
    errors: dict[str, list[str]],
    *,
    status: int = 200,
) -> HttpResponse:
    context = {**context, "values": values, "errors": errors, "refused": errors.get("", [])}
    return render(request, template, context, status=status)
