"""Every contract in force with an end has one open renewal, whatever is done with it."""

import random
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Contract, Outcome, Renewal
from accounts.operations import contracts as operations
from accounts.operations.renewals import run_rate
from core.errors import DomainError
from tests.accounts.conftest import entries
from tests.world import World

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
START, END = date(2026, 1, 1), date(2026, 12, 31)


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(AT)


def agree(world: World, amount: int = 100, end: date | None = END, **more: Any) -> Contract:
    by = world.mona.as_actor()
    made = operations.create_contract(
        account_id=world.account.pk, name="Licence", starts_on=START, ends_on=end, by=by, at=AT,
        lines=[{"amount": Decimal(amount), "billing": "month"}], **more,
    )  # fmt: skip
    return operations.activate_contract(contract_id=made.pk, by=by, at=AT)


def test_it_opens_with_the_contract_and_follows_its_end_and_its_lines(world: World) -> None:
    by = world.mona.as_actor()
    contract = agree(world)
    renewal = Renewal.objects.get()
    assert (renewal.due_on, renewal.amount, renewal.currency, renewal.state) == (END, 1200, "EUR", "open")
    operations.add_line(contract_id=contract.pk, amount=Decimal(50), billing="month", by=by, at=AT)
    operations.add_line(
        contract_id=contract.pk, amount=Decimal(9), billing="month", ends_on=date(2026, 6, 30), by=by, at=AT
    )
    operations.add_line(contract_id=contract.pk, amount=Decimal(7), recurring=False, by=by, at=AT)
    contract.refresh_from_db()
    later = {"ends_on": date(2027, 3, 31)}
    operations.edit_contract(contract_id=contract.pk, expected_version=contract.version, changes=later, by=by, at=AT)
    renewal.refresh_from_db()
    assert (renewal.due_on, renewal.amount) == (date(2027, 3, 31), 1800)
    assert [one["what"] for one in entries("accounts.renewal_changed")] == ["opened", "moved", "moved"]


def test_a_renewal_closes_it_with_what_was_agreed_and_opens_the_next_one(world: World) -> None:
    contract = agree(world)
    operations.renew_contract(
        contract_id=contract.pk, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31), uplift=Decimal("0.05"),
        by=world.mona.as_actor(), at=AT,
    )  # fmt: skip
    closed, opened = Renewal.objects.order_by("due_on")
    assert (closed.state, closed.amount, closed.renewed_amount, closed.due_on) == ("renewed", 1200, 1260, END)
    assert (opened.state, opened.amount, opened.due_on) == ("open", 1260, date(2027, 12, 31))
    outcome = Outcome.objects.get()
    assert (outcome.kind, outcome.amount, outcome.on) == ("renewed", 1260, AT.date())


def test_an_end_is_a_loss_and_the_last_one_is_the_churn_of_the_account(world: World) -> None:
    by = world.mona.as_actor()
    first, second = agree(world), agree(world, 10)
    operations.end_contract(contract_id=second.pk, on=AT.date(), reason="not used", by=by, at=AT)
    operations.end_contract(contract_id=first.pk, on=AT.date(), reason="price", by=by, at=AT)
    said = Outcome.objects.order_by("recorded_at", "amount").values_list("kind", "amount", "reason")
    assert list(said) == [("contracted", 120, "not used"), ("churned", 1200, "price")]
    assert set(Renewal.objects.values_list("state", "renewed_amount")) == {("lost", 0)}


def test_two_contracts_renewed_on_one_day_are_one_outcome(world: World) -> None:
    for contract in (agree(world), agree(world)):
        operations.renew_contract(
            contract_id=contract.pk, starts_on=date(2027, 1, 1), ends_on=None, by=world.mona.as_actor(), at=AT
        )
    assert Outcome.objects.filter(kind="renewed").count() == 1
    assert not Renewal.objects.filter(state="open").exists()


def test_without_an_end_there_is_none_until_notice_is_given(world: World) -> None:
    contract = agree(world, end=None)
    assert not Renewal.objects.exists()
    operations.cancel_contract(
        contract_id=contract.pk, on=AT.date(), last_day=END, reason="budget", by=world.mona.as_actor(), at=AT
    )
    assert Renewal.objects.get().due_on == END


def _one_verb(rng: random.Random, world: World) -> None:
    """One of the verbs on one of the contracts; refusals are part of the walk."""
    by, day = world.mona.as_actor(), START + timedelta(days=rng.randrange(900))
    contract = rng.choice(list(Contract.objects.order_by("pk")) or [agree(world)])
    amount = Decimal(rng.randrange(1, 500))
    verbs: list[Any] = [
        lambda: agree(world, rng.randrange(1, 500), rng.choice([None, day])),
        lambda: operations.edit_contract(
            contract_id=contract.pk, expected_version=contract.version,
            changes={"ends_on": rng.choice([None, day])}, by=by, at=AT,
        ),
        lambda: operations.add_line(contract_id=contract.pk, amount=amount, billing="month", by=by, at=AT),
        lambda: operations.correct_line(
            line_id=contract.lines.filter(superseded_at=None).first().pk, changes={"amount": amount}, reason="x",
            by=by, at=AT,
        ),
        lambda: operations.cancel_contract(
            contract_id=contract.pk, on=AT.date(), last_day=day, reason="x", by=by, at=AT
        ),
        lambda: operations.end_contract(contract_id=contract.pk, on=day, reason="x", by=by, at=AT),
        lambda: operations.renew_contract(
            contract_id=contract.pk, starts_on=day, ends_on=rng.choice([None, day + timedelta(365)]), by=by, at=AT
        ),
        lambda: operations.mark_unpaid(contract_id=contract.pk, since=day, by=by, at=AT),
    ]  # fmt: skip
    with suppress(DomainError):
        rng.choice(verbs)()


@pytest.mark.parametrize("seed", range(8))
def test_after_any_sequence_of_verbs_there_is_exactly_one_where_one_belongs(world: World, seed: int) -> None:
    rng = random.Random(seed)
    agree(world)
    for _ in range(18):
        _one_verb(rng, world)
        for contract in Contract.objects.all():
            found = list(Renewal.objects.filter(contract=contract, state="open"))
            if contract.state == "active" and contract.ends_on is not None:
                (one,) = found
                assert (one.due_on, one.amount) == (contract.ends_on, run_rate(contract, contract.ends_on))
            else:
                assert found == []
        for closed in Renewal.objects.exclude(state="open"):
            assert closed.closed_at is not None
            assert closed.renewed_amount is not None
