from accounts.tasks.assignment import assign_new, assign_waiting
from accounts.tasks.duplicates import find_all_duplicates, look_for_duplicates
from accounts.tasks.imports import bring_records, try_records, undo_records
from accounts.tasks.lists import (
    change_many,
    evaluate_every_segment,
    evaluate_segments,
    hold_against_segments,
    undo_many,
)
from accounts.tasks.people import ask_for_champion
from accounts.tasks.renewals import watch
from accounts.tasks.revenue import follow_revenue, rebuild_revenue
from accounts.tasks.work import remind

__all__ = [
    "ask_for_champion",
    "assign_new",
    "assign_waiting",
    "change_many",
    "evaluate_every_segment",
    "evaluate_segments",
    "bring_records",
    "try_records",
    "undo_records",
    "find_all_duplicates",
    "follow_revenue",
    "hold_against_segments",
    "look_for_duplicates",
    "rebuild_revenue",
    "remind",
    "undo_many",
    "watch",
]
