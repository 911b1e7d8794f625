from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require
from users import keys, rules
from users.events import TokenCreated, TokenRevoked
from users.models import ApiToken
from users.queries import tokens

MOST_TOKENS = 25


class TooManyTokens(DomainError):
    """One person rarely needs more than a handful; revoke one first."""


@transaction.atomic
def create_token(*, name: str, hint: str, expires_at: datetime | None, by: Actor, at: datetime) -> tuple[ApiToken, str]:
    """Make an API token for the acting person; returns it with its secret, which is stored nowhere.

    hint: the workspace's address, readable in the token. expires_at: None never expires.
    Emits TokenCreated. A token cannot make tokens: it would outlive its own revocation.
    """
    require(by, rules.MANAGE_TOKENS)
    if by.token_id is not None or by.user_id is None:
        raise PermissionDenied("Sign in to make an API token; a token cannot make another one.")
    if expires_at is not None and expires_at <= at:
        raise DomainError("Choose a day in the future.", field="expires_on")
    usable = [token for token in ApiToken.objects.select_for_update().filter(user_id=by.user_id) if token.usable(at)]
    if len(usable) >= MOST_TOKENS:
        raise TooManyTokens(f"You have {len(usable)} tokens in use. Revoke one before making another.")
    secret = keys.new_token(hint)
    token = ApiToken.objects.create(
        user_id=by.user_id,
        name=name,
        prefix=keys.shown_prefix(secret),
        digest=keys.digest(secret),
        expires_at=expires_at,
    )
    last_day = token.last_day.isoformat() if token.last_day else None
    record(TokenCreated(None, token.pk, token.user_id, last_day), by=by)
    return token, secret


@transaction.atomic
def revoke_token(*, token_id: UUID, by: Actor, at: datetime) -> ApiToken:
    """End a token at once; ending it twice changes nothing. Emits TokenRevoked. Raises ApiToken.DoesNotExist."""
    token: ApiToken = tokens(by=by).select_for_update(of=("self",)).get(pk=token_id)
    require(by, rules.MANAGE_TOKENS, token)
    if token.revoked_at is None:
        token.revoked_at = at
        token.save(update_fields=["revoked_at"])
        record(TokenRevoked(None, token.pk, token.user_id), by=by)
    return token
