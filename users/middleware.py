from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from core.actor import Actor

ANONYMOUS = Actor(label="anonymous")


class ActorMiddleware:
    """`request.actor`: who acts. The public site has no users, so there everybody is anonymous."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = getattr(request, "user", None)
        request.actor = user.as_actor() if user is not None and user.is_authenticated else ANONYMOUS  # type: ignore[attr-defined]
        return self.get_response(request)
