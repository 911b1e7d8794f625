from accounts.tasks.assignment import assign_new, assign_waiting
from accounts.tasks.duplicates import find_all_duplicates, look_for_duplicates
from accounts.tasks.people import ask_for_champion

__all__ = ["ask_for_champion", "find_all_duplicates", "look_for_duplicates", "assign_new", "assign_waiting"]
