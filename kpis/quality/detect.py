from kpis.quality.copies import months_ahead, months_twice, rows_twice, same_for_everybody
from kpis.quality.history import units_and_outliers
from kpis.quality.types import Cube, Finding

# What explains most comes first; of one value only the first explanation is kept.
DETECTORS = (months_ahead, months_twice, rows_twice, same_for_everybody, units_and_outliers)


def detect(cube: Cube) -> list[Finding]:
    """All that is probably wrong among the values that are looked at, at most one finding a value."""
    found: dict[tuple[int, int, int], Finding] = {}
    for detector in DETECTORS:
        for finding in detector(cube):
            found.setdefault(finding.place, finding)
    return list(found.values())
