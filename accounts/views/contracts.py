"""Contracts of an account: a page of their own, a panel, and the forms."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import custom, rules
from accounts.models import Account, Contract, Product, SubscriptionLine
from accounts.operations import contracts as operations
from accounts.queries.contracts import money_of, newest_of
from accounts.queries.custom import OwnValue, fields_seen, own_values
from accounts.queries.revenue_rules import finance_today
from accounts.revenue import BILLING
from accounts.serializers.revenue import ContractEdit, ContractInput, ContractStep, LineChange, LineEdit, LineInput
from accounts.serving import panel_answer
from accounts.views.account import header
from accounts.views.conflicts import differing
from accounts.views.family_revenue import family_of
from accounts.views.own_fields import posted_own, settable
from accounts.views.settling import closed
from core.errors import Conflict, DomainError
from core.http import Request
from core.money import CURRENCIES
from core.rules import allowed, require
from core.templatetags import formats


@login_required
@require_GET
def money_panel(request: Request, account_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    context = {"money": money_of(account.pk, finance_today()), "family": family_of(account, by=request.actor)}
    return panel_answer(request, account, "accounts/money.html", context)


@login_required
@require_GET
def contracts(request: Request, account_id: UUID) -> HttpResponse:
    """Every contract with its lines and what can be done with it."""
    return _page(request, _account(request, account_id))


@login_required
@require_http_methods(["GET", "POST"])
def new_contract(request: Request, account_id: UUID) -> HttpResponse:
    """Draft a contract with its first line."""
    account = _account(request, account_id)
    require(request.actor, rules.EDIT_CONTRACT, account)
    if request.method == "GET":
        start = {"starts_on": finance_today().isoformat(), "currency": account.currency, "billing": "month"}
        return _form(request, account, None, start, {})
    data = _posted(request)
    given, line = ContractInput(data=data), LineInput(data={**data, "description": data.get("description", "")})
    own, wrong = posted_own(request, None, custom.CONTRACT)
    if not (given.is_valid() & line.is_valid()) or wrong:
        return _form(request, account, None, data, _said(given, line) | wrong, status=422)
    try:
        made = operations.create_contract(
            account_id=account.pk, lines=[_line_of(line)], **given.validated_data, **own, by=request.actor, at=now()
        )
    except DomainError as refusal:
        return _form(request, account, None, data, {refusal.field or "": [str(refusal)]}, status=422)
    messages.success(request, f"“{made.name}” is drafted. Activate it when it is signed.")
    return redirect("accounts:contracts", account.pk)


@login_required
@require_http_methods(["GET", "POST"])
def edit_contract(request: Request, account_id: UUID, contract_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    contract = get_object_or_404(Contract.objects.visible_to(request.actor).filter(account=account), pk=contract_id)
    require(request.actor, rules.EDIT_CONTRACT, account)
    if request.method == "GET":
        return _form(request, account, contract, _stored(contract), {})
    data = _posted(request)
    asked = {"ends_on": None, "number": "", **data, "auto_renews": data.get("auto_renews", "") == "1"}
    given = ContractEdit(data=asked)
    own, wrong = posted_own(request, contract, custom.CONTRACT)
    if not given.is_valid() or wrong:
        return _form(request, account, contract, data, _said(given) | wrong, status=422)
    mine = {**given.validated_data, **own}
    changes = {name: value for name, value in mine.items() if name not in request.POST.getlist("theirs")}
    version = changes.pop("version")
    try:
        operations.edit_contract(
            contract_id=contract.pk, expected_version=version, changes=changes, by=request.actor, at=now()
        )
    except Conflict:
        contract.refresh_from_db()
        says = _stored(contract) | {one.name: one.text for one in settable(request, contract, custom.CONTRACT)}
        return _form(request, account, contract, data, {}, theirs=differing(request, says), status=409)
    except DomainError as refusal:
        return _form(request, account, contract, data, {refusal.field or "": [str(refusal)]}, status=422)
    messages.success(request, "The contract is saved.")
    return redirect("accounts:contracts", account.pk)


@login_required
@require_POST
def contract_step(request: Request, account_id: UUID, contract_id: UUID, verb: str) -> HttpResponse:
    """Activate, cancel, end, renew; mark as unpaid or paid."""
    account = _account(request, account_id)
    get_object_or_404(Contract.objects.visible_to(request.actor).filter(account=account), pk=contract_id)
    given = ContractStep(data=_posted(request))
    if not given.is_valid():
        return _page(request, account, failed=str(contract_id), errors=_said(given), status=422)
    try:
        _STEPS[verb](contract_id, {"reason": "", **given.validated_data}, request)
    except DomainError as refusal:
        return _page(request, account, failed=str(contract_id), errors={"": [str(refusal)]}, status=422)
    messages.success(request, _DONE[verb])
    return closed(request, "contract", contract_id, redirect("accounts:contracts", account.pk))


def _needed(given: dict[str, Any], name: str, words: str) -> Any:
    if given.get(name) is None:
        raise DomainError(words, field=name)
    return given[name]


def _cancel(contract_id: UUID, given: dict[str, Any], request: Request) -> None:
    on = given.get("on") or finance_today()
    operations.cancel_contract(
        contract_id=contract_id,
        on=on,
        last_day=given.get("last_day"),
        reason=given["reason"],
        by=request.actor,
        at=now(),
    )


def _end(contract_id: UUID, given: dict[str, Any], request: Request) -> None:
    on = _needed(given, "on", "Say its last day.")
    operations.end_contract(contract_id=contract_id, on=on, reason=given["reason"], by=request.actor, at=now())


def _renew(contract_id: UUID, given: dict[str, Any], request: Request) -> None:
    operations.renew_contract(
        contract_id=contract_id,
        starts_on=_needed(given, "starts_on", "Say when the new one starts."),
        ends_on=given.get("ends_on"),
        uplift=given.get("uplift") or Decimal(0),
        by=request.actor,
        at=now(),
    )


_STEPS: dict[str, Callable[[UUID, dict[str, Any], Request], Any]] = {
    "activate": lambda one, given, request: operations.activate_contract(contract_id=one, by=request.actor, at=now()),
    "cancel": _cancel,
    "end": _end,
    "renew": _renew,
    "unpaid": lambda one, given, request: operations.mark_unpaid(
        contract_id=one, since=given.get("on") or finance_today(), by=request.actor, at=now()
    ),
    "paid": lambda one, given, request: operations.mark_unpaid(contract_id=one, since=None, by=request.actor, at=now()),
}
_EMPTIED: dict[str, Any] = {
    "discount": "0", "uplift": "0", "description": "", "product_id": None, "ends_on": None,
}  # fmt: skip
_DONE = {
    "activate": "The contract is in force; its revenue counts.",
    "cancel": "The notice is recorded; the contract runs to its last day.",
    "end": "The contract has ended.",
    "renew": "The contract is renewed.",
    "unpaid": "It is marked as unpaid; after the grace its revenue is churn.",
    "paid": "It is paid again.",
}


@login_required
@require_POST
def new_line(request: Request, account_id: UUID, contract_id: UUID) -> HttpResponse:
    account = _account(request, account_id)
    get_object_or_404(Contract.objects.visible_to(request.actor).filter(account=account), pk=contract_id)
    given = LineInput(data=_posted(request))
    if not given.is_valid():
        return _page(request, account, failed=str(contract_id), errors=_said(given), adding=True, status=422)
    try:
        operations.add_line(contract_id=contract_id, **_line_of(given), by=request.actor, at=now())
    except DomainError as refusal:
        said = {refusal.field or "": [str(refusal)]}
        return _page(request, account, failed=str(contract_id), errors=said, adding=True, status=422)
    messages.success(request, "The line is added.")
    return redirect("accounts:contracts", account.pk)


@login_required
@require_http_methods(["GET", "POST"])
def edit_line(request: Request, account_id: UUID, line_id: UUID) -> HttpResponse:
    """Correct a line with a reason; the old one is kept."""
    account = _account(request, account_id)
    line = _line_at(request, account, line_id)
    if isinstance(line, HttpResponse):
        return line
    if request.method == "GET":
        return _line_page(request, account, line, {}, {})
    given = LineEdit(data={"ends_on": None, **_line_posted(request)})
    errors = {} if given.is_valid() else _said(given)
    if not errors:
        changes = dict(given.validated_data)
        reason = changes.pop("reason")
        try:
            operations.correct_line(line_id=line.pk, changes=changes, reason=reason, by=request.actor, at=now())
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    if errors:
        return _line_page(request, account, line, request.POST.dict(), errors, status=422)
    messages.success(request, "The line is corrected; the movements follow.")
    return redirect("accounts:contracts", account.pk)


@login_required
@require_http_methods(["GET", "POST"])
def change_line(request: Request, account_id: UUID, line_id: UUID) -> HttpResponse:
    """From a day on something else is paid: an upgrade or a downgrade in the middle of a contract."""
    account = _account(request, account_id)
    line = _line_at(request, account, line_id, changing=True)
    if isinstance(line, HttpResponse):
        return line
    if request.method == "GET":
        start = {"on": finance_today().isoformat(), "uplift": "", "reason": ""}
        return _line_page(request, account, line, start, {}, changing=True)
    given = LineChange(data=_line_posted(request))
    errors = {} if given.is_valid() else _said(given)
    if not errors:
        changes = dict(given.validated_data)
        on, reason = changes.pop("on"), changes.pop("reason", "")
        try:
            operations.change_line(line_id=line.pk, on=on, changes=changes, reason=reason, by=request.actor, at=now())
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    if errors:
        return _line_page(request, account, line, request.POST.dict(), errors, changing=True, status=422)
    messages.success(request, "What is paid changes from that day; the movements follow.")
    return redirect("accounts:contracts", account.pk)


@login_required
@require_POST
def withdraw_line(request: Request, account_id: UUID, line_id: UUID) -> HttpResponse:
    """Take a line back that was entered in error."""
    account = _account(request, account_id)
    line = _line_at(request, account, line_id)
    if isinstance(line, HttpResponse):
        return line
    try:
        operations.remove_line(line_id=line.pk, reason=request.POST.get("reason", ""), by=request.actor, at=now())
    except DomainError as refusal:
        errors = {refusal.field or "": [str(refusal)]}
        return _line_page(request, account, line, request.POST.dict(), errors, status=422)
    left = money_of(account.pk, finance_today())
    unknown = " No line is left, so its ARR is unknown." if left.unpriced else ""
    messages.success(request, f"The line is withdrawn; the movements follow.{unknown}")
    return redirect("accounts:contracts", account.pk)


def _line_at(
    request: Request, account: Account, line_id: UUID, *, changing: bool = False
) -> SubscriptionLine | HttpResponse:
    """The line; for one that a colleague put another in the place of, an answer that leads there and says who."""
    line = get_object_or_404(SubscriptionLine, pk=line_id, contract__account=account)
    require(request.actor, rules.EDIT_CONTRACT, account)
    if line.superseded_at is None:
        return line
    newer = newest_of(line)
    if newer is None:
        messages.error(request, f"This line was withdrawn on {formats.day(line.superseded_at)}.")
        return redirect("accounts:contracts", account.pk)
    paid = f"{formats.money(newer.amount, newer.contract.currency)} each {newer.billing}"
    said = f"{newer.recorded_by} changed this line on {formats.day(newer.recorded_at)}. It is now {paid}"
    said += f" from {formats.day(newer.starts_on)}."
    if request.method == "GET":
        messages.info(request, said)
        return redirect("accounts:change-line" if changing else "accounts:edit-line", account.pk, newer.pk)
    said += " Nothing of theirs was overwritten; save again to put yours in its place."
    return _line_page(request, account, newer, request.POST.dict(), {"": [said]}, changing=changing, status=409)


def _line_page(
    request: Request,
    account: Account,
    line: SubscriptionLine,
    values: dict[str, Any],
    errors: Any,
    *,
    changing: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The form of one line: as it is, or as posted with what was wrong."""
    kept = {name: getattr(line, name) for name in operations.LINE}
    kept |= {"discount": formats.rate(line.discount) if line.discount else "", "uplift": line.uplift or ""}
    kept |= {name: kept[name].isoformat() if kept[name] else "" for name in ("starts_on", "ends_on")}
    context = {**header(request, account), "line": line, "billings": list(BILLING), "products": _products()}
    context |= {"values": {**kept, **values}, "errors": errors, "changing": changing}
    return render(request, "accounts/contract_line.html", context, status=status)


def _account(request: Request, account_id: UUID) -> Account:
    found: Account = get_object_or_404(Account.objects.visible_to(request.actor).select_related("owner"), pk=account_id)
    return found


def _stored(contract: Contract) -> dict[str, str]:
    """As the form writes it."""
    values = {name: getattr(contract, name) for name in operations.EDITABLE}
    said = {name: "" if value is None else str(value) for name, value in values.items()}
    return said | {"auto_renews": "1" if contract.auto_renews else ""}


def _posted(request: Request) -> dict[str, Any]:
    return {name: value for name, value in request.POST.items() if str(value).strip() and name != "csrfmiddlewaretoken"}


def _line_posted(request: Request) -> dict[str, Any]:
    """What a field was emptied to counts as well; one that was not sent stays as it is."""
    return {name: value for name, value in _EMPTIED.items() if name in request.POST} | _posted(request)


def _said(*serializers: Any) -> dict[str, list[str]]:
    return {name: [str(one) for one in said] for given in serializers for name, said in given.errors.items()}


def _line_of(given: LineInput) -> dict[str, Any]:
    return dict(given.validated_data)


def _products() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Product.objects.filter(active=True).values_list("pk", "name")]


def _page(
    request: Request,
    account: Account,
    *,
    failed: str = "",
    errors: dict[str, list[str]] | None = None,
    adding: bool = False,
    status: int = 200,
) -> HttpResponse:
    """adding: what failed is a new line, so its form is shown again as it was filled in."""
    money, fields = money_of(account.pk, finance_today()), fields_seen(by=request.actor, record=custom.CONTRACT)
    own = {
        one.contract.pk: [OwnValue(field, one.contract.custom.get(field.code), False) for field in fields]
        for one in money.agreements
    }
    context = {
        **header(request, account),
        "tab": "accounts:contracts",
        "own": own,
        "posted": request.POST.dict() if adding else None,
        "money": money,
        "may_edit": allowed(request.actor, rules.EDIT_CONTRACT, account),
        "billings": [(code, code) for code in BILLING],
        "products": _products(),
        "failed": failed,
        "errors": errors or {},
        "today": finance_today(),
    }
    return render(request, "accounts/contracts.html", context, status=status)


def _form(
    request: Request,
    account: Account,
    contract: Contract | None,
    values: dict[str, Any],
    errors: dict[str, list[str]],
    *,
    theirs: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    own = own_values(contract, by=request.actor, record=custom.CONTRACT)
    stored = {one.name: one.text for one in own if one.may_set} | (_stored(contract) if contract else {})
    started = theirs is not None or request.method == "GET"  # from what is stored now, or from what it was before
    context = {
        **header(request, account),
        "tab": "accounts:contracts",
        "contract": contract,
        "values": {**{one.name: one.text for one in own if one.may_set}, **values},
        "version": contract.version if contract and started else request.POST.get("version"),
        "was": stored if started else {n: request.POST[f"was-{n}"] for n in stored if f"was-{n}" in request.POST},
        "theirs": theirs or {},
        "own": [one for one in own if contract or one.may_set],
        "errors": errors,
        "refused": errors.get("", []),
        "currencies": [(code, code) for code in CURRENCIES],
        "billings": [(code, code) for code in BILLING],
        "products": _products(),
    }
    return render(request, "accounts/contract_form.html", context, status=status)
