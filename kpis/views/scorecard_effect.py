"""Every account that would change colour if a version of a scorecard were live: what the editor shows the first of."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from core.http import Request, permission_required
from kpis import rules
from kpis.models import Band, ScorecardVersion
from kpis.queries.effect import Effect, Moved
from kpis.queries.preview import CannotPreview, effect_of_definition
from kpis.views.flows import picture

PAGE = 50


@login_required
@require_GET
@permission_required(rules.EDIT_SCORECARD)
def scorecard_effect(request: Request, version_id: UUID) -> HttpResponse:
    """The effect of the stored text. `?way=worse|better`, `?from=` and `?to=` narrow it, `?after=` is an account."""
    version = get_object_or_404(ScorecardVersion.objects.select_related("scorecard"), pk=version_id)
    context: dict[str, Any] = {"version": version, "version_url": f"/scorecards/versions/{version.pk}/"}
    try:
        effect = effect_of_definition(
            version.definition, scorecard=version.scorecard, by=request.actor, at=now(), kept=True
        )
    except CannotPreview as refusal:
        return render(request, "kpis/scorecard_editor_effect.html", context | {"cannot": str(refusal)})
    wanted = {name: request.GET.get(name, "") for name in ("way", "from", "to")}
    found = [one for one in effect.moved if _wanted(one, wanted)]
    start = next((place + 1 for place, one in enumerate(found) if str(one.account_id) == request.GET.get("after")), 0)
    shown = found[start : start + PAGE]
    more = found[start + PAGE :]
    context |= {
        "effect": effect,
        "picture": picture(effect),
        "rows": shown,
        "count": len(found),
        "tabs": _tabs(effect, version, wanted),
        "older": _url(version, {**wanted, "after": str(shown[-1].account_id)}) if more else "",
        "newer": _url(version, wanted) if start else "",
    }
    return render(request, "kpis/scorecard_editor_effect.html", context)


def _wanted(one: Moved, wanted: dict[str, str]) -> bool:
    return (
        (not wanted["way"] or one.worse == (wanted["way"] == "worse"))
        and wanted["from"] in ("", one.band_before)
        and wanted["to"] in ("", one.band_after)
    )


def _tabs(effect: Effect, version: ScorecardVersion, wanted: dict[str, str]) -> list[tuple[str, str, int, bool]]:
    """(name, address, accounts, whether it is shown): all, by way, and each stream between two bands."""
    tabs: list[tuple[str, dict[str, str], int]] = [
        ("All", {}, len(effect.moved)),
        ("Worse", {"way": "worse"}, len(effect.worse)),
        ("Better", {"way": "better"}, len(effect.better)),
    ]
    for flow in effect.flows:
        words = f"{Band(flow.before).label} → {Band(flow.after).label.lower()}"
        tabs.append((words, {"from": flow.before, "to": flow.after}, flow.accounts))
    now_wanted = {name: value for name, value in wanted.items() if value}
    return [(name, _url(version, query), count, query == now_wanted) for name, query, count in tabs]


def _url(version: ScorecardVersion, query: dict[str, str]) -> str:
    given = {name: value for name, value in query.items() if value}
    return reverse("kpis:scorecard-effect", args=[version.pk]) + (f"?{urlencode(given)}" if given else "")
