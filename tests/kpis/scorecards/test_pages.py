"""The pages of scorecards, as a browser without script sees them."""

from typing import Any

import pytest
from django.urls import reverse

from kpis.models import Scorecard, ScorecardVersion
from kpis.operations import scorecards
from tests.kpis.health.book import NOW, furnish, score
from tests.kpis.scorecards.cards import draft, published, record_of, standard, submitted
from tests.world import World

State = ScorecardVersion.State


@pytest.fixture(autouse=True)
def _catalogue(world: World) -> None:
    furnish()


def at(name: str, *args: Any) -> str:
    return reverse(f"kpis:{name}", args=args, urlconf="config.urls_tenant")


def test_the_list_says_by_priority_whom_each_scorecard_is_for(world: World) -> None:
    world.account.stage, world.account.arr = "onboarding", 12000
    world.account.save()
    start = scorecards.create_scorecard(
        name="Onboarding", rule={"stage": ["onboarding"]}, by=world.ana.as_actor(), at=NOW
    )
    page = world.browser(world.mona).get(at("scorecards")).text
    assert page.index("Onboarding</a>") < page.index("Standard</a>")
    assert "Every account" in page
    assert "Stage Onboarding" in page
    assert start.priority == 10
    assert "not yet" in page


def test_a_csm_reads_the_scorecards_and_counts_their_own_accounts_only(world: World) -> None:
    client = world.browser(world.bob)
    page = client.get(at("scorecards")).text
    assert '<span class="num">0</span> accounts' in page
    assert "New scorecard" not in page
    assert client.get(at("scorecard-new")).status_code == 403
    assert client.get(at("scorecard-version", standard().versions.get().pk)).status_code == 200


def test_a_scorecard_is_made_with_its_first_draft(world: World) -> None:
    client = world.browser(world.ana)
    empty = client.post(at("scorecard-new"), {"name": " ", "template": "catalogue"})
    assert empty.status_code == 422
    assert "A scorecard needs a name." in empty.text

    made = client.post(
        at("scorecard-new"),
        {"name": "Large ones", "template": "catalogue_67_34", "tier": ["A"], "younger_than_days": "30"},
    )

    card = Scorecard.objects.get(name="Large ones")
    version = card.versions.get()
    assert made.url == at("scorecard-version", version.pk)
    assert card.rule == {"tier": ["A"], "younger_than_days": 30}
    assert version.definition["green_from"] == 67


def test_the_way_to_live_on_the_page(world: World) -> None:
    made = draft(world, green_from=80)
    ana, mona = world.browser(world.ana), world.browser(world.mona)
    url = at("scorecard-version", made.pk)
    page = ana.get(url).text
    assert "Run the checker" in page
    assert "Send to review" not in page

    step = at("scorecard-step", made.pk, "submit")
    early = ana.post(step, {"edits": made.edits})
    assert early.status_code == 422
    assert "Run the checker first" in early.text

    assert ana.post(at("scorecard-step", made.pk, "check"), {"edits": made.edits}).status_code == 302
    record_of(made)
    assert "Send to review" in ana.get(url).text
    assert ana.post(step, {"edits": made.edits, "note": "Stricter green"}).status_code == 302

    queue = mona.get(at("scorecard-reviews")).text
    assert "Standard v2" in queue
    assert "Stricter green" in queue
    assert "Approve and publish" not in ana.get(url).text
    assert "Approve and publish" in mona.get(url).text
    assert ana.post(at("scorecard-step", made.pk, "approve"), {"edits": made.edits}).status_code == 403

    back = mona.post(at("scorecard-step", made.pk, "reject"), {"edits": made.edits, "reason": ""})
    assert back.status_code == 422
    assert "Say what has to be different." in back.text

    assert mona.post(at("scorecard-step", made.pk, "approve"), {"edits": made.edits}).status_code == 302
    made.refresh_from_db()
    assert made.state == State.LIVE


def test_a_finding_leads_to_the_row_to_mend(world: World) -> None:
    made = draft(world, seat_use={"anchors": [[0, 100], [50, 75], [80, 50], [100, 0]]})
    ana = world.browser(world.ana)
    ana.post(at("scorecard-step", made.pk, "check"), {"edits": made.edits})
    page = ana.get(at("scorecard-version", made.pk)).text
    assert 'href="#item-seat_use"' in page
    assert 'id="item-seat_use"' in page
    assert "Mend what the checker refuses first." in page


def test_an_unfinished_text_still_has_its_page(world: World) -> None:
    made = draft(world, seat_use={"anchors": [[5, 0], [5, 100]]}, churned={"anchors": []}, green_from=0)
    assert world.browser(world.vic).get(at("scorecard-version", made.pk)).status_code == 200


def test_two_versions_side_by_side_with_the_share_each_kpi_decides(world: World) -> None:
    before = standard().versions.get()
    after = published(world, seat_use={"weight": 1}, relationship_nps=None, green_from=80)
    page = world.browser(world.vic).get(at("scorecard-compare"), {"a": before.pk, "b": after.pk}).text
    assert "Seat use" in page
    assert "Removed" in page
    assert "Healthy from" in page
    assert "The same row, another share" in page
    assert world.browser(world.vic).get(at("scorecard-compare"), {"a": "x", "b": after.pk}).status_code == 404
    assert "Choose two versions" in world.browser(world.vic).get(at("scorecard-compare")).text


def test_the_effect_names_accounts_only_to_those_who_see_them_all(world: World) -> None:
    score(world.account)
    made = submitted(world, green_from=80)
    assert made.effect is not None
    url = at("scorecard-version", made.pk)
    assert "Accounts now" in world.browser(world.mona).get(url).text
    seen_by_bob = world.browser(world.bob).get(url).text
    assert "Accounts now" not in seen_by_bob
    assert "your role does not show you" in seen_by_bob


def test_a_rule_is_counted_before_it_is_saved(world: World) -> None:
    world.account.tier = "A"
    world.account.save()
    card = scorecards.create_scorecard(name="Large", by=world.ana.as_actor(), at=NOW, rule={"tier": ["B"]})
    client, url = world.browser(world.ana), at("scorecard-rule", card.pk)
    counted = client.post(url, {"do": "count", "tier": ["A"], "priority": card.priority, "edits": 1})
    assert counted.status_code == 200
    assert "Would come" in counted.text
    card.refresh_from_db()
    assert card.rule == {"tier": ["B"]}

    taken = client.post(url, {"do": "save", "tier": ["A"], "priority": standard().priority, "edits": 1})
    assert taken.status_code == 422
    assert "“Standard” has priority 1000" in taken.text
    assert client.post(url, {"do": "save", "tier": ["A"], "priority": 5, "edits": 1}).status_code == 302
    card.refresh_from_db()
    assert (card.rule, card.priority, card.edits) == ({"tier": ["A"]}, 5, 2)


def test_rolling_back_on_the_page_of_the_retired_version(world: World) -> None:
    first = standard().versions.get()
    published(world, green_from=80)
    mona, url = world.browser(world.mona), at("scorecard-roll-back", first.pk)
    assert "Roll back to this text" in mona.get(at("scorecard-version", first.pk)).text
    refused = mona.post(url, {"reason": " "})
    assert (refused.status_code, standard().versions.count()) == (422, 2)
    assert mona.post(url, {"reason": "Too strict"}).status_code == 302
    live = standard().versions.get(state=State.LIVE)
    assert live.number == 3
    page = mona.get(at("scorecard-version", live.pk)).text
    assert "Running now" in page  # its back-test
    for words in (page, mona.get(at("scorecard-version", first.pk)).text):
        assert "20 Nov 2026 to 20 Nov 2026" not in words
    assert world.browser(world.ana).post(url, {"reason": "x"}).status_code == 403
