"""Scoring: from the values in force to stored scores, the flat row of the portfolio, and the news of what moved.

The portfolio is sorted by `attention`, lowest first, so that whoever opens it starts where they are needed:

* a known score stands at its own hundredths: the lower the score, the earlier the account;
* an account whose arrow points down is pulled up by as much as it fell in 28 days;
* an account without enough data stands at 7500: after everything red or yellow, before everything healthy.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from uuid import UUID

import orjson
from django.db import connection, transaction

from accounts.models import Account
from core.actor import Actor
from core.among import among
from core.audit import record, record_many
from core.jobs import start_job
from core.models import Job
from core.rules import require
from core.time import months_between
from kpis import rules
from kpis.events import HealthChanged, PortfolioScored
from kpis.models import AccountHealth, ScorecardVersion
from kpis.operations.roll_ups import roll_up_accounts
from kpis.operations.scores import replace_scores
from kpis.queries.assignment import LiveCards, live_cards
from kpis.queries.exceptions import exceptions_of
from kpis.queries.health import TREND_MONTHS, LiveCard, Standing, Stored, card_of, standings, stored_on, trend_days
from kpis.queries.measured import Sheet, newest_values, values_since
from kpis.queries.scored import OfAccounts, Scored, by_row, score_day, score_days
from kpis.scoring import Trend, portfolio_trend, top_drivers
from kpis.scoring.assignment import FACTS, Facts
from kpis.scoring.trend import WINDOW_DAYS
from tenants.context import take_lock

CHUNK = 500  # accounts a transaction: what a killed worker loses, and how long an edit may have to wait
BULK = 50  # from here on one PortfolioScored entry tells of the whole
ATTENTION_UNKNOWN = 7500
RESCORE = "kpis.rescore_portfolio"


@dataclass(frozen=True)
class Rescored:
    """How many accounts were scored, and of how many the score or the band moved."""

    scored: int = 0
    moved: int = 0

    def __add__(self, other: "Rescored") -> "Rescored":
        return Rescored(self.scored + other.scored, self.moved + other.moved)


@transaction.atomic
def start_rescoring(*, by: Actor) -> Job:
    """Have the worker score every account; a job that is open already is the answer. Raises PermissionDenied."""
    require(by, rules.EDIT_CATALOGUE)
    take_lock("rescoring")
    return Job.objects.filter(kind=RESCORE, finished_at=None).first() or start_job(RESCORE, by=by, unit="accounts")


def rescore_accounts(*, account_ids: Sequence[UUID], at: datetime, by: Actor) -> Rescored:
    """Score these accounts as of the day of `at`, in transactions of CHUNK accounts.

    Idempotent: the same values give no new rows and no news. Emits HealthChanged for every account whose score or
    band moved, one PortfolioScored for more than BULK accounts, and RolledUp for their parents. Raises NoScorecard.
    """
    cards, done = live_cards(), Rescored()
    for chunk in chunks(account_ids):
        done += rescore_chunk(account_ids=chunk, cards=cards, at=at, by=by)
    if len(account_ids) > BULK:
        portfolio_scored(done=done, by=by)
    roll_up_accounts(account_ids=account_ids, at=at, by=by)
    return done


def chunks(account_ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """Sorted, so that two workers never wait for each other crosswise."""
    ordered = sorted(set(account_ids))
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))


@transaction.atomic
def portfolio_scored(*, done: Rescored, by: Actor) -> None:
    """Put it on the trail that many accounts were scored at once."""
    record(PortfolioScored(account_id=None, scored=done.scored, moved=done.moved), by=by)


@transaction.atomic
def rescore_chunk(*, account_ids: Sequence[UUID], cards: LiveCards, at: datetime, by: Actor) -> Rescored:
    """Score at most a few hundred accounts in one transaction, each under its own card; see `rescore_accounts`."""
    accounts = _locked(account_ids, by)
    if not accounts:
        return Rescored()
    ids = [facts.account_id for facts in accounts]
    before, personal = standings(ids), exceptions_of(ids)
    news = [
        one
        for card, rows in cards.groups(accounts, at.date())
        for one in _rescore_under(card, [ids[row] for row in rows], before, personal, at)
    ]
    record_many(news, by=by)
    return Rescored(len(accounts), len(news))


def _rescore_under(
    card: LiveCard, accounts: list[UUID], before: Mapping[UUID, Standing], personal: OfAccounts, at: datetime
) -> list[HealthChanged]:
    """Score accounts of one scorecard today; returns the news of those that moved."""
    today = at.date()
    then = today - timedelta(days=WINDOW_DAYS)
    measured = newest_values(accounts, card.kpi_ids, on=today, then=then)
    scored = score_day(card, measured, today, by_row(accounts, personal))
    latest = _store(scored, accounts, before, at)
    _stand(scored, accounts, latest, before, _trend(scored, measured.over_by(then)), at)
    return _news(scored, accounts, latest, before)


def _locked(account_ids: Sequence[UUID], by: Actor) -> list[Facts]:
    """Each account is scored by one worker at a time: the last to look at the values has the last word."""
    locked = (
        Account.objects.visible_to(by).filter(among("id", account_ids)).order_by("pk").select_for_update(no_key=True)
    )
    return [Facts(*row) for row in locked.values_list(*FACTS)]


@transaction.atomic
def rescore_past(*, account_ids: Sequence[UUID], cards: LiveCards, at: datetime, by: Actor) -> int:
    """Bring the month ends of the last year up to date for at most a few hundred accounts.

    A month end keeps the version it was scored under, and its score while its values have not changed; one without
    a score gets it under the card that applies today. So a trend of freshly imported months is a real one.
    Returns how many scores were written. No events: nothing moves today.
    """
    accounts = _locked(account_ids, by)
    if not accounts:
        return 0
    ids, days = [facts.account_id for facts in accounts], trend_days(at.date())
    stored, personal, written = stored_on(ids, days), exceptions_of(ids), 0
    trends: list[list[int | None]] = [[None] * len(days) for _ in accounts]
    for card, cells in _past_cells(cards, accounts, days, stored, at.date()):
        rows = sorted({row for row, _ in cells})
        wanted = [ids[row] for row in rows]
        for scored in _score_past(card, wanted, sorted({day for _, day in cells}), personal):
            mine = [at_row for at_row, row in enumerate(rows) if (row, scored.day) in cells]
            for at_row in mine:
                trends[rows[at_row]][days.index(scored.day)] = scored.score(at_row)
            stale = [one for one in mine if _stale(scored, one, stored.get((wanted[one], scored.day)))]
            written += len(replace_scores(scored, wanted, stale, at=at))
    _draw(ids, trends)
    return written


Cells = set[tuple[int, date]]  # (row of the account, month end)


def _past_cells(
    cards: LiveCards,
    accounts: list[Facts],
    days: list[date],
    stored: Mapping[tuple[UUID, date], Stored],
    today: date,
) -> list[tuple[LiveCard, Cells]]:
    """Which month ends are to be scored under which card: the one of the stored score, else today's."""
    by_version: dict[UUID, Cells] = {}
    for card, rows in cards.groups(accounts, today):
        for row in rows:
            for day in days:
                there = stored.get((accounts[row].account_id, day))
                by_version.setdefault(there.version_id if there else card.row.pk, set()).add((row, day))
    known = {card.row.pk: card for card in cards.cards}
    missing = by_version.keys() - known.keys()
    earlier = ScorecardVersion.objects.filter(pk__in=missing).select_related("scorecard") if missing else ()
    known |= {version.pk: card_of(version) for version in earlier}
    return [(known[version_id], cells) for version_id, cells in by_version.items()]


def _score_past(card: LiveCard, accounts: list[UUID], days: list[date], personal: OfAccounts) -> list[Scored]:
    since = card.counts_since(days[0])
    measured = values_since(accounts, card.kpi_ids, on=days[-1], since=since, for_ever=card.for_ever)
    return score_days(card, measured, days, by_row(accounts, personal))


def _stale(scored: Scored, row: int, stored: Stored | None) -> bool:
    return scored.has_data(row) if stored is None else stored.hash != scored.hashes[row]


def _draw(accounts: list[UUID], trends: list[list[int | None]]) -> None:
    """Put the past into the flat rows whose trend says otherwise; its last point is today's and stays."""
    rows = {row.pk: row for row in AccountHealth.objects.filter(among("account_id", accounts)).only("trend")}
    other = []
    for account, past in zip(accounts, trends, strict=True):
        row = rows.get(account)
        if row is not None and row.trend[:-1] != past:
            row.trend = [*past, row.trend[-1]]
            other.append(row)
    AccountHealth.objects.bulk_update(other, ["trend"])


def _store(scored: Scored, accounts: list[UUID], before: Mapping[UUID, Standing], at: datetime) -> list[UUID]:
    """The score in force of each account: the one that is there when nothing has changed, else a new one."""
    of_today = stored_on(accounts, [scored.day])
    latest: list[UUID | None] = []
    for account, digest in zip(accounts, scored.hashes, strict=True):
        there, standing = of_today.get((account, scored.day)), before.get(account)
        if there is None and standing is not None and standing.day <= scored.day and standing.hash == digest:
            latest.append(standing.latest_id)
        else:
            latest.append(there.id if there is not None and there.hash == digest else None)
    new = [row for row, score_id in enumerate(latest) if score_id is None]
    made = replace_scores(scored, accounts, new, at=at)
    return [score_id or made[row] for row, score_id in enumerate(latest)]


def _trend(scored: Scored, then: Sheet) -> Trend:
    """Both ends under the rules of today."""
    return portfolio_trend(
        scored.card.rules_on(scored.day),
        values=scored.sheet.values,
        ages_days=scored.sheet.ages,
        values_then=then.values,
        ages_then_days=then.ages,
    )


def _stand(
    scored: Scored,
    accounts: list[UUID],
    latest: list[UUID],
    before: Mapping[UUID, Standing],
    trend: Trend,
    at: datetime,
) -> None:
    """Write the flat rows of the portfolio."""
    scores, percent = scored.scores, scored.scores.coverage_percent
    # Whole points, rounded down after the two places that decide the band: 74.9 is not drawn as the 75 of green.
    prints = [
        [None if point != point else int(round(point, 2)) for point in row] for row in scores.category_scores.tolist()
    ]
    drivers, costs = top_drivers(scores)
    rows = []
    for row, account in enumerate(accounts):
        score, arrow = scored.score(row), int(trend.arrow[row])
        change = int(trend.change[row]) if trend.known[row] else None
        rows.append(
            {
                "account_id": account,
                "latest_id": latest[row],
                "score_hundredths": score,
                "band": str(scores.bands[row]),
                "coverage": int(percent[row]),
                "low_hundredths": int(scores.low_hundredths[row]),
                "high_hundredths": int(scores.high_hundredths[row]),
                "fingerprint": prints[row],
                "trend": _trend_with(score, before.get(account), scored.day),
                "change_hundredths": change,
                "arrow": arrow,
                "driver": drivers[row],
                "driver_hundredths": costs[row],
                "attention": attention_of(score, change, arrow),
                "as_of": scored.day,
                "scored_at": at,
            }
        )
    with connection.cursor() as cursor:
        cursor.execute(_upsert(), [orjson.dumps(rows, default=str).decode()])


@cache
def _upsert() -> str:
    """One document instead of thousands of parameters: five times faster than bulk_create."""
    names = [str(field.column) for field in AccountHealth._meta.concrete_fields]
    columns = ", ".join(names)
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name != "account_id")
    return f"""
        insert into kpis_accounthealth ({columns})
        select {columns} from json_populate_recordset(null::kpis_accounthealth, %s::json)
        on conflict (account_id) do update set {updates}
    """  # noqa: S608 -- the table's own columns


def _trend_with(score: int | None, standing: Standing | None, day: date) -> list[int | None]:
    """The trend as it was known, moved on to the month of `day`; `rescore_past` puts the month ends right."""
    past: list[int | None] = [None] * TREND_MONTHS
    if standing is not None:
        ended = min(months_between(standing.as_of, day), TREND_MONTHS)
        past = [*standing.trend, *[None] * max(0, ended - 1)] if ended else standing.trend[:-1]
    return [*past, score][-TREND_MONTHS:]


def attention_of(score: int | None, change: int | None, arrow: int) -> int:
    """Place in the portfolio, lowest first; the head of this file says why. All in hundredths of a point."""
    if score is None:
        return ATTENTION_UNKNOWN
    return score + (change if arrow < 0 and change is not None else 0)


def _news(
    scored: Scored, accounts: list[UUID], latest: list[UUID], before: Mapping[UUID, Standing]
) -> list[HealthChanged]:
    """One event for each account whose score or band is another; a first "not enough data" is no news."""
    news = []
    for row, account in enumerate(accounts):
        standing, score, band = before.get(account), scored.score(row), str(scored.scores.bands[row])
        old = (standing.score, standing.band) if standing else (None, "unknown")
        if old != (score, band):
            news.append(HealthChanged(account_id=account, score_id=latest[row], old=old[0], new=score, band=band))
    return news
