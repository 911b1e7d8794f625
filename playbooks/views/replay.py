"""The time machine of a trigger: two thresholds side by side over the months that are stored."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET

from core.errors import DomainError
from core.http import Request
from core.rules import allowed
from playbooks import rules
from playbooks.measured.replay import HORIZONS, READINGS, replay
from playbooks.models import Trigger
from playbooks.serializers import ReplayAsked


@login_required
@require_GET
def trigger_replay(request: Request, trigger_id: UUID) -> HttpResponse:
    """Thresholds, reading and horizon are in the URL; without any, the threshold in force beside one five lower."""
    trigger = get_object_or_404(Trigger.objects.select_related("kpi", "playbook"), pk=trigger_id)
    usual = {"threshold": trigger.threshold, "other": max(trigger.threshold - 5, 0), "reading": "known", "horizon": 90}
    posted = {name: request.GET.get(name) or str(value) for name, value in usual.items()}
    given = ReplayAsked(data=posted)
    context = {
        "trigger": trigger,
        "posted": posted,
        "wrong": {},
        "readings": list(READINGS.items()),
        "horizons": [(str(days), f"{days} days") for days in HORIZONS],
        "may_edit": allowed(request.actor, rules.EDIT),
    }
    if not given.is_valid():
        wrong = {name: [str(text) for text in texts] for name, texts in given.errors.items()}
        return render(request, "playbooks/replay.html", {**context, "wrong": wrong}, status=422)
    asked = given.validated_data
    try:
        context["found"] = replay(
            trigger,
            [asked["threshold"], asked["other"]],
            by=request.actor,
            on=localdate(),
            reading=asked["reading"],
            horizon=asked["horizon"],
        )
    except DomainError as refusal:
        context["refusal"] = str(refusal)
    return render(request, "playbooks/replay.html", context)
