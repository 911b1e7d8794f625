"""Synthetic customers that are no longer there, so that a back-test of the sample data has something to say.

Most of them lose health for months before they leave; some are bad all along; and a few leave in good health, bought
by somebody else: no score can see that, and a back-test that finds everything would be no example.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from kpis.sample.portfolio import SamplePortfolio, sample_portfolio
from kpis.sample.stories import Story

FADING = Story("leaving", 74, -4.4, 0.0)
POOR = Story("leaving poor", 47, -0.9, 0.0)
SURPRISE = Story("leaving well", 83, 0.0, 0.0)
CAST = (*[FADING] * 9, *[POOR] * 3, *[SURPRISE] * 2)
REASONS = {
    FADING.name: ("Little used", "Chose another product", "Budget cut"),
    POOR.name: ("Never got going", "Chose another product"),
    SURPRISE.name: ("Bought by another company",),
}
SEED = 5207
STAYED_AT_LEAST = 5  # months with values before they leave


@dataclass(frozen=True)
class Former:
    """Who left when and why; row: in the portfolio."""

    row: int
    left_on: date
    reason: str


def former_customers(*, on: date, seed: int = SEED) -> tuple[SamplePortfolio, tuple[Former, ...]]:
    """A portfolio of customers that left within its months, with no value from the month of leaving on."""
    made = sample_portfolio(len(CAST), on=on, seed=seed, stories=CAST)
    random = np.random.default_rng(seed)
    gone = []
    for row, story in enumerate(CAST):
        # The faded ones go when they have faded; the others at any time.
        first = STAYED_AT_LEAST + (3 if story is FADING else 0)
        month = int(random.integers(first, len(made.periods)))
        left_on = made.periods[month] + timedelta(days=int(random.integers(0, 27)))
        made.values[row, :, month:] = np.nan
        gone.append(Former(row, left_on, REASONS[story.name][row % len(REASONS[story.name])]))
    return made, tuple(gone)
