"""The launcher lies in bin/, outside the packages: it runs before the virtual environment exists."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bin"))
