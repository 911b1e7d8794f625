from kpis.views.catalogue import confirm, kpi, kpi_list, settle, take_in_named, unknown
from kpis.views.grid import grid, grid_cell, undo_correction
from kpis.views.uploads import (
    answer,
    cancel,
    commit,
    held,
    original,
    settle_accounts,
    starter,
    take_in,
    upload,
    upload_list,
)

__all__ = [
    "answer",
    "cancel",
    "kpi_list",
    "commit",
    "confirm",
    "grid",
    "grid_cell",
    "held",
    "kpi",
    "original",
    "settle",
    "settle_accounts",
    "starter",
    "take_in",
    "take_in_named",
    "undo_correction",
    "unknown",
    "upload",
    "upload_list",
]
