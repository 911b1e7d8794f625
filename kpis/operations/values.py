"""One KPI value set, corrected or taken back by hand. Nothing is overwritten: a value is superseded by the next."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Account
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from core.time import month_of
from kpis import rules
from kpis.events import KpiValueCorrected
from kpis.models import Kpi, KpiValue, Upload
from kpis.queries.formulas import formula_of, kpis_of

EXACT = Decimal("0.000001")  # as the column stores it
LARGEST = Decimal(10) ** 14
OLDEST = date(2000, 1, 1)
REASON_LENGTH = 400


class NotAValue(DomainError):
    """The number cannot be a value of this KPI in this month; `field` says which input is wrong."""


class NothingToChange(DomainError):
    """The cell says so already."""


class CellChanged(Conflict):
    """Somebody else changed the cell since it was opened; `current` is what it says now, None if nothing."""

    def __init__(self, current: KpiValue | None) -> None:
        if current is None:
            super().__init__("The value was taken back since you opened this cell.")
        else:
            who = current.by_label or "A file"
            super().__init__(f"{who} set this to {plain(current.value)} since you opened this cell.")
        self.current = current


@dataclass(frozen=True)
class Cell:
    """Where a value lives: one account, one KPI, one month (its first day)."""

    account: Account
    kpi: Kpi
    period: date


def plain(value: Decimal) -> str:
    """The number without trailing zeros and without an exponent: 85, 3.5, 1200000."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@transaction.atomic
def correct_kpi_value(
    *,
    account_id: UUID,
    kpi_code: str,
    period: date,
    new: Decimal,
    reason: str,
    expected_value_id: UUID | None,
    by: Actor,
    at: datetime,
) -> KpiValue:
    """Set one KPI value of one month by hand, and say why; what was there stays as its history.

    new: in the KPI's own unit, per cent as 85. expected_value_id: the value the person was looking at, None for
    an empty cell. Emits KpiValueCorrected. Raises Account.DoesNotExist (also when `by` cannot see it),
    Kpi.DoesNotExist, PermissionDenied, NotAValue, NothingToChange, and CellChanged when somebody was faster.
    """
    require(by, rules.CORRECT_VALUE)
    cell = _cell(account_id, kpi_code, period, by)
    number, why = _checked(cell, new, at), _reason(reason)
    before = _current(cell)
    if (before.pk if before else None) != expected_value_id:
        raise CellChanged(before)
    if before is not None and before.value == number:
        raise NothingToChange(f"It says {plain(number)} already.", field="new")
    after = KpiValue(
        account=cell.account,
        kpi=cell.kpi,
        period=cell.period,
        value=number,
        origin=KpiValue.Origin.EDIT,
        by_id=by.user_id,
        by_label=by.label,
        reason=why,
    )
    return _supersede(cell, before, after, by=by, at=at)


@transaction.atomic
def undo_correction(*, value_id: UUID, by: Actor, at: datetime) -> KpiValue | None:
    """Put back what a correction replaced, as one more correction; None when there had been nothing.

    The value that comes back brings its file and cell along; one of a file that was rolled back since does not come
    back, but what stood there before it. Emits KpiValueCorrected. Raises
    KpiValue.DoesNotExist, PermissionDenied, and CellChanged when the correction is not the last word any more.
    """
    require(by, rules.CORRECT_VALUE)
    made = KpiValue.objects.visible_to(by).select_related("account", "kpi").get(pk=value_id)
    cell = Cell(made.account, made.kpi, made.period)
    current = _current(cell)
    if current is None or current.pk != made.pk or made.origin != KpiValue.Origin.EDIT:
        raise CellChanged(current)
    after = _before(made)
    if after is None:
        _withdraw(cell, made, by=by, at=at)
        return None
    after.pk, after._state.adding = None, True  # a copy, as Django's manual makes one
    after.superseded_at = None
    after.by_id, after.by_label, after.reason = by.user_id, by.label, f"Undone: {made.reason}"[:REASON_LENGTH]
    return _supersede(cell, made, after, by=by, at=at)


def _before(made: KpiValue) -> KpiValue | None:
    """What a correction replaced; of a file that was rolled back since, what stood there before that file came."""
    gone = (Upload.State.ROLLED_BACK, Upload.State.ROLLING_BACK)
    found: KpiValue | None = made.previous
    while found is not None and found.origin == KpiValue.Origin.UPLOAD and found.upload and found.upload.state in gone:
        same = KpiValue.objects.filter(account_id=made.account_id, kpi_id=made.kpi_id, period=made.period)
        of_file = same.filter(upload=found.upload, origin=KpiValue.Origin.UPLOAD)
        found = of_file.select_related("previous__upload").earliest("recorded_at", "pk").previous
    return KpiValue.objects.get(pk=found.pk) if found is not None else None  # a row of its own, to be copied


def _cell(account_id: UUID, kpi_code: str, period: date, by: Actor) -> Cell:
    account = Account.objects.visible_to(by).active().get(pk=account_id)
    kpi = Kpi.objects.get(code=kpi_code, active=True)
    if kpi.portfolio_only:
        raise NotAValue(f"{kpi} is a figure of the whole portfolio, not of one account.", field="kpi")
    if formula := formula_of(kpi):
        read = Kpi.objects.filter(code__in=kpis_of(formula)).order_by("position", "name")
        names = ", ".join(one.name.partition(" (")[0] for one in read) or "fields of the account"
        raise NotAValue(f"{kpi} is computed by its formula from {names}: correct that instead.", field="new")
    return Cell(account, kpi, month_of(period))


def _checked(cell: Cell, new: Decimal, at: datetime) -> Decimal:
    if cell.period > at.date():
        raise NotAValue(f"{cell.period:%B %Y} has not begun yet.", field="period")
    if cell.period < OLDEST:
        raise NotAValue(f"Months before {OLDEST:%B %Y} are not kept.", field="period")
    kpi = cell.kpi
    if not new.is_finite() or abs(new) >= LARGEST:
        raise NotAValue("Enter a number.", field="new")
    if (kpi.minimum is not None and new < kpi.minimum) or (kpi.maximum is not None and new > kpi.maximum):
        raise NotAValue(f"Enter {limits_of(kpi)}.", field="new")
    return new.quantize(EXACT)


def limits_of(kpi: Kpi) -> str:
    """The hard limits in words: "0 to 100", "0 or more", "any number"."""
    if kpi.minimum is not None and kpi.maximum is not None:
        return f"{plain(kpi.minimum)} to {plain(kpi.maximum)}"
    if kpi.minimum is not None:
        return f"{plain(kpi.minimum)} or more"
    return f"{plain(kpi.maximum)} or less" if kpi.maximum is not None else "any number"


def _reason(reason: str) -> str:
    given = " ".join(reason.split())
    if not given:
        raise NotAValue("Say why, in a few words.", field="reason")
    if len(given) > REASON_LENGTH:
        raise NotAValue(f"Keep it below {REASON_LENGTH} characters.", field="reason")
    return given


def _current(cell: Cell) -> KpiValue | None:
    values = KpiValue.objects.current().filter(account=cell.account, kpi=cell.kpi, period=cell.period)
    found: KpiValue | None = values.select_for_update(of=("self",)).first()
    return found


def _supersede(cell: Cell, before: KpiValue | None, after: KpiValue, *, by: Actor, at: datetime) -> KpiValue:
    if before is not None:
        before.superseded_at = at
        before.save(update_fields=["superseded_at"])
    after.previous, after.recorded_at = before, at
    try:
        with transaction.atomic():
            after.save(force_insert=True)
    except IntegrityError:  # an import filled the empty cell between our look and our write
        raise CellChanged(_current(cell)) from None
    _tell(cell, after, old=before, new=after, by=by)
    return after


def _withdraw(cell: Cell, made: KpiValue, *, by: Actor, at: datetime) -> None:
    made.superseded_at = at
    made.save(update_fields=["superseded_at"])
    _tell(cell, made, old=made, new=None, by=by)


def _tell(cell: Cell, value: KpiValue, *, old: KpiValue | None, new: KpiValue | None, by: Actor) -> None:
    record(
        KpiValueCorrected(
            account_id=cell.account.pk,
            value_id=value.pk,
            kpi=cell.kpi.code,
            period=cell.period.isoformat(),
            old=plain(old.value) if old else None,
            new=plain(new.value) if new else None,
            reason=new.reason if new else f"Undone: {value.reason}"[:REASON_LENGTH],
        ),
        by=by,
    )
