"""Scores held against what happened: precision, recall, lift, lead time, AUC, with intervals. Pure, no Django."""

from kpis.backtest.compare import compare
from kpis.backtest.design import HORIZONS, Happened, Replayed, Windows, windows
from kpis.backtest.judge import FEW_EVENTS, MINIMUM_EVENTS, judge
from kpis.backtest.resampling import REPLICATES, SEED, wilson

__all__ = [
    "FEW_EVENTS",
    "HORIZONS",
    "MINIMUM_EVENTS",
    "REPLICATES",
    "SEED",
    "Happened",
    "Replayed",
    "Windows",
    "compare",
    "judge",
    "wilson",
    "windows",
]
