"""The values in force of the whole book at once, read once and kept for a moment: for previews, never for scoring."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
from django.core.cache import cache
from django.db import transaction
from django.db.models import Max
from numpy.typing import NDArray

from accounts.events import AccountArchived, AccountsMerged, MergeUndone
from accounts.models import Account
from core.models import Entry
from kpis.events import KpiValueCorrected, KpiValuesComputed, SampleDataRemoved, UploadRolledBack
from kpis.models import Kpi, KpiValue
from kpis.queries.measured import latest_values
from tenants.context import take_lock

CHUNK = 2000  # accounts read at once: what is held in memory beside the result
KEPT_SECONDS = 180
# What changes values without adding one: a correction taken back, a file rolled back, a computed value withdrawn, an
# account that goes, comes back or becomes one with another, sample data removed.
CHANGING = tuple(
    event.name
    for event in (
        *(KpiValueCorrected, UploadRolledBack, KpiValuesComputed, SampleDataRemoved),
        *(AccountArchived, AccountsMerged, MergeUndone),
    )
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Book:
    """values, ages: (accounts, KPIs) as in `kpis.queries.measured.Sheet`; NaN where there is no value."""

    accounts: tuple[UUID, ...]
    codes: tuple[str, ...]
    values: Floats
    ages: Floats

    def cells(self, accounts: Sequence[UUID], codes: Sequence[str]) -> tuple[Floats, Floats]:
        """Values and ages of these accounts and KPIs in this order. An account that is not in the book has none.

        Raises KeyError for a KPI that is not in the catalogue.
        """
        rows = {account: place for place, account in enumerate(self.accounts)}
        picked = np.array([rows.get(account, -1) for account in accounts], dtype=np.int64)
        places = {code: place for place, code in enumerate(self.codes)}
        columns = np.array([places[code] for code in codes], dtype=np.int64)
        values, ages = (array[np.ix_(picked, columns)] for array in (self.values, self.ages))
        values[picked < 0], ages[picked < 0] = np.nan, np.nan
        return values, ages


def read_book(day: date) -> Book:
    """What counts on `day`, today, of every active account and every KPI that may stand on a scorecard."""
    kpis = list(Kpi.objects.filter(template_only=False, portfolio_only=False).order_by("pk").values_list("pk", "code"))
    accounts = list(Account.objects.active().order_by("pk").values_list("pk", flat=True))
    ids = [pk for pk, _ in kpis]
    sheets = [latest_values(accounts[start : start + CHUNK], ids, on=day) for start in range(0, len(accounts), CHUNK)]
    nothing = np.full((1, len(kpis)), np.nan)  # the row that -1 names: an account that is not there
    return Book(
        tuple(accounts),
        tuple(code for _, code in kpis),
        np.concatenate([*(sheet.values for sheet in sheets), nothing]),
        np.concatenate([*(sheet.ages for sheet in sheets), nothing]),
    )


def kept_book(day: date) -> Book:
    """As `read_book`, but kept for KEPT_SECONDS at most and until a value, an account or a KPI comes or changes."""
    newest = [_newest(model) for model in (KpiValue, Account, Kpi)]
    changed = Entry.objects.filter(event__in=CHANGING).aggregate(last=Max("seq"))["last"]
    key = ":".join(["preview-book", day.isoformat(), *newest, str(changed)])
    found: Book | None = cache.get(key)
    return _read_once(key, day) if found is None else found


@transaction.atomic
def _read_once(key: str, day: date) -> Book:
    """Read by one of those who ask for it at the same time; the others, and whoever typed on meanwhile, get it then."""
    take_lock("preview-book")
    found: Book | None = cache.get(key)
    if found is None:
        found = read_book(day)
        cache.set(key, found, KEPT_SECONDS)
    return found


def _newest(model: type[KpiValue] | type[Account] | type[Kpi]) -> str:
    """Ids grow with time, so the largest one tells whether anything was added."""
    return str(model.objects.order_by("-pk").values_list("pk", flat=True).first())
