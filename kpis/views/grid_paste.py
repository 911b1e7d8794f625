"""A block pasted from a spreadsheet into the grid: looked at first, then corrected cell by cell, taken back at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_POST

from accounts.models import Account
from core.errors import DomainError
from core.http import Request, toast
from core.rules import require
from kpis import operations, rules
from kpis.models import Kpi, KpiValue
from kpis.operations.values import limits_of
from kpis.queries import grid as queries
from kpis.serializers.grid import typed_number, within
from kpis.views.grid import account_of, changed, month_named

MOST = 200  # cells at once: about two seconds of corrections
REMEMBERED = 5  # pastes of a visit that can still be taken back
UNDOABLE = "grid-pastes"


@dataclass(frozen=True)
class Pasted:
    """One text and the cell it fell on. number: what it means; problem: why it cannot be taken, "" if it can."""

    kpi: Kpi
    period: date
    text: str
    expected: str
    current: KpiValue | None
    number: Decimal | None
    problem: str

    @property
    def packed(self) -> str:
        return f"{self.kpi.code}-{self.period:%Y-%m}|{self.expected}|{self.text}"

    @property
    def same(self) -> bool:
        return self.current is not None and self.number == self.current.value

    @property
    def valid(self) -> bool:
        return not self.problem and not self.same


@login_required
@require_POST
def grid_paste(request: Request, account_id: UUID) -> HttpResponse:
    """Without `apply` the changes to look at; with it they are made, one correction for each cell that can be."""
    account = account_of(request, account_id)
    require(request.actor, rules.CORRECT_VALUE)
    texts = request.POST.getlist("cell") or request.POST.get("cells", "").splitlines()
    if len(texts) > MOST:
        return _dialog(request, account, [], too_many=len(texts), status=422)
    cells = _read(account, texts)
    if "apply" not in request.POST:
        return _dialog(request, account, cells, outside=request.POST.get("outside", ""))
    reason = request.POST.get("reason", "").strip()
    if not reason or not any(cell.valid for cell in cells):
        return _dialog(request, account, cells, error="" if reason else "Say why, in a few words.", status=422)
    return _apply(request, account, cells, reason)


def _read(account: Account, texts: Sequence[str]) -> list[Pasted]:
    """Each "code-month|value looked at|text" with its cell, in two queries; what names no cell is left out."""
    places: list[tuple[str, date, str, str]] = []
    for line in texts:
        place, expected, text = [*line.split("|", 2), "", ""][:3]
        month = month_named(place[-7:])
        if month and text:
            places.append((place[:-8], month, expected, text))
    codes, months = {place[0] for place in places}, {place[1] for place in places}
    kpis = {kpi.code: kpi for kpi in Kpi.objects.filter(code__in=codes, active=True, portfolio_only=False)}
    current = queries.current_values(account, list(kpis.values()), list(months))
    return [
        _judged(kpis[code], month, text, expected, current.get((kpis[code].pk, month)))
        for code, month, expected, text in places
        if code in kpis
    ]


def _judged(kpi: Kpi, month: date, text: str, expected: str, current: KpiValue | None) -> Pasted:
    pasted = Pasted(kpi, month, text, expected, current, None, "")
    if (str(current.pk) if current else "") != expected:
        who = (current.by_label if current else "") or "Somebody"
        return replace(pasted, problem=f"{who} changed it since you opened this page.")
    try:
        number = typed_number(text, kpi)
    except DomainError as refusal:
        return replace(pasted, problem=str(refusal))
    return replace(pasted, number=number, problem="" if within(number, kpi) else f"Enter {limits_of(kpi)}.")


def _dialog(request: Request, account: Account, cells: list[Pasted], *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "account": account,
        "cells": cells,
        "valid": sum(cell.valid for cell in cells),
        "problems": sum(bool(cell.problem) for cell in cells),
        "reason": request.POST.get("reason", ""),
        "most": MOST,
        **more,
    }
    return render(request, "kpis/grid_paste.html", context, status=status)


def _apply(request: Request, account: Account, cells: list[Pasted], reason: str) -> HttpResponse:
    made: list[str] = []
    left: list[Pasted] = []
    for cell in cells:
        if not cell.valid or cell.number is None:
            left += [cell] if cell.problem else []
            continue
        try:
            value = operations.correct_kpi_value(
                account_id=account.pk,
                kpi_code=cell.kpi.code,
                period=cell.period,
                new=cell.number,
                reason=reason,
                expected_value_id=UUID(cell.expected) if cell.expected else None,
                by=request.actor,
                at=now(),
            )
            made.append(str(value.pk))
        except DomainError as refusal:
            left.append(replace(cell, problem=str(refusal)))
        except Account.DoesNotExist:
            raise Http404("There is no such account.") from None
    return _applied(request, account, made, left)


def _applied(request: Request, account: Account, made: list[str], left: list[Pasted]) -> HttpResponse:
    """The dialog goes, or stays with what could not be taken; one toast takes everything back."""
    words = f"{len(made)} value{'' if len(made) == 1 else 's'} corrected. The score follows."
    answer = _dialog(request, account, left, done=len(made)) if left else HttpResponse(status=204)
    undo_url = reverse("kpis:undo-paste", args=[account.pk, _remember(request, made)]) if made else ""
    close: dict[str, Any] = {} if left else {"closeDialog": True}
    return toast(answer, words if made else "Nothing was changed.", undo_url=undo_url, **close, **changed(account))


def _remember(request: Request, made: list[str]) -> str:
    """The values of one paste in the session, under a name for its address."""
    name = uuid4().hex
    pastes = dict(request.session.get(UNDOABLE, {}))
    kept = dict(list(pastes.items())[1 - REMEMBERED :])
    request.session[UNDOABLE] = {**kept, name: made}
    return name


@login_required
@require_POST
def undo_paste(request: Request, account_id: UUID, name: str) -> HttpResponse:
    """Take back what one paste of this visit corrected, as far as nobody has gone on from there."""
    account = account_of(request, account_id)
    require(request.actor, rules.CORRECT_VALUE)
    made = request.session.get(UNDOABLE, {}).get(name)
    if made is None:
        raise Http404("There is nothing to take back.")
    kept = 0
    for value_id in reversed(made):
        try:
            operations.undo_correction(value_id=UUID(value_id), by=request.actor, at=now())
        except (DomainError, KpiValue.DoesNotExist):
            kept += 1
    done = len(made) - kept
    words = f"{done} correction{'' if done == 1 else 's'} taken back."
    if kept:
        words += f" {kept} had been changed again and stay{'s' if kept == 1 else ''}."
    return toast(HttpResponse(status=204), words, kind="warn" if kept else "done", **changed(account))
