"""The operators' host: Django admin over the tenants, behind the same sign-in with its second factor."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from config.health import healthz
from config.operator_site import site

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", site.urls),
    path("", include("allauth.account.urls")),
    path("settings/security/", include("allauth.mfa.urls")),
    path("healthz/", healthz, name="healthz"),
]
