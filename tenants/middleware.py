"""The tenant of a request: from the host name, and from nothing else."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase, StreamingHttpResponse

from tenants.context import public_scope, tenant_scope, way_back
from tenants.hosted import HostedTenant
from tenants.queries import tenant_of_host

_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><h1>{title}</h1><p>{text}</p></html>"
)
_CLOSED = {
    "provisioning": ("Almost ready", "This workspace is being prepared. Please try again in a minute."),
    "suspended": (
        "Workspace suspended",
        "This workspace is closed for now. Its data are kept. Please contact support.",
    ),
}
_MAINTENANCE = ("Back soon", "This workspace is being updated. Nothing is lost. Please try again in a few minutes.")


class TenantMiddleware:
    """Sets `request.tenant` (a HostedTenant, None on the public site), `request.urlconf` and the schema.

    An unknown host gets a plain 404, a tenant that is not served a 503; neither reaches any other code.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        host = _host(request)
        if host in settings.PUBLIC_HOSTS:
            request.tenant = None  # type: ignore[attr-defined]
            request.urlconf = settings.PUBLIC_URLCONF
            with public_scope():
                return _in_scope(self.get_response(request))
        tenant = tenant_of_host(host) if host else None
        if tenant is None:
            return _plain(404, "No workspace here", "There is no workspace at this address.")
        if not tenant.ready:
            return _plain(503, *_CLOSED.get(tenant.state, _MAINTENANCE))
        return self._serve(request, tenant)

    def _serve(self, request: HttpRequest, tenant: HostedTenant) -> HttpResponseBase:
        request.tenant = tenant  # type: ignore[attr-defined]
        request.urlconf = settings.OPERATOR_URLCONF if tenant.is_operator else settings.TENANT_URLCONF
        with tenant_scope(tenant, include_public=tenant.is_operator):
            return _in_scope(self.get_response(request))


def _host(request: HttpRequest) -> str:
    """The host name in lower case without port; empty for one that is malformed or not ours."""
    try:
        return split_domain_port(request.get_host())[0]
    except DisallowedHost:
        return ""


def _plain(status: int, title: str, text: str) -> HttpResponse:
    response = HttpResponse(_PAGE.format(title=title, text=text), status=status)
    response["Cache-Control"] = "no-store"
    if status == 503:
        response["Retry-After"] = "60"
    return response


def _in_scope(response: HttpResponseBase) -> HttpResponseBase:
    """A streaming response is produced after this middleware has left: each piece enters the tenant again."""
    if isinstance(response, StreamingHttpResponse) and not response.is_async:
        response.streaming_content = _stream(iter(response.streaming_content), way_back())  # type: ignore[arg-type]
    return response


def _stream(pieces: Iterator[Any], enter: Callable[[], AbstractContextManager[None]]) -> Iterator[Any]:
    while True:
        with enter():
            try:
                piece = next(pieces)
            except StopIteration:
                return
        yield piece
