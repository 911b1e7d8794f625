"""The one condition language: filters, saved views, segments, triggers, exports and the API speak it.

    tier = "Gold" and (health < 60 or renewal_on <= today + 90 days) and not (owner is unknown)

    any project where (status = "Late" and due < today) or count of projects >= 3

Text becomes a tree, the tree becomes SQL over the accounts and a sentence for people. What is not known satisfies no
comparison, and no negation of one either: `not (health < 60)` are the accounts known to stand at 60 or more.
"""

from accounts.conditions.errors import ConditionError
from accounts.conditions.fields import (
    Field,
    Kind,
    Many,
    connect,
    every_field,
    every_many,
    fields_named,
    find,
    find_many,
)
from accounts.conditions.matching import matching
from accounts.conditions.nodes import Comparison, Group, Node
from accounts.conditions.reading import read
from accounts.conditions.words import words

__all__ = [
    "Comparison",
    "ConditionError",
    "Field",
    "Group",
    "Kind",
    "Many",
    "Node",
    "connect",
    "every_field",
    "every_many",
    "fields_named",
    "find",
    "find_many",
    "matching",
    "read",
    "words",
]
