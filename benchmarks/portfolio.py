"""The tenant that is measured: 10,000 synthetic accounts × 62 KPIs × 12 months, the same for a seed and a month."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.utils.timezone import now
from uuid6 import uuid7

from accounts.models import Account
from core.actor import Actor
from kpis.catalogue import BY_CODE, CATALOGUE
from kpis.models import Kpi, KpiValue
from kpis.sample import SamplePortfolio, sample_portfolio
from kpis.sample.portfolio import decimals_of
from tenants.context import public_scope, tenant_scope
from tenants.models import Tenant
from tenants.operations import create_tenant
from users.models import ApiToken, Role, User
from users.operations import create_token

BY = Actor.system("benchmark")
CHUNK = 250  # accounts written at a time
PEOPLE = 5
TIERS = ("Enterprise", "Mid-market", "Small")
STAGES = (Account.Stage.ADOPTION, Account.Stage.VALUE, Account.Stage.RENEWAL)


@dataclass(frozen=True)
class Bench:
    """What the measurements need to reach the tenant."""

    tenant: Tenant
    host: str
    token: str
    admin_id: UUID
    values: int
    build_seconds: float  # 0 for a tenant of a former run


def slug_of(accounts: int, seed: int) -> str:
    return f"bench-{accounts}-{seed}"


def found(accounts: int, seed: int) -> Bench | None:
    """The tenant of the last run, if it has as many accounts of this seed and was built to its end."""
    with public_scope():
        tenant = Tenant.objects.filter(slug=slug_of(accounts, seed)).first()
    if tenant is None:
        return None
    with tenant_scope(tenant):
        Account.objects.filter(key=None).delete()  # what was created to measure creating
        values, users = KpiValue.objects.count(), list(User.objects.order_by("email"))
        if not users or Account.objects.count() != accounts:
            return None
        ApiToken.objects.all().delete()
        return Bench(tenant, host_of(tenant), token_of(users[0]), users[0].pk, values, 0)


def build(accounts: int, seed: int, today: date) -> Bench:
    started = time.perf_counter()
    tenant = create_tenant(name="Bench", slug=slug_of(accounts, seed), at=now(), by=BY)
    with tenant_scope(tenant):
        people = people_of()
        values = _fill(accounts, seed, people, today)
        token = token_of(people[0])
        with connection.cursor() as cursor:
            cursor.execute("vacuum analyze")  # as autovacuum would have done by the time somebody looks
    return Bench(tenant, host_of(tenant), token, people[0].pk, values, time.perf_counter() - started)


def host_of(tenant: Tenant) -> str:
    with public_scope():
        return str(tenant.domains.get(is_primary=True).domain)


def people_of() -> list[User]:
    admin = Role.objects.get(code="admin")
    return list(
        User.objects.bulk_create(
            User(email=f"person{i}@bench.example", name=f"Person {i}", role=admin, password="!") for i in range(PEOPLE)
        )
    )


def token_of(user: User) -> str:
    _, secret = create_token(name="benchmark", hint="bench", expires_at=None, by=user.as_actor(), at=now())
    return secret


def _fill(count: int, seed: int, people: list[User], today: date) -> int:
    portfolio = sample_portfolio(count, on=today, seed=seed, kpis=tuple(kpi.code for kpi in CATALOGUE))
    accounts = Account.objects.bulk_create(
        (
            Account(
                name=given.name,
                key=f"B{i:06d}",
                owner=people[i % PEOPLE],
                industry=given.industry,
                region=given.region,
                tier=TIERS[i % len(TIERS)],
                stage=STAGES[i // PEOPLE % len(STAGES)],
                arr=given.arr,
                renewal_on=given.renewal_on,
                customer_since=given.started_on,
            )
            for i, given in enumerate(portfolio.accounts)
        ),
        batch_size=2000,
    )
    ids = dict(Kpi.objects.values_list("code", "id"))
    kpis = [ids[code].hex for code in portfolio.kpis]
    written = 0
    for start in range(0, count, CHUNK):
        written += _write_values([one.pk.hex for one in accounts[start : start + CHUNK]], kpis, portfolio, start)
    return written


_COPY = """
copy kpis_kpivalue (id, account_id, kpi_id, period, value, raw, recorded_at, origin, sheet, address, raw_unit,
    conversion, cell_type, number_format, parser_version, by_label, reason) from stdin
"""


@transaction.atomic
def _write_values(accounts: list[str], kpis: list[str], portfolio: SamplePortfolio, start: int) -> int:
    """COPY the values of one block of accounts (their ids as hex digits) straight into the table."""
    lines = list(_lines(accounts, kpis, portfolio, start, now()))
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write("".join(lines))
    return len(lines)


def _lines(accounts: list[str], kpis: list[str], portfolio: SamplePortfolio, start: int, at: datetime) -> Iterator[str]:
    """Rows in COPY's text form; ids of one block count up from one time-ordered id."""
    block = portfolio.values[start : start + len(accounts)]
    places = [decimals_of(BY_CODE[code]) for code in portfolio.kpis]
    periods = [period.isoformat() for period in portfolio.periods]
    first, tail = uuid7().int >> 32 << 32, f"{at.isoformat()}\tapi" + "\t" * 7 + "\tbenchmark\t\n"
    for number, (a, k, p) in enumerate(np.argwhere(~np.isnan(block)).tolist()):
        value = f"{block[a, k, p]:.{places[k]}f}"
        yield f"{first + number:032x}\t{accounts[a]}\t{kpis[k]}\t{periods[p]}\t{value}\t{value}\t{tail}"
