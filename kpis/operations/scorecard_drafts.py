"""Drafts of scorecards: started, edited by several people without overwriting, brought together, dropped."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from kpis import rules
from kpis.events import ScorecardDrafted, ScorecardDropped, ScorecardEdited, ScorecardMerged
from kpis.models import Scorecard, ScorecardVersion
from kpis.operations.scorecards import live_of, lock_scorecard, lock_version
from kpis.queries.scorecard_texts import TEMPLATES, dated_ranges, template_text
from kpis.scoring import definition_hash
from kpis.scoring.document import Clash, merge, shape_fault

NOTE = 400


class NotADraft(DomainError):
    """Only a draft can be changed; what was sent to review or went live stays as it is."""


class NotAScorecard(DomainError):
    """The text has not the form of a scorecard."""


class NothingToMergeWith(DomainError):
    """There is no earlier text in common, or nothing went live since."""


class Clashes(DomainError):
    """Rows that both sides changed wait for a choice; nothing was merged. clashes: those rows."""

    def __init__(self, clashes: tuple[Clash, ...]) -> None:
        rows = "row was" if len(clashes) == 1 else "rows were"
        super().__init__(f"{len(clashes)} {rows} changed on both sides: choose which one counts.", field="choices")
        self.clashes = clashes


@transaction.atomic
def start_draft(
    *,
    scorecard_id: UUID,
    by: Actor,
    at: datetime,
    based_on: UUID | None = None,
    template: str = "",
    note: str = "",
) -> ScorecardVersion:
    """Start a version: from `based_on` (any version, also of another scorecard), from a template of
    `queries.scorecard_texts.TEMPLATES`, else from the live version, else from the catalogue.

    Emits ScorecardDrafted. Raises DomainError for an unknown template, PermissionDenied, Scorecard.DoesNotExist,
    ScorecardVersion.DoesNotExist.
    """
    require(by, rules.EDIT_SCORECARD)
    card = lock_scorecard(scorecard_id)
    if template and template not in TEMPLATES:
        raise DomainError("There is no such template.", field="template")
    source = None if template else _source(card, based_on)
    text = source.definition if source else template_text(template or "catalogue")
    own = source if source is not None and source.scorecard_id == card.pk else None
    if not note and source is not None and own is None:
        note = f"From {source}."
    made = ScorecardVersion.objects.create(
        scorecard=card,
        number=next_number(card),
        definition=text,
        based_on=own,
        note=note.strip()[:NOTE],
        created_at=at,
        created_by=by.label,
    )
    record(ScorecardDrafted(None, card.pk, made.number, own.number if own else None), by=by)
    return made


def _source(card: Scorecard, based_on: UUID | None) -> ScorecardVersion | None:
    if based_on is None:
        return live_of(card)
    found: ScorecardVersion = ScorecardVersion.objects.select_related("scorecard").get(pk=based_on)
    return found


def next_number(card: Scorecard) -> int:
    """Call it with the scorecard locked."""
    return int(card.versions.aggregate(last=Max("number"))["last"] or 0) + 1


@transaction.atomic
def edit_draft(
    *,
    version_id: UUID,
    definition: Mapping[str, Any],
    edits: int,
    by: Actor,
    note: str | None = None,
) -> ScorecardVersion:
    """Put another text into a draft. edits: as it was when the person opened it.

    An edited draft has no findings and no effect until it is checked anew; its back-test is that of its hash. note
    None: it stays. Emits ScorecardEdited when the text is another one. Raises Conflict for a stale editor,
    NotAScorecard, NotADraft, PermissionDenied, ScorecardVersion.DoesNotExist.
    """
    require(by, rules.EDIT_SCORECARD)
    version = lock_draft(version_id, edits=edits)
    if fault := shape_fault(definition):
        raise NotAScorecard(fault, field="definition")
    before = (definition_hash(version.definition), version.note)
    after = (definition_hash(definition), version.note if note is None else note.strip()[:NOTE])
    if before == after:
        return version
    version.note = after[1]
    version.edits += 1
    version.save(update_fields=["note", "edits"])
    if before[0] != after[0]:
        _put(version, definition)
        record(ScorecardEdited(None, version.scorecard_id, version.number, after[0]), by=by)
    return version


def lock_draft(version_id: UUID, *, edits: int) -> ScorecardVersion:
    """A draft that is as the person saw it, locked. Raises NotADraft, Conflict, ScorecardVersion.DoesNotExist."""
    version = lock_version(version_id)
    if not version.editable:
        raise NotADraft(f"Version {version.number} is {version.get_state_display().lower()} and stays as it is.")
    if version.edits != edits:
        raise Conflict("Somebody else changed this draft since you opened it. Nothing of theirs was overwritten.")
    return version


def _put(version: ScorecardVersion, definition: Mapping[str, Any]) -> None:
    version.definition = dict(definition)
    version.findings = version.checked_at = version.effect = None
    version.save(update_fields=["definition", "findings", "checked_at", "effect"])


@transaction.atomic
def take_ranges(*, version_id: UUID, edits: int, by: Actor) -> ScorecardVersion:
    """Take the dated reference ranges of the catalogue into a draft, so that they are checked and tested with it.

    Emits ScorecardEdited when any range is another. Raises as `edit_draft`.
    """
    require(by, rules.EDIT_SCORECARD)
    version = lock_draft(version_id, edits=edits)
    taken = dated_ranges(version.definition)
    return edit_draft(version_id=version_id, definition=taken, edits=edits, by=by)


@transaction.atomic
def merge_live(
    *, version_id: UUID, edits: int, by: Actor, choices: Mapping[str, str] | None = None
) -> ScorecardVersion:
    """Bring what went live since a draft was branched into the draft, row by row.

    choices: row -> "mine" or "theirs", for rows that both changed. The draft is then based on the live version.
    Emits ScorecardMerged. Raises Clashes while a choice is missing, NothingToMergeWith, Conflict, NotADraft,
    PermissionDenied, ScorecardVersion.DoesNotExist.
    """
    require(by, rules.EDIT_SCORECARD)
    version = lock_draft(version_id, edits=edits)
    live = live_of(version.scorecard)
    if version.based_on is None:
        raise NothingToMergeWith("This draft was not branched from a version, so there is no text in common.")
    if live is None or live.pk == version.based_on_id:
        raise NothingToMergeWith("Nothing went live since this draft was started.")
    merged = merge(version.based_on.definition, version.definition, live.definition, choices or {})
    if merged.clashes:
        raise Clashes(merged.clashes)
    version.based_on, version.edits = live, version.edits + 1
    version.save(update_fields=["based_on", "edits"])
    _put(version, merged.definition)
    record(ScorecardMerged(None, version.scorecard_id, version.number, live.number, len(merged.taken)), by=by)
    return version


@transaction.atomic
def drop_draft(*, version_id: UUID, edits: int, by: Actor) -> ScorecardVersion:
    """Set a draft aside for good; it stays readable. Emits ScorecardDropped. Raises as `edit_draft`."""
    require(by, rules.EDIT_SCORECARD)
    version = lock_draft(version_id, edits=edits)
    version.state = ScorecardVersion.State.DROPPED
    version.save(update_fields=["state"])
    record(ScorecardDropped(None, version.scorecard_id, version.number), by=by)
    return version
