"""Accounts that may be one: the pairs, the choice of what is kept, and the way back."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from accounts import rules
from accounts.models import Account, DuplicatePair, Merge
from accounts.operations.duplicates import FIND, decide_pair, start_finding_duplicates
from accounts.operations.merging import CHOOSABLE, merge_accounts, undo_merge
from accounts.queries.duplicates import duplicate_pairs, merges, sizes_of
from core.errors import DomainError
from core.http import Request, keyset_page, permission_required
from core.models import Job
from core.templatetags import formats

LIST, MERGE = "accounts/duplicates.html", "accounts/merge.html"
STATES = {"open": "To look at", "different": "Different", "merged": "Merged"}
LABELS = {
    "name": "Name", "key": "Number", "owner_id": "Owner", "tier": "Tier", "industry": "Industry", "region": "Region",
    "stage": "Stage", "arr": "ARR", "currency": "Currency", "renewal_on": "Next renewal",
    "customer_since": "Customer since", "roll_up_method": "Health of those below",
}  # fmt: skip
BESIDE = ("key", "owner_id", "region", "industry", "arr", "customer_since")  # what the list shows of both
SIZE = 20


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.MERGE)
def duplicates(request: Request) -> HttpResponse:
    """Pairs by state, likest first; posted to, the worker compares all accounts anew."""
    if request.method == "POST":
        start_finding_duplicates(by=request.actor)
        return redirect("accounts:duplicates")
    return _list(request)


def _list(request: Request, *, error: str = "", status: int = 200) -> HttpResponse:
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    if state == "merged":
        page = keyset_page(merges(by=request.actor), ["-at", "-id"], size=SIZE, **cursors)
    else:
        page = keyset_page(duplicate_pairs(by=request.actor, state=state), ["-score", "id"], size=SIZE, **cursors)
    context = {
        "state": state,
        "states": [(code, label, f"?state={code}") for code, label in STATES.items()],
        "error": error,
        "job": Job.objects.filter(kind=FIND, finished_at=None).first(),
        "last": Job.objects.filter(kind=FIND).exclude(finished_at=None).order_by("-finished_at").first(),
        "pairs": [] if state == "merged" else [(pair, _beside(pair)) for pair in page.rows],
        "merges": [(one, _counts(one, "moved"), _counts(one, "stayed")) for one in page.rows if state == "merged"],
        "newer": f"?state={state}&before={page.before}" if page.before else "",
        "older": f"?state={state}&after={page.after}" if page.after else "",
    }
    template = f"{LIST}#list" if request.htmx and not error else LIST
    return render(request, template, context, status=status)


def _beside(pair: DuplicatePair) -> list[tuple[str, str, str]]:
    """Label and both values, of the fields that at least one of them has."""
    rows = [(LABELS[name], _shown(pair.first, name), _shown(pair.second, name)) for name in BESIDE]
    return [row for row in rows if (row[1], row[2]) != (formats.UNKNOWN, formats.UNKNOWN)]


def _counts(merge: Merge, part: str) -> list[tuple[str, int, str]]:
    """What was moved or stayed by table: name, rows, why."""
    found = []
    for label, rows in merge.moved.get(part, {}).items():
        model = apps.get_model(label.rpartition(".")[0])
        why = "; ".join(sorted({row[1] for row in rows})) if part == "stayed" else ""
        found.append((str(model._meta.verbose_name_plural).capitalize(), len(rows), why))
    return found


def _shown(account: Account, name: str) -> str:
    """A field in the words of the page."""
    if name == "owner_id":
        return account.owner.name if account.owner else formats.UNKNOWN
    if name == "stage":
        return account.stage_label or formats.UNKNOWN
    value: Any = getattr(account, name)
    if name == "roll_up_method":
        return str(dict(Account.RollUp.choices).get(value, value))
    if isinstance(value, Decimal):
        return str(formats.money(value, account.currency))
    return str(formats.day(value)) if isinstance(value, date) else str(value or formats.UNKNOWN)


@login_required
@require_POST
@permission_required(rules.MERGE)
def decide(request: Request, pair_id: UUID) -> HttpResponse:
    """They are different; or, with decision=open, they are to be looked at again."""
    different = request.POST.get("decision") != "open"
    try:
        decide_pair(pair_id=pair_id, different=different, by=request.actor, at=now())
    except DuplicatePair.DoesNotExist as gone:
        raise Http404("There is no such pair any more.") from gone
    except DomainError as refusal:
        return _list(request, error=str(refusal), status=422)
    messages.success(request, "Remembered: they are different." if different else "They wait for another look.")
    return redirect("accounts:duplicates")


@dataclass(frozen=True)
class Choice:
    """A field on which the two differ. chosen: "first" or "second"."""

    name: str
    label: str
    first: str
    second: str
    chosen: str


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.MERGE)
def merge(request: Request, pair_id: UUID) -> HttpResponse:
    """Both side by side: which one is kept, and whose value of every field on which they differ."""
    pair = get_object_or_404(duplicate_pairs(by=request.actor), pk=pair_id)
    older = "second" if pair.second.created_at < pair.first.created_at else "first"
    kept = request.POST.get("kept", older)
    kept = kept if kept in ("first", "second") else older
    if request.method == "GET":
        return _merge_page(request, pair, kept)
    both = {"first": pair.first, "second": pair.second}
    other = "second" if kept == "first" else "first"
    versions = {side: request.POST.get(f"version-{side}", "") for side in both}
    try:
        if not all(version.isdigit() and len(version) < 9 for version in versions.values()):
            raise DomainError("This form is incomplete. Look at them again.")
        done = merge_accounts(
            kept_id=both[kept].pk,
            gone_id=both[other].pk,
            take={name for name in CHOOSABLE if request.POST.get(f"field-{name}") == other},
            versions=(int(versions[kept]), int(versions[other])),
            by=request.actor,
            at=now(),
        )
    except DomainError as refusal:
        return _merge_page(request, pair, kept, error=str(refusal), status=422)
    messages.success(request, f"“{done.gone}” is part of “{done.kept}” now. It can be undone under “Merged”.")
    return redirect("accounts:account", done.kept_id)


def _merge_page(
    request: Request, pair: DuplicatePair, kept: str, *, error: str = "", status: int = 200
) -> HttpResponse:
    sizes = sizes_of([pair.first_id, pair.second_id])
    context = {
        "pair": pair,
        "kept": kept,
        "error": error,
        "choices": [choice for name in CHOOSABLE if (choice := _choice(request, pair, name, kept))],
        "sizes": [(label, sizes[pair.first_id][label], sizes[pair.second_id][label]) for label in sizes[pair.first_id]],
    }
    return render(request, MERGE, context, status=status)


def _choice(request: Request, pair: DuplicatePair, name: str, kept: str) -> Choice | None:
    first, second = getattr(pair.first, name), getattr(pair.second, name)
    if first == second:
        return None
    there = {"first": first, "second": second}
    filled = kept if there[kept] not in (None, "") else ("second" if kept == "first" else "first")
    posted = request.POST.get(f"field-{name}", filled)
    chosen = posted if posted in there else filled
    return Choice(name, LABELS.get(name, name), _shown(pair.first, name), _shown(pair.second, name), chosen)


@login_required
@require_POST
@permission_required(rules.MERGE)
def undo(request: Request, merge_id: UUID) -> HttpResponse:
    found = get_object_or_404(merges(by=request.actor), pk=merge_id)
    try:
        undo_merge(merge_id=found.pk, by=request.actor, at=now())
    except DomainError as refusal:
        return _list(request, error=str(refusal), status=422)
    messages.success(request, f"“{found.gone}” and “{found.kept}” are two accounts again.")
    return redirect("/accounts/duplicates/?state=merged")
