"""The metric dictionary: a card for every figure that is not a KPI, and a list of all."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.http import Request
from kpis import queries
from kpis.catalogue.metrics import METRICS, metric_named


@login_required
@require_GET
def metric_list(request: Request) -> HttpResponse:
    """Figures of the product and KPIs in one list; every word that is searched for has to occur in the row."""
    search = request.GET.get("q", "").replace("\x00", "").strip()
    words = search.lower().split()
    metrics = [one for one in METRICS if all(word in f"{one.name} {one.says}".lower() for word in words)]
    groups = queries.catalogue_groups(search=search, everything=True)
    context = {"metrics": metrics, "groups": groups, "search": search}
    template = "kpis/metrics.html#list" if request.htmx else "kpis/metrics.html"
    return render(request, template, context)


@login_required
@require_GET
def metric(request: Request, slug: str) -> HttpResponse:
    """The card of one figure: what it says, formula, grain, owner, caveats, changes, where it is shown."""
    found = metric_named(slug)
    if found is None:
        raise Http404("There is no such figure.")
    return render(request, "kpis/metric.html", {"metric": found})
