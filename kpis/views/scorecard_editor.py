"""The scorecard editor: a form over the text of a draft, with what it would do to the portfolio before it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from accounts.models import Account
from core.errors import Conflict, DomainError
from core.http import Request, permission_required, toast
from kpis import rules
from kpis.models import Kpi, ScorecardVersion
from kpis.operations.scorecard_drafts import edit_draft
from kpis.queries.editor import based_on, last_edit, scorable
from kpis.queries.effect import Effect
from kpis.queries.facts import kpi_facts
from kpis.queries.preview import CannotPreview, effect_of_definition
from kpis.scoring import definition_hash
from kpis.scoring.checker import check
from kpis.scoring.document import differences, shape_fault
from kpis.scoring.findings import REFUSED, Finding
from kpis.serializers import scorecard_form as form
from kpis.views.flows import picture
from kpis.views.scorecard_rows import Said, groups, limits, row_of

LISTED = 20  # accounts that change colour, shown at once
MOST = 300  # behind the disclosure
PRESETS = {"75-50": ("75", "50"), "67-34": ("67", "34")}


@dataclass
class Editing:
    """One request to the editor: the draft, the catalogue, what stands in the form and what it says."""

    request: Request
    version: ScorecardVersion
    kpis: dict[str, Kpi]
    at: datetime
    typed: form.Typed
    read: form.Read
    edits: int
    opened: str = ""
    findings: tuple[Finding, ...] = ()
    effect: Effect | None = None
    cannot: str = ""

    @property
    def definition(self) -> dict[str, Any]:
        return self.read.definition

    @property
    def dirty(self) -> bool:
        """Whether anything would be lost by leaving."""
        if self.read.errors or self.read.note != self.version.note:
            return True
        return definition_hash(self.definition) != definition_hash(self.version.definition)

    def typing(self, typed: form.Typed) -> None:
        self.typed = typed
        self.read = form.read(typed, base=self.version.definition, kpis=self.kpis, day=self.at.date())


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_SCORECARD)
def scorecard_edit(request: Request, version_id: UUID) -> HttpResponse:
    """The editor of a draft. POST `do`: save, overwrite, preview, or a change of the form, which stores nothing."""
    version = get_object_or_404(ScorecardVersion.objects.select_related("scorecard", "based_on"), pk=version_id)
    words = f"{version} is {version.get_state_display().lower()} and stays as it is."
    if request.method == "GET" and not version.editable:
        messages.info(request, words)
        return redirect("kpis:scorecard-version", version.pk)
    editing = _editing(request, version)
    if request.method == "GET":
        return _page(editing)
    if not version.editable:  # sent to review meanwhile: what was typed stays on the page
        return _page(editing, status=409, refused=f"{words} Nothing you typed is stored; start another draft for it.")
    do, _, what = request.POST.get("do", "save").partition(":")
    if do in ("save", "overwrite"):
        return _save(editing, seen=_count(what, editing.edits) if do == "overwrite" else editing.edits)
    if do == "preview":
        _look(editing)
        return _preview(editing) if request.htmx else _page(editing)
    refused = _change(editing, do, what)
    return _page(editing, status=422 if refused else 200, refused=refused, asked=do)


def _editing(request: Request, version: ScorecardVersion) -> Editing:
    at, kpis = now(), {kpi.code: kpi for kpi in Kpi.objects.all()}
    if request.method == "POST":
        sent = request.POST
        typed = form.posted(sent.dict(), sent.getlist("kpi"), sent.getlist("rule"))
    else:
        typed = form.typed_of(version.definition, kpis, day=at.date(), note=version.note)
    read = form.read(typed, base=version.definition, kpis=kpis, day=at.date())
    edits = _count(request.POST.get("edits", ""), version.edits)
    return Editing(request, version, kpis, at, typed, read, edits, opened=request.GET.get("kpi", ""))


def _count(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else otherwise


def _save(editing: Editing, *, seen: int) -> HttpResponse:
    """seen: the edits of the draft that the person knows of; an older number is a conflict, never an overwriting."""
    fault = "" if editing.read.errors else shape_fault(editing.definition) or ""
    if editing.read.errors or fault:
        return _page(editing, status=422, refused=fault)
    try:
        editing.version = edit_draft(
            version_id=editing.version.pk,
            definition=editing.definition,
            edits=seen,
            note=editing.read.note,
            by=editing.request.actor,
        )
    except Conflict:
        return _page(editing, status=409, conflict=True)
    except DomainError as refusal:
        return _page(editing, status=422, refused=str(refusal))
    editing.edits = editing.version.edits
    if not editing.request.htmx:
        messages.success(editing.request, "The draft is saved.")
        return redirect("kpis:scorecard-edit", editing.version.pk)
    editing.typing(
        form.typed_of(editing.version.definition, editing.kpis, day=editing.at.date(), note=editing.version.note)
    )
    return toast(_page(editing), "The draft is saved.")


def _change(editing: Editing, do: str, what: str) -> str:
    """Change what stands in the form; nothing is stored. Returns why not, "" when done."""
    typed = editing.typed
    if do == "add":
        return _add(editing)
    if do == "drop":
        typed = typed.but(kpis=tuple(code for code in typed.kpis if code != what))
    elif do == "rule":
        key = str(max((_count(one, -1) for one in typed.rules), default=-1) + 1)
        order = {f"x.{key}.order": str(50 + len(typed.rules)), f"x.{key}.kind": "cap", f"x.{key}.op": "<="}
        typed = typed.but(rules=(*typed.rules, key), fields={**typed.fields, **order})
    elif do == "unrule":
        typed = typed.but(rules=tuple(key for key in typed.rules if key != what))
    elif do == "balance":
        typed = form.balanced(typed)
    elif do == "preset" and what in PRESETS:
        green, yellow = PRESETS[what]
        typed = typed.but(fields={**typed.fields, "green_from": green, "yellow_from": yellow})
    editing.typing(typed)
    return ""


def _add(editing: Editing) -> str:
    typed, wanted = editing.typed, editing.typed.of("add")
    code = form.kpi_named(wanted, editing.kpis)
    kpi = editing.kpis.get(code or "")
    if kpi is None:
        return f"No KPI of your catalogue is called “{wanted}”." if wanted else "Choose the KPI to add."
    if kpi.code in typed.kpis:
        return f"{kpi.name} is on the card already."
    if kpi.portfolio_only or kpi.template_only or not kpi.active or len(kpi.anchors) < 2:
        return f"{kpi.name} cannot score an account: it has no ranges, or is a figure of the whole portfolio."
    fields = {**typed.fields, **form.item_fields(form.new_item(kpi), kpi), "add": ""}
    editing.typing(typed.but(kpis=(*typed.kpis, kpi.code), fields=fields))
    editing.opened = kpi.code
    return ""


def _look(editing: Editing) -> None:
    """What the checker says of the form, and what it would do to the portfolio."""
    if editing.read.errors:
        return
    editing.findings = check(editing.definition, kpi_facts())
    try:
        editing.effect = effect_of_definition(
            editing.definition,
            scorecard=editing.version.scorecard,
            by=editing.request.actor,
            at=editing.at,
            kept=True,
        )
    except CannotPreview as refusal:
        editing.cannot = str(refusal)


def _preview(editing: Editing) -> HttpResponse:
    status = 422 if editing.read.errors else 200
    return render(editing.request, "kpis/scorecard_editor_preview.html", _looked(editing), status=status)


def _looked(editing: Editing) -> dict[str, Any]:
    effect = editing.effect
    return {
        "version": editing.version,
        "effect": effect,
        "picture": picture(effect) if effect else None,
        "first": effect.moved[:LISTED] if effect else (),
        "rest": effect.moved[LISTED:MOST] if effect else (),
        "beyond": max(0, len(effect.moved) - MOST) if effect else 0,
        "saved": not editing.dirty,
        "cannot": editing.cannot,
        "errors": editing.read.errors,
        "findings": [(finding, row_of(finding)) for finding in editing.findings],
        "refused": [finding for finding in editing.findings if finding.severity == REFUSED],
        "warned": [finding for finding in editing.findings if finding.severity != REFUSED],
        "kpi_names": {code: kpi.name for code, kpi in editing.kpis.items()},
        "looked": editing.request.method == "POST",
    }


def _page(
    editing: Editing, *, status: int = 200, refused: str = "", asked: str = "", conflict: bool = False
) -> HttpResponse:
    request, version = editing.request, editing.version
    base, said = based_on(version), Said.of(editing.findings)
    found = groups(
        editing.typed,
        editing.read,
        kpis=editing.kpis,
        base=base.definition if base else None,
        said=said,
        opened=editing.opened,
    )
    context: dict[str, Any] = {
        **_looked(editing),
        "said": said,
        "base": base,
        "groups": found,
        "limits": limits(editing.typed, editing.read, editing.kpis, said),
        "typed": editing.typed,
        "note": editing.typed.of("note"),
        "edits": editing.edits,
        "dirty": editing.dirty,
        "refused_words": refused or editing.read.errors.get("", ""),
        "beside_add": asked == "add",
        "addable": scorable(editing.kpis, without=editing.typed.kpis),
        "on_card": [editing.kpis[code].name for code in editing.typed.kpis if code in editing.kpis],
        "changed_rows": sum(bool(row.changed) for group in found for row in group.rows),
        "count": sum(len(group.rows) for group in found),
        "conflict": _conflict(editing) if conflict else None,
        "url": reverse("kpis:scorecard-edit", args=[version.pk]),
        "version_url": f"/scorecards/versions/{version.pk}/",
        "reach": Account.objects.visible_to(request.actor).active().count(),
        "wanted": request.GET.get("q", "").replace("\x00", "")[:80],
        "only_changed": request.GET.get("changed") == "1",
    }
    template = "kpis/scorecard_editor.html#editor" if request.htmx else "kpis/scorecard_editor.html"
    return render(request, template, context, status=status)


def _conflict(editing: Editing) -> Mapping[str, Any]:
    """Who saved what in the meantime, row by row beside mine."""
    theirs = editing.version
    return {
        "edit": last_edit(theirs),
        "edits": theirs.edits,
        "rows": differences(theirs.definition, editing.definition),
        "note": theirs.note if theirs.note != editing.read.note else "",
    }
