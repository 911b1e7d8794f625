"""Recent and pinned: a page, a part of Today, and the button that pins."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from accounts.operations.places import pin
from accounts.queries.places import places
from core.errors import DomainError
from core.http import Request, toast

KINDS = ("account", "view")


@login_required
@require_GET
def place_list(request: Request) -> HttpResponse:
    """What one keeps at hand and where one was lately; to htmx the part alone."""
    pinned, recent = places(by=request.actor, recent=8 if request.htmx else 50)
    template = "accounts/places.html#part" if request.htmx else "accounts/places.html"
    back = "/" if request.htmx else request.path
    return render(request, template, {"pinned": pinned, "recent": recent, "back": back})


@login_required
@require_POST
def place_pin(request: Request, kind: str, thing_id: UUID) -> HttpResponse:
    """Pin it, or with `off` take the pin away; back to where the button was."""
    if kind not in KINDS:
        raise Http404("Nothing of that kind can be pinned.")
    on = request.POST.get("off") != "1"
    try:
        pin(kind=kind, thing_id=thing_id, on=on, by=request.actor, at=now())
    except ObjectDoesNotExist:
        raise Http404("There is no such thing among yours.") from None
    except DomainError as refusal:
        if request.htmx:
            return toast(HttpResponse(status=204), str(refusal), kind="error")
        messages.error(request, str(refusal))
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}) and back.startswith("/")
    return redirect(back if safe else "accounts:places")
