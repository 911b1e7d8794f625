"""Openly synthetic accounts, to look around before the real ones come: added with one click, gone with another."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from uuid6 import uuid7

from accounts.models import Account, Outcome
from accounts.operations.sample import lay_sample_contracts
from accounts.operations.sample_people import clear_sample_work, lay_sample_work
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.jobs import start_job
from core.models import Job
from core.rules import CSM, require
from kpis import rules
from kpis.events import SampleDataAdded, SampleDataRemoved
from kpis.models import Kpi, KpiValue
from kpis.sample import Former, SampleAccount, SamplePortfolio, former_customers, sample_portfolio
from tenants.context import take_lock
from users.models import User

ADD, REMOVE = "kpis.add_sample_data", "kpis.remove_sample_data"
ACCOUNTS = 35
ENTERPRISE, MID_MARKET = Decimal(150_000), Decimal(40_000)  # of yearly revenue, from here on
NEW_FOR, BEFORE_RENEWAL = timedelta(days=120), timedelta(days=90)


class SampleDataThere(DomainError):
    """The sample accounts are in this workspace already, or are on their way."""


@transaction.atomic
def start_adding_sample_data(*, by: Actor) -> Job:
    """Have the worker add the sample accounts. Raises SampleDataThere, PermissionDenied."""
    require(by, rules.SAMPLE_DATA)
    take_lock("sample data")
    if Account.objects.filter(sample=True).exists() or _open_jobs().filter(kind=ADD).exists():
        raise SampleDataThere("The sample accounts are there already.")
    return start_job(ADD, by=by, unit="accounts")


@transaction.atomic
def start_removing_sample_data(*, by: Actor) -> Job:
    """Have the worker remove every sample account. Raises PermissionDenied."""
    require(by, rules.SAMPLE_DATA)
    take_lock("sample data")
    return _open_jobs().filter(kind=REMOVE).first() or start_job(REMOVE, by=by, unit="accounts")


def _open_jobs() -> QuerySet[Job]:
    return Job.objects.filter(kind__in=(ADD, REMOVE), finished_at=None)


@transaction.atomic
def add_sample_data(*, by: Actor, at: datetime, count: int = ACCOUNTS) -> list[UUID]:
    """Create `count` accounts marked as sample with the last twelve months of two thirds of the KPIs.

    They belong to the CSMs in turn, or to `by` where there is none. Nothing is scored yet. Emits
    SampleDataAdded. Returns the accounts. Raises SampleDataThere, PermissionDenied.
    """
    require(by, rules.SAMPLE_DATA)
    take_lock("sample data")
    if Account.objects.filter(sample=True).exists():
        raise SampleDataThere("The sample accounts are there already.")
    made = sample_portfolio(count, on=at.date())
    accounts = _accounts(made.accounts, by=by, on=at.date())
    Account.objects.bulk_create(accounts, batch_size=1000)
    values = _copy_values(made, accounts, by=by, at=at)
    record(SampleDataAdded(account_id=None, accounts=len(accounts), values=values), by=by)
    return [account.pk for account in accounts]


@transaction.atomic
def add_sample_outcomes(*, by: Actor, at: datetime) -> list[UUID]:
    """Give the sample accounts contracts, people and work, and say what became of them.

    Former customers, archived, that left within the year, with their values until then; the last renewal of those that
    are still there.

    All of it is marked as sample and recorded now, as it was. Emits SampleDataAdded for the former customers and
    returns them; [] when they are there already. Raises PermissionDenied.
    """
    require(by, rules.SAMPLE_DATA)
    take_lock("sample data")
    if Outcome.objects.filter(account__sample=True).exists():
        return []
    made, gone = former_customers(on=at.date())
    accounts = _accounts(made.accounts, by=by, on=at.date())
    for one in gone:
        accounts[one.row].stage, accounts[one.row].archived_at = Account.Stage.CHURNED, at
        accounts[one.row].renewal_on = None
    present = list(Account.objects.filter(sample=True, archived_at=None))
    Account.objects.bulk_create(accounts)
    outcomes = [_churn(accounts[one.row], one) for one in gone] + _renewals(present, at.date())
    for outcome in outcomes:
        outcome.recorded_at, outcome.recorded_by = at, by.label[:160]
    Outcome.objects.bulk_create(outcomes)
    lay_sample_contracts(left={accounts[one.row].pk: one.left_on for one in gone}, by=by, at=at)
    lay_sample_work(by=by, at=at)
    values = _copy_values(made, accounts, by=by, at=at)
    record(SampleDataAdded(account_id=None, accounts=len(accounts), values=values), by=by)
    return [account.pk for account in accounts]


def _churn(account: Account, one: Former) -> Outcome:
    return Outcome(account=account, kind=Outcome.Kind.CHURNED, on=one.left_on, amount=account.arr, reason=one.reason)


def _renewals(accounts: Sequence[Account], today: date) -> list[Outcome]:
    """The last anniversary of each contract that has run for a year."""
    made = []
    for account in accounts:
        on = account.renewal_on and account.renewal_on.replace(year=account.renewal_on.year - 1)
        if on and on <= today and account.customer_since and on > account.customer_since:
            made.append(Outcome(account=account, kind=Outcome.Kind.RENEWED, on=on, amount=account.arr))
    return made


def _accounts(made: Sequence[SampleAccount], *, by: Actor, on: date) -> list[Account]:
    csms = User.objects.filter(is_active=True, role__code=CSM).order_by("pk")
    owners = list(csms.values_list("pk", flat=True)) or [by.user_id]
    taken = set(Account.objects.filter(name__in=[one.name for one in made]).values_list("name", flat=True))
    return [
        Account(
            name=f"{one.name} (sample)" if one.name in taken else one.name,
            owner_id=owners[number % len(owners)],
            tier="Enterprise" if one.arr >= ENTERPRISE else "Mid-market" if one.arr >= MID_MARKET else "Small",
            industry=one.industry,
            region=one.region,
            stage=_stage(one, on),
            arr=one.arr,
            renewal_on=one.renewal_on,
            customer_since=one.started_on,
            sample=True,
        )
        for number, one in enumerate(made)
    ]


def _stage(one: SampleAccount, on: date) -> str:
    if on - one.started_on < NEW_FOR:
        return Account.Stage.ONBOARDING
    if one.renewal_on - on < BEFORE_RENEWAL:
        return Account.Stage.RENEWAL
    return Account.Stage.ADOPTION if on - one.started_on < 3 * NEW_FOR else Account.Stage.VALUE


_COLUMNS = (
    "id, account_id, kpi_id, period, value, recorded_at, origin, sheet, address, raw, raw_unit, conversion,"
    " cell_type, number_format, parser_version, by_id, by_label, reason"
)


def _copy_values(made: SamplePortfolio, accounts: Sequence[Account], *, by: Actor, at: datetime) -> int:
    kpis = dict(Kpi.objects.filter(code__in=made.kpis).values_list("code", "id"))
    ids = {one.name: account.pk for one, account in zip(made.accounts, accounts, strict=True)}
    written = 0
    with connection.cursor() as cursor, cursor.copy(f"copy kpis_kpivalue ({_COLUMNS}) from stdin") as stream:
        for row in _value_rows(made, ids, kpis, by=by, at=at):
            stream.write_row(row)
            written += 1
    return written


def _value_rows(
    made: SamplePortfolio, accounts: dict[str, UUID], kpis: dict[str, UUID], *, by: Actor, at: datetime
) -> Iterator[tuple[object, ...]]:
    origin, no_cell = KpiValue.Origin.SAMPLE.value, ("",) * 8
    for one in made.rows():
        if one.kpi in kpis:
            key = (uuid7(), accounts[one.account], kpis[one.kpi], one.period, one.value, at, origin)
            yield (*key, *no_cell, by.user_id, by.label, "")


@transaction.atomic
def remove_sample_data(*, by: Actor) -> int:
    """Delete every sample account with all that hangs on it, and nothing else; the trail stays.

    Emits SampleDataRemoved when there was anything. Returns how many accounts went. Raises PermissionDenied.
    """
    require(by, rules.SAMPLE_DATA)
    take_lock("sample data")
    sample = Account.objects.filter(sample=True)
    accounts = list(sample.order_by("pk").select_for_update().values_list("pk", flat=True))
    if not accounts:
        return 0
    with connection.cursor() as cursor:  # thousands of rows: not one by one through Python
        for table in ("kpis_accounthealth", "kpis_healthscore", "kpis_kpivalue"):
            cursor.execute(f"delete from {table} where account_id = any(%s)", [accounts])  # noqa: S608 -- our own names
    clear_sample_work()
    sample.delete()
    record(SampleDataRemoved(account_id=None, accounts=len(accounts)), by=by)
    return len(accounts)
