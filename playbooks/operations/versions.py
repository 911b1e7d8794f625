"""Versions of a playbook: drafted, changed, published. Runs that are at work finish on their own version."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from accounts.conditions import ConditionError
from accounts.conditions import read as read_condition
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from playbooks import rules
from playbooks.engine.definition import NotADefinition, Problem, read
from playbooks.events import PlaybookDrafted, PlaybookPublished
from playbooks.models import Playbook, PlaybookVersion


class NotReady(DomainError):
    """The definition has faults; `problems` names each with its place."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(str(problems[0]), field="definition")
        self.problems = problems


class NotADraft(DomainError):
    """Only a draft is changed or published."""


def problems_of(*, definition: Any, by: Actor) -> list[Problem]:
    """All that is wrong with a definition, its conditions included; empty when it can be published."""

    def wrong(text: str) -> str:
        try:
            read_condition(text, by=by)
        except ConditionError as error:
            return str(error)
        return ""

    try:
        read(definition, condition=wrong)
    except NotADefinition as error:
        return error.problems
    return []


@transaction.atomic
def draft_version(*, playbook_id: UUID, by: Actor, at: datetime) -> PlaybookVersion:
    """The draft of a playbook: the one that is there, else a new one that says what the live version says.

    Emits PlaybookDrafted for a new one. Raises PermissionDenied, Playbook.DoesNotExist.
    """
    require(by, rules.EDIT)
    playbook = Playbook.objects.select_for_update().get(pk=playbook_id)
    draft = playbook.versions.filter(state=PlaybookVersion.State.DRAFT).order_by("-number").first()
    if draft is not None:
        found: PlaybookVersion = draft
        return found
    last = playbook.versions.aggregate(last=Max("number"))["last"] or 0
    made: PlaybookVersion = PlaybookVersion.objects.create(
        playbook=playbook,
        number=last + 1,
        definition=playbook.live.definition if playbook.live else {"steps": []},
        created_by=by.label,
        created_at=at,
    )
    record(PlaybookDrafted(None, playbook.code, made.number), by=by)
    return made


@transaction.atomic
def edit_draft(*, version_id: UUID, expected_edits: int, definition: Mapping[str, Any], by: Actor) -> PlaybookVersion:
    """Put another text into a draft; it may have faults until it is published.

    Raises Conflict when somebody else changed it, NotADraft, PermissionDenied, PlaybookVersion.DoesNotExist.
    """
    version = _draft(version_id, by)
    if version.edits != expected_edits:
        raise Conflict("Somebody else changed this draft since you opened it. Nothing of theirs was overwritten.")
    version.definition, version.edits = dict(definition), version.edits + 1
    version.save(update_fields=["definition", "edits"])
    return version


def _draft(version_id: UUID, by: Actor) -> PlaybookVersion:
    require(by, rules.EDIT)
    versions = PlaybookVersion.objects.select_related("playbook").select_for_update()
    version: PlaybookVersion = versions.get(pk=version_id)
    if version.state != PlaybookVersion.State.DRAFT:
        raise NotADraft(f"Version {version.number} of “{version.playbook.name}” is no draft any more.")
    return version


@transaction.atomic
def publish_version(*, version_id: UUID, by: Actor, at: datetime) -> PlaybookVersion:
    """Make a draft the live version: what starts from now on follows it.

    Emits PlaybookPublished. Raises NotReady with the place of every fault, NotADraft, PermissionDenied,
    PlaybookVersion.DoesNotExist.
    """
    version = _draft(version_id, by)
    if problems := problems_of(definition=version.definition, by=by):
        raise NotReady(problems)
    playbook = version.playbook
    playbook.versions.filter(state=PlaybookVersion.State.LIVE).update(state=PlaybookVersion.State.RETIRED)
    version.state, version.published_by, version.published_at = PlaybookVersion.State.LIVE, by.label, at
    version.save(update_fields=["state", "published_by", "published_at"])
    playbook.live = version
    playbook.save(update_fields=["live"])
    record(PlaybookPublished(None, playbook.code, version.number), by=by)
    return version
