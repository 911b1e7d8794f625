"""What a person says about names in files: the account that is meant, or that it is none that is there."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import rules
from accounts.events import NameMatched
from accounts.models import Account, NameMatch
from accounts.operations.record_imports import State, locked
from accounts.operations.record_kinds.names import likeness
from accounts.queries.names import normal
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require

NEW = "new"


@transaction.atomic
def say_names(*, import_id: UUID, said: Mapping[str, str], by: Actor, at: datetime) -> int:
    """Keep which account each name means, for this file and those to come. said: name -> account id or number or exact
    name, or 'new'; '' says nothing. Returns how many were said.

    Emits NameMatched for each. Raises DomainError for an account that is not there, PermissionDenied, DoesNotExist.
    """
    locked(import_id=import_id, by=by, states=(State.TRIED, State.DONE))
    answers = {text: answer.strip() for text, answer in said.items() if answer.strip()}
    for text, answer in answers.items():
        account = None if answer == NEW else _account(answer, text, by)
        score = likeness(account.name, text) if account else None
        kept = {
            "shown": text[:200], "account": account, "score": score,
            "confirmed_at": at, "confirmed_by": by.label[:160],
        }  # fmt: skip
        match, _ = NameMatch.objects.update_or_create(text=normal(text), defaults=kept)
        record(NameMatched(account.pk if account else None, match.pk, score), by=by)
    return len(answers)


def _account(answer: str, text: str, by: Actor) -> Account:
    seen = Account.objects.visible_to(by).active()
    try:
        found = seen.filter(pk=UUID(answer)).first()
    except ValueError:
        found = seen.filter(key=answer).first() or seen.filter(name=answer).first()
    if found is None:
        raise DomainError(f"There is no account “{answer}” that “{text}” could mean.", field=f"name-{text}")
    account: Account = found
    return account


@transaction.atomic
def forget_name(*, match_id: UUID, by: Actor) -> None:
    """The name is asked about again the next time. Emits NameMatched without an account."""
    require(by, rules.IMPORT)
    found = NameMatch.objects.select_for_update(of=("self",)).get(pk=match_id)
    found.delete()
    record(NameMatched(None, match_id, None, forgotten=True), by=by)
