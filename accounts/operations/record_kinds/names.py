"""Which account a name in a file means: its number or exact name, what a person said before, else a question."""

from collections import OrderedDict

from django.db.models import Q

from accounts.matching import compare, read_name
from accounts.models import Account, NameMatch
from accounts.queries.names import lookalike, normal
from core.actor import Actor
from core.errors import DomainError

KEPT = 5_000  # answers remembered at a time
LOOKS_LIKE = 95  # from this likeness on, a new account waits until a person says that it is another one


class Held(DomainError):
    """The row waits. fix: what would help, in a sentence; asks: the name whose account a person has to say."""

    def __init__(self, words: str, *, field: str = "", fix: str = "", asks: str = "") -> None:
        super().__init__(words, field=field)
        self.fix, self.asks = fix, asks[:200]


class Names:
    """Names as one run meets them; each is looked up once. visible: only accounts that `by` sees are found."""

    def __init__(self, by: Actor) -> None:
        self.by = by
        self._near: OrderedDict[str, tuple[Account, int] | None] = OrderedDict()
        self._same: dict[str, str] | None = None
        self._said: dict[str, NameMatch] | None = None

    def account(self, text: str, *, field: str = "account") -> Account:
        """The account with this number or name. Raises Held, with the account that looks most like it."""
        found = self.known(text)
        if found is None:
            said = self.said(text)
            found = said.account if said else None
        if found is None:
            near = self.near(text)
            fix = (
                f"“{near[0].name}” looks like it ({near[1]} %). Say on this page whether it is the one." if near else ""
            )
            raise Held(f"No account is called “{text}” or has that number.", field=field, fix=fix, asks=text)
        if found.archived_at:
            raise Held(f"“{found.name}” is archived. Bring it back first.", field=field)
        return found

    def known(self, text: str) -> Account | None:
        found = list(Account.objects.visible_to(self.by).filter(Q(key=text) | Q(name=text))[:2])
        return next((one for one in found if one.key == text), found[0] if found else None)

    def said(self, text: str) -> NameMatch | None:
        """What a person said about this name, unless it is of an account that `by` does not see."""
        if self._said is None:
            self._said = {one.text: one for one in NameMatch.objects.select_related("account")}
        match = self._said.get(normal(text))
        if match is None or match.account is None:
            return match
        seen = self.by.sees_all or match.account.owner_id == self.by.user_id
        return match if seen and not match.account.archived_at else None

    def near(self, text: str) -> tuple[Account, int] | None:
        if text not in self._near:
            self._near[text] = lookalike(name=text, by=self.by)
            if len(self._near) > KEPT:
                self._near.popitem(last=False)
        return self._near[text]

    def same(self, name: str) -> str:
        """The oldest other name of an account that has the same words, in any order and with any legal form, or ""."""
        if self._same is None:
            seen = Account.objects.visible_to(self.by).active().order_by("-pk")
            self._same = {_words(other): other for other in seen.values_list("name", flat=True).iterator()}
        other = self._same.get(_words(name), "")
        return other if other != name else ""

    def remember(self, made: list[Account]) -> None:
        """Accounts that the run made are known to it from now on."""
        if self._same is not None:
            for one in made:
                self._same.setdefault(_words(one.name), one.name)


def _words(name: str) -> str:
    return "".join(sorted(read_name(name).words))


def likeness(one: str, other: str) -> int:
    return compare(read_name(one), read_name(other)).score
