"""The time machine: month by month what a threshold would have started, from what was known then and nothing later."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import Account, Outcome
from kpis.models import HealthScore, Kpi, KpiValue
from playbooks.measured.replay import NotReplayable, Replay, replay
from playbooks.models import Trigger
from tests.playbooks.conftest import trigger
from tests.playbooks.effect.book import score, version
from tests.world import World

ON = date(2026, 11, 20)
ENDS = [date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30), date(2026, 10, 31)]


def ends(account: Account, *points: float | None, known: datetime | None = None) -> None:
    """Scores of the last month ends, oldest first, computed on the day itself or all at `known`."""
    of, made = version(), []
    for day, one in zip(ENDS[-len(points) :], points, strict=True):
        row = score(account, one, datetime(day.year, day.month, day.day, 18, tzinfo=UTC), of=of)
        row.scored_at = known or row.scored_at
        made.append(row)
    HealthScore.objects.bulk_create(made)


def left(account: Account, on: date) -> None:
    Outcome.objects.create(account=account, kind="churned", on=on, recorded_at=datetime.now(UTC), recorded_by="Ana")


def held(world: World, metric: str, *limits: float, **more: Any) -> Replay:
    found = trigger(metric, more.pop("playbook", "voc-sprint"))
    return replay(found, [Decimal(str(one)) for one in limits], by=world.mona.as_actor(), on=ON, **more)


def starts(found: Replay, side: int = 0) -> dict[str, list[str]]:
    return {
        f"{month.day:%m}": [start.account.name for start in month.sides[side].starts]
        for month in found.months
        if month.sides[side].count
    }


def test_each_month_says_who_would_have_started_under_both_thresholds(library: World) -> None:
    low = Account.objects.create(name="Low", owner=library.alice)
    ends(low, 72, 68, 64, 71, 69)
    ends(library.account, 80, 66, 66, 66, 66)

    found = held(library, "health_below", 70, 65)

    assert starts(found, 0) == {"07": ["Initech", "Low"], "10": ["Low"]}
    assert starts(found, 1) == {"08": ["Low"]}
    assert [(total.starts, total.accounts) for total in found.totals] == [(3, 2), (1, 1)]
    july = next(month for month in found.months if month.day == ENDS[1])
    first = july.sides[0].starts[1]
    assert (first.before, first.now) == (72, 68)
    assert first.evidence_id == HealthScore.objects.get(account=low, as_of=ENDS[1]).pk


def test_what_was_computed_later_was_not_known_then(library: World) -> None:
    ends(library.account, 72, 60, known=datetime(2026, 11, 19, tzinfo=UTC))

    known, today = (held(library, "health_below", 70, 65, reading=reading) for reading in ("known", "today"))

    assert (starts(known), known.months[-1].known) == ({}, 0)
    assert (starts(today), today.months[-1].known) == ({"10": ["Initech"]}, 1)


def test_a_later_correction_does_not_reach_back(library: World) -> None:
    ends(library.account, 72, 60)
    before = starts(held(library, "health_below", 70, 65))
    late = datetime(2026, 11, 15, tzinfo=UTC)
    HealthScore.objects.update(superseded_at=late)
    ends(library.account, 72, 90, known=late)

    assert starts(held(library, "health_below", 70, 65)) == before == {"10": ["Initech"]}
    assert starts(held(library, "health_below", 70, 65, reading="today")) == {}


def test_the_unknown_starts_nothing(library: World) -> None:
    ends(library.account, 72, None, 60)

    assert starts(held(library, "health_below", 70, 65)) == {}


def test_a_fall_is_measured_between_month_ends_and_the_cool_down_holds(library: World) -> None:
    Trigger.objects.update(cooldown_days=60)
    ends(library.account, 90, 78, 66, 54, 42)

    assert list(starts(held(library, "health_fell", 10, 13))) == ["07", "09"]  # 31 August lies in the sixty days
    assert held(library, "health_fell", 10, 13).totals[1].starts == 0


def test_hits_are_those_that_left_within_the_horizon_once_it_is_over(library: World) -> None:
    others = [Account.objects.create(name=f"Other {number}", owner=library.alice) for number in range(3)]
    for account in [*others, library.account]:
        ends(account, 72, 60, 60, 60, 60)
    ends_late = Account.objects.create(name="Late", owner=library.alice)
    ends(ends_late, 72, 60)
    left(others[0], date(2026, 9, 10))
    left(others[1], date(2026, 11, 10))
    left(ends_late, date(2026, 11, 12))

    total = held(library, "health_below", 70, 65).totals[0]

    assert (total.starts, total.judged, total.left) == (5, 4, 1)  # 10 November is 102 days after
    assert total.hit_rate == 25
    assert total.caught == 2
    assert held(library, "health_below", 70, 65, horizon=180).totals[0].caught == 3
    july = next(month for month in held(library, "health_below", 70, 65).months if month.day == ENDS[1])
    assert july.sides[0].left == 1
    assert held(library, "health_below", 70, 65).months[-1].sides[0].left is None


def test_without_any_outcome_it_says_so(library: World) -> None:
    ends(library.account, 72, 60)

    found = held(library, "health_below", 70, 65)

    assert found.churns is None
    assert found.months[-2].sides[0].left is None


def test_who_had_left_or_was_no_customer_yet_starts_nothing(library: World) -> None:
    ends(library.account, 72, 60)
    left(library.account, date(2026, 10, 5))
    new = Account.objects.create(name="New", owner=library.alice, customer_since=date(2026, 11, 2))
    ends(new, 72, 60)

    assert starts(held(library, "health_below", 70, 65)) == {}


def test_hours_are_those_of_the_definition_or_unknown(library: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ends(library.account, 72, 60)
    found = held(library, "health_below", 70, 65)
    assert (found.hours_each, found.without_hours, found.totals[0].hours) == (None, (8, 8), None)

    from playbooks.models import Playbook

    monkeypatch.setattr(Playbook, "steps", [{"hours": 2}, {"hours": "1.5"}])
    found = held(library, "health_below", 70, 65)
    assert (found.hours_each, found.totals[0].hours) == (Decimal("3.5"), Decimal("3.5"))


def test_a_kpi_is_replayed_from_its_values(library: World) -> None:
    kpi = Kpi.objects.get(code="reopen-rate")
    for month, value in ((8, 12), (9, 15), (10, 24)):
        KpiValue.objects.create(
            account=library.account, kpi=kpi, period=date(2026, month, 1), value=value, origin="upload",
            recorded_at=datetime(2026, month, 28, tzinfo=UTC),
        )  # fmt: skip

    found = held(library, "kpi_above", 20, 14, playbook="sla-stabilizer")

    assert (starts(found, 0), starts(found, 1)) == ({"10": ["Initech"]}, {"09": ["Initech"]})


def test_renewal_dates_of_the_past_are_not_kept(library: World) -> None:
    with pytest.raises(NotReplayable, match="not kept"):
        held(library, "renewal_risk", 70, 65, playbook="renewal-safeguard")


def test_a_csm_replays_own_accounts_only(library: World) -> None:
    ends(library.account, 72, 60)
    found = replay(trigger("health_below"), [Decimal(70)], by=library.bob.as_actor(), on=ON)

    assert (found.accounts, starts(found)) == (0, {})


def test_it_costs_the_same_with_one_and_fifty_accounts(library: World, query_count: Any) -> None:
    counts = []
    for number in (1, 50):
        for at in range(number):
            ends(Account.objects.create(name=f"Acme {number} {at}", owner=library.alice), 72, 60, 71, 60)
        with query_count() as queries:
            held(library, "health_below", 70, 65)
        counts.append(queries.number)

    assert counts[0] == counts[1] <= 8  # for twelve months


def test_the_page_and_the_api(library: World) -> None:
    ends(library.account, 72, 68, 60)
    found, browser = trigger("health_below"), library.browser(library.mona)
    address = f"/playbooks/triggers/{found.pk}/replay/"
    with time_machine.travel(datetime(2026, 11, 20, 9, tzinfo=UTC), tick=False):
        page = browser.get(address, {"threshold": "70", "other": "65"}).content.decode()
        wrong = browser.get(address, {"threshold": "many"})
        plain = browser.get(address)
        said = browser.get(
            f"/api/v1/playbooks/triggers/{found.pk}/replay/", {"threshold": "70", "other": "65", "horizon": "180"}
        ).json()
        refused = browser.get(f"/playbooks/triggers/{trigger('renewal_risk', 'renewal-safeguard').pk}/replay/")

    assert "no outcomes recorded" in page
    assert "8 of 8 steps say no hours" in page
    assert "Under 70 points: 1" in page
    assert wrong.status_code == 422
    assert "Write a number, for example 50." in wrong.content.decode()
    assert plain.status_code == 200
    assert [total["starts"] for total in said["totals"]] == [1, 1]
    assert said["months"][-1]["sides"][1]["accounts"] == [str(library.account.pk)]
    assert "The renewal dates of past months are not kept" in refused.content.decode()
    assert address in browser.get("/playbooks/").content.decode()


def test_a_year_has_twelve_month_ends(library: World) -> None:
    found = held(library, "health_below", 70, 65)

    assert [month.day for month in found.months][-1] == date(2026, 10, 31)
    assert len(found.months) == 12
    assert found.months[0].day == date(2025, 11, 30)
    assert timedelta(days=330) < found.months[-1].day - found.months[0].day


def test_where_nothing_was_known_nothing_is_claimed(library: World) -> None:
    page = library.browser(library.mona).get(f"/playbooks/triggers/{trigger('health_below').pk}/replay/")

    assert "unknown: no figure was known" in page.content.decode()
    assert "<b>0</b>" not in page.content.decode()
