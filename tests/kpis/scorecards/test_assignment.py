"""Whom a scorecard is for: rule, priority, who would move, archiving, and what a branch brings along."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import Account
from core.errors import Conflict, DomainError
from core.models import Entry
from kpis.models import Kpi, ReferenceRange, Scorecard, ScorecardVersion
from kpis.operations import scorecard_drafts as drafts
from kpis.operations import scorecards
from kpis.queries.scorecard_versions import merge_preview
from kpis.queries.scorecards import rule_moves, scorecard_rows
from tests.kpis.health.book import NOW, TODAY, furnish
from tests.kpis.scorecards.cards import draft, published, standard, text_with
from tests.world import World

State = ScorecardVersion.State


@pytest.fixture(autouse=True)
def _catalogue(world: World) -> None:
    furnish()


def card(world: World, name: str = "Large", *, live: bool = True, **given: Any) -> Scorecard:
    made = scorecards.create_scorecard(name=name, by=world.ana.as_actor(), at=NOW, **given)
    if live:
        text = standard().versions.get(number=1).definition
        ScorecardVersion.objects.create(
            scorecard=made, number=1, definition=text, state=State.LIVE, created_at=NOW, created_by="x", live_since=NOW
        )
    return made


def test_a_new_scorecard_comes_before_the_one_for_all_the_rest(world: World) -> None:
    for name in ("A", "B"):
        card(world, name, rule={"tier": [name]})
    first, second = Scorecard.objects.get(name="A"), Scorecard.objects.get(name="B")
    assert (first.priority, second.priority, standard().priority) == (10, 20, 1000)


def test_of_two_that_match_the_lower_priority_has_the_account(world: World) -> None:
    world.account.tier, world.account.stage, world.account.arr = "A", "onboarding", 100
    world.account.save()
    Account.objects.create(name="Other", tier="B")
    large = card(world, rule={"tier": ["A"]}, priority=20)
    start = card(world, "Start", rule={"stage": ["onboarding"]}, priority=10)

    rows = {row.card: row for row in scorecard_rows(by=world.mona.as_actor(), today=TODAY)}

    assert [(rows[one].reach.accounts) for one in (start, large, standard())] == [1, 0, 1]  # type: ignore[union-attr]
    moves = rule_moves(large, {"tier": ["A", "B"]}, 5, by=world.mona.as_actor(), today=TODAY)
    assert [one.accounts for one in (moves.now, moves.then, moves.come, moves.go)] == [0, 2, 2, 0]
    assert moves.nobody == 0


def test_young_customers_are_counted_with_their_revenue_by_currency(world: World) -> None:
    world.account.customer_since, world.account.arr, world.account.currency = TODAY - timedelta(days=29), 100, "USD"
    world.account.save()
    Account.objects.create(name="New", customer_since=TODAY, arr=50)
    Account.objects.create(name="Of unknown worth", customer_since=TODAY)
    Account.objects.create(name="Old", customer_since=TODAY - timedelta(days=30), arr=70)
    Account.objects.create(name="Since nobody knows when", arr=70)
    young = card(world, "First month", rule={"younger_than_days": 30})

    rows = {row.card: row.reach for row in scorecard_rows(by=world.mona.as_actor(), today=TODAY)}

    reach = rows[young]
    assert reach is not None
    assert (reach.accounts, reach.arr.unknown) == (3, 1)
    assert reach.arr.largest_first == [(100, "USD"), (50, "EUR")]
    assert rows[standard()].accounts == 2  # type: ignore[union-attr]


def test_the_rule_of_a_live_scorecard_takes_the_right_to_publish(world: World) -> None:
    large, ana = card(world, rule={"tier": ["A"]}), world.ana.as_actor()
    given: Any = {"scorecard_id": large.pk, "rule": {"tier": ["B"]}, "priority": 7, "edits": 1, "at": NOW}
    with pytest.raises(PermissionDenied), transaction.atomic():
        scorecards.set_rule(**given, by=ana)
    saved = scorecards.set_rule(**given, by=world.mona.as_actor())
    assert (saved.rule, saved.priority, saved.edits) == ({"tier": ["B"]}, 7, 2)
    said = Entry.objects.get(event="kpis.scorecard_rule_set").data
    assert said["rule"] == [{"tier": ["A"]}, {"tier": ["B"]}]
    with pytest.raises(Conflict), transaction.atomic():
        scorecards.set_rule(**given, by=world.mona.as_actor())


def test_a_priority_belongs_to_one_scorecard(world: World) -> None:
    with pytest.raises(scorecards.PriorityTaken, match="Free before it: 999"), transaction.atomic():
        card(world, priority=1000)
    for wrong in (0, 10_000):
        with pytest.raises(DomainError, match="whole number from 1"), transaction.atomic():
            card(world, priority=wrong)


@pytest.mark.parametrize(
    "rule", [{"owner": ["x"]}, {"tier": "A"}, {"tier": [1]}, {"younger_than_days": 0}, {"younger_than_days": True}, []]
)
def test_a_rule_speaks_of_what_is_known_only(world: World, rule: Any) -> None:
    if rule == []:
        assert card(world, rule=rule).rule == {}
        return
    with pytest.raises(DomainError), transaction.atomic():
        card(world, rule=rule)


def test_every_account_keeps_a_scorecard(world: World) -> None:
    mona = world.mona.as_actor()
    rest: Any = {"scorecard_id": standard().pk, "edits": 1, "by": mona, "at": NOW}
    with pytest.raises(scorecards.OneForTheRest), transaction.atomic():
        scorecards.set_rule(**rest, rule={"tier": ["A"]}, priority=1000)
    with pytest.raises(scorecards.OneForTheRest), transaction.atomic():
        scorecards.archive_scorecard(**rest)
    card(world, "New one for all")
    scorecards.archive_scorecard(**rest)
    assert standard().archived_at == NOW
    assert standard().versions.get().state == State.RETIRED


def test_an_archived_scorecard_frees_its_priority_and_takes_no_change(world: World) -> None:
    large, mona = card(world, rule={"tier": ["A"]}, priority=10), world.mona.as_actor()
    waiting = drafts.start_draft(scorecard_id=large.pk, by=mona, at=NOW)
    scorecards.archive_scorecard(scorecard_id=large.pk, edits=1, by=mona, at=NOW)
    waiting.refresh_from_db()
    assert waiting.state == State.DROPPED
    assert card(world, "Next", priority=10).priority == 10
    with pytest.raises(scorecards.ScorecardArchivedAlready), transaction.atomic():
        drafts.start_draft(scorecard_id=large.pk, by=mona, at=NOW)
    with pytest.raises(DomainError, match="An archived scorecard is called so"), transaction.atomic():
        card(world, "Large")


def test_a_branch_takes_what_went_live_since_and_asks_where_both_changed(world: World) -> None:
    branch = draft(world, seat_use={"weight": 1}, green_from=80, relationship_nps={"weight": 1})
    assert merge_preview(branch) is None
    live = published(world, green_from=85, relationship_nps={"weight": 2}, support_csat={"weight": 1})
    preview = merge_preview(ScorecardVersion.objects.get(pk=branch.pk))
    assert preview is not None
    assert [clash.key for clash in preview.clashes] == ["items.relationship_nps", "green_from"]
    assert [(clash.mine, clash.live) for clash in preview.clashes] == [("weight 1", "weight 2"), ("80", "85")]

    ana: Any = {"version_id": branch.pk, "edits": branch.edits, "by": world.ana.as_actor()}
    with pytest.raises(drafts.Clashes, match="2 rows were changed on both sides"), transaction.atomic():
        drafts.merge_live(**ana, choices={})
    merged = drafts.merge_live(**ana, choices={"items.relationship_nps": "mine", "green_from": "theirs"})

    expected = text_with(live, seat_use={"weight": 1}, relationship_nps={"weight": 1})
    assert {one["kpi"]: one for one in merged.definition["items"]} == {one["kpi"]: one for one in expected["items"]}
    assert (merged.definition["green_from"], merged.based_on, merged.findings) == (85, live, None)
    said = Entry.objects.get(event="kpis.scorecard_merged").data
    assert (said["live_number"], said["rows"]) == (live.number, 2)


def test_what_was_not_branched_has_no_text_in_common(world: World) -> None:
    made = drafts.start_draft(scorecard_id=standard().pk, template="catalogue", by=world.ana.as_actor(), at=NOW)
    with pytest.raises(drafts.NothingToMergeWith), transaction.atomic():
        drafts.merge_live(version_id=made.pk, edits=1, by=world.ana.as_actor())


def test_the_catalogues_ranges_are_taken_into_a_draft_with_their_dates(world: World) -> None:
    made = draft(world)
    newer = [[0, 0], [40, 50], [60, 75], [100, 100]]
    kpi = Kpi.objects.get(code="seat_use")
    ReferenceRange.objects.create(kpi=kpi, valid_from=date(2027, 1, 1), anchors=newer, created_at=NOW, created_by="Ana")
    taken = drafts.take_ranges(version_id=made.pk, edits=1, by=world.ana.as_actor())
    mine = next(one for one in taken.definition["items"] if one["kpi"] == "seat_use")
    assert mine["ranges"] == [{"from": "2027-01-01", "anchors": newer}]
    same = drafts.take_ranges(version_id=made.pk, edits=2, by=world.ana.as_actor())
    assert same.edits == 2
