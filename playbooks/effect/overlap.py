"""Whether the treated have anybody to be compared with.

The effect on the treated needs, for each treated account, untreated ones that were about as likely to be treated. Where
a rule treats everybody on one side of a threshold and nobody on the other there are none, and no method finds them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from playbooks.effect.design import Bools, Floats

HIGHEST = 0.95  # a chance of being treated above this has next to nobody untreated beside it
LEAST_KEPT = 0.8  # of the treated must have company
LEAST_EFFECTIVE = 15.0  # untreated rows that the weights come down to
MOST_APART = 0.25  # standard deviations by which a covariate may still differ after weighting
BINS = 10


@dataclass(frozen=True, eq=False)
class Overlap:
    """kept: rows the estimate may use. effective: how many untreated rows the weights are worth.

    apart: (covariate, difference before, after weighting) in standard deviations of the treated, by column.
    separates: how well the chance tells treated from untreated, 0.5 not at all, 1 perfectly.
    """

    kept: Bools
    company: float
    effective: float
    separates: float
    apart: list[tuple[str, float, float]]
    bins: list[tuple[float, int, int]]

    @property
    def refusal(self) -> str:
        """Why nothing is estimated, in words; "" when the two can be compared."""
        if self.company < LEAST_KEPT:
            return (
                f"{1 - self.company:.0%} of the accounts that ran it have no comparable account that did not: "
                "whoever was like them ran it too."
            )
        if self.effective < LEAST_EFFECTIVE:
            return (
                f"The comparison would rest on about {self.effective:.0f} accounts, whatever their number: "
                f"too few of them are like those that ran it. At least {LEAST_EFFECTIVE:.0f} are needed."
            )
        worst = max(self.apart, key=lambda one: abs(one[2]), default=None)
        if worst is not None and abs(worst[2]) > MOST_APART:
            return (
                f"Even weighted, the two groups differ in “{worst[0]}” by {abs(worst[2]):.2f} standard deviations; "
                f"more than {MOST_APART:g} is no comparison."
            )
        return ""

    def as_json(self) -> dict[str, Any]:
        return {
            "company": round(self.company, 4),
            "effective": round(self.effective, 1),
            "separates": round(self.separates, 4),
            "apart": [[name, round(raw, 3), round(weighted, 3)] for name, raw, weighted in self.apart],
            "bins": [[round(low, 2), treated, untreated] for low, treated, untreated in self.bins],
        }


def overlap(chance: Floats, treated: Bools, columns: Floats, of: tuple[str, ...]) -> Overlap:
    """chance: of being treated, cross-fitted. columns: as the models read them."""
    top = min(HIGHEST, float(np.quantile(chance[~treated], 0.999)))
    kept = chance <= top
    company = float((kept & treated).sum() / treated.sum())
    odds = np.where(~treated & kept, chance / (1 - chance), 0.0)
    total = float(odds.sum())
    effective = total * total / float((odds * odds).sum()) if total > 0 else 0.0
    return Overlap(kept, company, effective, _separates(chance, treated), _apart(columns, of, treated, odds, kept),
                   _bins(chance, treated))  # fmt: skip


def _separates(chance: Floats, treated: Bools) -> float:
    """Area under the curve: ties count half."""
    order = np.sort(chance[~treated])
    below = np.searchsorted(order, chance[treated], side="left")
    up_to = np.searchsorted(order, chance[treated], side="right")
    return float(((below + up_to) / 2).mean() / len(order))


def _apart(
    columns: Floats, of: tuple[str, ...], treated: Bools, odds: Floats, kept: Bools
) -> list[tuple[str, float, float]]:
    found = []
    total = odds.sum()
    for at, name in enumerate(of):
        column = columns[:, at]
        scale = column[treated].std() or 1.0
        here = column[treated & kept].mean() if (treated & kept).any() else column[treated].mean()
        there = float(column @ odds / total) if total > 0 else float("inf")
        found.append((name, float((column[treated].mean() - column[~treated].mean()) / scale),
                      float((here - there) / scale)))  # fmt: skip
    return found


def _bins(chance: Floats, treated: Bools) -> list[tuple[float, int, int]]:
    """(lower edge, treated, untreated) for ten bins from nothing to the highest chance there is."""
    edges = np.linspace(0, float(chance.max()) + 1e-9, BINS + 1)
    ran, _ = np.histogram(chance[treated], edges)
    did_not, _ = np.histogram(chance[~treated], edges)
    return [(float(low), int(a), int(b)) for low, a, b in zip(edges[:-1], ran, did_not, strict=True)]
