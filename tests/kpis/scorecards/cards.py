"""A scorecard on its way to being live: texts, records, and the people who take part."""

from datetime import timedelta
from typing import Any

from kpis.models import BackTest, Scorecard, ScorecardVersion
from kpis.operations.scorecard_drafts import edit_draft, start_draft
from kpis.operations.scorecard_reviews import approve_version, check_version, submit_version
from kpis.scoring import definition_hash
from tests.kpis.health.book import NOW
from tests.world import World

LATER = NOW + timedelta(hours=1)
CANNOT_TELL = {"verdict": "cannot_tell", "reason": "n too small"}


def standard() -> Scorecard:
    return Scorecard.objects.get(name="Standard")


def text_with(version: ScorecardVersion, **changes: Any) -> dict[str, Any]:
    """The version's text with other figures, and with other parts of single KPIs: seat_use={"weight": 1}, None: out."""
    text = dict(version.definition)
    items = {item["kpi"]: item for item in text["items"]}
    for name, value in changes.items():
        if name in items:
            items[name] = None if value is None else {**items[name], **value}
        else:
            text[name] = value
    return {**text, "items": [item for item in items.values() if item is not None]}


def draft(world: World, **changes: Any) -> ScorecardVersion:
    """A draft by Ana from the live version, with changes."""
    made = start_draft(scorecard_id=standard().pk, by=world.ana.as_actor(), at=NOW)
    if changes:
        text = text_with(made, **changes)
        made = edit_draft(version_id=made.pk, definition=text, edits=made.edits, by=world.ana.as_actor())
    return made


def record_of(version: ScorecardVersion, result: Any = CANNOT_TELL, *, finished: bool = True) -> BackTest:
    return BackTest.objects.create(
        version=version,
        definition_hash=definition_hash(version.definition),
        result=result if finished else None,
        created_at=NOW,
        created_by="Ana",
        finished_at=NOW if finished else None,
    )


def submitted(world: World, **changes: Any) -> ScorecardVersion:
    """In review, sent there by Ana."""
    made = draft(world, **changes)
    record_of(made)
    ana = world.ana.as_actor()
    made = check_version(version_id=made.pk, edits=made.edits, by=ana, at=NOW)
    return submit_version(version_id=made.pk, edits=made.edits, by=ana, at=NOW)


def published(world: World, **changes: Any) -> ScorecardVersion:
    """Live, approved by Mona."""
    made = submitted(world, **changes)
    return approve_version(version_id=made.pk, edits=made.edits, by=world.mona.as_actor(), at=LATER)
