"""Share out whole hundredths so that the parts add up exactly (largest remainder, Hamilton's method)."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# Parts are handed over in millionths of a hundredth, as integers: sums of integers do not depend on their order.
MICRO = 1_000_000


def rounded(micro: Ints) -> Ints:
    """Whole hundredths, half up."""
    return (micro + MICRO // 2) // MICRO


def apportion(micro: Ints, totals: Ints) -> Ints:
    """Round each row's parts down or up to whole hundredths so that they sum to the row's total.

    micro: (n, parts), not negative. totals: (n,), each within one hundredth of its row's sum.
    The largest remainders are rounded up; of equal ones the leftmost. Returns (n, parts).
    """
    floors = micro // MICRO
    remainders = micro - floors * MICRO
    missing = totals - floors.sum(axis=1)
    order = np.argsort(-remainders, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(micro.shape[1])[None, :], axis=1)
    return floors + (ranks < missing[:, None])
