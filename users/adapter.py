"""allauth as we want it: people join by invitation, nothing leads to another host, what matters is on record."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from core.actor import Actor
from tenants.context import current_tenant
from users import keys, operations

VISITOR = Actor(label="visitor")


class AccountAdapter(DefaultAccountAdapter):
    """allauth inside a tenant; a new company signs up on the public site."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "That e-mail and password do not belong together.",
        "too_many_login_attempts": "Too many failed attempts. Wait a few minutes, or reset your password.",
        "incorrect_code": "That is not the code we sent. Check the newest mail.",
        "incorrect_password": "That is not your password.",
        "enter_current_password": "That is not your present password.",
        "rate_limited": "Too many tries. Please wait a minute.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        """Only this host: allauth would also send people to any host we serve, other tenants' included."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts={self.request.get_host()})

    def generate_password_reset_code(self) -> str:
        return keys.new_code()

    def generate_email_verification_code(self) -> str:
        return keys.new_code()

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        operations.record_login(user=user, by=user.as_actor())

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        operations.record_refused_login(email=credentials.get("email", ""), by=VISITOR)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, {"company": current_tenant().name, **context})

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """allauth calls this for every change to how a person logs in: mailed to them, and on record."""
        operations.record_security_change(user=user, what=template_prefix.rpartition("/")[2], by=user.as_actor())
        super().send_notification_mail(template_prefix, user, context, email)


def _cipher() -> MultiFernet:
    """Keys derived from SECRET_KEY and its predecessors; the newest encrypts."""
    secrets: list[str] = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]  # type: ignore[list-item]
    derived = [hashlib.sha256(f"plumbline:mfa:{secret}".encode()).digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


class MfaAdapter(DefaultMFAAdapter):
    """Second factors: their secrets are encrypted at rest, the app shows the company's name."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "That code is not right. Codes change every 30 seconds.",
    }

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        return f"Plumbline {current_tenant().name}"
