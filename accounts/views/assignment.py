"""Settings: the rules by which accounts find an owner. And the queue of a pooled team, and why an account is whose."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import rules
from accounts.assigning import METHODS
from accounts.conditions import ConditionError, matching, read, words
from accounts.models import Account, AssignmentRule, Team
from accounts.operations import assignment
from accounts.operations import teams as operations
from accounts.queries import teams as queries
from accounts.serializers.teams import RuleEdit, RuleInput
from accounts.serving import panel_answer
from accounts.views.conflicts import edited_on, with_theirs
from accounts.views.teams import Errors, of_refusal, posted, said_by
from core.errors import Conflict, DomainError
from core.http import Request, keyset_page, permission_required
from core.jobs import start_job
from core.models import Job
from core.rules import allowed

RUN = "accounts.assign_waiting"


def _in_words(where: str) -> str:
    try:
        return words(read(where)) if where else "Every account"
    except ConditionError as error:  # a field of it is gone
        return f"Cannot be read any more. {error}"


@login_required
@require_GET
@permission_required(rules.EDIT_TEAMS)
def assignment_rules(request: Request) -> HttpResponse:
    """The rules in their order, what waits, and what they did last."""
    found = list(queries.rules_in_order())
    done = queries.recent_assignments(by=request.actor)
    turned = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = keyset_page(done, ["-at", "-id"], size=15, **turned)
    context = {
        "rows": [(rule, _in_words(rule.where), METHODS.get(rule.method, rule.method)) for rule in found],
        "waiting": queries.waiting_accounts().count(),
        "teams": Team.objects.filter(archived_at=None).exists(),
        "page": page,
        "job": Job.objects.filter(kind=RUN).order_by("-created_at").first(),
        "may_assign": allowed(request.actor, rules.ASSIGN),
    }
    return render(request, "accounts/assignment.html", context)


@login_required
@require_POST
@permission_required(rules.ASSIGN)
def run_rules(request: Request) -> HttpResponse:
    """Find owners for all accounts that have none, in the worker."""
    if not Job.objects.filter(kind=RUN, finished_at=None).exists():
        start_job(RUN, by=request.actor, unit="accounts")
    messages.success(request, "Owners are being found. Each choice appears below with its reasons.")
    return redirect("accounts:assignment")


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_TEAMS)
def rule(request: Request, rule_id: UUID | None = None) -> HttpResponse:
    """Make a rule or change one; `do=check` only looks whom its condition means."""
    found = get_object_or_404(AssignmentRule, pk=rule_id) if rule_id else None
    if request.method == "GET" or request.POST.get("do") == "check":
        return _rule(request, found)
    data = with_theirs(request, posted(request), _stored(found) if found else {})
    given: Any = (RuleEdit if found else RuleInput)(data=data)
    errors = said_by(given)
    if errors:
        return _rule(request, found, errors)
    values = dict(given.validated_data)
    version = values.pop("version", None)
    try:
        made = operations.write_rule(rule_id=rule_id, expected_version=version, **values, by=request.actor)
    except Conflict:
        if found is not None:
            found.refresh_from_db()
        return _rule(request, found, conflict=True)
    except DomainError as refusal:
        return _rule(request, found, of_refusal(refusal))
    messages.success(request, f"“{made.name}” is saved. It holds for the next accounts without an owner.")
    return redirect("accounts:assignment")


def _stored(found: AssignmentRule) -> dict[str, str]:
    """As the form writes it."""
    return {name: str(getattr(found, name)) for name in ("name", "where", "team_id", "method", "priority")}


def _rule(
    request: Request, found: AssignmentRule | None, errors: Errors | None = None, *, conflict: bool = False
) -> HttpResponse:
    names = ("name", "where", "team_id", "method", "priority", "version")
    stored = {name: getattr(found, name) for name in names} if found else {"method": "fewest"}
    values = {**stored, **request.POST.dict()}
    errors = dict(errors or {})
    count, said = None, ""
    try:
        where = str(values.get("where") or "")
        said = words(read(where)) if where else "Every account"
        seen = Account.objects.visible_to(request.actor).active()
        count = seen.filter(matching(read(where), today=localdate())).count() if where else seen.count()
    except ConditionError as error:
        errors.setdefault("where", [str(error)])
    says = {"team_id": str(found.team), "method": dict(METHODS).get(found.method, found.method)} if found else {}
    context = {
        "edited": edited_on(request, _stored(found), found.version, conflict=conflict, says=says) if found else None,
        "rule": found,
        "values": values,
        "errors": errors,
        "refused": errors.get("", []) + errors.get("version", []),
        "team_options": list(Team.objects.filter(archived_at=None).values_list("pk", "name")),
        "methods": list(METHODS.items()),
        "said": said,
        "count": count,
    }
    return render(request, "accounts/assignment_rule.html", context, status=409 if conflict else 422 if errors else 200)


@login_required
@require_POST
@permission_required(rules.EDIT_TEAMS)
def switch_rule(request: Request, rule_id: UUID) -> HttpResponse:
    """Pause a rule or let it go on."""
    get_object_or_404(AssignmentRule, pk=rule_id)
    done = operations.switch_rule(rule_id=rule_id, active=request.POST.get("active") == "1", by=request.actor)
    messages.success(request, f"“{done.name}” {'goes on' if done.active else 'is paused'}.")
    return redirect("accounts:assignment")


@login_required
@require_GET
@permission_required(rules.TAKE_NEXT)
def queue(request: Request) -> HttpResponse:
    """The pooled queues one is in: how many accounts wait, and whether one can take the next."""
    mine = queries.pools_of(request.actor.user_id)
    carried = queries.candidates_of({member.team_id for member, _ in mine}, queries.scale_on(localdate()))
    pools = []
    for member, waiting in mine:
        me = next(one for one in carried[member.team_id] if one.user_id == request.actor.user_id)
        pools.append((member.team, waiting, me, me.out(localdate())))
    return render(request, "accounts/queue.html", {"pools": pools})


@login_required
@require_POST
@permission_required(rules.TAKE_NEXT)
def take_next(request: Request, team_id: UUID) -> HttpResponse:
    """The next account is whoever asks's; on to its page."""
    get_object_or_404(Team, pk=team_id)
    try:
        account = assignment.take_next(team_id=team_id, by=request.actor, at=now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("accounts:queue")
    if account is None:
        messages.info(request, "Nobody waits in this queue any more.")
        return redirect("accounts:queue")
    messages.success(request, f"“{account.name}” is yours now.")
    return redirect("accounts:account", account.pk)


@login_required
@require_http_methods(["GET", "POST"])
def owner_panel(request: Request, account_id: UUID) -> HttpResponse:
    """Why this owner; posted to, it asks the rules for one."""
    account = get_object_or_404(
        Account.objects.visible_to(request.actor).select_related("owner", "team"), pk=account_id
    )
    if request.method == "POST":
        done = assignment.assign_accounts(account_ids=[account.pk], by=request.actor, at=now())
        said = "The account has an owner now." if done.given else "It waits in a queue." if done.queued else ""
        messages.info(request, said or ("Nobody was found; see why." if done.kept else "No rule applies to it."))
        return redirect("accounts:account", account.pk)
    rows = list(queries.assignments_of(account.pk)[:5])
    context = {
        "newest": rows[0] if rows else None,
        "earlier": rows[1:],
        "may_assign": allowed(request.actor, rules.ASSIGN) and account.owner_id is None and not account.archived_at,
    }
    return panel_answer(request, account, "accounts/owner.html", context)
