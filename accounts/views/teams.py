"""Settings: teams with their members, and what happens to the accounts of somebody who leaves."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_http_methods, require_POST

from accounts import rules
from accounts.models import Team
from accounts.operations import assignment
from accounts.operations import teams as operations
from accounts.queries import teams as queries
from accounts.serializers.teams import HandOverInput, MemberInput, TeamEdit, TeamInput
from accounts.views.conflicts import edited_on, with_theirs
from core.errors import Conflict, DomainError
from core.http import Request, permission_required
from users.models import User

Errors = dict[str, list[str]]


def people(but: UUID | None = None) -> list[tuple[Any, str]]:
    """Who can be given something: id and name."""
    found = User.objects.filter(is_active=True).exclude(pk=but).order_by("name", "email")
    return [(person.pk, str(person)) for person in found]


def said_by(given: Any) -> Errors:
    return {} if given.is_valid() else {name: [str(e) for e in found] for name, found in given.errors.items()}


def posted(request: Request) -> dict[str, Any]:
    """The form's fields; an empty one says nothing."""
    return {name: value for name, value in request.POST.items() if str(value).strip()}


def of_refusal(refusal: DomainError) -> Errors:
    return {refusal.field or "": [str(refusal)]}


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_TEAMS)
def teams(request: Request) -> HttpResponse:
    """Every team; posted to, it makes one."""
    errors: Errors = {}
    if request.method == "POST":
        given = TeamInput(data=posted(request))
        errors = said_by(given)
        if not errors:
            try:
                made = operations.write_team(**given.validated_data, by=request.actor)
            except DomainError as refusal:
                errors = of_refusal(refusal)
            else:
                messages.success(request, f"“{made.name}” is here. Put people into it.")
                return redirect("accounts:team", made.pk)
    context = {
        "rows": queries.team_rows(),
        "archived": queries.team_rows(archived=True),
        "values": request.POST.dict(),
        "errors": errors,
        "refused": errors.get("", []),
        "people": people(),
    }
    return render(request, "accounts/teams.html", context, status=422 if errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_TEAMS)
def team(request: Request, team_id: UUID) -> HttpResponse:
    """One team: its name, queue and people."""
    found = get_object_or_404(Team, pk=team_id)
    if request.method == "GET":
        return _team(request, found)
    given = TeamEdit(data=with_theirs(request, posted(request), _stored(found)))
    errors = said_by(given)
    if errors:
        return _team(request, found, edit=errors)
    values = dict(given.validated_data)
    version = values.pop("version")
    try:
        operations.write_team(team_id=found.pk, expected_version=version, **values, by=request.actor)
    except Conflict:
        found.refresh_from_db()
        return _team(request, found, edit={}, conflict=True)
    except DomainError as refusal:
        return _team(request, found, edit=of_refusal(refusal))
    messages.success(request, "The team is saved.")
    return redirect("accounts:team", found.pk)


@login_required
@require_POST
@permission_required(rules.EDIT_TEAMS)
def team_member(request: Request, team_id: UUID) -> HttpResponse:
    """Put a person in, change their capacity and absence, or with `remove` take them out."""
    found = get_object_or_404(Team, pk=team_id)
    given = MemberInput(data=posted(request))
    errors = said_by(given)
    if errors:
        return _team(request, found, member=errors)
    try:
        if request.POST.get("remove"):
            operations.remove_member(team_id=found.pk, user_id=given.validated_data["user_id"], by=request.actor)
        else:
            operations.set_member(team_id=found.pk, **given.validated_data, by=request.actor)
    except DomainError as refusal:
        return _team(request, found, member=of_refusal(refusal))
    messages.success(request, "The team is saved.")
    return redirect("accounts:team", found.pk)


@login_required
@require_POST
@permission_required(rules.EDIT_TEAMS)
def archive_team(request: Request, team_id: UUID) -> HttpResponse:
    found = get_object_or_404(Team, pk=team_id)
    restore = request.POST.get("restore") == "1"
    try:
        operations.archive_team(team_id=found.pk, by=request.actor, at=now(), restore=restore)
    except DomainError as refusal:
        return _team(request, found, edit=of_refusal(refusal))
    messages.success(request, f"“{found.name}” is {'back' if restore else 'archived'}.")
    return redirect("accounts:teams")


def _stored(found: Team) -> dict[str, str]:
    """As the form writes it."""
    return {"name": found.name, "lead_id": str(found.lead_id or "")}


def _team(
    request: Request, found: Team, *, edit: Errors | None = None, member: Errors | None = None, conflict: bool = False
) -> HttpResponse:
    carried = queries.candidates_of({found.pk}, queries.scale_on(localdate())).get(found.pk, [])
    values = {"name": found.name, "pooled": found.pooled, "lead_id": found.lead_id or "", "version": found.version}
    if edit is not None:
        values = {**values, "pooled": False, **request.POST.dict()}
    says = {"lead_id": str(found.lead or "")}
    context = {
        "edited": edited_on(request, _stored(found), found.version, conflict=conflict, says=says),
        "team": found,
        "members": [(one, one.out(localdate())) for one in carried],
        "values": values,
        "member_values": request.POST.dict() if member is not None else {},
        "errors": edit or {},
        "refused": (edit or {}).get("", []) + (edit or {}).get("version", []),
        "member_errors": member or {},
        "people": people(),
        "rules": queries.rules_in_order().filter(team=found),
        "waiting": queries.queue_of(found).count() if found.pooled else 0,
    }
    return render(request, "accounts/team.html", context, status=409 if conflict else 422 if edit or member else 200)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.ASSIGN)
def hand_over(request: Request, user_id: UUID) -> HttpResponse:
    """What a person would leave behind, and who takes it."""
    person = get_object_or_404(User.objects.visible_to(request.actor), pk=user_id)
    errors: Errors = {}
    if request.method == "POST":
        given = HandOverInput(data={**posted(request), "user_id": str(person.pk)})
        errors = said_by(given)
        if not errors:
            try:
                done = assignment.hand_over(**given.validated_data, by=request.actor, at=now())
            except DomainError as refusal:
                errors = of_refusal(refusal)
            else:
                stays = f" {done.kept} accounts stay: no rule found anybody." if done.kept else ""
                messages.success(request, f"{done.accounts} accounts and {done.tasks} tasks are handed over.{stays}")
                return redirect("accounts:hand-over", person.pk)
    context = {
        "person": person,
        "has": queries.belongings(person.pk),
        "people": people(person.pk),
        "rules": list(queries.rules_in_order().filter(active=True, team__archived_at=None)),
        "values": request.POST.dict() if errors else {"by_rule": "1"},
        "errors": errors,
        "refused": errors.get("", []),
    }
    return render(request, "accounts/hand_over.html", context, status=422 if errors else 200)
