from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.http import Request, keyset_page
from core.rules import allowed
from kpis import operations, queries, rules
from kpis.catalogue import normalise
from kpis.models import Kpi, UnknownKpi, Upload
from kpis.operations.goals import STATISTICS
from kpis.queries.card import card_of_kpi
from kpis.serializers import UnknownKpiSettlement
from kpis.views.uploads import is_uuid
from users.trail import lines


@login_required
@require_GET
def kpi_list(request: Request) -> HttpResponse:
    """The KPIs by category, with their ranges; what is searched for is in the URL."""
    search, everything = request.GET.get("q", "").replace("\x00", "").strip(), request.GET.get("all") == "1"
    retired = request.GET.get("all") == "retired"
    groups = queries.catalogue_groups(search=search, everything=everything, retired=retired)
    context = {
        "groups": groups,
        "count": sum(len(group.rows) for group in groups),
        "search": search,
        "everything": everything,
        "retired": retired,
        "retired_count": queries.retired_count(),
        "checked": queries.catalogue_checked(),
        "unknown": queries.unknown_kpis().count(),
        "may_edit": allowed(request.actor, rules.EDIT_CATALOGUE),
    }
    template = "kpis/catalogue.html#list" if request.htmx else "kpis/catalogue.html"
    return render(request, template, context)


@login_required
@require_POST
def confirm(request: Request) -> HttpResponse:
    """“These are right.”"""
    operations.confirm_catalogue(by=request.actor)
    messages.success(request, "Noted. The KPIs are as you want them.")
    return redirect("kpis:catalogue")


@login_required
@require_GET
def kpi(request: Request, code: str) -> HttpResponse:
    """The card of a KPI: what it means, its ranges through time, how a value becomes points, who reads it, its log."""
    get_object_or_404(Kpi, code=code)
    return kpi_answer(request, code, part="names" if "names" in (request.htmx.target or "") else "")


def kpi_answer(
    request: Request, code: str, *, errors: Mapping[str, str] | None = None, typed: str = "", status: int = 200,
    part: str = "",
) -> HttpResponse:  # fmt: skip
    """The card, with what was refused at its place; to htmx the `part` that was asked for."""
    page, today = queries.kpi_page(code, by=request.actor), now().date()
    kpi = page.row.kpi
    card = card_of_kpi(kpi, on=today, own_names=frozenset({normalise(kpi.name), normalise(kpi.code)}))
    context = {
        "page": page,
        "card": card,
        "log": lines(card.log, {}),
        "may_edit": allowed(request.actor, rules.EDIT_CATALOGUE),
        "may_draft": allowed(request.actor, rules.EDIT_SCORECARD),
        "statistics": STATISTICS,
        "errors": errors or {},
        "typed": typed,
        "given": request.POST.dict() if errors else {},
    }
    template = f"kpis/kpi.html#{part}" if part and request.htmx else "kpis/kpi.html"
    return render(request, template, context, status=status)


@login_required
@require_GET
def unknown(request: Request) -> HttpResponse:
    """KPI names from files that mean nothing yet."""
    return _inbox(request)


def _inbox(request: Request, *, error: str = "", about: UUID | None = None) -> HttpResponse:
    ignored = request.GET.get("state") == "ignored"
    state = UnknownKpi.State.IGNORED if ignored else UnknownKpi.State.OPEN
    page = keyset_page(
        queries.unknown_kpis(state=state),
        ["first_seen_at", "id"],
        size=25,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    kpis = list(queries.active_kpis())
    alike = queries.suggested(page.rows, kpis)
    context: dict[str, Any] = {
        "page": page,
        "rows": [(row, alike[row.pk]) for row in page.rows],
        "ignored": ignored,
        "named": list(queries.named_with_waiting(by=request.actor)[:20]),
        "kpi_choices": [(one.code, one.name) for one in kpis if not one.portfolio_only],
        "may_edit": allowed(request.actor, rules.EDIT_CATALOGUE),
        "error": error,
        "about": about,
    }
    template = "kpis/unknown.html#inbox" if request.htmx else "kpis/unknown.html"
    return render(request, template, context, status=422 if error else 200)


@login_required
@require_POST
def settle(request: Request, unknown_id: UUID) -> HttpResponse:
    """Name an unknown KPI or ignore it; from a file's page the file is then read again."""
    get_object_or_404(UnknownKpi, pk=unknown_id)
    given = UnknownKpiSettlement(data=request.POST)
    if not given.is_valid() or ("ignore" not in request.POST and not given.validated_data.get("kpi")):
        return _inbox(request, error="Choose the KPI this name means.", about=unknown_id)
    code = None if "ignore" in request.POST else given.validated_data["kpi"]
    try:
        operations.settle_unknown_kpi(unknown_id=unknown_id, kpi=code, by=request.actor)
        return _after_settling(request, unknown_id)
    except DomainError as refusal:
        return _inbox(request, error=str(refusal), about=unknown_id)


def _after_settling(request: Request, unknown_id: UUID) -> HttpResponse:
    """Back to the file it was done from, which is read again where it can be; else back to the inbox."""
    given = request.POST.get("upload", "")
    mine = queries.uploads_seen(by=request.actor).filter(pk=given).first() if is_uuid(given) else None
    if mine is not None:
        if mine.state in (Upload.State.PROPOSED, Upload.State.DONE):
            operations.take_in_held(upload_id=mine.pk, by=request.actor)
        return redirect("kpis:upload", mine.pk)
    return _inbox(request) if request.htmx else redirect("kpis:unknown")


@login_required
@require_POST
def take_in_named(request: Request, unknown_id: UUID) -> HttpResponse:
    """Take in the rows that waited for a name which means something by now, in every file of it."""
    get_object_or_404(UnknownKpi, pk=unknown_id)
    waiting = queries.uploads_waiting_for(unknown_id, by=request.actor)
    for upload_id in waiting:
        operations.take_in_held(upload_id=upload_id, by=request.actor)
    if len(waiting) == 1:
        return redirect("kpis:upload", waiting[0])
    messages.success(request, f"The rows of {len(waiting)} files are being taken in.")
    return redirect("kpis:unknown")
