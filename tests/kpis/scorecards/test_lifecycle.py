"""From a draft to the live scorecard and back, and who may take which step."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import Account
from core.errors import Conflict, DomainError
from core.models import Entry
from kpis.models import AccountHealth, BackTest, Kpi, ScorecardVersion
from kpis.operations import scorecard_drafts as drafts
from kpis.operations import scorecard_reviews as reviews
from kpis.operations import scorecards
from kpis.scoring import definition_hash
from tests.kpis.health.book import NOW, fill, furnish, score
from tests.kpis.scorecards.cards import LATER, draft, published, record_of, standard, submitted, text_with
from tests.world import World

State = ScorecardVersion.State


@pytest.fixture(autouse=True)
def _catalogue(world: World) -> None:
    furnish()


def entries(name: str) -> list[dict[str, Any]]:
    return list(Entry.objects.filter(event=f"kpis.scorecard_{name}").order_by("seq").values_list("data", flat=True))


def test_a_change_goes_live_with_a_check_a_record_and_a_second_person(world: World) -> None:
    first = scorecards.live_of(standard())
    assert first is not None

    second = published(world, seat_use={"weight": 1})

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.retired_at) == (State.RETIRED, LATER)
    assert (second.state, second.live_since, second.number) == (State.LIVE, LATER, 2)
    assert (second.submitted_by, second.reviewed_by, second.review_note) == ("Ana", "Mona", "")
    assert second.effect is not None
    assert second.effect["against"] == str(first.pk)
    (said,) = entries("published")
    assert said.pop("account_id") is None
    assert said == {
        "scorecard_id": str(second.scorecard_id),
        "number": 2,
        "version_id": str(second.pk),
        "definition_hash": definition_hash(second.definition),
        "replaced": 1,
        "again": None,
        "alone": False,
    }


def test_a_draft_starts_from_the_live_version_from_any_or_from_a_template(world: World) -> None:
    ana, card = world.ana.as_actor(), standard()
    second = published(world, green_from=80)
    first = card.versions.get(number=1)

    from_live = drafts.start_draft(scorecard_id=card.pk, by=ana, at=NOW)
    branch = drafts.start_draft(scorecard_id=card.pk, based_on=first.pk, by=ana, at=NOW, note=" Try it ")
    preset = drafts.start_draft(scorecard_id=card.pk, template="catalogue_67_34", by=ana, at=NOW)

    assert (from_live.based_on, from_live.definition["green_from"]) == (second, 80)
    assert (branch.based_on, branch.definition, branch.note) == (first, first.definition, "Try it")
    assert (preset.based_on, preset.definition["green_from"], preset.definition["yellow_from"]) == (None, 67, 34)
    assert [one.number for one in (from_live, branch, preset)] == [3, 4, 5]
    assert [one["based_on"] for one in entries("drafted")] == [1, 2, 1, None]


def test_the_template_of_the_catalogue_is_the_text_every_workspace_starts_with(world: World) -> None:
    made = drafts.start_draft(scorecard_id=standard().pk, template="catalogue", by=world.ana.as_actor(), at=NOW)
    first = standard().versions.get(number=1)
    assert definition_hash(made.definition) == definition_hash(first.definition)


def test_a_stale_editor_overwrites_nothing(world: World) -> None:
    made = draft(world)
    ana, mona = world.ana.as_actor(), world.mona.as_actor()
    hers = drafts.edit_draft(version_id=made.pk, definition=text_with(made, green_from=80), edits=1, by=ana)

    with pytest.raises(Conflict, match="Nothing of theirs was overwritten"), transaction.atomic():
        drafts.edit_draft(version_id=made.pk, definition=text_with(made, green_from=90), edits=1, by=mona)

    made.refresh_from_db()
    assert (made.definition["green_from"], made.edits, hers.edits) == (80, 2, 2)
    assert len(entries("edited")) == 1


def test_saving_the_same_text_is_no_edit(world: World) -> None:
    made = draft(world)
    same = drafts.edit_draft(version_id=made.pk, definition=made.definition, edits=1, by=world.ana.as_actor())
    assert same.edits == 1
    assert entries("edited") == []


def test_an_edit_clears_what_the_checker_said(world: World) -> None:
    made, ana = draft(world), world.ana.as_actor()
    checked = reviews.check_version(version_id=made.pk, edits=1, by=ana, at=NOW)
    assert checked.findings is not None
    assert checked.checked_at == NOW

    edited = drafts.edit_draft(version_id=made.pk, definition=text_with(made, green_from=80), edits=1, by=ana)

    assert (edited.findings, edited.checked_at) == (None, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ([], "categories"),
        ({"categories": {}, "items": [{"kpi": 3}]}, "code of its KPI"),
        ({"categories": {"x": "much"}, "items": []}, "x: a number"),
        ({"categories": {}, "items": [{"kpi": "a", "category": "b", "weight": 1, "anchors": [[1]]}]}, "pairs"),
        (
            {
                "categories": {},
                "items": [
                    {"kpi": "a", "category": "b", "weight": 1, "anchors": [], "ranges": [{"from": "x", "anchors": []}]}
                ],
            },
            "not dated",
        ),
        ({"categories": {}, "items": [], "green_from": float("nan")}, "green_from: a number"),
        ({"categories": {}, "items": [], "exceptions": {}}, "Caps and floors"),
    ],
)
def test_what_is_no_scorecard_is_not_taken(world: World, text: Any, words: str) -> None:
    made = draft(world)
    with pytest.raises(drafts.NotAScorecard, match=words), transaction.atomic():
        drafts.edit_draft(version_id=made.pk, definition=text, edits=1, by=world.ana.as_actor())


def test_nothing_goes_to_review_unchecked_refused_or_untested(world: World) -> None:
    made, ana = draft(world), world.ana.as_actor()
    given: Any = {"version_id": made.pk, "by": ana, "at": NOW}
    with pytest.raises(reviews.NotChecked, match="Run the checker"), transaction.atomic():
        reviews.submit_version(edits=1, **given)

    wrong = text_with(made, seat_use={"anchors": [[0, 100], [50, 75], [80, 50], [100, 0]]})
    drafts.edit_draft(version_id=made.pk, definition=wrong, edits=1, by=ana)
    record_of(ScorecardVersion.objects.get(pk=made.pk))
    reviews.check_version(edits=2, **given)
    with pytest.raises(reviews.NotChecked, match="refuses it"), transaction.atomic():
        reviews.submit_version(edits=2, **given)

    drafts.edit_draft(version_id=made.pk, definition=text_with(made, green_from=80), edits=2, by=ana)
    reviews.check_version(edits=3, **given)
    with pytest.raises(reviews.NotBackTested), transaction.atomic():  # the record is of the text before
        reviews.submit_version(edits=3, **given)
    unfinished = record_of(ScorecardVersion.objects.get(pk=made.pk), finished=False)
    with pytest.raises(reviews.NotBackTested), transaction.atomic():
        reviews.submit_version(edits=3, **given)
    unfinished.delete()

    record_of(ScorecardVersion.objects.get(pk=made.pk))
    sent = reviews.submit_version(edits=3, **given)
    assert (sent.state, sent.submitted_by_id) == (State.REVIEW, world.ana.pk)
    assert entries("submitted")[-1]["definition_hash"] == definition_hash(sent.definition)


def test_the_person_who_submitted_does_not_approve_while_somebody_else_can(world: World) -> None:
    made, mona = draft(world, green_from=80), world.mona.as_actor()
    record_of(made)
    reviews.check_version(version_id=made.pk, edits=made.edits, by=mona, at=NOW)
    reviews.submit_version(version_id=made.pk, edits=made.edits, by=mona, at=NOW)

    with pytest.raises(reviews.NeedsSecondPerson), transaction.atomic():
        reviews.approve_version(version_id=made.pk, edits=made.edits, by=mona, at=LATER)
    assert entries("published") == []

    world.amy.is_active = False
    world.amy.save()
    alone = reviews.approve_version(version_id=made.pk, edits=made.edits, by=mona, at=LATER, note="Agreed by phone.")

    assert alone.state == State.LIVE
    assert alone.review_note == f"Agreed by phone. {reviews.ALONE}"
    assert entries("published")[0]["alone"] is True


def test_an_analyst_does_not_publish_and_a_csm_does_not_draft(world: World) -> None:
    made = submitted(world, green_from=80)
    with pytest.raises(PermissionDenied):
        reviews.approve_version(version_id=made.pk, edits=made.edits, by=world.ana.as_actor(), at=LATER)
    with pytest.raises(PermissionDenied):
        drafts.start_draft(scorecard_id=standard().pk, by=world.alice.as_actor(), at=NOW)
    made.refresh_from_db()
    assert made.state == State.REVIEW
    assert standard().versions.count() == 2


def test_what_is_sent_back_is_a_draft_again_with_the_reason(world: World) -> None:
    made, mona = submitted(world, green_from=80), world.mona.as_actor()
    with pytest.raises(DomainError, match="what has to be different"), transaction.atomic():
        reviews.reject_version(version_id=made.pk, edits=made.edits, reason=" ", by=mona, at=LATER)

    back = reviews.reject_version(version_id=made.pk, edits=made.edits, reason="Too strict.", by=mona, at=LATER)

    assert (back.state, back.review_note, back.reviewed_by, back.effect) == (State.DRAFT, "Too strict.", "Mona", None)
    assert entries("rejected")[0]["reason"] == "Too strict."
    with pytest.raises(reviews.NotInReview), transaction.atomic():
        reviews.approve_version(version_id=made.pk, edits=made.edits, by=mona, at=LATER)


def test_an_effect_that_is_out_of_date_is_not_approved(world: World) -> None:
    """Two versions in review: when one goes live, the other's effect was computed against what was live before."""
    one, other = submitted(world, green_from=80), submitted(world, green_from=85)
    mona = world.mona.as_actor()
    reviews.approve_version(version_id=one.pk, edits=one.edits, by=mona, at=LATER)
    with pytest.raises(reviews.OutOfDate, match="Version 2 went live"), transaction.atomic():
        reviews.approve_version(version_id=other.pk, edits=other.edits, by=mona, at=LATER)
    other.refresh_from_db()
    assert other.state == State.REVIEW


def test_what_is_in_review_or_live_takes_no_edit(world: World) -> None:
    made, ana = submitted(world, green_from=80), world.ana.as_actor()
    with pytest.raises(drafts.NotADraft, match="in review"), transaction.atomic():
        drafts.edit_draft(version_id=made.pk, definition=made.definition, edits=made.edits, by=ana)
    taken = reviews.withdraw_version(version_id=made.pk, edits=made.edits, by=ana)
    assert taken.state == State.DRAFT


def test_rolling_back_publishes_the_earlier_text_as_a_new_version(world: World) -> None:
    card, mona = standard(), world.mona.as_actor()
    first = card.versions.get(number=1)
    second = published(world, green_from=80)
    given: Any = {"scorecard_id": card.pk, "to_version": first.pk, "by": mona, "at": LATER + timedelta(hours=1)}

    third = reviews.roll_back(reason="Too strict", **given)
    test = BackTest.objects.get(definition_hash=definition_hash(first.definition))
    assert (test.version, test.finished_at, test.job.kind) == (third, None, "kpis.back_test")
    with pytest.raises(reviews.NeverLive, match="live now, as version 3"), transaction.atomic():
        reviews.roll_back(reason="Once more", **given)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (third.number, third.state, third.based_on, third.definition) == (3, State.LIVE, first, first.definition)
    assert (first.state, second.state) == (State.RETIRED, State.RETIRED)
    assert third.note == "Version 1 again: Too strict"
    said = entries("published")[-1]
    assert (said["number"], said["replaced"], said["again"]) == (3, 2, 1)


def test_rolling_back_is_no_way_round_the_gate(world: World) -> None:
    card, ana, mona = standard(), world.ana.as_actor(), world.mona.as_actor()
    first = card.versions.get(number=1)
    published(world, green_from=80)
    reviews.roll_back(scorecard_id=card.pk, to_version=first.pk, reason="Too strict", by=mona, at=LATER)
    same = drafts.start_draft(scorecard_id=card.pk, by=ana, at=LATER)
    same = reviews.check_version(version_id=same.pk, edits=same.edits, by=ana, at=LATER)
    with pytest.raises(reviews.NotBackTested), transaction.atomic():
        reviews.submit_version(version_id=same.pk, edits=same.edits, by=ana, at=LATER)
    other = scorecards.create_scorecard(name="Other", rule={"tier": ["Gold"]}, by=ana, at=NOW)
    with pytest.raises(ScorecardVersion.DoesNotExist):
        reviews.roll_back(scorecard_id=other.pk, to_version=first.pk, reason="x", by=mona, at=LATER)
    Kpi.objects.filter(code="seat_use").update(active=False)
    second = card.versions.get(number=2)
    with pytest.raises(reviews.NotChecked), transaction.atomic():
        reviews.roll_back(scorecard_id=card.pk, to_version=second.pk, reason="x", by=mona, at=LATER)


def test_a_kpi_retired_since_the_check_stops_the_review_and_the_approval(world: World) -> None:
    ana, mona = world.ana.as_actor(), world.mona.as_actor()
    waiting, checked = submitted(world, green_from=80), draft(world, green_from=81)
    record_of(checked)
    checked = reviews.check_version(version_id=checked.pk, edits=checked.edits, by=ana, at=NOW)
    Kpi.objects.filter(code="seat_use").update(active=False)
    with pytest.raises(reviews.NotChecked), transaction.atomic():
        reviews.approve_version(version_id=waiting.pk, edits=waiting.edits, by=mona, at=LATER)
    with pytest.raises(reviews.NotChecked), transaction.atomic():
        reviews.submit_version(version_id=checked.pk, edits=checked.edits, by=ana, at=LATER)
    waiting.refresh_from_db()
    assert waiting.state == State.REVIEW


def test_a_record_made_for_another_scorecard_opens_no_gate(world: World) -> None:
    ana = world.ana.as_actor()
    other = scorecards.create_scorecard(name="Nobody", rule={"tier": ["None"]}, by=ana, at=NOW)
    theirs = drafts.start_draft(scorecard_id=other.pk, by=ana, at=NOW)
    record_of(theirs)
    made = draft(world)
    assert made.definition == theirs.definition
    made = reviews.check_version(version_id=made.pk, edits=made.edits, by=ana, at=NOW)
    with pytest.raises(reviews.NotBackTested), transaction.atomic():
        reviews.submit_version(version_id=made.pk, edits=made.edits, by=ana, at=NOW)


def test_only_whoever_submitted_takes_it_back(world: World) -> None:
    made = submitted(world)
    with pytest.raises(reviews.NotYours, match="Ana"), transaction.atomic():
        reviews.withdraw_version(version_id=made.pk, edits=made.edits, by=world.mona.as_actor())
    made.refresh_from_db()
    assert made.state == State.REVIEW


def test_the_effect_that_is_attached_speaks_of_every_account(world: World) -> None:
    made = draft(world, green_from=80)
    record_of(made)
    owner = replace(world.bob.as_actor(), permissions=world.ana.as_actor().permissions, sees_all=False)
    assert not Account.objects.visible_to(owner).active().exists()
    made = reviews.check_version(version_id=made.pk, edits=made.edits, by=owner, at=NOW)
    made = reviews.submit_version(version_id=made.pk, edits=made.edits, by=owner, at=NOW)
    assert (made.effect["accounts"], made.effect["limited"]) == (Account.objects.active().count(), False)


def test_only_what_was_live_once_comes_back(world: World) -> None:
    made = draft(world)
    record_of(made)
    live = standard().versions.get(number=1)
    for version in (made, live):
        with pytest.raises(reviews.NeverLive), transaction.atomic():
            reviews.roll_back(
                scorecard_id=standard().pk, to_version=version.pk, reason="x", by=world.mona.as_actor(), at=LATER
            )


def test_a_dropped_draft_stays_readable_and_takes_no_edit(world: World) -> None:
    made, ana = draft(world), world.ana.as_actor()
    drafts.drop_draft(version_id=made.pk, edits=1, by=ana)
    with pytest.raises(drafts.NotADraft, match="dropped"), transaction.atomic():
        drafts.edit_draft(version_id=made.pk, definition=text_with(made, green_from=80), edits=1, by=ana)
    assert len(entries("dropped")) == 1


def test_what_the_effect_says_is_what_happens_when_the_version_is_live(world: World) -> None:
    """The reviewer's figures and the scores after publication are the same, band by band and account by account."""
    fill(world.account)
    other = Account.objects.create(name="Hooli", owner=world.bob, arr=9000)
    fill(other, seat_use=20, relationship_nps=-40, support_csat=60)
    bare = Account.objects.create(name="Bare")
    score(world.account, other, bare, past=False)

    made = submitted(world, green_from=76, seat_use={"weight": 1})
    assert made.effect is not None
    expected = {row["band"]: row["after"]["accounts"] for row in made.effect["bands"]}
    reviews.approve_version(version_id=made.pk, edits=made.edits, by=world.mona.as_actor(), at=LATER)
    score(world.account, other, bare, at=LATER, past=False)

    standing = dict(AccountHealth.objects.values_list("account__name", "score_hundredths"))
    bands = list(AccountHealth.objects.values_list("band", flat=True))
    assert {band: bands.count(band) for band in expected} == expected
    for one in made.effect["moved"]:
        assert round(float(one["after"]) * 100) == standing[one["name"]]
    assert made.effect["changes_colour"] == 1
    assert set(AccountHealth.objects.values_list("latest__version", flat=True)) == {made.pk}
