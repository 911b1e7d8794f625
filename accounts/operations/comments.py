"""Comments at accounts and tasks; whom one names with @ is told, if they can see the record."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import rules
from accounts.events import CommentChanged
from accounts.models import Account, Comment, Task
from accounts.operations.notices import tell
from accounts.queries.tasks import people_who_see
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require
from users.models import User

LONGEST = 5000
KINDS = ("account", "task")


@dataclass(frozen=True)
class Subject:
    """What a comment is at: where it opens, how it is called, and who may know of it."""

    kind: str
    id: UUID
    account_id: UUID | None
    label: str
    url: str
    people: tuple[User, ...]
    private: bool = False


def subject_of(*, kind: str, subject_id: UUID, by: Actor) -> Subject:
    """The record of a thread, if `by` sees it. Raises DomainError, Account.DoesNotExist, Task.DoesNotExist."""
    if kind == "account":
        account = Account.objects.visible_to(by).get(pk=subject_id)
        people = tuple(people_who_see(account))
        return Subject(kind, account.pk, account.pk, account.name, f"/accounts/{account.pk}/", people)
    if kind != "task":
        raise DomainError("Comments belong to an account or a task.", field="subject_kind")
    task: Task = Task.objects.visible_to(by).select_related("account").get(pk=subject_id)
    two = {task.assignee_id, task.created_by_id}
    people = tuple(one for one in people_who_see(None) if one.pk in two or _sees(one, task))
    return Subject(kind, task.pk, task.account_id, task.title, f"/tasks/{task.pk}/", people, task.private)


@transaction.atomic
def write_comment(*, subject_kind: str, subject_id: UUID, body: str, by: Actor, at: datetime) -> Comment:
    """Write a comment; each person named as @Name is told once. Emits CommentChanged.

    Raises DomainError, PermissionDenied, Account.DoesNotExist, Task.DoesNotExist.
    """
    subject = subject_of(kind=subject_kind, subject_id=subject_id, by=by)
    require(by, rules.COMMENT)
    text = _text(body)
    told = mentioned(text=text, people=subject.people)
    made = Comment(subject_kind=subject.kind, subject_id=subject.id, account_id=subject.account_id, body=text)
    made.mentions, made.by_id, made.by_label, made.created_at = told, by.user_id, by.label[:160], at
    made.save(force_insert=True)
    _tell(made, subject, told, by, at)
    _record(made, subject, "written", by, len(told))
    return made


@transaction.atomic
def edit_comment(*, comment_id: UUID, body: str, by: Actor, at: datetime) -> Comment:
    """Change one's own comment; only who is named newly is told. Emits CommentChanged."""
    found, subject = _mine(comment_id, by)
    text = _text(body)
    told = mentioned(text=text, people=subject.people)
    found.body, found.mentions, found.edited_at = text, told, at
    found.save(update_fields=["body", "mentions", "edited_at"])
    _tell(found, subject, told, by, at)
    _record(found, subject, "edited", by, len(told))
    return found


@transaction.atomic
def remove_comment(*, comment_id: UUID, by: Actor, at: datetime, restore: bool = False) -> Comment:
    """Take one's own comment away, or bring it back; a second time nothing happens. Emits CommentChanged."""
    found, subject = _mine(comment_id, by)
    if (found.removed_at is None) != restore:
        found.removed_at = None if restore else at
        found.save(update_fields=["removed_at"])
        _record(found, subject, "restored" if restore else "removed", by, 0)
    return found


def mentioned(*, text: str, people: Iterable[User]) -> list[UUID]:
    """Who is named as @Full Name, @e-mail, or @First when only one person is called so."""
    lowered, known = text.casefold(), list(people)
    firsts = [str(one).split()[0].casefold() for one in known]
    found = []
    for one, first in zip(known, firsts, strict=True):
        names = [str(one).casefold(), one.email.casefold(), *([first] if firsts.count(first) == 1 else [])]
        if any(re.search(rf"(?<!\w)@{re.escape(name)}(?!\w)", lowered) for name in names):
            found.append(one.pk)
    return found


def _sees(person: User, task: Task) -> bool:
    if task.private:
        return False
    owner = task.account.owner_id if task.account else None
    return person.role.sees_all or (owner is not None and owner == person.pk)


def _mine(comment_id: UUID, by: Actor) -> tuple[Comment, Subject]:
    found = Comment.objects.select_for_update(of=("self",)).get(pk=comment_id)
    try:
        subject = subject_of(kind=found.subject_kind, subject_id=found.subject_id, by=by)
    except (Account.DoesNotExist, Task.DoesNotExist) as error:
        raise Comment.DoesNotExist from error
    require(by, rules.COMMENT)
    if found.by_id != by.user_id:
        raise DomainError("A comment belongs to who wrote it.")
    return found, subject


def _text(body: str) -> str:
    text = body.strip()
    if not text:
        raise DomainError("Write something first.", field="body")
    if len(text) > LONGEST:
        raise DomainError(f"A comment has up to {LONGEST:,} characters.", field="body")
    return text


def _tell(comment: Comment, subject: Subject, told: list[UUID], by: Actor, at: datetime) -> None:
    people = [one for one in told if one != by.user_id]
    text = f"{by.label} named you at “{subject.label}”: {comment.body[:120]}"
    url, account = f"{subject.url}#comment-{comment.pk}", subject.account_id if subject.kind == "account" else None
    tell(people=people, kind="mention", text=text, url=url, key=f"mention:{comment.pk}", at=at, account_id=account)


def _record(comment: Comment, subject: Subject, what: str, by: Actor, mentions: int) -> None:
    account = None if subject.private else subject.account_id
    record(CommentChanged(account, comment.pk, subject.kind, what, mentions), by=by)
