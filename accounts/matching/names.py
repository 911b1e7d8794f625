"""A company's name, taken apart: its own words, and the legal form that says nothing about who it is."""

import re
import unicodedata
from dataclasses import dataclass

# Family -> how it is written once accents, dots and capitals are gone. One family: the same kind of company.
_FORMS = {
    "limited": (
        "ltd", "limited", "ltda", "lda", "llc", "limited liability company", "pty ltd", "pty limited", "pte ltd",
        "private limited", "pvt ltd", "co ltd", "company limited",
    ),
    "gmbh": (
        "gmbh", "ges mbh", "gesmbh", "mbh", "gesellschaft mit beschrankter haftung", "ug", "ug haftungsbeschrankt",
        "ggmbh", "sarl", "srl", "sl", "sociedad limitada", "bv", "bvba", "kft", "sp z oo", "sro", "doo", "ood", "aps",
    ),
    "public": (
        "plc", "public limited company", "ag", "aktiengesellschaft", "sa", "spa", "nv", "se", "ab", "asa", "as", "a s",
        "oyj", "oy", "kk", "sab de cv", "sa de cv", "societe anonyme", "aktiebolag",
    ),
    "incorporated": ("inc", "incorporated", "corp", "corporation", "co", "company"),
    "partnership": (
        "kg", "ohg", "gbr", "llp", "lp", "gmbh co kg", "gmbh and co kg", "ag co kg", "ag and co kg", "and co kg",
        "co kg", "ek", "kgaa", "sas", "snc", "scs",
    ),
}  # fmt: skip
_FAMILY = {tuple(form.split()): family for family, forms in _FORMS.items() for form in forms}
_LONGEST = max(map(len, _FAMILY))
_SMALL = {"the", "and", "und", "et", "y", "of", "de"}

_INITIALS = re.compile(r"\b(?:\w\.\s?){1,}\w\b\.?")  # "S. p. A.", "B.V."; not "St.Gallen"
_NO_LETTER = re.compile(r"[^\w]+|_")
_OTHER_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "&": " and ", "+": " and "}
)
_APOSTROPHES = re.compile("['’`´]")


@dataclass(frozen=True)
class Name:
    """words: what names the company, in order, never empty unless the text has no letter. family: of its legal form."""

    words: tuple[str, ...]
    family: str

    @property
    def core(self) -> str:
        """The words as they are looked for in the database."""
        return " ".join(self.words)

    @property
    def numbers(self) -> frozenset[str]:
        return frozenset(word for word in self.words if any(sign.isdigit() for sign in word))


def read_name(text: str) -> Name:
    """'ACME, Ltd.' and 'Acme Limited' have the same words; a name that is only a legal form keeps it."""
    words = _plain(text).split()
    found = []
    while len(words) > 1:
        size = next((n for n in range(min(_LONGEST, len(words) - 1), 0, -1) if tuple(words[-n:]) in _FAMILY), 0)
        if not size:
            break
        found.append(_FAMILY[tuple(words[-size:])])
        words = words[:-size]
        while len(words) > 1 and words[-1] == "and":  # "Miller & Co"
            words = words[:-1]
    kept = tuple(word for word in words if word not in _SMALL) or tuple(words)
    return Name(kept, found[-1] if found else "")


def _plain(text: str) -> str:
    """Small letters without accents, single spaces; initials with dots drawn together."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_OTHER_LETTERS))
    bare = _APOSTROPHES.sub("", "".join(sign for sign in folded if not unicodedata.combining(sign)))
    drawn = _INITIALS.sub(lambda match: match[0].replace(".", "").replace(" ", "") + " ", bare)
    return " ".join(_NO_LETTER.sub(" ", drawn).split())
