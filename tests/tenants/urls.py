"""A few views that tell where they run."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from accounts.models import Account
from tenants.context import current_schema


def where(request: HttpRequest) -> HttpResponse:
    name = request.tenant.name if request.tenant else "public site"
    return HttpResponse(f"{current_schema()} {name}")


def names(request: HttpRequest) -> HttpResponse:
    return HttpResponse(",".join(Account.objects.values_list("name", flat=True)))


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def pieces():
        yield current_schema()
        yield "," + ",".join(Account.objects.values_list("name", flat=True).iterator())

    return StreamingHttpResponse(pieces())


def fail(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [path("", where), path("names/", names), path("stream/", stream), path("fail/", fail)]
