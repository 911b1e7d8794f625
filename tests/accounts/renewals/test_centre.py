"""The renewal centre: forecast, status by rule, checkpoints, weeks and rates, on pages and through the API."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Contract, Notice, Outcome, Renewal, RenewalCheckpoint, RenewalSnapshot
from accounts.operations import contracts
from accounts.operations.closing import close_renewal
from accounts.operations.renewals import decide_checkpoint, edit_renewal
from accounts.operations.watching import snapshot_week, watch_renewals
from accounts.queries import renewals as queries
from accounts.renewing import Result, Signals, automatic, checkpoints_reached, goes_up, period_of, renewal_rates
from core.actor import Actor
from core.errors import Conflict, DomainError
from tests.world import World

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
DUE = date(2027, 2, 10)  # 82 days away


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(AT)


@pytest.fixture
def bands(world: World) -> Any:
    """What is measured, said by the test."""
    said: dict[Any, Signals] = {}
    before = list(queries._FINDERS)
    queries.connect_signals(lambda ids: {pk: said[pk] for pk in ids if pk in said})
    yield said
    queries._FINDERS[:] = before


def due_contract(world: World, amount: int = 100, end: date = DUE, account: Account | None = None) -> Renewal:
    by = world.mona.as_actor()
    made = contracts.create_contract(
        account_id=(account or world.account).pk, name="Licence", starts_on=date(2026, 1, 1), ends_on=end, by=by, at=AT,
        lines=[{"amount": Decimal(amount), "billing": "month"}],
    )  # fmt: skip
    contracts.activate_contract(contract_id=made.pk, by=by, at=AT)
    return Renewal.objects.get(contract=made)


def say(world: World, renewal: Renewal, **changes: Any) -> Renewal:
    renewal.refresh_from_db()
    return edit_renewal(
        renewal_id=renewal.pk, expected_version=renewal.version, changes=changes, by=world.alice.as_actor(), at=AT
    )


def watch(at: datetime = AT) -> None:
    watch_renewals(by=Actor.system("test"), at=at)


@pytest.mark.parametrize(
    ("measured", "more", "status", "words"),
    [
        (None, {}, "", "not enough data"),
        (Signals("unknown"), {}, "", "not enough data"),
        (Signals("green", 0, Decimal(81)), {}, "secure", "good (81)"),
        (Signals("green", -1, Decimal(81)), {}, "watch", "but falling"),
        (Signals("yellow", 1), {}, "watch", "on watch"),
        (Signals("yellow", -1), {}, "at_risk", "and falling"),
        (Signals("red", 1), {}, "at_risk", "at risk"),
        (Signals("green"), {"unpaid": True}, "watch", "unpaid"),
        (Signals("red"), {"unpaid": True}, "at_risk", "at risk"),
        (None, {"cancelled_on": date(2026, 11, 1)}, "at_risk", "2026-11-01"),
    ],
)
def test_the_status_by_rule_says_why(measured: Signals | None, more: Any, status: str, words: str) -> None:
    said = automatic(measured, **more)
    assert said.status == status
    assert words in said.reason


def test_checkpoints_and_periods() -> None:
    assert [checkpoints_reached(DUE, date(2026, 11, day)) for day in (1, 12, 30)] == [[], [1], [1]]
    assert checkpoints_reached(DUE, date(2027, 1, 10)) == [2]
    assert not goes_up(1, "watch", "")
    assert goes_up(1, "watch", "secure")
    assert not goes_up(1, "watch", "watch")
    assert goes_up(2, "watch", "watch")
    assert goes_up(2, "", "secure")
    assert not goes_up(2, "secure", "secure")
    quarter, month = period_of("2026-Q4"), period_of("2026-12")
    assert quarter
    assert month
    assert (quarter.first, month.last) == (date(2026, 10, 1), date(2026, 12, 31))
    assert [period_of(key) for key in ("2026-13", "2026-Q5", "0001-01", "x")] == [None] * 4


def test_rates_are_over_what_was_due() -> None:
    found = renewal_rates([Result(Decimal(100), Decimal(120), True), Result(Decimal(100), Decimal(0), False)])
    assert (found.gross, found.net, found.by_count) == (Decimal("0.5"), Decimal("0.6"), Decimal("0.5"))
    assert renewal_rates([]).gross is None


def test_disagreement_goes_to_a_leader_and_the_decision_is_kept(world: World, bands: Any) -> None:
    bands[world.account.pk] = Signals("red", 0, Decimal(30))
    renewal = due_contract(world)
    say(world, renewal, status="secure")
    watch()
    watch()  # a second time nothing is doubled
    point = RenewalCheckpoint.objects.get()
    assert (point.number, point.auto_status, point.status) == (1, "at_risk", "secure")
    assert point.escalated_at is not None
    told = Notice.objects.values_list("user__name", "url")
    assert set(told) == {(name, f"/renewals/{renewal.pk}/") for name in ("Amy", "Mona")}
    said: dict[str, Any] = {"checkpoint_id": point.pk, "decision": "at_risk", "note": "the sponsor left", "at": AT}
    with pytest.raises(PermissionDenied):
        decide_checkpoint(**said, by=world.alice.as_actor())
    with pytest.raises(DomainError):
        decide_checkpoint(**{**said, "decision": "watch"}, by=world.mona.as_actor())
    decide_checkpoint(**said, by=world.mona.as_actor())
    renewal.refresh_from_db()
    point.refresh_from_db()
    assert (renewal.status, point.decision, point.decided_by) == ("at_risk", "at_risk", world.mona.as_actor().label)
    with pytest.raises(Conflict):
        decide_checkpoint(**said, by=world.mona.as_actor())


def test_at_the_second_checkpoint_watch_is_no_longer_accepted(world: World, bands: Any) -> None:
    bands[world.account.pk] = Signals("yellow")
    renewal = due_contract(world)
    say(world, renewal, status="watch")
    watch()
    assert RenewalCheckpoint.objects.get().escalated_at is None
    later = datetime(2027, 1, 5, 9, tzinfo=UTC)
    watch(later)
    second = RenewalCheckpoint.objects.get(number=2)
    assert second.escalated_at == later
    renewal.refresh_from_db()
    by = world.alice.as_actor()
    say(world, renewal, status="secure")
    renewal.refresh_from_db()
    with pytest.raises(DomainError, match="no longer"):
        edit_renewal(
            renewal_id=renewal.pk, expected_version=renewal.version, changes={"status": "watch"}, by=by, at=later
        )


@pytest.mark.parametrize(
    ("outcome", "more", "rate", "states"),
    [
        ("renewed", {"ends_on": date(2028, 2, 10), "uplift": Decimal("0.1")}, Decimal("1.1"), ["renewed", "open"]),
        ("renewed", {}, Decimal(1), ["renewed"]),
        ("extended", {"ends_on": date(2027, 8, 10)}, Decimal(1), ["extended", "open"]),
        ("lost", {}, Decimal(0), ["lost"]),
    ],
)
def test_closing_does_it_to_the_contract_too(
    world: World, outcome: str, more: Any, rate: Decimal, states: list[str]
) -> None:
    renewal = due_contract(world)
    close_renewal(
        renewal_id=renewal.pk, expected_version=renewal.version, outcome=outcome, reason="agreed",
        by=world.alice.as_actor(), at=AT, **more,
    )  # fmt: skip
    assert list(Renewal.objects.order_by("due_on").values_list("state", flat=True)) == states
    (total,) = queries.totals(queries.due(queries.Asked("2027-Q1"), by=world.mona.as_actor(), today=AT.date()))
    assert (total.rates.net, total.rates.gross) == (rate, min(rate, Decimal(1)))
    assert Outcome.objects.get().reason == "agreed"
    assert Contract.objects.filter(state="active").count() == states.count("open") + (states == ["renewed"])


def test_last_quarter_is_replayed_week_by_week(world: World, time_machine: Any) -> None:
    first, second = due_contract(world, 100), due_contract(world, 50)
    say(world, first, category="commit")
    snapshot_week(on=date(2026, 11, 20))
    snapshot_week(on=date(2026, 11, 21))  # the same week again
    assert RenewalSnapshot.objects.count() == 2
    say(world, second, category="lost")
    snapshot_week(on=date(2026, 11, 27))
    later = datetime(2026, 12, 3, tzinfo=UTC)
    time_machine.move_to(later)
    by = world.mona.as_actor()
    first.refresh_from_db()
    close_renewal(
        renewal_id=first.pk, expected_version=first.version, outcome="renewed", reason="ok", uplift=Decimal("0.5"),
        ends_on=date(2028, 1, 1), by=by, at=later,
    )  # fmt: skip
    contracts.end_contract(contract_id=second.contract_id, on=date(2026, 12, 2), reason="gone", by=by, at=later)
    snapshot_week(on=later.date())
    quarter = period_of("2027-Q1")
    assert quarter is not None
    (found,) = queries.replay(quarter, by=by)
    assert found.final
    assert found.result.renewed == 1200
    said = [(str(week.monday), week.total.due, week.total.forecast, week.total.unsaid) for week in found.weeks]
    assert said == [
        ("2026-11-16", 1800, 1200, 600),
        ("2026-11-23", 1800, 1200, 0),
        ("2026-11-30", 1800, 1200, 0),
    ]


def test_a_stale_version_is_a_choice_and_nothing_is_overwritten(world: World) -> None:
    renewal = due_contract(world)
    say(world, renewal, likelihood=40)
    for htmx in (False, True):
        answer = world.browser(world.alice, htmx=htmx).post(
            f"/renewals/{renewal.pk}/", {"version": 1, "likelihood": "90", "category": "commit", "status": ""}
        )
        assert answer.status_code == 422
        assert "likelihood 40 %" in answer.content.decode()
    renewal.refresh_from_db()
    assert (renewal.likelihood, renewal.category) == (40, "")
    wrong = world.browser(world.alice, htmx=True).post(f"/renewals/{renewal.pk}/", {"version": 2, "likelihood": "900"})
    assert wrong.status_code == 422
    assert "between 0 and 100" in wrong.content.decode()


def test_pages_filter_by_address_and_cost_the_same_for_one_and_three(world: World, bands: Any) -> None:
    other = Account.objects.create(name="=Umbrella", owner=world.bob, tier="Gold")
    due_contract(world)
    watch()
    client, counts = world.browser(world.mona), []
    urls = ["/renewals/?period=all", "/renewals/calendar/?month=2027-02", "/renewals/replay/?quarter=2027-Q1"]
    urls.append(f"/accounts/{world.account.pk}/panels/renewal/")
    for _ in range(2):
        snapshot_week(on=AT.date())
        for url in urls:
            client.get(url)
            with CaptureQueriesContext(
                connection,
            ) as ran:
                assert client.get(url).status_code == 200
            counts.append(len(ran))
        due_contract(world, 20)
        due_contract(world, 70, account=other)
    assert counts[:4] == counts[4:]
    assert max(counts) <= 25
    found = client.get('/renewals/?period=2027-Q1&where=tier = "Gold"&state=open').content.decode()
    assert "=Umbrella" in found
    assert "Initech" not in found
    assert client.get("/renewals/?period=nonsense&where=((").status_code == 200
    sheet = client.get("/renewals/export/?period=all").content.decode()
    assert "'=Umbrella" in sheet
    assert "=Umbrella" not in world.browser(world.alice).get("/renewals/?period=all").content.decode()


def test_a_renewal_of_a_colleague_is_not_there(world: World) -> None:
    renewal = due_contract(world)
    client = world.browser(world.bob)
    assert client.get(f"/renewals/{renewal.pk}/").status_code == 404
    assert client.post(f"/renewals/{renewal.pk}/close/", {}).status_code == 404
    assert world.browser(world.vic).post(f"/renewals/{renewal.pk}/", {"version": 1}).status_code == 403


def test_the_api_does_what_the_pages_do(world: World, bands: Any) -> None:
    renewal = due_contract(world)
    client = world.browser(world.mona)
    assert client.get("/api/v1/renewals/").json()["results"] == []
    (one,) = client.get("/api/v1/renewals/?period=2027-Q1").json()["results"]
    assert (one["amount"], one["likelihood"], one["auto_status"]) == ("1200.00", None, "")
    url = f"/api/v1/renewals/{renewal.pk}/"
    said = {"version": 1, "category": "commit", "status": "secure"}
    assert client.patch(url, said, content_type="application/json").json()["category"] == "commit"
    assert client.patch(url, said, content_type="application/json").status_code == 409
    bands[world.account.pk] = Signals("red")
    watch()
    point = RenewalCheckpoint.objects.get()
    decided = client.post(f"{url}checkpoints/{point.pk}/", {"decision": "at_risk", "note": "seen"})
    assert decided.json()["decision"] == "at_risk"
    assert client.get("/api/v1/renewals/totals/?period=all").json()[0]["commit"] == "1200.00"
    renewal.refresh_from_db()
    closed = client.post(f"{url}close/", {"version": renewal.version, "outcome": "lost", "reason": "price"})
    assert closed.json()["state"] == "lost"
    assert client.get("/api/v1/renewals/replay/?quarter=2027-Q1").status_code == 200
