"""One account's own history of one KPI: a figure in another unit, and a figure far from all others."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kpis.quality.types import Cube, Finding, Floats, Measure

# What a figure is too large or too small by when it was given in another unit, by the unit of the KPI.
FACTORS: dict[str, tuple[tuple[float, str], ...]] = {
    "%": ((100, "a fraction for a percentage"),),
    "h": ((60, "minutes for hours"), (24, "days for hours")),
    "working h": ((60, "minutes for hours"),),
    "days": ((24, "hours for days"),),
}
OTHERS = ((1000, "thousands for ones"), (100, "hundredths for ones"))
LEAST_HISTORY = 4  # other months without which nothing is said of a unit
LEAST_OUTLIER = 12  # and of an outlier: half a year of real figures is full of months that stand alone
LEAST_DIFFERENT = 6  # figures among them: of a scale with few steps every step is usual
LEAST_FACTOR = 12.0  # no slip of a unit is smaller
STEADY = 0.35  # of its logarithm: how far an account's months may spread for a factor to mean anything
CLOSE = 0.25  # how near to the other months the mended figure must come, in the same measure
KEPT_TO_DROPPED = 4  # months that speak for every one of the others that is left out as a slip itself
LEAST_TRIMMED = 12  # other months from which on the highest and the lowest may be slips themselves
FAR, FAR_AT_END = 9.0, 16.0  # robust standard deviations; the newest month may be the first of something new
LEAST_JUMP = 0.5  # of the other months' middle: smaller steps are life
NORMAL = 1.4826  # times the median deviation = the standard deviation of a normal distribution


def units_and_outliers(cube: Cube) -> Iterator[Finding]:
    """For every month that is looked at: the others of the same account and KPI say what is usual."""
    for kpi, measure in enumerate(cube.measures):
        series = cube.values[:, kpi, :]
        for month in range(series.shape[1]):
            rows = np.flatnonzero(cube.look[:, kpi, month] & ~np.isnan(series[:, month]))
            if rows.size:
                yield from _month(measure, series[rows], rows, kpi, month)


def _month(measure: Measure, series: Floats, rows: NDArray[np.intp], kpi: int, month: int) -> Iterator[Finding]:
    others = np.delete(series, month, axis=1)
    for at in _worth_a_look(series[:, month], others):
        row = others[at][~np.isnan(others[at])]
        value = float(series[at, month])
        sound = _without_slips(row, measure)
        slip = _slip(value, sound, measure)
        if slip:
            factor, words, proposed = slip
            middle, which = float(np.median(sound)), "the other" if sound.size == row.size else "most other"
            times = f"{factor:g} times" if value > middle else f"a {factor:g}th of"
            yield Finding(
                "unit", int(rows[at]), kpi, month,
                f"It is about {times} what {which} months say ({sound.size} of them), as if it were {words}.",
                {"factor": factor, "usual": round(middle, 6), "months": int(sound.size)},
                proposed=proposed,
            )  # fmt: skip
        elif row.size >= LEAST_OUTLIER and len(set(row.tolist())) >= LEAST_DIFFERENT:
            distance = _distance(series[at], month, row)
            if distance:
                yield Finding(
                    "outlier", int(rows[at]), kpi, month,
                    f"It lies far from the other {row.size} months, whose middle is {np.median(row):,.6g}.",
                    {
                        "usual": round(float(np.median(row)), 6),
                        "deviations": round(distance, 1),
                        "months": int(row.size),
                    },
                )  # fmt: skip


def _worth_a_look(values: Floats, others: Floats) -> NDArray[np.intp]:
    """Rows that are far enough from the middle of the others to be a slip, or an outlier of a long history."""
    count = (~np.isnan(others)).sum(axis=1)
    enough = count >= LEAST_HISTORY
    middles = np.full(len(values), np.nan)
    middles[enough] = np.nanmedian(others[enough], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slips = np.abs(np.log(values / middles)) >= np.log(LEAST_FACTOR)
    jumps = np.abs(values - middles) >= LEAST_JUMP * np.maximum(np.abs(middles), 1e-9)
    return np.flatnonzero(slips | (jumps & (count >= LEAST_OUTLIER)))


def _without_slips(others: Floats, measure: Measure) -> Floats:
    """The other months without those that are slips of a unit themselves, or else two slips would hide each other.

    All of them where too many would go: then the account has two levels, and neither is a slip.
    """
    if (others <= 0).any():
        return others
    middle = float(np.median(np.log(others)))
    steps = [np.log(factor) for factor, _ in FACTORS.get(measure.unit, OTHERS)]
    off = np.abs(np.log(others) - middle)
    slips = np.zeros(others.size, dtype=bool)
    for step in steps:
        slips |= np.abs(off - step) <= CLOSE
    dropped = int(slips.sum())
    left = others[~slips]
    return left if left.size >= max(LEAST_HISTORY, KEPT_TO_DROPPED * dropped) else others


def _slip(value: float, others: Floats, measure: Measure) -> tuple[float, str, float] | None:
    """(factor, what was probably meant, the mended figure) when exactly a known factor explains the jump."""
    if value <= 0 or (others <= 0).any():
        return None
    logs = np.log(others)
    middle = float(np.median(logs))
    ordered = np.sort(logs)
    kept = ordered[1:-1] if logs.size >= LEAST_TRIMMED else ordered
    if float(kept[-1] - kept[0]) / 2 > STEADY:
        return None
    best: tuple[float, float, str, float] | None = None
    for factor, words in FACTORS.get(measure.unit, OTHERS):
        for mended in (value / factor, value * factor):
            off = abs(float(np.log(mended)) - middle)
            if off <= CLOSE and measure.possible(mended) and (best is None or off < best[0]):
                best = off, factor, words, mended
    return best[1:] if best else None


def _distance(series: Floats, month: int, others: Floats) -> float:
    """Robust standard deviations from the other months, 0 when it is not worth a word."""
    middle = float(np.median(others))
    deviation = NORMAL * float(np.median(np.abs(others - middle)))
    scale = max(deviation, 0.02 * abs(middle), 1e-9)
    off = abs(float(series[month]) - middle)
    if off < LEAST_JUMP * max(abs(middle), 1e-9):
        return 0.0
    beside = _neighbours(series, month)
    if any(abs(near - middle) > 4 * scale for near in beside):
        return 0.0  # the account moved: a level, not a slip
    far = FAR if len(beside) == 2 else FAR_AT_END
    # A wide history says that such figures happen: it must also lie outside all that was seen, by its own width.
    low, high = float(others.min()), float(others.max())
    outside = max(low - float(series[month]), float(series[month]) - high)
    return off / scale if off / scale >= far and outside > (high - low) else 0.0


def _neighbours(series: Floats, month: int) -> Sequence[float]:
    """The nearest known months before and after."""
    before, after = series[:month], series[month + 1 :]
    before, after = before[~np.isnan(before)], after[~np.isnan(after)]
    return [float(one) for one in (*before[-1:], *after[:1])]
