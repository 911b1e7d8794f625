"""Who may say yes or no, and what follows from what was said."""

from collections.abc import Mapping, Sequence


def turn(mode: str, asked: Sequence[str], said: Mapping[str, bool]) -> list[str]:
    """Whose word is wanted now: of a serial approval the next one's, else everybody's who has not spoken."""
    open_yet = [person for person in asked if person not in said]
    return open_yet[:1] if mode == "serial" else open_yet


def verdict(mode: str, quorum: int, asked: Sequence[str], said: Mapping[str, bool]) -> bool | None:
    """True agreed, False rejected, None not decided yet. Serial and parallel need everybody; a quorum so many, and
    is rejected once it cannot be reached. A quorum above the number of people needs all of them."""
    needed = min(quorum, len(asked)) if mode == "quorum" else len(asked)
    yes, no = sum(said.values()), sum(not word for word in said.values())
    if yes >= needed:
        return True
    return False if len(asked) - no < needed else None
