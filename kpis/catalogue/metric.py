"""What a card of the metric dictionary says of a figure. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One figure: what it says, how it is computed, for what and over what time, and what it does not say.

    grain: one number for what. source: where the inputs come from. pages: where it is shown. changes: (version of
    Plumbline, what changed in the definition), newest first. decision: the file in docs/decisions that settles it.
    """

    slug: str
    name: str
    says: str
    formula: str
    grain: str
    unit: str
    better: str  # higher, lower, neither
    source: str
    caveats: str
    pages: tuple[str, ...]
    owner: str = "Plumbline; its settings belong to whoever holds “Approve and publish scorecards”"
    changes: tuple[tuple[str, str], ...] = (("0.1", "First definition."),)
    decision: str = ""


BOOK = "Whoever keeps the accounts: ARR is entered or imported, never guessed"
