"""The rows of a comparison and the matrix the models read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

RUNS_PER_COLUMN = 5  # a column more needs five treated accounts more; what is known last is left out first
MONTH_NEEDS = 5  # treated and untreated rows that a month needs for a level of its own


@dataclass(frozen=True, eq=False)
class Observed:
    """One row per account and month in which it was treated or could have been.

    account: any number per account; its rows are one piece of evidence. month: months since 1970.
    covariates: (rows, names), known before the treatment, NaN where unknown, the most telling first.
    before, after: the measure in its own unit, both known.
    """

    account: Ints
    month: Ints
    treated: Bools
    covariates: Floats
    names: tuple[str, ...]
    before: Floats
    after: Floats

    @property
    def change(self) -> Floats:
        return self.after - self.before

    def keep(self, rows: Any) -> "Observed":
        return Observed(
            self.account[rows],
            self.month[rows],
            self.treated[rows],
            self.covariates[rows],
            self.names,
            self.before[rows],
            self.after[rows],
        )


@dataclass(frozen=True, eq=False)
class Design:
    """columns: standardised, without a constant. of: the covariate or "month" each column stands for."""

    columns: Floats
    of: tuple[str, ...]


def design(seen: Observed) -> Design:
    """The covariates, a mark for each that is unknown somewhere, and the months; as many as the treated can bear."""
    columns: list[Floats] = []
    of: list[str] = []
    for at, name in enumerate(seen.names):
        given = seen.covariates[:, at]
        known = np.isfinite(given)
        if not known.any():
            continue
        filled = np.where(known, given, given[known].mean())
        for column in (filled, (~known).astype(np.float64)):
            if np.ptp(column) > 0:
                columns.append(column)
                of.append(name)
    for column in _months(seen):
        columns.append(column)
        of.append("month")
    most = max(1, int(seen.treated.sum()) // RUNS_PER_COLUMN)
    if not columns:
        return Design(np.zeros((len(seen.treated), 0)), ())
    table = np.column_stack(columns[:most])
    return Design((table - table.mean(axis=0)) / table.std(axis=0), tuple(of[:most]))


def _months(seen: Observed) -> list[Floats]:
    """A level for each month but the first that has enough of both; the rest share one."""
    found = []
    for month in np.unique(seen.month)[1:]:
        of_month = seen.month == month
        treated = int((of_month & seen.treated).sum())
        if treated >= MONTH_NEEDS and int(of_month.sum()) - treated >= MONTH_NEEDS:
            found.append(of_month.astype(np.float64))
    return found
