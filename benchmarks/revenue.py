"""Movements of many customers over three years: read from their lines, stored, and a period computed from them."""

import random
import time
from datetime import date, timedelta

from django.utils.timezone import now

from benchmarks.portfolio import BY
from benchmarks.results import Results, Target
from tenants.context import tenant_scope
from tenants.operations import create_tenant

CUSTOMERS, MONTHS, SEED, AT_ONCE = 100_000, 36, 20261120, 10_000


def revenue(results: Results) -> None:
    """100,000 customers with a first price, changes of it, gaps and ends, from a seed."""
    from accounts.models import Account, Contract, RevenueMovement
    from accounts.operations.movements import rebuild_movements
    from accounts.queries.revenue import period
    from accounts.queries.revenue_check import check
    from accounts.queries.revenue_rules import rules_in_force

    tenant = create_tenant(name="Revenue", slug=f"bench-revenue-{int(time.time())}", at=now(), by=BY)
    today, dice = now().date(), random.Random(SEED)
    with tenant_scope(tenant):
        for start in range(0, CUSTOMERS, AT_ONCE):
            _build(start, today, dice)
        ids = list(Account.objects.order_by("pk").values_list("pk", flat=True))
        began = time.perf_counter()
        made = rebuild_movements(account_ids=ids, on=today)
        results.add(
            f"movements of {len(ids):,} customers, {MONTHS} months", time.perf_counter() - began, "s", Target(20)
        )
        results.add("movements", made, "movements")
        began = time.perf_counter()
        period(Account.objects.all(), today - timedelta(days=365), today, reporting="EUR")
        results.add("a year of them as a period", time.perf_counter() - began, "s")
        began = time.perf_counter()
        ends = (today - timedelta(days=365), today)
        checked = check(Account.objects.all(), *ends, known_on=today, rules=rules_in_force(), most=1_000_000)
        results.add("a year of them checked against their lines", time.perf_counter() - began, "s")
        results.add("accounts checked", checked.accounts, "accounts", Target(CUSTOMERS, exactly=True))
        results.add("movements that are not what the lines say", len(checked.off), "accounts", Target(0, exactly=True))
        assert Contract.objects.count() == CUSTOMERS
        assert RevenueMovement.objects.count() == made


def _build(first: int, today: date, dice: random.Random) -> None:
    from accounts.models import Account, Contract, SubscriptionLine

    at = now()
    accounts = [Account(name=f"Customer {first + number:06d}", currency="EUR") for number in range(AT_ONCE)]
    contracts, lines = [], []
    for account in accounts:
        begins = today - timedelta(days=dice.randrange(30, 30 * MONTHS))
        contract = Contract(account=account, name="Licence", state="active", starts_on=begins, currency="EUR")
        contracts.append(contract)
        day, amount = begins, dice.randrange(20, 5000)
        while day < today:
            length = dice.choice((180, 365, 365, 730))
            last = day + timedelta(days=length - 1)
            goes_on = dice.random() < 0.9
            lines.append(
                SubscriptionLine(
                    contract=contract, amount=amount, billing=dice.choice(("month", "quarter", "year")), starts_on=day,
                    ends_on=last if last < today or not goes_on else None, recorded_at=at, recorded_by="bench",
                )
            )  # fmt: skip
            if not goes_on:
                break
            gap = dice.choice((0, 0, 0, 0, 12, 60))
            day, amount = last + timedelta(days=1 + gap), max(10, int(amount * dice.choice((0.8, 1, 1, 1.1, 1.4))))
    Account.objects.bulk_create(accounts, batch_size=2000)
    Contract.objects.bulk_create(contracts, batch_size=2000)
    SubscriptionLine.objects.bulk_create(lines, batch_size=2000)
