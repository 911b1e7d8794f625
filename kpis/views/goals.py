"""Where an account stands in a KPI beyond its score: target, place among the others, what others reach."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Account
from core.errors import Conflict, DomainError
from core.http import Request, permission_required, toast
from core.rules import allowed
from kpis import rules
from kpis.models import Benchmark, Kpi, Target
from kpis.operations.goals import add_benchmark, end_target, remove_benchmark, set_target
from kpis.queries.goals import suggestions
from kpis.queries.standing import standing_of
from kpis.serializers.definitions import BenchmarkFields, TargetFields
from kpis.views.catalogue import kpi_answer
from kpis.views.kpi_form import errors_of


@login_required
@require_http_methods(["GET", "POST"])
def standing(request: Request, account_id: UUID, code: str) -> HttpResponse:
    """Target, percentile and benchmarks of one KPI of an account; a POST sets the target.

    To htmx (from the evidence) the short form, without it a page with the history and the form.
    """
    account = get_object_or_404(Account.objects.visible_to(request.actor).select_related("owner"), pk=account_id)
    kpi = get_object_or_404(Kpi, code=code, portfolio_only=False)
    if request.method == "GET":
        return _page(request, account, kpi)
    return _set(request, account, kpi)


@permission_required(rules.SET_TARGET)
def _set(request: Request, account: Account, kpi: Kpi) -> HttpResponse:
    typed = request.POST.dict()
    given = TargetFields(data={name: value or None if name in ("due_on", "expected") else value
                               for name, value in typed.items()})  # fmt: skip
    errors = errors_of(given)
    if not errors:
        data: dict[str, Any] = dict(given.validated_data)
        try:
            expected = data.pop("expected")
            set_target(
                account_id=account.pk, kpi_code=kpi.code, expected_target_id=expected, **data,
                by=request.actor, at=now(),
            )  # fmt: skip
        except Conflict as conflict:
            return _page(request, account, kpi, typed=typed, errors={"": [str(conflict)]}, status=409)
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
        except (Account.DoesNotExist, Kpi.DoesNotExist):
            errors = {"": ["The account is archived or the KPI is retired, so it has no targets any more."]}
        else:
            messages.success(request, f"The target of “{kpi}” is set.")
            return redirect("kpis:standing", account.pk, kpi.code)
    return _page(request, account, kpi, typed=typed, errors=errors, status=422)


@login_required
@require_POST
@permission_required(rules.SET_TARGET)
def target_end(request: Request, account_id: UUID, code: str, target_id: UUID) -> HttpResponse:
    target = get_object_or_404(
        Target.objects.visible_to(request.actor), pk=target_id, account=account_id, kpi__code=code
    )
    end_target(target_id=target.pk, by=request.actor, at=now())
    messages.success(request, "The target is ended. It stays in the history.")
    return redirect("kpis:standing", account_id, code)


def _page(
    request: Request,
    account: Account,
    kpi: Kpi,
    *,
    typed: dict[str, Any] | None = None,
    errors: dict[str, list[str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    today: date = now().date()
    found = standing_of(account, kpi, on=today)
    may_set = account.archived_at is None and kpi.active and allowed(request.actor, rules.SET_TARGET)
    context: dict[str, Any] = {"account": account, "kpi": kpi, "standing": found, "today": today, "may_set": may_set}
    if request.htmx:
        return render(request, "kpis/standing.html#short", context, status=status)
    aim = found.aim.target if found.aim else None
    context |= {
        "typed": typed or {},
        "errors": errors or {},
        "refused": (errors or {}).get("", []),
        "expected": aim.pk if aim else "",
        "suggested": suggestions(account, kpi, on=today, by=request.actor, anchors=found.anchors) if may_set else [],
    }
    return render(request, "kpis/standing.html", context, status=status)


@login_required
@require_POST
@permission_required(rules.EDIT_CATALOGUE)
def benchmark_add(request: Request, code: str) -> HttpResponse:
    get_object_or_404(Kpi, code=code)
    given = BenchmarkFields(data=request.POST.dict())
    errors = {name: texts[0] for name, texts in errors_of(given).items()}
    if not errors:
        try:
            add_benchmark(kpi_code=code, **given.validated_data, by=request.actor, at=now())
        except DomainError as refusal:
            errors = {refusal.field or "statistic": str(refusal)}
        else:
            if request.htmx:
                return toast(_benchmarks(request, code), "The benchmark is noted.")
            messages.success(request, "The benchmark is noted.")
            return redirect("kpis:kpi", code)
    return kpi_answer(request, code, errors={**errors, "benchmark": "1"}, status=422, part="benchmarks")


def _benchmarks(request: Request, code: str) -> HttpResponse:
    return kpi_answer(request, code, part="benchmarks")


@login_required
@require_POST
@permission_required(rules.EDIT_CATALOGUE)
def benchmark_remove(request: Request, code: str, benchmark_id: UUID) -> HttpResponse:
    get_object_or_404(Benchmark, pk=benchmark_id, kpi__code=code)
    remove_benchmark(benchmark_id=benchmark_id, by=request.actor)
    messages.success(request, "The benchmark is taken away. The trail keeps what it said.")
    return redirect("kpis:kpi", code)
