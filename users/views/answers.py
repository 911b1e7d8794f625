"""What the pages of this app have in common: errors by field, and who may see the settings' tabs."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render

from core.errors import DomainError
from core.http import Request

Errors = dict[str, list[str]]


def errors_of(given: Any) -> Errors:
    """A serializer's errors by field; empty when what was given is right."""
    return {} if given.is_valid() else {name: [str(e) for e in found] for name, found in given.errors.items()}


def refusal(error: DomainError) -> Errors:
    """The refusal beside its field, or above the form under the name ''."""
    return {error.field or "": [str(error)]}


def shown(errors: Errors) -> dict[str, Any]:
    """Errors as templates take them: `errors` by field, `refused` for the whole form."""
    return {"errors": errors, "refused": [*errors.get("", []), *errors.get("non_field_errors", [])]}


def answer(request: Request, template: str, part: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The named part of the page to htmx, the whole page otherwise.

    A filter (GET) leaves its address behind, without the fields that nobody filled in.
    """
    if not request.htmx or request.htmx.boosted:
        return render(request, template, context, status=status)
    response = render(request, f"{template}#{part}", context, status=status)
    if request.method == "GET":
        query = urlencode([(name, value) for name, value in request.GET.items() if value])
        response["HX-Push-Url"] = f"{request.path}?{query}" if query else request.path
    return response
