from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Measure:
    """What a detector must know of a KPI: its unit decides which slips are likely, its limits what is possible."""

    code: str
    name: str
    unit: str
    minimum: float | None = None
    maximum: float | None = None

    def possible(self, value: float) -> bool:
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)


@dataclass(frozen=True, eq=False)
class Cube:
    """Values by account, KPI and month, NaN where there is none; months are consecutive first days, oldest first.

    look: what is to be examined, as large as `values`; the rest is only compared with. now: the running month.
    """

    values: Floats
    look: Mask
    measures: list[Measure]
    months: list[date]
    now: date


@dataclass(frozen=True)
class Finding:
    """One doubted value: where it is in the cube, what would mend it, and the figures that speak for it.

    kind: unit, duplicate, outlier or date. proposed: another number; None: withdraw it, or with `move_to` move it.
    """

    kind: str
    account: int
    kpi: int
    month: int
    why: str
    evidence: dict[str, Any]
    proposed: float | None = None
    move_to: date | None = None

    @property
    def place(self) -> tuple[int, int, int]:
        return self.account, self.kpi, self.month
