"""From reference ranges (edges between red, yellow and green) to scoring anchors.

One rule for every KPI, written down in docs/decisions/0003-scoring-anchors.md:

* red/yellow edge = 50 points, yellow/green edge = 75 points, both belonging to the better band;
* best = green edge + the width of yellow, worst = red edge - twice the width of yellow, so that one slope
  runs from 0 to 100 points and a step is worth the same in red as in yellow;
* both are clamped to the hard limits of the KPI, the best of a percentage also to 100 % if green starts below;
* a band (two-sided) KPI has such a flank on each side; its shoulder inside green is at most a quarter of it.
"""

from decimal import Decimal

Anchors = tuple[tuple[Decimal, int], ...]

WORST, RED_EDGE, GREEN_EDGE, BEST = 0, 50, 75, 100
HUNDRED = Decimal(100)


def one_sided_anchors(
    *, green: Decimal, red: Decimal, minimum: Decimal, maximum: Decimal, unit: str = "", has_red: bool = True
) -> Anchors:
    """Anchors of an "up" (green > red) or "down" (green < red) KPI, sorted by value.

    has_red=False keeps 50 points below the red edge (a KPI that is shown but never red).
    Raises ValueError if the edges coincide or leave the hard limits.
    """
    if green == red or not minimum <= min(green, red) <= max(green, red) <= maximum:
        raise ValueError(f"edges {green} and {red} must differ and lie within {minimum}..{maximum}")
    width = green - red  # negative for "down": every sum below then walks the other way
    ceiling = HUNDRED if unit == "%" and green < HUNDRED else maximum
    points = {_clamp(red - 2 * width, minimum, maximum): WORST} if has_red else {}
    points[red] = RED_EDGE
    points[_clamp(green + width, minimum, min(ceiling, maximum))] = BEST
    points[green] = GREEN_EDGE
    return tuple(sorted(points.items()))


def band_anchors(
    *,
    red_low: Decimal | None,
    green_low: Decimal,
    green_high: Decimal,
    red_high: Decimal,
    minimum: Decimal,
    maximum: Decimal,
) -> Anchors:
    """Anchors of a two-sided KPI: rising flank, plateau of 100 points, falling flank, sorted by value.

    red_low=None: there is no red on the low side, yellow reaches down to `minimum`.
    Raises ValueError if the edges are not in order within the hard limits.
    """
    low = minimum if red_low is None else red_low
    if not minimum <= low < green_low < green_high < red_high <= maximum:
        raise ValueError("edges of a two-sided KPI must rise: red, green, green, red, within the hard limits")
    shoulder = (green_high - green_low) / 4
    rise, fall = green_low - low, red_high - green_high
    points = {
        low: RED_EDGE,
        green_low: GREEN_EDGE,
        green_low + min(rise, shoulder): BEST,
        green_high - min(fall, shoulder): BEST,
        green_high: GREEN_EDGE,
        red_high: RED_EDGE,
        _clamp(red_high + 2 * fall, minimum, maximum): WORST,
    }
    if red_low is not None:
        points[_clamp(low - 2 * rise, minimum, maximum)] = WORST
    return tuple(sorted(points.items()))


def _clamp(value: Decimal, low: Decimal, high: Decimal) -> Decimal:
    return min(max(value, low), high)
