"""The two working models: who is treated (logistic) and what becomes of the untreated (linear), both with a ridge.

The ridge keeps a coefficient finite where the data would separate; it is small against a handful of rows.
"""

import numpy as np

from playbooks.effect.design import Floats

RIDGE = 1.0  # on standardised columns: as much as one row
STEPS = 25
CLOSE = 1e-8


def with_constant(columns: Floats) -> Floats:
    return np.column_stack([np.ones(len(columns)), columns])


def logistic(columns: Floats, treated: Floats) -> Floats:
    """Coefficients, the constant first, by Newton's method. treated: 0 or 1."""
    table = with_constant(columns)
    penalty = np.full(table.shape[1], RIDGE)
    penalty[0] = 1e-6
    found = np.zeros(table.shape[1])
    share = np.clip(treated.mean(), 1e-6, 1 - 1e-6)
    found[0] = np.log(share / (1 - share))
    for _ in range(STEPS):
        chance = chances(columns, found)
        slope = table.T @ (treated - chance) - penalty * found
        weights = np.maximum(chance * (1 - chance), 1e-9)
        step = np.linalg.solve((table * weights[:, None]).T @ table + np.diag(penalty), slope)
        found = found + np.clip(step, -5, 5)
        if np.abs(step).max() < CLOSE:
            break
    return found


def chances(columns: Floats, coefficients: Floats) -> Floats:
    """The chance of being treated, strictly between 0 and 1."""
    odds = np.clip(with_constant(columns) @ coefficients, -30, 30)
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)


def linear(columns: Floats, outcome: Floats) -> Floats:
    """Coefficients, the constant first."""
    table = with_constant(columns)
    penalty = np.full(table.shape[1], RIDGE)
    penalty[0] = 1e-6
    return np.asarray(np.linalg.solve(table.T @ table + np.diag(penalty), table.T @ outcome), dtype=np.float64)
