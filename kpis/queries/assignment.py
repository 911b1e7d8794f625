"""Which live scorecard applies to an account: of those that match it the lowest priority number wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from accounts.models import Account
from kpis.models import AccountHealth, Scorecard, ScorecardVersion
from kpis.queries.health import LiveCard, NoScorecard, card_of
from kpis.scoring.assignment import FACTS, Facts, because, matches


def live_versions() -> list[ScorecardVersion]:
    """The versions in force, each with its scorecard, by priority."""
    live = ScorecardVersion.objects.filter(state=ScorecardVersion.State.LIVE, scorecard__archived_at=None)
    return list(live.select_related("scorecard").order_by("scorecard__priority"))


@dataclass(frozen=True, eq=False)
class LiveCards:
    """Every live scorecard by priority, ready to score with."""

    cards: tuple[LiveCard, ...]

    def of(self, facts: Facts, today: date) -> LiveCard:
        """The one that applies to an account on that day. Raises NoScorecard."""
        for card in self.cards:
            if matches(card.row.scorecard.rule, facts, today):
                return card
        raise NoScorecard("No live scorecard is for this account.")

    def groups(self, accounts: Sequence[Facts], today: date) -> list[tuple[LiveCard, list[int]]]:
        """The accounts by the scorecard that applies: positions in `accounts`, in their order. Raises NoScorecard."""
        rows: dict[UUID, list[int]] = {}
        for at, facts in enumerate(accounts):
            rows.setdefault(self.of(facts, today).row.pk, []).append(at)
        return [(card, rows[card.row.pk]) for card in self.cards if card.row.pk in rows]


def live_cards() -> LiveCards:
    """Two queries for each live scorecard at most. Raises NoScorecard when there is none."""
    cards = tuple(card_of(version) for version in live_versions())
    if not cards:
        raise NoScorecard("There is no live scorecard yet.")
    return LiveCards(cards)


def facts_of(account: Account) -> Facts:
    return Facts(*(getattr(account, name) for name in FACTS))


def cards_for(account_ids: Sequence[UUID], *, today: date) -> list[tuple[LiveCard, list[UUID]]]:
    """These accounts by the scorecard that applies to them today. Raises NoScorecard."""
    rows = Account.objects.filter(pk__in=account_ids).order_by("pk").values_list(*FACTS)
    accounts = [Facts(*row) for row in rows]
    groups = live_cards().groups(accounts, today)
    return [(card, [accounts[at].account_id for at in found]) for card, found in groups]


def version_for(account: Account, *, today: date) -> ScorecardVersion | None:
    """The version that applies to an account today, unread; None while there is none. One query."""
    facts = facts_of(account)
    return next((one for one in live_versions() if matches(one.scorecard.rule, facts, today)), None)


@dataclass(frozen=True)
class Match:
    """A live scorecard whose rule matches an account. because: in words, "stage is Onboarding"."""

    version: ScorecardVersion
    because: str

    @property
    def scorecard(self) -> Scorecard:
        return self.version.scorecard

    @property
    def name(self) -> str:
        return self.scorecard.name

    @property
    def priority(self) -> int:
        return int(self.scorecard.priority)


@dataclass(frozen=True)
class Assignment:
    """Which scorecard applies to an account, and the others that match it too, by priority."""

    winner: Match
    others: tuple[Match, ...]

    @property
    def why(self) -> str:
        """ "Onboarding applies: stage is Onboarding; priority 10 before Standard 1000"."""
        before = ", ".join(f"{one.name} {one.priority}" for one in self.others)
        priority = f"; priority {self.winner.priority} before {before}" if before else ""
        return f"{self.winner.name} applies: {self.winner.because}{priority}"


def why(account: Account, *, today: date) -> Assignment | None:
    """Every live scorecard that matches, the winner first; None while there is none. One query."""
    facts = facts_of(account)
    found = [
        Match(version, because(version.scorecard.rule, facts, today))
        for version in live_versions()
        if matches(version.scorecard.rule, facts, today)
    ]
    return Assignment(found[0], tuple(found[1:])) if found else None


def accounts_under_another_card(today: date) -> list[UUID]:
    """Accounts that are not archived and whose last score was made under a scorecard that no longer applies to them."""
    versions = live_versions()
    rows = Account.objects.active().filter(health__isnull=False).order_by("pk").values_list(*FACTS)
    under = dict(AccountHealth.objects.values_list("account_id", "latest__version__scorecard_id"))
    found = []
    for row in rows:
        facts = Facts(*row)
        card = next((one for one in versions if matches(one.scorecard.rule, facts, today)), None)
        if card is not None and under.get(facts.account_id) != card.scorecard_id:
            found.append(facts.account_id)
    return found
