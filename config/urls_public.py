"""The public site: what Plumbline is, sign-up, finding one's workspace. Nothing of a tenant's is here."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from config.health import healthz
from config.landing import landing
from config.mailbox import mailbox
from users.views import signup

urlpatterns: list[URLPattern | URLResolver] = [
    path("", landing, name="landing"),
    path("signup/", signup.signup, name="signup"),
    path("signup/address/", signup.address, name="signup-address"),
    path("signup/<str:token>/", signup.signup_code, name="signup-code"),
    path("signup/<str:token>/resend/", signup.resend, name="signup-resend"),
    path("workspaces/", signup.find_workspace, name="find-workspace"),
    path("healthz/", healthz, name="healthz"),
]
if settings.DEVELOPMENT:
    urlpatterns.append(path("mailbox/", mailbox, name="mailbox"))
