import base64
import hashlib
import json
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import columns, operations, panels, queries, rules
from accounts.models import Account
from accounts.serializers import AccountEdit, AccountInput
from core.errors import Conflict, DomainError
from core.http import Request, keyset_page, permission_required, toast
from core.money import CURRENCIES
from core.rules import allowed
from users.models import User

IMPORT_LIFE = 3600  # seconds a checked file waits for its "bring them in"
IMPORT_BYTES = 8_000_000


@login_required
@require_GET
def account(request: Request, account_id: UUID) -> HttpResponse:
    """The frame of the account page; panels load themselves (config.wiring.PANELS)."""
    found = get_object_or_404(Account.objects.visible_to(request.actor).select_related("owner"), pk=account_id)
    context = {
        "account": found,
        "may_edit": allowed(request.actor, rules.EDIT, found),
        "may_archive": allowed(request.actor, rules.ARCHIVE, found),
        "main_panels": panels.panels("main"),
        "side_panels": panels.panels("side"),
        "live_since": queries.last_seq(),
    }
    return render(request, "accounts/account.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.CREATE)
def new_account(request: Request) -> HttpResponse:
    given = AccountInput(data=_form(request) if request.method == "POST" else None)
    if request.method == "POST":
        errors = _errors(given)
        if not errors:
            try:
                made = operations.create_account(**given.validated_data, by=request.actor)
                return redirect("accounts:account", made.pk)
            except DomainError as refusal:
                errors = {refusal.field or "": [str(refusal)]}
        return _form_page(request, None, errors, status=422)
    return _form_page(request, None, {})


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT)
def edit_account(request: Request, account_id: UUID) -> HttpResponse:
    found = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    if request.method == "GET":
        return _form_page(request, found, {})
    given = AccountEdit(data=_form(request))
    errors = _errors(given)
    if not errors:
        changes: dict[str, Any] = dict(given.validated_data)
        try:
            operations.edit_account(
                account_id=found.pk, expected_version=changes.pop("version"), changes=changes, by=request.actor
            )
            return redirect("accounts:account", found.pk)
        except Conflict as conflict:
            return _form_page(request, found, {"": [str(conflict)]}, conflict=True, status=409)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    return _form_page(request, found, errors, status=422)


@login_required
@require_POST
def archive_account(request: Request, account_id: UUID) -> HttpResponse:
    found = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    restore = request.POST.get("restore") == "1"
    operations.archive_account(account_id=found.pk, by=request.actor, at=now(), restore=restore)
    if restore:
        return redirect("accounts:account", found.pk)
    answer = redirect("kpis:portfolio")
    return toast(answer, f"“{found.name}” is archived. Nothing is lost.")


def _form(request: Request) -> dict[str, Any]:
    """The posted form; an empty field of a form means 'nothing', which is None for figures and dates."""
    data: dict[str, Any] = {name: value for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
    for name in ("owner_id", "arr", "renewal_on", "customer_since"):
        if name in data and not str(data[name]).strip():
            data[name] = None
    return data


def _errors(given: Any) -> dict[str, list[str]]:
    return {} if given.is_valid() else {name: [str(e) for e in found] for name, found in given.errors.items()}


def _form_page(
    request: Request, found: Account | None, errors: dict[str, list[str]], *, conflict: bool = False, status: int = 200
) -> HttpResponse:
    values = {name: getattr(found, name) for name in operations.EDITABLE} if found else {"currency": "EUR"}
    if request.method == "POST":
        values = {**values, **request.POST.dict()}
    context = {
        "account": found,
        "values": values,
        "current": found,
        "errors": errors,
        "conflict": conflict,
        "version": found.version if found else None,
        "owner_options": list(User.objects.filter(is_active=True).order_by("name").values_list("pk", "name")),
        "stages": Account.Stage.choices,
        "currencies": [(code, code) for code in CURRENCIES],
    }
    return render(request, "accounts/form.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.IMPORT)
def import_accounts(request: Request) -> HttpResponse:
    """Bring accounts from a CSV file or pasted cells: first look, then bring them in."""
    if request.method == "GET":
        return render(request, "accounts/import.html", {})
    file, pasted = request.FILES.get("file"), request.POST.get("pasted", "")
    if file is None and not pasted.strip():
        return render(request, "accounts/import.html", {"error": "Choose a file or paste some cells."}, status=422)
    if file is not None and (file.size or 0) > IMPORT_BYTES:
        return render(request, "accounts/import.html", {"error": "The file is larger than 8 MB. Split it."}, status=422)
    try:
        data = file.read() if file is not None else pasted.encode()
        sheet = columns.read(columns.decode(data))
    except columns.NotASheet as refusal:
        return render(request, "accounts/import.html", {"error": str(refusal), "pasted": pasted}, status=422)
    ticket = hashlib.sha256(data).hexdigest()
    cache.set(_ticket_key(request, ticket), base64.b64encode(data).decode(), IMPORT_LIFE)
    context = {"sheet": sheet, "ticket": ticket, "first": sheet.rows[:10], "problems": sheet.problems[:200]}
    return render(request, "accounts/import.html", context)


@login_required
@require_POST
@permission_required(rules.IMPORT)
def bring_accounts(request: Request) -> HttpResponse:
    """The second step of the import: the checked file becomes accounts."""
    ticket = request.POST.get("ticket", "")
    stored = cache.get(_ticket_key(request, ticket))
    if stored is None:
        error = "The file you checked has been put away after an hour. Please choose it again."
        return render(request, "accounts/import.html", {"error": error}, status=422)
    sheet = columns.read(columns.decode(base64.b64decode(stored)))
    result = operations.import_accounts(rows=sheet.rows, sha256=ticket, by=request.actor)
    refused = sorted([*sheet.problems, *result.refused])
    return render(request, "accounts/import.html", {"result": result, "refused": refused[:500], "total": len(refused)})


def _ticket_key(request: Request, ticket: str) -> str:
    return f"account-import:{request.actor.user_id}:{ticket[:64]}"


@login_required
@require_GET
def timeline_panel(request: Request, account_id: UUID) -> HttpResponse:
    """What happened on this account, newest first, in pages of 20."""
    found = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    if not request.htmx:
        return redirect("accounts:account", found.pk)
    page = keyset_page(queries.entries_of(found.pk), ["-seq"], size=20, after=request.GET.get("after", ""))
    items = [queries.timeline_item(entry) for entry in page.rows]
    return render(request, "accounts/account.html#timeline", {"account": found, "items": items, "page": page})


@login_required
@require_GET
def search(request: Request) -> HttpResponse:
    """Options of the command palette: accounts by name. Opened directly it goes to the filtered list."""
    text = request.GET.get("q", "").strip()
    if not request.htmx and "palette" not in request.GET:
        return redirect(f"{reverse('kpis:portfolio')}?q={text}")
    found = queries.accounts_matching(text, by=request.actor).only("id", "name", "industry")[:8] if text else []
    return render(request, "accounts/search.html", {"accounts": found, "text": text})


@login_required
@require_GET
def live(request: Request) -> HttpResponse:
    """What happened since the page was made: 204, or the names of the page events to wake in HX-Trigger."""
    after = request.GET.get("after", "")
    changes = queries.changes_since(int(after), by=request.actor) if after.isdigit() and len(after) < 18 else None
    if changes is None or not changes.events:
        answer = HttpResponse(status=204)
    else:
        answer = HttpResponse(status=200)
        wake = {name: {"accounts": accounts} for name, accounts in changes.events.items()}
        answer["HX-Trigger"] = json.dumps(wake)
    answer["PL-Cursor"] = str(changes.seq if changes else queries.last_seq())
    answer["Cache-Control"] = "no-store"
    return answer
