from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from core.audit import verify_chain
from core.http import Request, keyset_page, permission_required
from core.models import EntryHead
from users import queries, rules, trail
from users.models import User
from users.serializers import EntryQuery
from users.views.answers import answer, errors_of

PAGE = 50
FIELDS = ("event", "person", "account", "since", "until")


@require_safe
@permission_required(rules.VIEW_TRAIL)
def entries(request: Request) -> HttpResponse:
    """What happened in this workspace, newest first, with filters in the address."""
    given = EntryQuery(data=request.GET)
    errors = errors_of(given)
    found = queries.entries(given.wanted()) if not errors else queries.entries(queries.EntryFilter()).none()
    page = keyset_page(
        found, ["-seq"], size=PAGE, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    values = {name: request.GET.get(name, "") for name in FIELDS}
    context = {
        "page": page,
        "lines": trail.lines(page.rows, queries.names_of_users(trail.people_in(page.rows))),
        "values": values,
        "errors": errors,
        "filtered": any(values.values()),
        "events": trail.choices(),
        "people": list(User.objects.visible_to(request.actor).order_by("name").values_list("pk", "name")),
        "head": EntryHead.objects.get(),
    }
    return answer(request, "users/trail.html", "entries", context, status=422 if errors else 200)


@require_POST
@permission_required(rules.VIEW_TRAIL)
def verify(request: Request) -> HttpResponse:
    """Recompute every hash of the chain and say what came out."""
    head, breaks = EntryHead.objects.get(), verify_chain()
    context = {"breaks": breaks, "head": head, "checked_at": now(), "checked": True}
    if request.htmx:
        return render(request, "users/trail_check.html#result", context)
    return render(request, "users/trail_check.html", context)
