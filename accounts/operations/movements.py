"""Movements as rows: read from the lines by accounts.revenue, made anew for an account whenever they change.

An account with a contract that ever was in force takes its ARR, currency and next renewal from its contracts.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from uuid6 import uuid7

from accounts.events import AccountEdited
from accounts.models import Account, RevenueMovement
from accounts.queries.revenue import Figures, figures_by_contracts, lines_of
from accounts.queries.revenue_rules import Rules, rules_in_force
from accounts.revenue import Ledger, ledger_of
from core.actor import Actor
from core.among import among
from core.audit import record_many

AT_ONCE = 5000  # accounts
DAY = timedelta(days=1)
LONGEST = 14  # days that may have gone unfollowed before nobody can say who wrote a movement
COLUMNS = ("account_id", "on", "kind", "amount", "currency", "involuntary", "early")

Rows = Mapping[UUID, Counter[tuple[Any, ...]]]  # account -> its movements


@dataclass
class Brought:
    """What bringing accounts up to date did. changed: those whose movements or figures are others now; differing: those
    whose stored movements were neither of any day since `since` nor of today."""

    movements: int = 0
    changed: set[UUID] = field(default_factory=set)
    differing: list[UUID] = field(default_factory=list)


@transaction.atomic
def rebuild_movements(
    *, account_ids: Sequence[UUID], on: date, by: Actor | None = None, rules: Rules | None = None
) -> int:
    """Put the movements of these accounts in place of what is stored, as known on a day; returns how many there are.

    The accounts are locked by the caller or wait their turn here. Idempotent. by: who is told to have changed ARR,
    currency and next renewal (AccountEdited), None: whoever calls tells it.
    """
    made, ordered, rules = 0, sorted(account_ids), rules or rules_in_force()
    for start in range(0, len(ordered), AT_ONCE):
        made += bring(account_ids=ordered[start : start + AT_ONCE], on=on, rules=rules, by=by).movements
    return made


@transaction.atomic
def bring(
    *, account_ids: Sequence[UUID], on: date, rules: Rules, by: Actor | None = None, since: date | None = None
) -> Brought:
    """As `rebuild_movements`, for so many accounts as fit into one change; writes only what differs.

    since: the day as of which they were brought last, under the same rules; then `differing` is looked for.
    """
    locked = Account.objects.filter(among("id", account_ids)).order_by("pk").select_for_update(no_key=True)
    before = {row[0]: Figures(*row[1:]) for row in locked.values_list("pk", "arr", "currency", "renewal_on")}
    ledger = ledger_of(lines_of(list(before)), known_on=on, settings=rules.settings)
    stored, new = _stored(before), _rows(ledger)
    others = {pk for pk in before if stored.get(pk) != new.get(pk)}
    result = Brought(len(ledger.movements), set(others))
    if since is not None and others:
        result.differing = sorted(_unexplained(others, stored, since, on, rules))
    _replace(others, new)
    result.changed |= _tell(before, ledger, on, by)
    return result


def _stored(account_ids: Mapping[UUID, Any]) -> Rows:
    found: dict[UUID, Counter[tuple[Any, ...]]] = defaultdict(Counter)
    rows = RevenueMovement.objects.filter(among("account_id", account_ids)).order_by().values_list(*COLUMNS)
    for account_id, *rest in rows.iterator(chunk_size=10_000):
        found[account_id][tuple(rest)] += 1
    return dict(found)


def _rows(ledger: Ledger) -> Rows:
    found: dict[UUID, Counter[tuple[Any, ...]]] = defaultdict(Counter)
    for move in ledger.movements:
        one = (move.on, move.kind.value, move.amount, move.currency, move.involuntary, move.early)
        found[UUID(move.customer)][one] += 1
    return dict(found)


def _unexplained(others: set[UUID], stored: Rows, since: date, on: date, rules: Rules) -> set[UUID]:
    """Those of `others` whose stored movements are of no day from `since` on."""
    if not since < on <= since + LONGEST * DAY:
        return set(others) if since == on else set()
    lines = list(lines_of(sorted(others)))
    for days in range((on - since).days):
        known = _rows(ledger_of(lines, known_on=since + days * DAY, settings=rules.settings))
        others = {pk for pk in others if stored.get(pk) != known.get(pk)}
    return others


_COPY = """
copy accounts_revenuemovement (id, account_id, "on", kind, amount, currency, involuntary, early) from stdin
"""


def _replace(account_ids: set[UUID], new: Rows) -> None:
    if not account_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute("delete from accounts_revenuemovement where account_id = any(%s)", [sorted(account_ids)])
        with cursor.copy(_COPY) as stream:
            for pk in sorted(account_ids):
                for row in new.get(pk, Counter()).elements():
                    stream.write_row((uuid7(), pk, *row))


# The figures on the flat row of the account, for lists and filters.
_TELL = """
update accounts_account a set arr = told.arr, currency = told.currency, renewal_on = told.renewal_on
from unnest(%s::uuid[], %s::numeric[], %s::text[], %s::date[]) told(id, arr, currency, renewal_on)
where a.id = told.id
"""


def _tell(before: Mapping[UUID, Figures], ledger: Ledger, on: date, by: Actor | None) -> set[UUID]:
    now = figures_by_contracts(list(before), ledger, on)
    moved = {pk: figures for pk, figures in sorted(now.items()) if figures != before[pk]}
    if not moved:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_TELL, [list(moved), *map(list, zip(*(one.row() for one in moved.values()), strict=True))])
    if by is not None:
        record_many([AccountEdited(pk, changes=before[pk].changes_to(one)) for pk, one in moved.items()], by=by)
    return set(moved)
