"""What is measured of accounts, in the words of the floor below."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from accounts.renewing import Signals
from kpis.models import AccountHealth


def renewal_signals(account_ids: Sequence[UUID]) -> Mapping[UUID, Signals]:
    """Where each of these accounts stands now and where it goes; nothing for one without a score. One query."""
    rows = AccountHealth.objects.filter(account_id__in=account_ids)
    return {row.account_id: Signals(row.band, row.arrow, row.score) for row in rows}
