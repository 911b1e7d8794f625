"""A tenant's host: every app's pages at their own complete paths, sign-in, and the API."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.api import router
from config.design import guide
from config.health import healthz
from users.api import Me

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("users.urls")),
    path("", include("accounts.urls")),
    path("", include("kpis.urls")),
    path("", include("analytics.urls")),
    path("", include("playbooks.urls")),
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
