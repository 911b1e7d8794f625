"""One version of a scorecard: its text, the steps it takes to be live, and what it says otherwise than another."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.http import Request, permission_required
from core.rules import allowed
from kpis import rules
from kpis.models import Kpi, ScorecardVersion
from kpis.operations import scorecard_drafts as drafts
from kpis.operations import scorecard_reviews as reviews
from kpis.operations.exceptions import add_standard_exceptions
from kpis.queries import scorecard_versions as queries
from kpis.queries.back_tests import record_of, running_test
from kpis.queries.scorecards import versions
from kpis.scoring import definition_hash
from kpis.serializers.scorecards import Decision, MergeChoices, Rejection, RollBack, Seen
from kpis.views.uploads import is_uuid

State = ScorecardVersion.State
MOVED = 12  # accounts that change colour named on the page; the others are in the API


@login_required
@require_GET
def scorecard_version(request: Request, version_id: UUID) -> HttpResponse:
    """One text: what it says, what the checker and the record say of it, and its way to live."""
    return _page(request, _found(version_id))


def _found(version_id: UUID) -> ScorecardVersion:
    found: ScorecardVersion = get_object_or_404(versions(), pk=version_id)
    return found


def _page(request: Request, version: ScorecardVersion, *, error: str = "", field: str = "") -> HttpResponse:
    by, card = request.actor, version.scorecard
    open_card = card.archived_at is None
    live = card.versions.filter(state=State.LIVE).first()
    record = record_of(version)
    refused, doubts = queries.count_findings(version)
    context = {
        "version": version,
        "card": card,
        "live": live,
        "gates": queries.gates(version),
        "findings": [_placed(one) for one in version.findings or []],
        "refused": refused,
        "doubts": doubts,
        "record": record,
        "running": running_test(version),
        "table": queries.table_of(version),
        "exceptions": queries.exceptions_of(version, dict(Kpi.objects.values_list("code", "name"))),
        "figures": queries.figures_of(version),
        "effect": version.effect if by.sees_all else None,
        "effect_day": date.fromisoformat(version.effect["day"]) if version.effect else None,
        "moved": (version.effect or {}).get("moved", [])[:MOVED] if by.sees_all else [],
        "behind": live is not None and version.based_on_id not in (None, live.pk) and version.editable,
        "ready": version.findings is not None and not refused and record is not None,
        "may_edit": allowed(by, rules.EDIT_SCORECARD) and open_card,
        "may_publish": allowed(by, rules.PUBLISH_SCORECARD) and open_card,
        "own": version.submitted_by_id is not None and version.submitted_by_id == by.user_id,
        "others": reviews.others_may_publish(but=by),
        "error": error if field != "reason" else "",
        "reason_errors": [error] if field == "reason" else [],
        "fingerprint": definition_hash(version.definition)[:12],
        "data": request.POST,
    }
    return render(request, "kpis/scorecard_version.html", context, status=422 if error else 200)


def _placed(finding: Mapping[str, str]) -> dict[str, str]:
    """A finding with the address of its row on the page: of a KPI, a category, or the figures."""
    head, _, rest = finding["place"].partition(".")
    anchor = {"items": "item-", "categories": "category-"}.get(head)
    code = rest.partition(".")[0]
    target = f"{anchor}{code}" if anchor and code else ("exceptions" if head == "exceptions" else "figures")
    return {**finding, "target": target}


def _check(request: Request, version: ScorecardVersion, given: dict[str, Any]) -> str:
    done = reviews.check_version(version_id=version.pk, **given, by=request.actor, at=now())
    refused, doubts = queries.count_findings(done)
    if refused:
        return f"Checked: {refused} to mend before it can go to review."
    return f"Checked: nothing in the way{f', {doubts} to look at' if doubts else ''}."


def _submit(request: Request, version: ScorecardVersion, given: dict[str, Any]) -> str:
    reviews.submit_version(version_id=version.pk, **given, by=request.actor, at=now())
    return "In review, with what it would do to the portfolio attached."


def _approve(request: Request, version: ScorecardVersion, given: dict[str, Any]) -> str:
    done = reviews.approve_version(version_id=version.pk, **given, by=request.actor, at=now())
    return f"Version {done.number} is live. The accounts are being scored with it."


def _reject(request: Request, version: ScorecardVersion, given: dict[str, Any]) -> str:
    reviews.reject_version(version_id=version.pk, **given, by=request.actor, at=now())
    return "Sent back with your reason."


def _withdraw(request: Request, version: ScorecardVersion, given: dict[str, Any]) -> str:
    reviews.withdraw_version(version_id=version.pk, **given, by=request.actor)
    return "It is a draft again."


def _drop(request: Request, version: ScorecardVersion, given: dict[str, Any]) -> str:
    drafts.drop_draft(version_id=version.pk, **given, by=request.actor)
    return f"Version {version.number} is dropped; its text stays readable."


def _ranges(request: Request, version: ScorecardVersion, given: dict[str, Any]) -> str:
    done = drafts.take_ranges(version_id=version.pk, **given, by=request.actor)
    return "The catalogue's ranges are in the draft." if done.edits != given["edits"] else "The ranges are the same."


def _exceptions(request: Request, version: ScorecardVersion, given: dict[str, Any]) -> str:
    done = add_standard_exceptions(version_id=version.pk, **given, by=request.actor)
    return "The usual caps are in the draft." if done.edits != given["edits"] else "The usual caps are there already."


Step = Callable[[Request, ScorecardVersion, dict[str, Any]], str]
STEPS: dict[str, tuple[Step, type[Any]]] = {
    "check": (_check, Seen),
    "submit": (_submit, Decision),
    "withdraw": (_withdraw, Seen),
    "drop": (_drop, Seen),
    "ranges": (_ranges, Seen),
    "exceptions": (_exceptions, Seen),
    "approve": (_approve, Decision),
    "reject": (_reject, Rejection),
}


@login_required
@require_POST
def scorecard_step(request: Request, version_id: UUID, step: str) -> HttpResponse:
    """One step of a version: check, submit, withdraw, drop, ranges, exceptions, approve, reject."""
    if step not in STEPS:
        raise Http404
    version = _found(version_id)
    take, shape = STEPS[step]
    given = shape(data=request.POST)
    if not given.is_valid():
        field, words = next(iter(given.errors.items()))
        return _page(request, version, error=str(words[0]), field=field)
    try:
        said = take(request, version, dict(given.validated_data))
    except DomainError as refusal:
        return _page(request, _found(version_id), error=str(refusal), field=refusal.field or "")
    messages.success(request, said)
    return redirect("kpis:scorecard-version", version.pk)


@login_required
@require_POST
@permission_required(rules.PUBLISH_SCORECARD)
def scorecard_roll_back(request: Request, version_id: UUID) -> HttpResponse:
    """Publish this earlier text again as a new version."""
    version = _found(version_id)
    given = RollBack(data={"to_version": version.pk, "reason": request.POST.get("reason", "")})
    if not given.is_valid():
        return _page(request, version, error=str(next(iter(given.errors.values()))[0]), field="reason")
    try:
        made = reviews.roll_back(scorecard_id=version.scorecard_id, **given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        return _page(request, version, error=str(refusal), field=refusal.field or "")
    messages.success(request, f"The text of version {version.number} is live again, as version {made.number}.")
    return redirect("kpis:scorecard-version", made.pk)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_SCORECARD)
def scorecard_merge(request: Request, version_id: UUID) -> HttpResponse:
    """Bring what went live since into a draft; rows that both changed are chosen one by one."""
    version = _found(version_id)
    if request.method == "GET":
        return _merge_page(request, version)
    chosen = {name.removeprefix("row:"): value for name, value in request.POST.items() if name.startswith("row:")}
    given = MergeChoices(data={"edits": request.POST.get("edits"), "choices": chosen})
    if not given.is_valid():
        return _merge_page(request, version, error="Choose “this draft” or “live” for each row.")
    try:
        drafts.merge_live(version_id=version.pk, **given.validated_data, by=request.actor)
    except DomainError as refusal:
        return _merge_page(request, _found(version_id), error=str(refusal))
    messages.success(request, "What went live since is in the draft. Check it and run its back-test again.")
    return redirect("kpis:scorecard-version", version.pk)


def _merge_page(request: Request, version: ScorecardVersion, *, error: str = "") -> HttpResponse:
    context = {
        "version": version,
        "card": version.scorecard,
        "preview": queries.merge_preview(version),
        "error": error,
        "data": request.POST,
    }
    return render(request, "kpis/scorecard_merge.html", context, status=422 if error else 200)


@login_required
@require_GET
def scorecard_compare(request: Request) -> HttpResponse:
    """Two texts row by row: ?a= before, ?b= after. One of them alone: against the live version of its scorecard."""
    before, after = (_given(request.GET.get(name, "")) for name in ("a", "b"))
    if after is not None and before is None:
        before = versions().filter(scorecard=after.scorecard_id, state=State.LIVE).first() or after.based_on
    choices = versions().filter(scorecard__archived_at=None).order_by("scorecard__priority", "-number")
    context = {
        "a": before,
        "b": after,
        "compared": queries.compare(before, after) if before and after else None,
        "choices": [
            (str(one.pk), f"{one}, {one.get_state_display().lower()}") for one in choices.defer("definition")[:200]
        ],
    }
    return render(request, "kpis/scorecard_compare.html", context)


def _given(text: str) -> ScorecardVersion | None:
    """The version of that id; 404 for one that is not there, None for nothing given."""
    if not text:
        return None
    if not is_uuid(text):
        raise Http404
    return _found(UUID(text))
