"""Scorecards: the list, one of them, whom it is for, and what waits for review."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.http import Request, keyset_page, permission_required
from core.rules import allowed
from kpis import rules
from kpis.models import Scorecard, ScorecardVersion
from kpis.operations import scorecard_drafts as drafts
from kpis.operations import scorecards as operations
from kpis.queries import scorecards as queries
from kpis.queries.scorecard_texts import TEMPLATES
from kpis.scoring.assignment import RULE_FIELDS, YOUNGER, rule_text
from kpis.serializers.scorecards import DraftStart, RuleSetting, ScorecardInput, Seen

PAGE = 25


@login_required
@require_GET
def scorecard_list(request: Request) -> HttpResponse:
    """Every scorecard by priority, with the accounts it is for."""
    archived = request.GET.get("archived") == "1"
    rows = queries.scorecard_rows(by=request.actor, today=localdate(), archived=archived)
    context = {
        "rows": rows,
        "archived": archived,
        "waiting": queries.in_review().count(),
        "may_edit": allowed(request.actor, rules.EDIT_SCORECARD),
        "limited": not request.actor.sees_all,
    }
    return render(request, "kpis/scorecards.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_SCORECARD)
def scorecard_new(request: Request) -> HttpResponse:
    """Name a scorecard and say whom it is for; its first draft is started with it."""
    if request.method == "GET":
        return _new(request)
    given = ScorecardInput(data=_posted(request))
    start = DraftStart(data={"template": request.POST.get("template", "")})
    if not all([given.is_valid(), start.is_valid()]):
        return _new(request, errors=_errors(given) | _errors(start))
    try:
        card = operations.create_scorecard(**given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        return _new(request, errors={refusal.field or "all": [str(refusal)]})
    made = drafts.start_draft(scorecard_id=card.pk, **start.validated_data, by=request.actor, at=now())
    messages.success(request, f"“{card.name}” is there. It scores nothing before a version of it is live.")
    return redirect("kpis:scorecard-version", made.pk)


def _new(request: Request, *, errors: dict[str, Any] | None = None) -> HttpResponse:
    context = {
        "errors": errors or {},
        "data": request.POST,
        "fields": _fields(request),
        "younger": request.POST.get(YOUNGER, ""),
        "templates": list(TEMPLATES.items()),
    }
    return render(request, "kpis/scorecard_new.html", context, status=422 if errors else 200)


def _posted(request: Request) -> dict[str, Any]:
    """The form as the API has it: a rule of lists, empty numbers as null."""
    sent = request.POST
    rule: dict[str, Any] = {name: sent.getlist(name) for name in RULE_FIELDS if sent.getlist(name)}
    if sent.get(YOUNGER, "").strip():
        rule[YOUNGER] = sent[YOUNGER]
    plain = {name: sent[name] for name in ("name", "description", "edits") if name in sent}
    return plain | {"priority": sent.get("priority", "").strip() or None, "rule": rule}


def _errors(given: Any) -> dict[str, Any]:
    """Errors by field, those of the rule's parts at the part."""
    found = dict(given.errors)
    inner = found.pop("rule", {})
    return found | (inner if isinstance(inner, dict) else {"rule": inner})


def _fields(request: Request, card: Scorecard | None = None) -> list[dict[str, Any]]:
    """What a rule can say, with what is chosen: as sent, else as it is."""
    rule, given = card.rule if card else {}, request.method == "POST"
    return [
        {
            "name": name,
            "label": name.capitalize(),
            "choices": [
                (value, label, count, value in (request.POST.getlist(name) if given else rule.get(name, ())))
                for value, label, count in choices
            ],
        }
        for name, choices in queries.rule_choices().items()
    ]


@login_required
@require_GET
def scorecard(request: Request, scorecard_id: UUID) -> HttpResponse:
    """One scorecard: whom it is for and its versions."""
    return _card(request, _found(scorecard_id))


def _found(scorecard_id: UUID) -> Scorecard:
    found: Scorecard = get_object_or_404(Scorecard, pk=scorecard_id)
    return found


def _card(request: Request, card: Scorecard, *, error: str = "") -> HttpResponse:
    page = keyset_page(
        queries.versions_of(card),
        ["-number", "id"],
        size=PAGE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    live = card.versions.filter(state=ScorecardVersion.State.LIVE).select_related("scorecard").first()
    rows = queries.scorecard_rows(by=request.actor, today=localdate()) if live else []
    context = {
        "card": card,
        "rule": rule_text(card.rule),
        "live": live,
        "row": next((row for row in rows if row.card.pk == card.pk), None),
        "page": page,
        "before": [row for row in rows if row.live and row.card.priority < card.priority],
        "may_edit": allowed(request.actor, rules.EDIT_SCORECARD) and card.archived_at is None,
        "may_publish": allowed(request.actor, rules.PUBLISH_SCORECARD) and card.archived_at is None,
        "may_rule": card.archived_at is None
        and allowed(request.actor, rules.PUBLISH_SCORECARD if live else rules.EDIT_SCORECARD),
        "templates": list(TEMPLATES.items()),
        "limited": not request.actor.sees_all,
        "error": error,
    }
    return render(request, "kpis/scorecard.html", context, status=422 if error else 200)


@login_required
@require_POST
@permission_required(rules.EDIT_SCORECARD)
def scorecard_draft(request: Request, scorecard_id: UUID) -> HttpResponse:
    """Start a draft: from the live version, from any version, or from a template."""
    card = _found(scorecard_id)
    sent = {name: request.POST[name] for name in ("based_on", "template", "note") if request.POST.get(name)}
    given = DraftStart(data=sent)
    if not given.is_valid():
        return _card(request, card, error="Choose what the draft starts from.")
    if given.validated_data.get("based_on"):
        get_object_or_404(ScorecardVersion, pk=given.validated_data["based_on"])
    try:
        made = drafts.start_draft(scorecard_id=card.pk, **given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        return _card(request, card, error=str(refusal))
    messages.success(request, f"Version {made.number} is a draft now. Nothing is scored with it before it is live.")
    return redirect("kpis:scorecard-version", made.pk)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_SCORECARD)
def scorecard_rule(request: Request, scorecard_id: UUID) -> HttpResponse:
    """Whom a scorecard is for and which comes first. POST `do`: save, or count, which only says who would move."""
    card = _found(scorecard_id)
    if request.method == "GET":
        return _rule_page(request, card)
    given = RuleSetting(data=_posted(request))
    if not given.is_valid():
        return _rule_page(request, card, errors=_errors(given))
    rule, priority = given.validated_data["rule"], given.validated_data["priority"]
    try:
        if request.POST.get("do") == "count":
            cleaned = operations.clean_rule(rule)
            moves = queries.rule_moves(card, cleaned, priority, by=request.actor, today=localdate())
            return _rule_page(request, card, moves=moves)
        saved = operations.set_rule(scorecard_id=card.pk, **given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        return _rule_page(request, _found(scorecard_id), errors={refusal.field or "all": [str(refusal)]})
    messages.success(request, f"Saved. “{saved.name}” is for {rule_text(saved.rule)}, with priority {saved.priority}.")
    return redirect("kpis:scorecard", card.pk)


def _rule_page(
    request: Request, card: Scorecard, *, errors: dict[str, Any] | None = None, moves: Any = None
) -> HttpResponse:
    live = operations.live_of(card)
    context = {
        "card": card,
        "live": live,
        "errors": errors or {},
        "moves": moves,
        "fields": _fields(request, card),
        "younger": request.POST.get(YOUNGER, card.rule.get(YOUNGER, "")),
        "priority": request.POST.get("priority", card.priority),
        "others": [row for row in queries.scorecards() if row.pk != card.pk],
        "limited": not request.actor.sees_all,
        "may_save": card.archived_at is None
        and allowed(request.actor, rules.PUBLISH_SCORECARD if live else rules.EDIT_SCORECARD),
    }
    part = "#moves" if request.htmx and request.POST.get("do") == "count" else ""
    return render(request, f"kpis/scorecard_rule.html{part}", context, status=422 if errors else 200)


@login_required
@require_POST
@permission_required(rules.PUBLISH_SCORECARD)
def scorecard_archive(request: Request, scorecard_id: UUID) -> HttpResponse:
    card = _found(scorecard_id)
    given = Seen(data=request.POST)
    if not given.is_valid():
        return _card(request, card, error=str(given.errors["edits"][0]))
    try:
        operations.archive_scorecard(scorecard_id=card.pk, **given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        return _card(request, card, error=str(refusal))
    messages.success(request, f"“{card.name}” is archived. Its accounts go to the next scorecard that is for them.")
    return redirect("kpis:scorecards")


@login_required
@require_GET
def scorecard_reviews(request: Request) -> HttpResponse:
    """What waits for somebody to approve it, the oldest first."""
    page = keyset_page(
        queries.in_review(),
        ["submitted_at", "id"],
        size=PAGE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "page": page,
        "may_publish": allowed(request.actor, rules.PUBLISH_SCORECARD),
        "sees_all": request.actor.sees_all,
    }
    return render(request, "kpis/scorecard_reviews.html", context)
