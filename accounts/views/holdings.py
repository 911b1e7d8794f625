"""Sites of an account, products, and what an account may use."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models.functions import Lower
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET, require_http_methods

from accounts import rules
from accounts.models import Account, Entitlement, Location, Product
from accounts.operations import holdings as operations
from accounts.queries import holdings as queries
from accounts.serializers.holdings import EntitlementInput, ProductInput, SiteInput
from accounts.serving import panel_answer
from accounts.views.activities import said
from accounts.views.conflicts import Edited, edited_on, with_theirs
from core.errors import Conflict, DomainError
from core.http import Request, keyset_page, toast
from core.rules import allowed, require

SITE = ("name", "address", "region", "country", "version")
HELD = ("product_id", "quantity", "unit", "starts_on", "ends_on", "version")
PRODUCT = ("name", "code", "family", "version")
PAGE, WIDEST = 50, 12


@login_required
@require_http_methods(["GET", "POST"])
def sites(request: Request, account_id: UUID) -> HttpResponse:
    """The places of an account: a panel; posted to, it adds, changes or removes one."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    if request.method == "GET":
        return _sites(request, account)
    require(request.actor, rules.EDIT, account)
    row = _row(Location.objects.filter(account=account), request.POST.get("row", ""))
    if request.POST.get("remove") == "1" and row is not None:
        operations.remove_site(site_id=row.pk, by=request.actor)
        return _done(request, account, _sites(request, account), f"“{row.name}” is removed.")
    data = with_theirs(request, _filled(request, SITE), _stored(row, SITE))
    given = SiteInput(data=data)
    errors = {} if given.is_valid() else said(given)
    if not errors:
        values = dict(given.validated_data)
        version = values.pop("version", None)
        try:
            operations.save_site(
                account_id=account.pk, values=values, site_id=row.pk if row else None, expected_version=version,
                by=request.actor,
            )  # fmt: skip
        except Conflict:
            row.refresh_from_db()
            clash = edited_on(request, _stored(row, SITE), row.version, conflict=True)
            return _sites(request, account, row=row, values=data, edited=clash, status=409)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    if errors:
        return _sites(request, account, row=row, values=data, errors=errors, status=422)
    return _done(request, account, _sites(request, account), "The site is saved.")


@login_required
@require_http_methods(["GET", "POST"])
def entitlements(request: Request, account_id: UUID) -> HttpResponse:
    """What an account may use: a panel; posted to, it adds, changes or takes back what was said by hand."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    if request.method == "GET":
        return _held(request, account)
    require(request.actor, rules.EDIT_CONTRACT, account)
    row = _row(Entitlement.objects.filter(account=account), request.POST.get("row", ""))
    if request.POST.get("remove") == "1" and row is not None:
        operations.remove_entitlement(entitlement_id=row.pk, by=request.actor)
        return _done(request, account, _held(request, account), "It is taken back.")
    data = with_theirs(request, _filled(request, HELD), _stored(row, HELD))
    asked = {**data, "quantity": data["quantity"] or None, "ends_on": data["ends_on"] or None}
    given = EntitlementInput(data=asked)
    errors = {} if given.is_valid() else said(given)
    if not errors:
        values = dict(given.validated_data)
        version = values.pop("version", None)
        try:
            operations.save_entitlement(
                account_id=account.pk, values=values, entitlement_id=row.pk if row else None,
                expected_version=version, by=request.actor,
            )  # fmt: skip
        except Conflict:
            row.refresh_from_db()
            clash = edited_on(
                request, _stored(row, HELD), row.version, conflict=True, says={"product_id": str(row.product)}
            )
            return _held(request, account, row=row, values=data, edited=clash, status=409)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    if errors:
        return _held(request, account, row=row, values=data, errors=errors, status=422)
    return _done(request, account, _held(request, account), "What the account may use is saved.")


@login_required
@require_http_methods(["GET", "POST"])
def products(request: Request) -> HttpResponse:
    """What is sold; posted to, it adds a product or changes one."""
    if request.method == "GET":
        return _products(request)
    require(request.actor, rules.EDIT_CONTRACT)
    row = _row(Product.objects.all(), request.POST.get("row", ""))
    told = with_theirs(request, _filled(request, PRODUCT), _stored(row, PRODUCT))
    data = {**told, "active": request.POST.get("active") == "1" or row is None}
    given = ProductInput(data=data)
    errors = {} if given.is_valid() else said(given)
    if not errors:
        values = dict(given.validated_data)
        version = values.pop("version", None)
        try:
            saved = operations.save_product(
                values=values, product_id=row.pk if row else None, expected_version=version, by=request.actor
            )
            messages.success(request, f"“{saved.name}” is saved.")
            return redirect("accounts:products")
        except Conflict:
            row.refresh_from_db()
            clash = edited_on(request, _stored(row, PRODUCT), row.version, conflict=True)
            return _products(request, row=row, values=data, edited=clash, status=409)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    if row is not None:
        row.refresh_from_db()
    return _products(request, row=row, values=data, errors=errors, status=422)


@login_required
@require_GET
def whitespace(request: Request) -> HttpResponse:
    """Who has which product, and how common it is among their peers."""
    accounts = Account.objects.visible_to(request.actor).active().annotate(sort_name=Lower("name"))
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = keyset_page(accounts, ["sort_name", "id"], size=PAGE, **cursors)
    sold = list(Product.objects.filter(active=True).order_by("family", "name")[:WIDEST])
    rows = queries.matrix(sold, page.rows, by=request.actor, on=localdate())
    lines = [(row.account, list(zip(sold, row.has, row.peers, strict=True))) for row in rows]
    context = {"page": page, "products": sold, "lines": lines}
    return render(request, "accounts/whitespace.html", context)


def _row(rows: Any, key: str) -> Any:
    if not key:
        return None
    try:
        return get_object_or_404(rows, pk=UUID(key))
    except ValueError as error:
        raise Http404 from error


def _filled(request: Request, names: tuple[str, ...]) -> dict[str, Any]:
    """What a form sent; an empty version is none."""
    data = {name: request.POST.get(name, "").strip() for name in names}
    return data if data["version"] else {name: value for name, value in data.items() if name != "version"}


def _done(request: Request, account: Account, panel: HttpResponse, words: str) -> HttpResponse:
    if not request.htmx:
        messages.success(request, words)
        return redirect("accounts:account", account.pk)
    return toast(panel, words)


def _stored(row: Any, names: tuple[str, ...]) -> dict[str, str]:
    """As the form writes it; of a new row nothing."""
    kept = {name: getattr(row, name) for name in names if name != "version"} if row is not None else {}
    return {name: "" if value is None else str(value) for name, value in kept.items()}


def _context(
    row: Any, values: dict[str, Any] | None, errors: dict[str, list[str]] | None, edited: Edited | None
) -> dict[str, Any]:
    """The form that was refused, with its row (None: the one that adds)."""
    known = errors or {}
    return {
        "refused_row": row.pk if row and (known or edited) else None,
        "edited": edited or Edited((values or {}).get("version", ""), {}),
        "adding": bool(known) and row is None,
        "values": values or {},
        "errors": known,
        "refused": known.get("", []) + known.get("version", []),
    }


def _sites(
    request: Request, account: Account, *, row: Any = None, values: dict[str, Any] | None = None,
    errors: dict[str, list[str]] | None = None, edited: Edited | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    context = {
        **_context(row, values, errors, edited),
        "sites": list(queries.sites_of(account)[:100]),
        "may_edit": allowed(request.actor, rules.EDIT, account) and account.archived_at is None,
    }
    return panel_answer(request, account, "accounts/sites_panel.html", context, status=status)


def _held(
    request: Request, account: Account, *, row: Any = None, values: dict[str, Any] | None = None,
    errors: dict[str, list[str]] | None = None, edited: Edited | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    context = {
        **_context(row, values, errors, edited),
        "held": queries.held_by(account, on=localdate()),
        "products": [(str(one.pk), one.name) for one in Product.objects.filter(active=True)],
        "today": localdate(),
        "may_edit": allowed(request.actor, rules.EDIT_CONTRACT, account) and account.archived_at is None,
    }
    return panel_answer(request, account, "accounts/entitlements_panel.html", context, status=status)


def _products(
    request: Request, *, row: Any = None, values: dict[str, Any] | None = None,
    errors: dict[str, list[str]] | None = None, edited: Edited | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    context = {
        **_context(row, values, errors, edited),
        "products": queries.products(by=request.actor, on=localdate()),
        "may_edit": allowed(request.actor, rules.EDIT_CONTRACT),
    }
    return render(request, "accounts/products.html", context, status=status)
