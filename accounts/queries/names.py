"""Names of accounts as files write them: how they are compared, and which account one looks like."""

from django.db.models.functions import Upper

from accounts.matching import PROPOSED_FROM, compare, read_name
from accounts.models import Account
from core.actor import Actor

NEAR = 200  # names compared with one that is not known


def normal(text: str) -> str:
    return " ".join(text.casefold().split())[:200]


def lookalike(*, name: str, by: Actor) -> tuple[Account, int] | None:
    """The account whose name is most like this one, with the score, if it is alike enough to be proposed."""
    near = Account.objects.visible_to(by).active().annotate(big=Upper("name"))
    wanted = read_name(name)
    found = list(near.filter(big__trigram_similar=name.upper()[:200])[:NEAR])
    scored = [(one, compare(read_name(one.name), wanted).score) for one in found]
    best = max(scored, key=lambda pair: (pair[1], pair[0].name), default=None)
    return best if best and best[1] >= PROPOSED_FROM else None
