from decimal import ROUND_FLOOR, Decimal


def whole(points: Decimal | None) -> int | None:
    """Whole points, rounded down: 74.9 is not shown as the 75 that would be green."""
    return None if points is None else int(points.to_integral_value(ROUND_FLOOR))
