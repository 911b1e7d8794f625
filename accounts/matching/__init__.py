"""Whether two names mean one company: pure, no tables. See docs/decisions on the matching rules."""

from accounts.matching.names import Name, read_name
from accounts.matching.pairs import PROPOSED_FROM, Likeness, compare, own_domain

__all__ = ["PROPOSED_FROM", "Likeness", "Name", "compare", "own_domain", "read_name"]
