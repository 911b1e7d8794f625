"""Movements as rows: read from the lines by accounts.revenue, made anew for an account whenever they change."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from uuid6 import uuid7

from accounts.models import Account
from accounts.queries.revenue import lines_of
from accounts.revenue import Ledger, ledger_of

AT_ONCE = 5000  # accounts
CENT = Decimal("0.01")


@transaction.atomic
def rebuild_movements(*, account_ids: Sequence[UUID], on: date) -> int:
    """Put the movements of these accounts in place of what is stored, as known on a day; returns how many there are.

    An account with contracts takes its ARR and its renewal date from them. The accounts are locked by the caller or
    wait their turn here. Idempotent.
    """
    made = 0
    ordered = sorted(account_ids)
    for start in range(0, len(ordered), AT_ONCE):
        made += _rebuild(ordered[start : start + AT_ONCE], on)
    return made


def _rebuild(ids: Sequence[UUID], on: date) -> int:
    locked = Account.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    found = list(locked.values_list("pk", flat=True))
    ledger = ledger_of(lines_of(found), known_on=on)
    with connection.cursor() as cursor:
        cursor.execute("delete from accounts_revenuemovement where account_id = any(%s)", [found])
        with cursor.copy(_COPY) as stream:
            for move in ledger.movements:
                flags = (move.involuntary, move.early)
                stream.write_row(
                    (uuid7(), UUID(move.customer), move.on, move.kind.value, move.amount, move.currency, *flags)
                )
        cursor.execute(_TELL, [*_balances(ledger, on), on])
    return len(ledger.movements)


_COPY = """
copy accounts_revenuemovement (id, account_id, "on", kind, amount, currency, involuntary, early) from stdin
"""

# ARR and renewal date on the flat row of the account, for lists and filters; only where they say something else.
_TELL = """
update accounts_account a
set arr = told.arr, currency = told.currency, renewal_on = coalesce(ends.first, a.renewal_on)
from unnest(%s::uuid[], %s::numeric[], %s::text[]) told(id, arr, currency)
left join lateral (
    select min(c.ends_on) as first from accounts_contract c
    where c.account_id = told.id and c.state = 'active' and c.ends_on >= %s
) ends on true
where a.id = told.id
  and (a.arr, a.currency, a.renewal_on)
      is distinct from (told.arr, told.currency, coalesce(ends.first, a.renewal_on))
"""


def _balances(ledger: Ledger, on: date) -> tuple[list[UUID], list[Decimal], list[str]]:
    customers = list(ledger.steps)
    arr = [(ledger.balance(customer, on) * 12).quantize(CENT) for customer in customers]
    return [UUID(customer) for customer in customers], arr, [ledger.currencies[customer] for customer in customers]
