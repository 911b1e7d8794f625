"""Which account a file means: the exact name in the master, or a suggestion for a person. Never a merge."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process

SUGGESTION_FLOOR = 80.0  # likeness 0..100 below which a name is no help
MAX_SUGGESTED = 2_000  # spellings: beyond this a file names other accounts altogether, and looking costs time


class AccountMatcher:
    """names: as in the master, each exactly once. Outer spaces in a file are ignored, nothing else."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {name.strip(): name for name in names}
        self._folded = {name: name.casefold() for name in self._names}
        self._suggested: dict[str, str] = {}

    def find(self, raw: str) -> str | None:
        """The master's name, or None."""
        return self._names.get(raw.strip())

    def suggest(self, raw: str) -> str:
        """The nearest name in the master, "" if none is near."""
        wanted = raw.strip().casefold()
        if wanted in self._suggested:
            return self._suggested[wanted]
        if not wanted or len(self._suggested) >= MAX_SUGGESTED:
            return ""
        best = process.extractOne(wanted[:200], self._folded, scorer=fuzz.ratio, score_cutoff=SUGGESTION_FLOOR)
        self._suggested[wanted] = self._names[best[2]] if best else ""
        return self._suggested[wanted]
