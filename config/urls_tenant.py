"""A tenant's host: every app's pages at their own complete paths, sign-in, and the API."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.api import router
from config.design import guide
from config.health import healthz
from users.api import Me

APPS = ("users", "accounts", "kpis", "analytics", "playbooks")

urlpatterns: list[URLPattern | URLResolver] = [
    *(path("", include(f"{app}.urls")) for app in APPS if find_spec(f"{app}.urls")),
    # Sign-in. /signup/ here says that people join by invitation.
    path("", include("allauth.account.urls")),
    path("settings/security/", include("allauth.mfa.urls")),
    # API
    path("api/v1/me/", Me.as_view(), name="api-me"),
    path("api/v1/", include(router.urls)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", login_required(SpectacularSwaggerSplitView.as_view()), name="api-docs"),
    path("healthz/", healthz, name="healthz"),
]
if settings.DEVELOPMENT:
    urlpatterns.append(path("design/", guide, name="design"))
