"""How a caller is known: a person's password, a person's API token, or the session of the page (with CSRF)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Q
from django.utils.timezone import now
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.authentication import SessionAuthentication as DRFSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from users import keys
from users.models import ApiToken, User

SEEN_EVERY = timedelta(minutes=1)


class PasswordBackend(AuthenticationBackend):
    """allauth's, which hides whether an e-mail is known; the role comes along, every page asks for it."""

    def get_user(self, user_id: Any) -> User | None:
        user: User | None = User.objects.select_related("role").filter(pk=user_id).first()
        return user if user is not None and user.is_active else None


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer plb_...`: the token acts with its owner's rights of this moment."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        kind, _, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if kind.lower() != "bearer":
            return None
        token, at = self._token(secret.strip()), now()
        if token.last_used_at is None or at - token.last_used_at > SEEN_EVERY:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
        request._request.actor = replace(token.user.as_actor(), token_id=token.pk)  # type: ignore[attr-defined]
        return token.user, token

    def _token(self, secret: str) -> ApiToken:
        if not keys.is_token(secret):
            raise AuthenticationFailed("This is not a whole Plumbline API token. Was a part lost in copying?")
        token: ApiToken | None = (
            ApiToken.objects.select_related("user__role")
            .filter(Q(expires_at=None) | Q(expires_at__gt=now()), digest=keys.digest(secret), revoked_at=None)
            .first()
        )
        if token is None or not token.user.is_active:
            raise AuthenticationFailed("This API token is not valid here. It may be revoked or of another workspace.")
        return token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionAuthentication(DRFSessionAuthentication):
    """The page's own session; answers 401, not 403, when there is none."""

    def authenticate_header(self, request: Request) -> str:
        return 'Session realm="api"'


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "users.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "users.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
