"""From a draft to the live scorecard: checked, back-tested, reviewed by a second person with its effect attached."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import allowed, require
from kpis import rules
from kpis.events import ScorecardChecked, ScorecardPublished, ScorecardRejected, ScorecardSubmitted
from kpis.models import BackTest, ScorecardVersion
from kpis.operations.back_tests import queue_back_test
from kpis.operations.scorecard_drafts import NOTE, lock_draft, next_number
from kpis.operations.scorecards import live_of, lock_scorecard, lock_version
from kpis.queries.back_tests import record_of
from kpis.queries.facts import kpi_facts
from kpis.queries.preview import effect_of
from kpis.scoring import definition_hash
from kpis.scoring.checker import check
from kpis.scoring.findings import REFUSED
from users.models import User

State = ScorecardVersion.State
ALONE = "Approved by the person who submitted it: nobody else here may publish."


class NotChecked(DomainError):
    """The checker has not passed exactly this text."""


class NotBackTested(DomainError):
    """There is no finished back-test of exactly this text."""


class NotInReview(DomainError):
    """Only what waits for review can be approved or sent back."""


class NeedsSecondPerson(DomainError):
    """Whoever submits a version does not approve it, as long as somebody else can."""


class OutOfDate(DomainError):
    """Another version went live after this one was submitted: the effect that is attached is not what would happen."""


class NeverLive(DomainError):
    """Only a text that was live once, and is not now, can be rolled back to."""


class NotYours(DomainError):
    """Only whoever submitted a version takes it back; somebody who may publish can send it back."""


@transaction.atomic
def check_version(*, version_id: UUID, edits: int, by: Actor, at: datetime) -> ScorecardVersion:
    """Hold a draft against the checker's rules and keep what it says. Emits ScorecardChecked.

    Raises NotADraft, Conflict, PermissionDenied, ScorecardVersion.DoesNotExist.
    """
    require(by, rules.EDIT_SCORECARD)
    version = lock_draft(version_id, edits=edits)
    version.findings, version.checked_at = _findings(version), at
    version.save(update_fields=["findings", "checked_at"])
    refused = sum(one["severity"] == REFUSED for one in version.findings)
    record(
        ScorecardChecked(
            None,
            version.scorecard_id,
            version.number,
            definition_hash(version.definition),
            refused,
            len(version.findings) - refused,
        ),
        by=by,
    )
    return version


def _findings(version: ScorecardVersion) -> list[dict[str, str]]:
    return [finding.as_json() for finding in check(version.definition, kpi_facts())]


@transaction.atomic
def submit_version(
    *, version_id: UUID, edits: int, by: Actor, at: datetime, note: str | None = None
) -> ScorecardVersion:
    """Send a draft to review, with who of all accounts would change colour attached.

    Needs a check without a refused finding and a finished back-test, both of exactly this text. A back-test that says
    it cannot tell is a record too. Emits ScorecardSubmitted. Raises NotChecked, NotBackTested, NotADraft, Conflict,
    CannotPreview, PermissionDenied, ScorecardVersion.DoesNotExist.
    """
    require(by, rules.EDIT_SCORECARD)
    version = lock_draft(version_id, edits=edits)
    _require_passed(version)
    _check_again(version, at)
    digest, live = definition_hash(version.definition), live_of(version.scorecard)
    tested = _require_record(version)
    version.effect = {
        **effect_of(version, by=None, at=at).as_json(),
        "against": str(live.pk) if live else None,
        "back_test": str(tested.pk),
    }
    version.state, version.submitted_at = State.REVIEW, at
    version.submitted_by_id, version.submitted_by = by.user_id, by.label
    version.note = version.note if note is None else note.strip()[:NOTE]
    version.reviewed_at, version.reviewed_by, version.review_note = None, "", ""
    version.save()
    record(ScorecardSubmitted(None, version.scorecard_id, version.number, digest, tested.pk), by=by)
    return version


def _require_passed(version: ScorecardVersion) -> None:
    if version.findings is None:
        raise NotChecked("Run the checker first: this text was not checked since it was changed.")
    refused = [one for one in version.findings if one["severity"] == REFUSED]
    if refused:
        rest = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
        raise NotChecked(f"The checker refuses it: {refused[0]['message'].rstrip('.')}{rest}.")


def _check_again(version: ScorecardVersion, at: datetime) -> None:
    """What passed once may not pass today: a KPI was retired since, or means another thing. Raises NotChecked."""
    version.findings, version.checked_at = _findings(version), at
    _require_passed(version)


def _require_record(version: ScorecardVersion) -> BackTest:
    """The newest finished back-test of exactly this text for this scorecard. Raises NotBackTested."""
    found = record_of(version)
    if found is None:
        raise NotBackTested("Run the back-test first: there is no record of this text against what really happened.")
    return found


@transaction.atomic
def approve_version(*, version_id: UUID, edits: int, by: Actor, at: datetime, note: str = "") -> ScorecardVersion:
    """Publish what is in review: it is live, and the version before it retires in the same moment.

    Not by the person who submitted it, unless nobody else here may publish; then the record says so. Emits
    ScorecardPublished, upon which the accounts are scored anew. Raises NotInReview, NeedsSecondPerson, OutOfDate,
    Conflict, NotChecked when the catalogue has changed so that the checker refuses it now, NotBackTested,
    PermissionDenied, ScorecardVersion.DoesNotExist.
    """
    require(by, rules.PUBLISH_SCORECARD)
    version = _lock_review(version_id, edits)
    live = live_of(version.scorecard)
    against = (version.effect or {}).get("against")
    if against != (str(live.pk) if live else None):
        raise OutOfDate(
            f"{f'Version {live.number}' if live else 'Another version'} went live after this one was submitted, so the "
            "effect shown is not what would happen. Send it back and have it submitted again."
        )
    _check_again(version, at)
    _require_record(version)
    alone = version.submitted_by_id is not None and version.submitted_by_id == by.user_id
    if alone and others_may_publish(but=by):
        raise NeedsSecondPerson("You submitted this version, so somebody else has to approve it.")
    version.review_note = " ".join([note.strip(), *([ALONE] if alone else [])]).strip()[:NOTE]
    _publish(version, live, by=by, at=at, again=None, alone=alone)
    return version


def _lock_review(version_id: UUID, edits: int) -> ScorecardVersion:
    version = lock_version(version_id)
    if version.state != State.REVIEW:
        raise NotInReview(f"Version {version.number} is {version.get_state_display().lower()}, not in review.")
    if version.edits != edits:
        raise Conflict("This version was changed since you opened it. Look at it again before you decide.")
    return version


def others_may_publish(*, but: Actor) -> bool:
    """Whether any other person who can sign in holds the permission to publish scorecards."""
    people = User.objects.in_state("active").exclude(pk=but.user_id).select_related("role")
    return any(allowed(person.as_actor(), rules.PUBLISH_SCORECARD) for person in people)


def _publish(
    version: ScorecardVersion,
    before: ScorecardVersion | None,
    *,
    by: Actor,
    at: datetime,
    again: int | None,
    alone: bool,
) -> None:
    if before is not None:  # first: the database allows one live version at a time
        before.state, before.retired_at = State.RETIRED, at
        before.save(update_fields=["state", "retired_at"])
    version.state, version.live_since = State.LIVE, at
    version.reviewed_at, version.reviewed_by = at, by.label
    version.save()
    record(
        ScorecardPublished(
            None,
            version.scorecard_id,
            version.number,
            version.pk,
            definition_hash(version.definition),
            before.number if before else None,
            again,
            alone,
        ),
        by=by,
    )


@transaction.atomic
def reject_version(*, version_id: UUID, edits: int, reason: str, by: Actor, at: datetime) -> ScorecardVersion:
    """Send what is in review back to its author, with a reason; it is a draft again. Emits ScorecardRejected.

    Raises DomainError without a reason, NotInReview, Conflict, PermissionDenied, ScorecardVersion.DoesNotExist.
    """
    require(by, rules.PUBLISH_SCORECARD)
    version = _lock_review(version_id, edits)
    if not reason.strip():
        raise DomainError("Say what has to be different.", field="reason")
    version.state, version.effect = State.DRAFT, None
    version.reviewed_at, version.reviewed_by, version.review_note = at, by.label, reason.strip()[:NOTE]
    version.save(update_fields=["state", "effect", "reviewed_at", "reviewed_by", "review_note"])
    record(ScorecardRejected(None, version.scorecard_id, version.number, version.review_note), by=by)
    return version


@transaction.atomic
def withdraw_version(*, version_id: UUID, edits: int, by: Actor) -> ScorecardVersion:
    """Take one's own version back from review; it is a draft again. Emits ScorecardRejected.

    Raises NotYours, NotInReview, Conflict, PermissionDenied, ScorecardVersion.DoesNotExist.
    """
    require(by, rules.EDIT_SCORECARD)
    version = _lock_review(version_id, edits)
    if version.submitted_by_id is None or version.submitted_by_id != by.user_id:
        raise NotYours(f"{version.submitted_by or 'Somebody else'} submitted this version and can take it back.")
    version.state, version.effect = State.DRAFT, None
    version.save(update_fields=["state", "effect"])
    record(ScorecardRejected(None, version.scorecard_id, version.number, "Taken back."), by=by)
    return version


@transaction.atomic
def roll_back(*, scorecard_id: UUID, to_version: UUID, reason: str, by: Actor, at: datetime) -> ScorecardVersion:
    """Publish an earlier live text again, as a new version; nothing of the history changes.

    For an emergency, so it waits for nothing: the text must have been live for this scorecard and pass the checker
    today. One person who may publish is enough: it was reviewed before. Without a record its back-test begins now, and
    the gate stays closed for every draft with this text until it is done. Emits ScorecardPublished. Raises NeverLive,
    NotChecked, DomainError without a reason, PermissionDenied, Scorecard.DoesNotExist, ScorecardVersion.DoesNotExist.
    """
    require(by, rules.PUBLISH_SCORECARD)
    card = lock_scorecard(scorecard_id)
    source: ScorecardVersion = card.versions.get(pk=to_version)
    live = live_of(card)
    if not reason.strip():
        raise DomainError("Say why the earlier text comes back.", field="reason")
    if source.state != State.RETIRED or source.live_since is None:
        raise NeverLive(f"Version {source.number} was never live before, or is live now.")
    if live is not None and definition_hash(live.definition) == definition_hash(source.definition):
        raise NeverLive(f"The text of version {source.number} is live now, as version {live.number}.")
    tested = record_of(source)
    version = ScorecardVersion(
        scorecard=card,
        number=next_number(card),
        definition=source.definition,
        based_on=source,
        note=f"Version {source.number} again: {reason.strip()}"[:NOTE],
        checked_at=at,
        created_at=at,
        created_by=by.label,
        submitted_at=at,
        submitted_by_id=by.user_id,
        submitted_by=by.label,
    )
    version.findings = _findings(version)
    _require_passed(version)
    effect = effect_of(version, by=None, at=at).as_json()
    attached = {"against": str(live.pk) if live else None, "back_test": str(tested.pk) if tested else None}
    version.effect = {**effect, **attached}
    _publish(version, live, by=by, at=at, again=source.number, alone=False)
    if tested is None:
        queue_back_test(version=version, by=by, at=at)
    return version
