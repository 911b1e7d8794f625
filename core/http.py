"""What pages and the API share at the door: request types, errors, keyset pages."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.db import DataError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.timezone import is_naive
from django_filters.rest_framework import DjangoFilterBackend
from django_htmx.middleware import HtmxDetails
from rest_framework.exceptions import NotFound
from rest_framework.exceptions import ValidationError as InvalidInput
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request as DRFRequest
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.actor import Actor
from core.errors import DomainError
from core.rules import require

Row = TypeVar("Row")
UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # lookup_value_regex of viewsets


class Request(HttpRequest):
    """What every view may rely on: users.middleware sets the actor, django-htmx the rest."""

    actor: Actor
    htmx: HtmxDetails


class ApiRequest(DRFRequest):
    actor: Actor


class UploadLimit(FileUploadHandler):
    """Before all other upload handlers: of a file above UPLOAD_MAX_BYTES no more is stored.

    The view finds no file then and `file_too_large(request)` says why.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if start + len(raw_data) > settings.UPLOAD_MAX_BYTES:
            if self.request is not None:
                self.request.META["plumbline.file_too_large"] = True
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def file_too_large(request: HttpRequest) -> bool:
    """Whether a file of this request was left out because of its size; ask after reading `request.FILES`."""
    return bool(request.META.get("plumbline.file_too_large"))


def api_errors(error: Exception, context: dict[str, Any]) -> Response | None:
    """DomainError is 409 with its words; everything else as the framework has it."""
    if isinstance(error, DomainError):
        body: dict[str, Any] = {"detail": str(error), "code": type(error).__name__}
        if error.field:
            body["field"] = error.field
        return Response(body, status=409)
    if isinstance(error, ObjectDoesNotExist):
        error = Http404()  # invisible and missing are the same
    return exception_handler(error, context)


def permission_required(name: str) -> Any:
    """Door of a page that shows something only holders of a permission may see; 403 otherwise."""

    def wrap(view: Any) -> Any:
        @wraps(view)
        def inner(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            require(request.actor, name)
            return view(request, *args, **kwargs)

        return inner

    return wrap


class KeysetPagination(CursorPagination):
    """Keyset pages for the API; `?sort=` takes the names in the view's `sort_fields`, '-' for descending."""

    page_size = 25
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering: Any = "id"

    def get_ordering(self, request: DRFRequest, queryset: QuerySet[Any], view: Any) -> Any:
        wanted = request.query_params.get("sort", "")
        known = getattr(view, "sort_fields", ())
        if wanted.removeprefix("-") in known:
            return (wanted, "id")
        ordering = getattr(view, "ordering", self.ordering)
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)

    def paginate_queryset(self, queryset: Any, request: DRFRequest, view: Any = None) -> list[Any] | None:
        """As the framework's, but a made-up cursor is 404 also when its value does not fit the column."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError, DataError):
            if request.query_params.get(self.cursor_query_param):
                raise NotFound(self.invalid_cursor_message) from None
            raise


class KnownFilters(DjangoFilterBackend):
    """Filters of a list; a name that the list does not know is refused, never passed over in silence.

    `also_asks` of the view are names that it reads itself.
    """

    def filter_queryset(self, request: DRFRequest, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        if getattr(view, "action", "") == "list":
            filters = self.get_filterset_class(view, queryset)
            known = {"cursor", "page_size", "sort", "format", *getattr(view, "also_asks", ())}
            known |= set(filters.base_filters) if filters else set()
            if unknown := sorted(set(request.query_params) - known):
                said = f"This list has no such filter. It knows: {', '.join(sorted(known))}."
                raise InvalidInput({name: [said] for name in unknown})
        found: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return found


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One keyset page: rows and the cursors of the neighbours (None at an end)."""

    rows: list[Row]
    after: str | None
    before: str | None


def _pack(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([str(v) for v in values]).encode()).decode().rstrip("=")


def _unpack(cursor: str, queryset: QuerySet[Any], fields: Sequence[str]) -> list[Any] | None:
    """The cursor's values in the types of their fields; None for anything a person made up."""
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(raw, list) or len(raw) != len(fields):
            return None
        return [_typed(_field(queryset, name), text) for name, text in zip(fields, raw, strict=True)]
    except (ValueError, RecursionError, ValidationError):
        return None


def _typed(field: Any, text: Any) -> Any:
    """The value that `_pack` wrote as `text`. Raises ValueError, ValidationError."""
    if not isinstance(text, str) or "\0" in text:
        raise ValueError("not written by _pack")
    value = field.to_python(text)
    if isinstance(value, datetime) and is_naive(value):
        raise ValueError("a time without its zone")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("no column holds this number")
    return value


def _field(queryset: QuerySet[Any], path: str) -> Any:
    if path in queryset.query.annotations:
        return queryset.query.annotations[path].output_field
    model = queryset.model
    *parents, last = path.split("__")
    for parent in parents:
        model = model._meta.get_field(parent).related_model
    return model._meta.get_field(last)


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def keyset_page(
    queryset: QuerySet[Any], order: Sequence[str], *, size: int, after: str = "", before: str = ""
) -> Page[Any]:
    """One page of `queryset` in `order` (field paths or annotations, '-' descending, not null, the last one unique).

    Costs one query of size + 1 rows however deep the page is; an unreadable cursor gives the first page.
    """
    fields = [name.lstrip("-") for name in order]
    values = _unpack(before or after, queryset, fields) if (before or after) else None
    backwards = bool(before) and values is not None
    signs = [name.startswith("-") != backwards for name in order]
    if values is not None:
        queryset = queryset.filter(_beyond(fields, signs, values))
    ordered = queryset.order_by(*[("-" if down else "") + name for name, down in zip(fields, signs, strict=True)])
    rows = list(ordered[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    first, last = ([_value(row, name) for name in fields] for row in (rows[0], rows[-1]))
    has_after = backwards or more
    has_before = more if backwards else values is not None
    return Page(rows, _pack(last) if has_after else None, _pack(first) if has_before else None)


def keyset_union(
    querysets: Sequence[QuerySet[Any]], columns: Sequence[str], order: Sequence[str], *, size: int, after: str = "",
    before: str = "",
) -> Page[dict[str, Any]]:  # fmt: skip
    """One page of several tables at once: rows of `columns`, annotations that every queryset has in the same types.

    `order` as in keyset_page, ascending. Costs one query; an unreadable cursor gives the first page.
    """
    kept = [one for one in querysets if not one.query.is_empty()]
    if not kept:
        return Page([], None, None)
    values = _unpack(before or after, kept[0], order) if (before or after) else None
    backwards = bool(before) and values is not None
    if values is not None:
        kept = [one.filter(_beyond(order, [backwards] * len(order), values)) for one in kept]
    first, *others = [one.order_by().values(*columns) for one in kept]
    whole = first.union(*others, all=True) if others else first
    rows = list(whole.order_by(*[("-" if backwards else "") + name for name in order])[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    top, last = ([row[name] for name in order] for row in (rows[0], rows[-1]))
    has_before = more if backwards else values is not None
    return Page(rows, _pack(last) if backwards or more else None, _pack(top) if has_before else None)


def _beyond(fields: Sequence[str], down: Sequence[bool], values: Sequence[Any]) -> Q:
    """Rows strictly after `values` in lexicographic order."""
    # What the rest implies is said first: an index on the first field finds the place without reading up to it.
    beyond, start = Q(), Q(**{f"{fields[0]}__{'lte' if down[0] else 'gte'}": values[0]})
    for i, name in enumerate(fields):
        same = Q(**dict(zip(fields[:i], values[:i], strict=True)))
        beyond |= same & Q(**{f"{name}__{'lt' if down[i] else 'gt'}": values[i]})
    return start & beyond


def toast(response: HttpResponse, text: str, *, kind: str = "done", undo_url: str = "", **events: Any) -> HttpResponse:
    """Tell the page's toasts and listeners what happened, through the HX-Trigger header."""
    response["HX-Trigger"] = json.dumps({"toast": {"text": text, "kind": kind, "undoUrl": undo_url}, **events})
    return response
