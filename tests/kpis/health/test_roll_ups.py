"""Parents: one figure of the children by the method the parent names; unknown is never 0, currencies never add up."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from accounts.operations import archive_account, edit_account
from core.models import Entry
from kpis.models import AccountHealth, RollUp
from kpis.operations.roll_ups import roll_up_accounts
from kpis.queries.family import family
from kpis.scoring.roll_up import OWN, REVENUE_WEIGHTED, SHARE_IN_GOOD, WORST_CHILD, Child, roll_up
from tests.kpis.health.book import NOW, SCORING, fill, furnish, score, standing
from tests.world import World

# The worked example of docs/decisions/0015: revenue in cents, scores in hundredths.
A = Child(UUID(int=1), 8000, "green", 60_000_000)
B = Child(UUID(int=2), 6000, "yellow", 30_000_000)
C = Child(UUID(int=3), 4000, "red", 10_000_000)
D = Child(UUID(int=4), None, "unknown", 25_000_000)
E = Child(UUID(int=5), 9000, "green", None)
CHILDREN = [A, B, C, D, E]


@pytest.mark.parametrize(
    ("method", "figure", "band", "contributions"),
    [
        (REVENUE_WEIGHTED, 7000, "yellow", [4800, 1800, 400, 0, 0]),
        (WORST_CHILD, 4000, "red", [0, 0, 4000, 0, 0]),
        (SHARE_IN_GOOD, 6000, "yellow", [6000, 0, 0, 0, 0]),
        (OWN, 8200, "green", [0, 0, 0, 0, 0]),
    ],
)
def test_each_method_gives_the_worked_example(method: str, figure: int, band: str, contributions: list[int]) -> None:
    found = roll_up(method, CHILDREN, own=8200)

    assert (found.score, found.band) == (figure, band)
    assert [part.contribution for part in found.parts] == contributions
    assert (found.red_share, found.known_share) == (8, 80)


def test_the_shares_of_the_worked_example_are_of_what_is_known() -> None:
    shares = [part.share for part in roll_up(REVENUE_WEIGHTED, CHILDREN, own=None).parts]

    assert shares == [6000, 3000, 1000, 0, 0]


@pytest.mark.parametrize("method", [REVENUE_WEIGHTED, SHARE_IN_GOOD, WORST_CHILD])
def test_with_nothing_known_the_figure_is_unknown_and_not_0(method: str) -> None:
    found = roll_up(method, [D], own=5000)

    assert (found.score, found.band, found.red_share, found.known_share) == (None, "unknown", 0, 0)
    assert roll_up(REVENUE_WEIGHTED, [E], own=5000).score is None
    assert roll_up(REVENUE_WEIGHTED, [E], own=5000).red_share is None


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="no way to roll up"):
        roll_up("best_child", CHILDREN, own=None)


children = st.lists(
    st.builds(
        Child,
        st.builds(uuid4),
        st.one_of(st.none(), st.integers(0, 10_000)),
        st.sampled_from(["green", "yellow", "red"]),
        st.one_of(st.none(), st.integers(0, 10**14)),
    ),
    max_size=12,
)


@given(children, st.sampled_from([REVENUE_WEIGHTED, SHARE_IN_GOOD, WORST_CHILD]))
def test_contributions_add_up_and_the_figure_lies_between_its_children(found: list[Child], method: str) -> None:
    result = roll_up(method, found, own=None)

    assert sum(part.contribution for part in result.parts) == (result.score or 0)
    if result.score is not None:
        assert sum(part.share for part in result.parts) == 10_000
        known = [child.score for child in found if child.score is not None]
        if method != SHARE_IN_GOOD:
            assert min(known) <= result.score <= max(known)
    backwards = roll_up(method, found[::-1], own=None)
    assert backwards.score == result.score


@given(children)
def test_a_child_without_a_score_changes_no_figure(found: list[Child]) -> None:
    more = [*found, replace(A, id=uuid4(), score=None)]

    for method in (REVENUE_WEIGHTED, SHARE_IN_GOOD, WORST_CHILD):
        assert roll_up(method, more, own=None).score == roll_up(method, found, own=None).score


# In the database ------------------------------------------------------------------------------------------------


@pytest.fixture
def group(world: World) -> World:
    """The worked example as accounts below Initech."""
    furnish()
    Account.objects.update(currency="EUR")
    below: dict[str, tuple[int | None, int | None]] = {
        "A": (8000, 600_000), "B": (6000, 300_000), "C": (4000, 100_000), "D": (None, 250_000), "E": (9000, None),
    }  # fmt: skip
    for name, (hundredths, arr) in below.items():
        standing(Account.objects.create(name=name, parent=world.account, arr=arr, owner=world.alice), hundredths)
    return world


def rolled(account: Account | None = None, **changes: Any) -> RollUp:
    account = account or Account.objects.get(name="Initech")
    if changes:
        Account.objects.filter(pk=account.pk).update(**changes)
    roll_up_accounts(account_ids=[account.pk], at=NOW, by=SCORING)
    return RollUp.objects.get(account=account)


@pytest.mark.parametrize(
    ("method", "figure"), [("revenue_weighted", 7000), ("worst_child", 4000), ("share_in_good", 6000), ("own", None)]
)
def test_a_parent_gets_its_figure_by_its_method(group: World, method: str, figure: int | None) -> None:
    found = rolled(roll_up_method=method)

    assert (found.method, found.score_hundredths, found.red_share, found.known_share) == (method, figure, 8, 80)


def test_what_takes_no_part_is_listed_with_its_reason(group: World) -> None:
    Account.objects.filter(name="C").update(currency="USD")
    rolled()

    found = family(group.account, by=group.alice.as_actor())

    assert found is not None
    assert {line.account.name: line.why_not for line in found.unknown} == {
        "C": "revenue in USD, not added to EUR",
        "D": "no score yet",
        "E": "revenue unknown",
    }
    assert found.total == found.score
    assert [line.account.name for line in found.lines][:2] == ["A", "B"]


def test_a_colleagues_child_is_counted_and_not_named(group: World) -> None:
    Account.objects.filter(name="B").update(owner=group.bob)
    rolled()

    found = family(group.account, by=group.alice.as_actor())

    assert found is not None
    assert "B" not in [line.account.name for line in found.lines]
    assert (found.hidden, str(found.hidden_contribution), found.total) == (1, "18.00", found.score)


def test_scoring_a_child_moves_its_parents_up_to_the_top(group: World) -> None:
    top = Account.objects.create(name="Top", roll_up_method="worst_child")
    Account.objects.filter(name="Initech").update(parent=top)
    child = Account.objects.get(name="C")
    fill(child)
    AccountHealth.objects.filter(account=child).delete()

    score(child)

    figures = dict(RollUp.objects.values_list("account__name", "score_hundredths"))
    assert figures == {"Initech": 7350, "Top": 7350}
    events = Entry.objects.filter(event="kpis.rolled_up")
    assert {entry.account_id for entry in events} == {top.pk, group.account.pk}
    assert RollUp.objects.get(account=top).parts[0][2] == 125_000_000  # the revenue of all below, in cents


def test_rolling_up_again_is_no_news(group: World) -> None:
    rolled()
    entries = Entry.objects.count()

    rolled()

    assert Entry.objects.count() == entries


def test_a_parent_that_loses_its_children_loses_its_figure(
    group: World, django_capture_on_commit_callbacks: Any
) -> None:
    rolled()
    mona = group.mona.as_actor()
    with time_machine.travel(NOW, tick=False), django_capture_on_commit_callbacks(execute=True):
        archive_account(account_id=Account.objects.get(name="C").pk, by=mona, at=NOW)
    assert RollUp.objects.get().score_hundredths == 7333

    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        for child in Account.objects.filter(parent=group.account, archived_at=None):
            with django_capture_on_commit_callbacks(execute=True):
                edit_account(account_id=child.pk, expected_version=1, changes={"parent_id": None}, by=mona)

    assert not RollUp.objects.exists()


def test_a_deep_tree_rolls_up_from_below(world: World) -> None:
    furnish()
    above = None
    for depth in range(60):
        above = Account.objects.create(name=f"Level {depth}", parent=above)
    leaf = Account.objects.create(name="Leaf", parent=above, arr=100)
    standing(leaf, 6600)

    assert roll_up_accounts(account_ids=[leaf.pk], at=NOW, by=SCORING) == 60
    assert set(RollUp.objects.values_list("score_hundredths", flat=True)) == {6600}


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_the_parents_page_lists_its_children_and_the_childs_names_its_parent(group: World) -> None:
    rolled()
    browser = group.browser(group.alice, htmx=True)
    child = Account.objects.get(name="B")

    page = text_of(browser.get(f"/accounts/{group.account.pk}/panels/family/"))
    below = text_of(browser.get(f"/accounts/{child.pk}/panels/family/"))

    assert "By revenue, 5 accounts" in page
    assert "80% of the revenue below has a score, <b>8% is in red accounts</b>" in page
    assert "Takes no part: no score yet" in page
    assert "The rows add up to 70.00" in page
    assert "gives 18.00 of its 70.00 (by revenue)" in below
    alone = Account.objects.create(name="Alone", owner=group.alice)
    assert text_of(browser.get(f"/accounts/{alone.pk}/panels/family/")) == ""
    assert "stands below none" in text_of(group.browser(group.alice).get(f"/accounts/{alone.pk}/panels/family/"))


def test_the_api_gives_the_figure_with_its_children(group: World) -> None:
    rolled()
    found = group.browser(group.alice).get(f"/api/v1/accounts/{group.account.pk}/roll-up/").json()

    assert (found["method"], found["score"], found["band"]) == ("revenue_weighted", "70.00", "yellow")
    assert [(one["name"], one["contribution"]) for one in found["children"]][:3] == [
        ("A", "48.00"), ("B", "18.00"), ("C", "4.00"),
    ]  # fmt: skip
    alone = Account.objects.create(name="Alone", owner=group.alice)
    assert group.browser(group.alice).get(f"/api/v1/accounts/{alone.pk}/roll-up/").status_code == 404
