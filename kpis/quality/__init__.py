"""Values that are probably wrong, found in the values alone. Pure: numpy, no database, no clock."""

from kpis.quality.detect import detect
from kpis.quality.types import Cube, Finding, Measure

__all__ = ["Cube", "Finding", "Measure", "detect"]
