"""What an account is to reach in a KPI, and what others reach: targets and benchmarks. Neither enters a score."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Account
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from kpis import rules
from kpis.events import BenchmarkChanged, TargetEnded, TargetSet
from kpis.models import Benchmark, Kpi, Target
from kpis.operations.values import EXACT, LARGEST, limits_of, plain

STATISTICS = ("p25", "median", "p75", "mean", "good from", "world class from", "target below", "best in class")
FIRST_YEAR = 1990


@transaction.atomic
def set_target(
    *,
    account_id: UUID,
    kpi_code: str,
    value: Decimal,
    basis: str,
    by: Actor,
    at: datetime,
    due_on: date | None = None,
    expected_target_id: UUID | None = None,
) -> Target:
    """Say what an account is to reach in a KPI, by when, and why just that; the target before it ends.

    value: in the KPI's own unit. basis: words, such as "agreed in the review of 3 November". expected_target_id: the
    target the person was looking at, None for none. Emits TargetSet. Raises Account.DoesNotExist (also when `by`
    cannot see it), Kpi.DoesNotExist, PermissionDenied, Conflict, DomainError at its field.
    """
    require(by, rules.SET_TARGET)
    account = Account.objects.visible_to(by).active().get(pk=account_id)
    kpi = Kpi.objects.get(code=kpi_code, active=True)
    number, why = _reachable(kpi, value), _basis(basis)
    if due_on is not None and due_on < at.date():
        raise DomainError("A target is due in the future, or has no date.", field="due_on")
    before = _current(account, kpi)
    if (before.pk if before else None) != expected_target_id:
        raise Conflict("Somebody else changed this target since you opened it. Look at theirs first.")
    if before:
        if (before.value, before.due_on, before.basis) == (number, due_on, why):
            raise DomainError("This is the target already.", field="value")
        _end(before, by=by, at=at)
    try:
        with transaction.atomic():
            made = Target.objects.create(
                account=account, kpi=kpi, value=number, due_on=due_on, basis=why, created_at=at, created_by=by.label
            )
    except IntegrityError:  # another first target at this very moment
        raise Conflict("Somebody else set a target just now. Look at theirs first.") from None
    old = plain(before.value) if before else None
    due = due_on.isoformat() if due_on else None
    told = TargetSet(account.pk, target_id=made.pk, kpi=kpi.code, old=old, new=plain(number), due_on=due, basis=why)
    record(told, by=by)
    return made


@transaction.atomic
def end_target(*, target_id: UUID, by: Actor, at: datetime) -> Target:
    """End a target; it stays in the history. Emits TargetEnded. Raises Target.DoesNotExist, PermissionDenied."""
    require(by, rules.SET_TARGET)
    target: Target = (
        Target.objects.visible_to(by).select_for_update(of=("self",)).select_related("kpi").get(pk=target_id)
    )
    if target.ended_at is None:
        _end(target, by=by, at=at)
        ended = TargetEnded(target.account_id, target_id=target.pk, kpi=target.kpi.code, value=plain(target.value))
        record(ended, by=by)
    return target


@transaction.atomic
def add_benchmark(
    *, kpi_code: str, population: str, statistic: str, value: Decimal, source: str, year: int, by: Actor, at: datetime
) -> Benchmark:
    """Put a published figure beside a KPI, with its source and year. Emits BenchmarkChanged.

    Raises Kpi.DoesNotExist, PermissionDenied, DomainError at its field.
    """
    require(by, rules.EDIT_CATALOGUE)
    kpi = Kpi.objects.get(code=kpi_code)
    words = {"population": " ".join(population.split()), "source": " ".join(source.split())}
    for name, text in words.items():
        if not text:
            raise DomainError("A benchmark says of whom it speaks and where it was published.", field=name)
    if statistic not in STATISTICS:
        raise DomainError("Choose one of these.", field="statistic")
    if not FIRST_YEAR <= year <= at.year:
        raise DomainError(f"Enter the year the figure speaks of, {FIRST_YEAR} to {at.year}.", field="year")
    number = _reachable(kpi, value)
    same = {"kpi": kpi, "population": words["population"], "statistic": statistic, "year": year}
    if Benchmark.objects.filter(**same).exists():
        raise DomainError("This figure is there already. Take it away first if it was wrong.", field="statistic")
    made = Benchmark.objects.create(**same, value=number, source=words["source"], created_at=at, created_by=by.label)
    _tell(made, added=True, by=by)
    return made


@transaction.atomic
def remove_benchmark(*, benchmark_id: UUID, by: Actor) -> None:
    """Take a published figure away; the trail keeps what it said. Raises Benchmark.DoesNotExist, PermissionDenied."""
    require(by, rules.EDIT_CATALOGUE)
    benchmark = Benchmark.objects.select_related("kpi").get(pk=benchmark_id)
    _tell(benchmark, added=False, by=by)
    benchmark.delete()


def _tell(benchmark: Benchmark, *, added: bool, by: Actor) -> None:
    record(
        BenchmarkChanged(
            account_id=None,
            kpi=benchmark.kpi.code,
            statistic=benchmark.statistic,
            value=plain(benchmark.value),
            population=benchmark.population,
            source=benchmark.source,
            year=benchmark.year,
            added=added,
        ),
        by=by,
    )


def _reachable(kpi: Kpi, value: Decimal) -> Decimal:
    if not value.is_finite() or abs(value) >= LARGEST:
        raise DomainError("Enter a number.", field="value")
    if (kpi.minimum is not None and value < kpi.minimum) or (kpi.maximum is not None and value > kpi.maximum):
        raise DomainError(f"Enter {limits_of(kpi)}: no other value is possible.", field="value")
    return value.quantize(EXACT)


def _basis(text: str) -> str:
    said = " ".join(text.split())
    if not said:
        raise DomainError("Say why just this number: a contract, a benchmark, what was agreed.", field="basis")
    if len(said) > 300:
        raise DomainError("Keep it below 300 characters.", field="basis")
    return said


def _current(account: Account, kpi: Kpi) -> Target | None:
    targets = Target.objects.filter(account=account, kpi=kpi, ended_at=None)
    found: Target | None = targets.select_for_update(of=("self",)).first()
    return found


def _end(target: Target, *, by: Actor, at: datetime) -> None:
    target.ended_at, target.ended_by = at, by.label
    target.save(update_fields=["ended_at", "ended_by"])
