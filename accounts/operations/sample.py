"""Contracts of the sample accounts, so that revenue and renewals have something to show. Openly synthetic."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Account, Contract, SubscriptionLine
from accounts.operations.movements import rebuild_movements
from accounts.operations.renewals import follow_contract
from accounts.queries.revenue_rules import finance_day
from core.actor import Actor

# What part of today's revenue a customer began with, and how often it grew since: by its place in the list.
BEGINNINGS = (Decimal("0.7"), Decimal("0.85"), Decimal(1), Decimal("1.1"))
CENT = Decimal("0.01")


@transaction.atomic
def lay_sample_contracts(*, left: Mapping[UUID, date], by: Actor, at: datetime) -> int:
    """One contract for every sample account that has revenue, with what it paid at first and what it pays now.

    left: the days on which former customers left. Each present customer's lines come to exactly its ARR and its
    contract ends on its renewal date, so nothing else about it changes.
    Returns how many were made; 0 when there are some.
    """
    accounts = Account.objects.filter(sample=True, arr__isnull=False, customer_since__isnull=False).order_by("name")
    if Contract.objects.filter(account__sample=True).exists():
        return 0
    contracts, lines = [], []
    for place, account in enumerate(accounts):
        contract = _contract(account, left.get(account.pk), at)
        contracts.append(contract)
        lines += _lines(contract, account, BEGINNINGS[place % len(BEGINNINGS)], by, at)
    Contract.objects.bulk_create(contracts)
    SubscriptionLine.objects.bulk_create(lines)
    for contract in contracts:
        follow_contract(contract=contract, by=by, at=at)
    rebuild_movements(account_ids=[contract.account_id for contract in contracts], on=finance_day(at))
    return len(contracts)


def _contract(account: Account, left_on: date | None, at: datetime) -> Contract:
    gone = left_on is not None
    starts_on: Any = account.customer_since
    return Contract(
        account=account,
        name="Subscription",
        state=Contract.State.ENDED if gone else Contract.State.ACTIVE,
        currency=account.currency,
        starts_on=starts_on,
        ends_on=left_on if gone else account.renewal_on,
        notice_days=60,
        activated_at=at,
        ended_at=at if gone else None,
    )


def _lines(contract: Contract, account: Account, beginning: Decimal, by: Actor, at: datetime) -> list[SubscriptionLine]:
    """What was paid in the first year, and what is paid since; one line for a customer of less than a year."""
    arr, start = account.arr or Decimal(0), contract.starts_on
    later = _year_after(start)
    grown = beginning != 1 and later < at.date() and (contract.ends_on is None or later < contract.ends_on)
    first = (arr * beginning).quantize(CENT) if grown else arr
    made = [(first, start, date.fromordinal(later.toordinal() - 1) if grown else None)]
    if grown:
        made.append((arr, later, None))
    return [
        SubscriptionLine(
            contract=contract, description="Licence", amount=amount, billing="year", starts_on=begins, ends_on=ends,
            recorded_at=at, recorded_by=by.label[:160],
        )
        for amount, begins, ends in made
    ]  # fmt: skip


def _year_after(day: date) -> date:
    return day.replace(year=day.year + 1, day=min(day.day, 28))
