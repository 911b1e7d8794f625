"""Who acts and in which time zone, and the door: a tenant's page without a session leads to the login page."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.timezone import now

from core.actor import Actor
from core.time import zone
from users.models import User

ANONYMOUS = Actor(label="anonymous")
SEEN_EVERY = timedelta(minutes=5)


class ActorMiddleware:
    """`request.actor`: who acts, and days and hours of the page in that person's time zone.

    The public site has no users, so there everybody is anonymous.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = None if request.tenant is None else request.user  # type: ignore[attr-defined]
        known = user is not None and user.is_authenticated
        request.actor = user.as_actor() if known else ANONYMOUS  # type: ignore[attr-defined, union-attr]
        if known:
            _seen(user)  # type: ignore[arg-type]
        with timezone.override(zone(user.time_zone) if known else None):  # type: ignore[union-attr]
            response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        return response


class RefusedForms:
    """A form that comes back with errors is a 422, allauth's like our own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        form = (response.context_data or {}).get("form")
        if request.method == "POST" and response.status_code == 200 and getattr(form, "errors", None):
            response.status_code = 422
        return response


def _seen(user: User) -> None:
    """When somebody was last here, to five minutes; operators see which workspaces are in use."""
    at = now()
    if user.last_seen_at is None or at - user.last_seen_at > SEEN_EVERY:
        User.objects.filter(pk=user.pk).update(last_seen_at=at)


class LoginRequired(LoginRequiredMiddleware):
    """Every page of a tenant asks for a login unless it says otherwise with `@login_not_required`.

    A fragment asked for by htmx gets 401 and a redirect of the whole page, so that the login page never lands
    in a table cell. The API answers for itself.
    """

    def process_view(self, request, view_func, view_args, view_kwargs):  # type: ignore[no-untyped-def]
        if request.tenant is None:
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request, view_func):  # type: ignore[no-untyped-def]
        if not request.htmx:
            return super().handle_no_permission(request, view_func)
        query = urlencode({"next": request.htmx.current_url_abs_path or "/"})
        response = HttpResponse("Please sign in again.", status=401, content_type="text/plain")
        response["HX-Redirect"] = f"{reverse('account_login')}?{query}"
        return response
