"""The tenant that is measured: 10,000 synthetic accounts × 62 KPIs × 12 months, the same for a seed."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.utils.timezone import now
from uuid6 import uuid7

from accounts.models import Account
from core.actor import Actor
from kpis.catalogue import CATALOGUE
from kpis.models import Kpi
from kpis.sample import sample_portfolio
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.operations import create_tenant
from users.models import Role, User
from users.operations import create_token

BY = Actor.system("benchmark")
SEED = 20260101
CHUNK = 250  # accounts written at a time
PEOPLE = 5


@dataclass(frozen=True)
class Bench:
    """What the measurements need to reach the tenant."""

    tenant: Tenant
    host: str
    token: str
    admin_id: UUID
    values: int
    build_seconds: float


def build(accounts: int, today: date) -> Bench:
    started = time.perf_counter()
    tenant = create_tenant(name="Bench", slug=f"bench-{accounts}", by=BY)
    host = tenant.domains.get(is_primary=True).domain
    with tenant_scope(tenant):
        people = _people()
        values = _fill(accounts, people, today)
        token = _token(people[0])
        with connection.cursor() as cursor:
            cursor.execute("analyze")
    return Bench(tenant, host, token, people[0].pk, values, time.perf_counter() - started)


def _people() -> list[User]:
    admin = Role.objects.get(code="admin")
    return User.objects.bulk_create(
        User(email=f"person{i}@bench.example", name=f"Person {i}", role=admin, password="!") for i in range(PEOPLE)
    )


def _token(user: User) -> str:
    _, secret = create_token(name="benchmark", hint="bench", expires_at=None, by=user.as_actor(), at=now())
    return secret


def _fill(count: int, people: list[User], today: date) -> int:
    portfolio = sample_portfolio(count, on=today, seed=SEED, kpis=tuple(kpi.code for kpi in CATALOGUE))
    made = Account.objects.bulk_create(
        (
            Account(
                name=given.name,
                key=f"B{i:06d}",
                owner=people[i % PEOPLE],
                industry=given.industry,
                region=given.region,
                tier=("Enterprise", "Mid-market", "Small")[i % 3],
                stage="value",
                arr=given.arr,
                renewal_on=given.renewal_on,
                customer_since=given.started_on,
            )
            for i, given in enumerate(portfolio.accounts)
        ),
        batch_size=2000,
    )
    ids = dict(Kpi.objects.values_list("code", "id"))
    kpi_ids = [ids[code] for code in portfolio.kpis]
    written = 0
    for start in range(0, count, CHUNK):
        written += _write_values(
            made[start : start + CHUNK], kpi_ids, portfolio.periods, portfolio.values[start : start + CHUNK]
        )
    return written


def _write_values(accounts: list[Account], kpis: list[UUID], periods: tuple[date, ...], values: np.ndarray) -> int:
    """COPY one block of (accounts, kpis, periods) straight into the table."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    columns = "id, account_id, kpi_id, period, value, recorded_at, origin, sheet, address, raw, raw_unit, conversion"
    columns += ", cell_type, number_format, parser_version, by_label, reason"
    known = np.argwhere(~np.isnan(values))
    with (
        transaction.atomic(),
        connection.cursor() as cursor,
        cursor.copy(f"copy kpis_kpivalue ({columns}) from stdin") as copy,
    ):
        for a, k, p in known.tolist():
            value = float(values[a, k, p])
            row = (uuid7(), accounts[a].pk, kpis[k], periods[p], value, at, "api", "", "", str(value))
            copy.write_row((*row, "", "", "", "", "", "benchmark", ""))
    return len(known)
