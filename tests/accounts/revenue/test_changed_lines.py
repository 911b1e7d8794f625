"""An upgrade in the middle of a contract: what was paid before stays, what is paid then is a movement of that day."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Contract, RevenueMovement, SubscriptionLine
from accounts.operations import contracts as operations
from accounts.serializers.revenue import LineInput
from core.errors import Conflict, DomainError
from tests.accounts.revenue.test_contracts import AT, agree, moves
from tests.world import World


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(AT)


def in_force(contract: Contract) -> list[tuple[date, date | None, Decimal]]:
    lines = SubscriptionLine.objects.filter(contract=contract, superseded_at=None).order_by("starts_on")
    return list(lines.values_list("starts_on", "ends_on", "amount"))


def change(world: World, line: SubscriptionLine, on: date, **changes: Any) -> SubscriptionLine:
    return operations.change_line(line_id=line.pk, on=on, changes=changes, by=world.mona.as_actor(), at=AT)


def test_an_upgrade_is_an_expansion_of_its_day_and_leaves_the_past_alone(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    line = contract.lines.get()
    change(world, line, date(2026, 7, 15), amount=Decimal(150))
    assert in_force(contract) == [
        (date(2026, 1, 1), date(2026, 7, 14), 100),
        (date(2026, 7, 15), None, 150),
    ]
    assert moves(world.account) == [("2026-01-01", "new", 100), ("2026-07-15", "expansion", 50)]
    with pytest.raises(Conflict):
        change(world, line, date(2026, 8, 1), amount=Decimal(1))


def test_a_downgrade_is_a_contraction_and_an_earlier_rise_is_not_counted_again(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    risen = change(world, contract.lines.get(), date(2026, 3, 1), amount=Decimal(110), uplift=Decimal(10))
    change(world, risen, date(2026, 5, 1), amount=Decimal(130))
    assert moves(world.account)[1:] == [("2026-03-01", "uplift", 10), ("2026-05-01", "expansion", 20)]
    last = SubscriptionLine.objects.get(contract=contract, superseded_at=None, ends_on=None)
    change(world, last, date(2026, 6, 1), amount=Decimal(80))
    assert moves(world.account)[-1] == ("2026-06-01", "contraction", -50)


@pytest.mark.parametrize(
    ("on", "amount", "field"),
    [
        (date(2026, 1, 1), 150, "on"),
        (date(2027, 1, 1), 150, "on"),
        (date(2026, 7, 1), 100, "amount"),
    ],
)
def test_what_is_no_change_is_refused_beside_its_field(world: World, on: date, amount: int, field: str) -> None:
    contract = agree(world, 100, date(2026, 1, 1), ends_on=date(2026, 12, 31))
    with pytest.raises(DomainError) as refused:
        change(world, contract.lines.get(), on, amount=Decimal(amount))
    assert refused.value.field == field
    assert SubscriptionLine.objects.count() == 1
    assert moves(world.account) == [("2026-01-01", "new", 100)]


def test_the_page_changes_what_is_paid_and_the_api_as_well(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    line, browser = contract.lines.get(), world.browser(world.mona)
    path = f"/accounts/{world.account.pk}/lines/{line.pk}/change/"
    assert path in browser.get(f"/accounts/{world.account.pk}/contracts/").content.decode()
    form = {"amount": "200", "billing": "month", "discount": "12,5 %", "uplift": "", "ends_on": ""}
    assert world.browser(world.bob).get(path).status_code == 404
    assert world.browser(world.vic).post(path, form | {"on": "2026-07-15"}).status_code == 403
    bad = browser.post(path, form | {"on": "2025-12-01"})
    assert bad.status_code == 422
    assert "correct it instead" in bad.content.decode()
    assert 'value="12,5 %"' in bad.content.decode()
    done = browser.post(path, form | {"on": "2026-07-15"})
    assert done["Location"] == f"/accounts/{world.account.pk}/contracts/"
    assert moves(world.account)[-1] == ("2026-07-15", "expansion", 75)
    assert "12.5%" in browser.get(done["Location"]).content.decode()
    now_paid = SubscriptionLine.objects.get(superseded_at=None, ends_on=None)
    said = browser.post(
        f"/api/v1/contracts/{contract.pk}/lines/{now_paid.pk}/change/",
        {"on": "2026-09-01", "amount": "100", "discount": "0"},
        content_type="application/json",
    )
    assert said.status_code == 201, said.content
    assert moves(world.account)[-1] == ("2026-09-01", "contraction", -75)


def test_a_line_is_added_from_its_day_and_a_refused_one_keeps_what_was_typed(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    browser = world.browser(world.mona)
    page = f"/accounts/{world.account.pk}/contracts/"
    path = f"{page}{contract.pk}/lines/"
    assert f'id="{contract.pk}_starts" value="2026-11-20"' in browser.get(page).content.decode().replace(
        'type="date" ', ""
    )
    refused = browser.post(path, {"amount": "ten", "description": "Seats", "starts_on": "2026-10-01"})
    assert refused.status_code == 422
    assert 'value="Seats"' in refused.content.decode()
    assert 'value="2026-10-01"' in refused.content.decode()
    browser.post(path, {"amount": "40", "description": "Seats", "starts_on": "2026-10-01"})
    assert moves(world.account) == [("2026-01-01", "new", 100), ("2026-10-01", "expansion", 40)]


def test_the_old_link_of_a_line_leads_to_the_one_in_its_place(world: World) -> None:
    """Bob corrected it meanwhile: Mona sees what it says now and who said so, and hers is not lost."""
    contract = agree(world, 100, date(2026, 1, 1))
    old = contract.lines.get()
    made = operations.correct_line(
        line_id=old.pk, changes={"amount": Decimal(120)}, reason="typing error", by=world.amy.as_actor(), at=AT
    )
    root, mona = f"/accounts/{world.account.pk}/lines", world.browser(world.mona)
    said = f"{made.recorded_by} changed this line on 20 Nov 2026. It is now €120 each month from 1 Jan 2026."
    for verb in ("", "change/"):
        answer = mona.get(f"{root}/{old.pk}/{verb}", follow=True)
        assert answer.redirect_chain == [(f"{root}/{made.pk}/{verb}", 302)]
        assert said in answer.content.decode()
    answer = mona.post(f"{root}/{old.pk}/", {"amount": "150", "billing": "month", "reason": "mine"})
    page = answer.content.decode()
    assert answer.status_code == 409
    for shown in (said, f'action="{root}/{made.pk}/"', 'value="150"', 'value="mine"'):
        assert shown in page, shown
    assert mona.post(f"{root}/{old.pk}/withdraw/", {"reason": "mine"}).status_code == 409
    assert in_force(contract) == [(date(2026, 1, 1), None, 120)]
    operations.remove_line(line_id=made.pk, reason="never sold", by=world.amy.as_actor(), at=AT)
    gone = mona.get(f"{root}/{old.pk}/", follow=True)
    assert "This line was withdrawn on 20 Nov 2026." in gone.content.decode()


def test_an_emptied_discount_is_none(world: World) -> None:
    contract = agree(world, 100, date(2026, 1, 1))
    line = contract.lines.get()
    by = world.mona.as_actor()
    line = operations.correct_line(line_id=line.pk, changes={"discount": Decimal("0.1")}, reason="x", by=by, at=AT)
    world.browser(world.mona).post(
        f"/accounts/{world.account.pk}/lines/{line.pk}/",
        {"amount": "100", "billing": "month", "discount": "", "starts_on": "2026-01-01", "reason": "no discount"},
    )
    assert SubscriptionLine.objects.get(superseded_at=None).discount == 0
    assert RevenueMovement.objects.get().amount == 100


@pytest.mark.parametrize(
    ("said", "share"),
    [("10 %", "0.1"), ("10%", "0.1"), ("12,5%", "0.125"), ("0.1", "0.1"), ("0 %", "0"), ("100%", "1")],
)
def test_shares_are_read_as_people_write_them(said: str, share: str) -> None:
    given = LineInput(data={"amount": "1", "discount": said})
    assert given.is_valid(), given.errors
    assert given.validated_data["discount"] == Decimal(share)


@pytest.mark.parametrize("said", ["10", "110 %", "ten %", "-5 %", "%"])
def test_what_is_no_share_is_refused(said: str) -> None:
    given = LineInput(data={"amount": "1", "discount": said})
    assert not given.is_valid()
    assert set(given.errors) == {"discount"}
    assert "%%" not in str(given.errors["discount"][0])
