"""Where an account stands among the tenant's own: direction, ties, small groups, and nobody's values told."""

from datetime import date
from typing import Any

import pytest

from accounts.models import Account
from kpis.models import Kpi
from kpis.queries.percentiles import SMALLEST_GROUP, best_quarter, standings
from tests.kpis.health.book import NOVEMBER, TODAY, value
from tests.world import World


def others(numbers: list[Any], code: str = "seat_use", **given: Any) -> list[Account]:
    made = []
    for place, number in enumerate(numbers):
        account = Account.objects.create(name=f"Other {len(Account.objects.all())}-{place}", **given)
        if number is not None:
            value(account, code, number)
        made.append(account)
    return made


def place(world: World, code: str = "seat_use", **given: Any) -> tuple[int, int | None] | None:
    found = standings(world.account, [Kpi.objects.get(code=code)], on=TODAY, **given).get(code)
    return (found.group, found.percentile) if found else None


@pytest.mark.parametrize(
    ("code", "mine", "theirs", "percentile"),
    [
        ("seat_use", 80, [10, 20, 30, 40, 50, 60, 70, 90], 87),  # 7 of 8 are worse
        ("seat_use", 5, [10, 20, 30, 40, 50, 60, 70, 90], 0),
        ("seat_use", 50, [10, 20, 50, 50, 60, 70, 80, 90], 37),  # two equal count half: 3 of 8
        ("seat_use", 50, [50] * 8, 50),
        ("first_response_time", 1, [2, 3, 4, 5, 6, 7, 8, 9], 100),  # lower is better
        ("first_response_time", 9, [2, 3, 4, 5, 6, 7, 8, 9], 6),
        ("plan_limit_use", 70, [10, 20, 30, 120, 130, 140, 150, 70], 93),  # by points: best within the band
    ],
)
def test_a_place_is_the_share_of_the_others_that_are_worse(
    catalogue: World, code: str, mine: int, theirs: list[int], percentile: int
) -> None:
    value(catalogue.account, code, mine)
    others(theirs, code)
    assert place(catalogue, code) == (9, percentile)


def test_a_group_that_is_too_small_gives_no_place(catalogue: World) -> None:
    value(catalogue.account, "seat_use", 80)
    others([10] * (SMALLEST_GROUP - 2))
    assert place(catalogue) == (SMALLEST_GROUP - 1, None)
    found = standings(catalogue.account, [Kpi.objects.get(code="seat_use")], on=TODAY)["seat_use"]
    assert found.text == f"group too small (n = {SMALLEST_GROUP - 1})"
    others([10])
    assert place(catalogue) == (SMALLEST_GROUP, 100)


def test_sample_and_archived_accounts_and_stale_values_are_not_in_it(catalogue: World) -> None:
    value(catalogue.account, "seat_use", 80)
    others([10] * 8)
    others([90] * 3, sample=True)
    others([90] * 3, archived_at="2026-01-01T00:00:00Z")
    old = others([None])[0]
    value(old, "seat_use", 99, date(2026, 1, 1))
    assert place(catalogue) == (9, 100)
    Account.objects.filter(pk=catalogue.account.pk).update(sample=True)
    catalogue.account.refresh_from_db()
    assert place(catalogue) == (4, None)


def test_peers_may_be_those_alike(catalogue: World) -> None:
    Account.objects.filter(pk=catalogue.account.pk).update(tier="Enterprise")
    catalogue.account.refresh_from_db()
    value(catalogue.account, "seat_use", 50)
    others([10] * 8, tier="Enterprise")
    others([90] * 8, tier="Small")
    assert place(catalogue) == (17, 50)
    assert place(catalogue, like=("tier",)) == (9, 100)
    assert place(catalogue, like=("region",)) == (17, 50)  # it says no region, so nothing is shared


def test_an_account_without_a_value_has_no_place(catalogue: World) -> None:
    others([10] * 9)
    assert place(catalogue) is None


def test_a_person_who_sees_their_own_accounts_is_told_a_place_and_no_figure(catalogue: World) -> None:
    value(catalogue.account, "seat_use", 50)
    others([11.37] * 8, owner=catalogue.bob)
    browser = catalogue.browser(catalogue.alice)
    answer = browser.get(f"/api/v1/accounts/{catalogue.account.pk}/standing/seat_use/")
    assert answer.json()["places"][0]["percentile"] == 100
    page = browser.get(f"/accounts/{catalogue.account.pk}/standing/seat_use/").content.decode()
    assert "better than 100%" in page
    assert "11.37" not in page + answer.content.decode()
    everyone = catalogue.browser(catalogue.mona).get(f"/accounts/{catalogue.account.pk}/standing/seat_use/")
    assert "11.37" in everyone.content.decode()  # where the best quarter begins, as a target worth considering


def test_where_the_best_quarter_begins(catalogue: World) -> None:
    others([10, 20, 30, 40, 50, 60, 70, 80, 90])
    kpi = Kpi.objects.get(code="seat_use")
    assert best_quarter(kpi, on=TODAY, leaving_out=catalogue.account.pk) == (70, 9)
    assert NOVEMBER.month == 11


def test_one_query_for_many_kpis(catalogue: World, query_count: Any) -> None:
    value(catalogue.account, "seat_use", 50)
    others([10] * 8)
    kpis = list(Kpi.objects.filter(number__lte=20))
    with query_count() as counted:
        standings(catalogue.account, kpis, on=TODAY)
    assert counted.number == 1
