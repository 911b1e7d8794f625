from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from accounts.conditions import ConditionError, every_field, every_many, matching, read, words
from accounts.models import Account
from core.http import Request
from kpis.queries import portfolio as queries
from kpis.views.portfolio import SHOWN, asked


@login_required
@require_GET
def portfolio_filter(request: Request) -> HttpResponse:
    """The filter form: a dialog on the page, a page of its own without script."""
    choices, given = queries.choices(by=request.actor), asked(request)
    context = {
        "wanted": given.wanted(),
        "where": request.GET.get("where", ""),
        "errors": given.errors,
        "choices": choices,
        "owners": [("nobody", "Nobody"), *choices.owners],
        "bands": [(band.value, band.label) for band in SHOWN],
        "samples": [("without", "Leave them out"), ("only", "Show only them")],
    }
    template = "kpis/portfolio_filter.html#dialog" if request.htmx else "kpis/portfolio_filter.html"
    return render(request, template, context)


@login_required
@require_GET
def condition_check(request: Request) -> HttpResponse:
    """What a condition says in words and how many accounts it matches, or what is wrong with it and where."""
    text = request.GET.get("where", "").strip()
    context: dict[str, object] = {"text": text}
    try:
        node = read(text, by=request.actor) if text else None
    except ConditionError as wrong:
        context |= {
            "wrong": wrong,
            "before": text[: wrong.column - 1],
            "there": text[wrong.column - 1 :][: wrong.length],
        }
    else:
        if node is not None:
            accounts = Account.objects.visible_to(request.actor).active()
            context |= {"says": words(node), "count": accounts.filter(matching(node, today=now().date())).count()}
    return render(request, "kpis/condition_check.html", context)


@login_required
@require_GET
def condition_fields(request: Request) -> HttpResponse:
    """Every field a condition can ask of, with how to write it."""
    sets = [(one, one.fields(request.actor)) for one in every_many(by=request.actor)]
    return render(request, "kpis/condition_fields.html", {"fields": every_field(by=request.actor), "sets": sets})
