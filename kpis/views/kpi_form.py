"""A KPI made, changed, retired, and its names in files; a choice field by field when two people edit at once."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Conflict, DomainError
from core.http import Request, permission_required, toast
from core.templatetags.formats import number
from kpis import rules
from kpis.catalogue import CATEGORIES
from kpis.catalogue.codes import code_of
from kpis.models import Kpi, KpiAlias
from kpis.operations.catalogue_edit import EDITABLE, add_alias, create_kpi, edit_kpi, remove_alias, retire_kpi
from kpis.queries.card import last_edit
from kpis.serializers.definitions import AGGREGATIONS, CADENCES, WEIGHTS, AliasInput, KpiEdit, KpiInput
from kpis.views.catalogue import kpi_answer

FORM_FIELDS = tuple(name for name in EDITABLE if name != "expires_days")
EMPTY_IS_NONE = ("minimum", "maximum")
LEVELS = [("false", "One account"), ("true", "The whole portfolio: shown, never in an account's score")]
UNITS = ["%", "days", "h", "working h", "count", "ratio", "score", "0-100", "1-5", "1-7", "EUR", "USD", "GBP"]


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_CATALOGUE)
def new_kpi(request: Request) -> HttpResponse:
    """A KPI of the workspace's own. `?name=` comes from the inbox of unknown names."""
    if request.method == "GET":
        return _form(request, None)
    given = KpiInput(data=_posted(request))
    errors = errors_of(given)
    if not errors:
        try:
            made = create_kpi(**given.validated_data, by=request.actor, at=now())
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
        else:
            messages.success(request, f"“{made}” is in the catalogue. Give it a range, so that its values get colours.")
            return redirect("kpis:kpi", made.code)
    return _form(request, None, errors=errors, status=422)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_CATALOGUE)
def kpi_edit(request: Request, code: str) -> HttpResponse:
    """Fields ticked as `theirs` are left as the other person saved them."""
    kpi = get_object_or_404(Kpi, code=code)
    if request.method == "GET":
        return _form(request, kpi)
    given = KpiEdit(data=_posted(request))
    errors = errors_of(given)
    if errors:
        return _form(request, kpi, errors=errors, status=422)
    changes = {n: v for n, v in given.validated_data.items() if n not in request.POST.getlist("theirs")}
    version = changes.pop("version")
    try:
        saved = edit_kpi(code=code, expected_version=version, changes=changes, by=request.actor, at=now())
    except Conflict:
        fresh = get_object_or_404(Kpi, code=code)
        return _form(request, fresh, theirs=_theirs(request, fresh, given.validated_data), status=409)
    except DomainError as refusal:
        return _form(request, kpi, errors={refusal.field or "": [str(refusal)]}, status=422)
    messages.success(request, f"“{saved}” is saved.")
    return redirect("kpis:kpi", saved.code)


@login_required
@require_POST
@permission_required(rules.EDIT_CATALOGUE)
def kpi_retire(request: Request, code: str) -> HttpResponse:
    """Retire a KPI, or with `restore` bring it back; each is the other's undo."""
    get_object_or_404(Kpi, code=code)
    restore = request.POST.get("restore") == "1"
    try:
        kpi = retire_kpi(code=code, by=request.actor, restore=restore)
    except DomainError as refusal:
        return kpi_answer(request, code, errors={"retire": str(refusal)}, status=422)
    if restore:
        messages.success(request, f"“{kpi}” is back.")
    else:
        messages.success(request, f"“{kpi}” is retired. Its values stay, and you can bring it back here.")
    return redirect("kpis:kpi", code)


@login_required
@require_POST
@permission_required(rules.EDIT_CATALOGUE)
def alias_add(request: Request, code: str) -> HttpResponse:
    get_object_or_404(Kpi, code=code)
    given = AliasInput(data=request.POST.dict())
    errors = {name: str(found[0]) for name, found in errors_of(given).items()}
    if not errors:
        try:
            made = add_alias(code=code, text=given.validated_data["text"], by=request.actor)
        except DomainError as refusal:
            errors = {"text": str(refusal)}
        else:
            said = f"Files may say “{made.text}” from now on."
            return _after_alias(request, code, said, undo=reverse("kpis:alias-remove", args=[code, made.pk]))
    return kpi_answer(request, code, errors=errors, typed=request.POST.get("text", ""), status=422, part="names")


@login_required
@require_POST
@permission_required(rules.EDIT_CATALOGUE)
def alias_remove(request: Request, code: str, alias_id: UUID) -> HttpResponse:
    alias = get_object_or_404(KpiAlias, pk=alias_id, kpi__code=code)
    try:
        remove_alias(code=code, alias_id=alias_id, by=request.actor)
    except DomainError as refusal:
        return kpi_answer(request, code, errors={"text": str(refusal)}, status=422, part="names")
    return _after_alias(request, code, f"“{alias.text}” in a file is asked about again.")


def _after_alias(request: Request, code: str, said: str, *, undo: str = "") -> HttpResponse:
    if not request.htmx:
        messages.success(request, said)
        return redirect(reverse("kpis:kpi", args=[code]) + "#names")
    answer = kpi_answer(request, code, part="names")
    from_undo = "names" not in (request.htmx.target or "")  # the toast swaps nothing: what shows the names listens
    told: dict[str, Any] = {"kpi-names": {}} if from_undo else {}
    return toast(answer, said, undo_url=undo, **told)


def _posted(request: Request) -> dict[str, Any]:
    """The posted form; an empty limit is none, a missing tick is no, names in files come one to a line."""
    names = (*FORM_FIELDS, "code", "version")
    data: dict[str, Any] = {name: request.POST[name] for name in names if name in request.POST}
    for name in EMPTY_IS_NONE:
        if name in data and not str(data[name]).strip():
            data[name] = None
    if "name" in data:  # a whole form, not a made-up request
        data["outcome_like"] = "outcome_like" in request.POST
        lines = request.POST.get("aliases", "").splitlines()
        data["aliases"] = [line.strip() for line in lines if line.strip()]
    return data


def errors_of(given: Any) -> dict[str, list[str]]:
    """Errors by field; what belongs to no field of the form stands above it under ''."""
    if given.is_valid():
        return {}
    errors = {name: _texts(found) for name, found in given.errors.items()}
    if "version" in errors:
        errors = {"": ["This form is out of date. Load the page again; what you typed stays in it until then."]}
    return errors


def _texts(found: Any) -> list[str]:
    rows = found.values() if isinstance(found, dict) else [found]
    return [str(text) for row in rows for text in row]


def _theirs(request: Request, fresh: Kpi, mine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Field -> what it says now and whether to keep that, where it differs from what was posted."""
    stored, differing = _plain(fresh), {}
    for name in FORM_FIELDS:
        current = getattr(fresh, name)
        if name in mine and mine[name] != current and (mine[name] or current):
            untouched = request.POST.get(f"was-{name}", "") == request.POST.get(name, "")
            differing[name] = {"text": _shown(name, stored[name]), "keep": untouched}
    return differing


def _shown(name: str, stored: str) -> str:
    words: dict[str, list[Any]] = {
        "category": [(one.code, one.name) for one in CATEGORIES],
        "direction": list(Kpi.Direction.choices),
        "cadence": CADENCES,
        "aggregation": AGGREGATIONS,
        "weight": [(str(value), label) for value, label in WEIGHTS],
        "portfolio_only": LEVELS,
        "outcome_like": [("true", "yes"), ("false", "no")],
    }
    return str(dict(words.get(name, [])).get(stored, stored)) or "nothing"


def _plain(kpi: Kpi) -> dict[str, str]:
    """The stored fields as a form holds them."""
    plain = {}
    for name in FORM_FIELDS:
        value = getattr(kpi, name)
        if isinstance(value, bool):
            plain[name] = "true" if value else "false"
        elif name in EMPTY_IS_NONE:
            plain[name] = "" if value is None else number(value).replace(",", "").replace("−", "-")
        else:
            plain[name] = str(value)
    return plain


def _form(
    request: Request,
    kpi: Kpi | None,
    *,
    errors: dict[str, list[str]] | None = None,
    theirs: dict[str, dict[str, Any]] | None = None,
    status: int = 200,
) -> HttpResponse:
    posted = request.POST.dict() if request.method == "POST" else {}
    stored = _plain(kpi) if kpi else {"direction": "up", "weight": "2", "cadence": "month", "aggregation": "last"}
    name = request.GET.get("name", "").strip()[:160]
    asked = {"name": name, "code": code_of(name) if name else ""} if not kpi else {}
    started = kpi and (theirs is not None or not posted)
    values: dict[str, Any] = {**stored, **asked, **posted}
    if posted:
        values["outcome_like"] = "true" if "outcome_like" in request.POST else "false"
    context = {
        "kpi": kpi,
        "values": values,
        "version": kpi.version if kpi and started else posted.get("version"),
        "was": (stored if started else {n: posted[f"was-{n}"] for n in FORM_FIELDS if f"was-{n}" in posted})
        if kpi
        else {},
        "errors": errors or {},
        "refused": (errors or {}).get("", []),
        "theirs": theirs or {},
        "edit": last_edit(kpi) if kpi and theirs is not None else None,
        "has_values": kpi is not None and kpi.values.exists(),
        "categories": [(one.code, one.name) for one in CATEGORIES],
        "directions": Kpi.Direction.choices,
        "levels": LEVELS,
        "cadences": CADENCES,
        "aggregations": AGGREGATIONS,
        "weights": WEIGHTS,
        "units": UNITS,
    }
    return render(request, "kpis/kpi_form.html", context, status=status)
