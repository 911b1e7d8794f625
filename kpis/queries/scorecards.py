"""Reads of scorecards: which there are by priority, whom they are for, and who would move under another rule."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from accounts.models import Account
from core.actor import Actor
from kpis.models import Scorecard, ScorecardVersion
from kpis.queries.portfolio import Sums
from kpis.scoring.assignment import RULE_FIELDS, YOUNGER, Facts, Rule, matches, rule_text

State = ScorecardVersion.State
NOBODY = UUID(int=0)  # the account of facts that many share


@dataclass
class Reach:
    """The accounts a scorecard is for, among those a person sees; arr: their revenue, unknown amounts counted."""

    accounts: int = 0
    arr: Sums = field(default_factory=Sums)


@dataclass(frozen=True)
class ScorecardRow:
    """A scorecard in the list. reach: None while it has no live version, so that it is for nobody yet."""

    card: Scorecard
    live: ScorecardVersion | None
    drafts: int
    in_review: int
    reach: Reach | None

    @property
    def rule(self) -> str:
        return rule_text(self.card.rule)


def scorecards(*, archived: bool | None = False) -> QuerySet[Scorecard]:
    """Scorecards by priority with `drafts` and `in_review`; archived None: all of them."""
    found: QuerySet[Scorecard] = Scorecard.objects.order_by("priority")
    if archived is not None:
        found = found.filter(archived_at__isnull=not archived)
    return found.annotate(
        drafts=Count("versions", filter=Q(versions__state=State.DRAFT)),
        in_review=Count("versions", filter=Q(versions__state=State.REVIEW)),
    )


def scorecard_rows(*, by: Actor, today: date, archived: bool = False) -> list[ScorecardRow]:
    """Every scorecard by priority with whom it is for, as far as `by` sees the accounts. Four queries."""
    live = {version.scorecard_id: version for version in live_versions()}
    reach = reaches(_rules(), by=by, today=today)
    return [
        ScorecardRow(
            card,
            live.get(card.pk),
            card.drafts,  # type: ignore[attr-defined]
            card.in_review,  # type: ignore[attr-defined]
            reach.get(card.pk, Reach()) if card.pk in live else None,
        )
        for card in scorecards(archived=archived)
    ]


def live_versions() -> QuerySet[ScorecardVersion]:
    """The versions in force, by priority; without their texts."""
    live = ScorecardVersion.objects.filter(state=State.LIVE, scorecard__archived_at=None)
    found: QuerySet[ScorecardVersion] = live.select_related("scorecard").order_by("scorecard__priority")
    return found.defer("definition", "findings", "effect")


Ruled = tuple[int, UUID, Rule]  # priority, scorecard, rule


def _rules() -> list[Ruled]:
    return [(v.scorecard.priority, v.scorecard_id, v.scorecard.rule) for v in live_versions()]


def reaches(rules: Sequence[Ruled], *, by: Actor, today: date) -> dict[UUID | None, Reach]:
    """Scorecard -> the accounts it would be for if these were the live ones; None: accounts that none is for."""
    found: dict[UUID | None, Reach] = {}
    for alike in _alike(rules, by):
        alike.count_in(found.setdefault(_winner(rules, alike.facts, today), Reach()))
    return found


@dataclass(frozen=True)
class _Alike:
    """Accounts that no rule in question can tell apart, with one currency; arr: what is known of their revenue."""

    facts: Facts
    currency: str
    accounts: int
    arr: Decimal | None
    unknown: int

    def count_in(self, reach: Reach) -> None:
        reach.accounts += self.accounts
        reach.arr.add(self.arr, self.currency, unknown=self.unknown)


def _alike(rules: Sequence[Ruled], by: Actor) -> Iterator[_Alike]:
    """Counted by the database: ten thousand accounts are a few dozen groups."""
    asked = [*RULE_FIELDS, *(["customer_since"] if any(YOUNGER in rule for _, _, rule in rules) else [])]
    rows = Account.objects.visible_to(by).active().order_by().values_list(*asked, "currency")
    rows = rows.annotate(of=Count("pk"), worth=Sum("arr"), unknown=Count("pk", filter=Q(arr=None)))
    for *known, currency, accounts, arr, unknown in rows.iterator(2000):
        yield _Alike(Facts(NOBODY, *known), currency, accounts, arr, unknown)


def _winner(rules: Sequence[Ruled], facts: Facts, today: date) -> UUID | None:
    return next((card for _, card, rule in sorted(rules, key=lambda one: one[0]) if matches(rule, facts, today)), None)


@dataclass(frozen=True)
class Moves:
    """What another rule would do: accounts this scorecard has now and would have, and those that come and go.

    arr: their revenue. nobody: accounts that no scorecard would be for.
    """

    now: Reach
    then: Reach
    come: Reach
    go: Reach
    nobody: int


def rule_moves(card: Scorecard, rule: Rule, priority: int, *, by: Actor, today: date) -> Moves:
    """Who would move if the scorecard had this rule and priority. A card without a live version is taken as live."""
    all_live = _rules()
    others = [one for one in all_live if one[1] != card.pk]
    here = [one for one in all_live if one[1] == card.pk]
    then = sorted([*others, (priority, card.pk, rule)], key=lambda one: (one[0], one[1] != card.pk))
    now = sorted([*others, *here], key=lambda one: one[0])
    made = {name: Reach() for name in ("now", "then", "come", "go", "nobody")}
    for alike in _alike([*now, *then], by):
        before, after = (_winner(rules, alike.facts, today) for rules in (now, then))
        mine = {"now": before == card.pk, "then": after == card.pk, "nobody": after is None}
        mine |= {"come": mine["then"] and not mine["now"], "go": mine["now"] and not mine["then"]}
        for name in [name for name, counts in mine.items() if counts]:
            alike.count_in(made[name])
    nobody = made.pop("nobody").accounts
    return Moves(**made, nobody=nobody)


def rule_choices() -> dict[str, list[tuple[str, str, int]]]:
    """Field -> (value, label, accounts) that occur in the book or in a rule, the most frequent first."""
    accounts = Account.objects.active()
    ruled = list(Scorecard.objects.filter(archived_at=None).values_list("rule", flat=True))
    found = {}
    for name in RULE_FIELDS:
        counts: Counter[str] = Counter(dict(accounts.exclude(**{name: ""}).values_list(name).annotate(Count("id"))))
        counts.update({value: 0 for rule in ruled for value in rule.get(name, ())})
        labels = dict(Account.Stage.choices) if name == "stage" else {}
        if name == "stage":
            counts.update(dict.fromkeys(labels, 0))
        found[name] = [(value, str(labels.get(value, value)), count) for value, count in counts.most_common(60)]
    return found


def versions_of(card: Scorecard) -> QuerySet[ScorecardVersion]:
    """All versions of a scorecard, newest first."""
    found: QuerySet[ScorecardVersion] = card.versions.select_related("scorecard", "based_on").order_by("-number")
    return found


def versions() -> QuerySet[ScorecardVersion]:
    found: QuerySet[ScorecardVersion] = ScorecardVersion.objects.select_related("scorecard", "based_on")
    return found


def in_review() -> QuerySet[ScorecardVersion]:
    """What waits for somebody to approve it."""
    return versions().filter(state=State.REVIEW, scorecard__archived_at=None)
