from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core.errors import DomainError
from core.http import Request
from kpis import operations


@login_required
@require_POST
def sample_add(request: Request) -> HttpResponse:
    """One click: sample accounts, openly marked."""
    try:
        operations.start_adding_sample_data(by=request.actor)
        messages.success(request, "Sample accounts are on their way. They are marked, and go with one click.")
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("kpis:portfolio")


@login_required
@require_POST
def sample_remove(request: Request) -> HttpResponse:
    """One click: nothing that is sample stays, everything that is real does."""
    operations.start_removing_sample_data(by=request.actor)
    messages.success(request, "The sample accounts are being removed. Your own data stay.")
    return redirect("kpis:portfolio")
