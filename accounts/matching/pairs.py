"""How likely two companies are one, and why. Pure."""

from collections.abc import Set
from dataclasses import dataclass

from rapidfuzz import fuzz

from accounts.matching.names import Name

PROPOSED_FROM = 80
_SAME_WORD = 84  # per cent of likeness at which two words are one word with a slip in it
# What companies of one group put behind their name; anything else behind it is another unit or another company.
_FILLERS = {"group", "holding", "holdings", "international", "global", "worldwide", "gruppe", "groupe", "solutions"}
# At these a domain says nothing about the company.
_ANYBODYS = {
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "me.com",
    "aol.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "proton.me", "protonmail.com", "mail.ru", "qq.com",
    "163.com", "orange.fr", "free.fr", "laposte.net", "libero.it", "hotmail.co.uk", "yahoo.co.uk", "msn.com",
}  # fmt: skip


@dataclass(frozen=True)
class Likeness:
    """score: 0 to 100; reasons: (what in words, its own likeness 0 to 100), the weightiest first."""

    score: int
    reasons: list[tuple[str, int]]


def own_domain(email: str) -> str:
    """The domain of an address, '' where anybody can have one."""
    domain = email.rpartition("@")[2].strip().lower() if "@" in email else ""
    return "" if domain in _ANYBODYS else domain


def compare(one: Name, other: Name, *, domains: Set[str] = frozenset()) -> Likeness:
    """domains: those that contacts of both have; the caller leaves out what `own_domain` leaves out."""
    score, reason = _words(one, other)
    reasons = [(reason, score)] if score else []
    if score and one.family and other.family and one.family != other.family:
        score = min(score, 84)  # the Ltd and the GmbH of one group are often two customers
        reasons.append(("other legal form", 0))
    if domains and (score >= 50 or set(one.words) & set(other.words)):
        score = max(score + (100 - score) // 2, 85)
        reasons.append((f"contacts at {min(domains)}", 100))
    return Likeness(score, reasons)


def _words(one: Name, other: Name) -> tuple[int, str]:
    """Likeness of the words alone, and what it is called."""
    if not one.words or not other.words or one.numbers != other.numbers:
        return 0, ""  # "Plant 1" and "Plant 2" are two
    if one.words == other.words:
        return (100 if one.family == other.family else 97), "same name"
    if sorted(one.words) == sorted(other.words):
        return 95, "same words in another order"
    if "".join(one.words) == "".join(other.words):
        return 94, "same letters, other spaces"
    left, right = _unmatched(one, other)
    if not left and not right:
        likeness = round(fuzz.ratio(" ".join(sorted(one.words)), " ".join(sorted(other.words))))
        return min(likeness, 93), "almost the same letters"
    if (not left and set(right) <= _FILLERS) or (not right and set(left) <= _FILLERS):
        return 82, "same name but for “group” and the like"
    return (55, "part of the name") if not left or not right else (0, "")


def _unmatched(one: Name, other: Name) -> tuple[list[str], list[str]]:
    """The words of each that have no counterpart, exact ones paired first."""
    left = [word for word in one.words if word not in other.words]
    right = [word for word in other.words if word not in one.words]
    for word in list(left):
        best = max(right, key=lambda known: fuzz.ratio(word, known), default="")
        if best and len(word) > 3 and len(best) > 3 and fuzz.ratio(word, best) >= _SAME_WORD:
            left.remove(word)
            right.remove(best)
    return left, right
