"""Several at the same time: workers scoring one account, people correcting one cell."""

from collections.abc import Callable
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

from django.db import connection

from accounts.models import Account
from core.models import Entry
from kpis.models import AccountHealth, HealthScore, KpiValue
from kpis.operations import CellChanged, correct_kpi_value, rescore_accounts
from kpis.operations.health import rescore_past
from kpis.queries.assignment import live_cards
from tenants.context import tenant_scope
from tests.database import NORTH
from tests.kpis.health.book import NOVEMBER, NOW, OCTOBER, SCORING, fill, furnish

THREADS = 4


def together(work: Callable[[], Any]) -> list[Any]:
    """What `work` gave in each of four connections that began at the same moment."""
    meet, found = Barrier(THREADS), []

    def one() -> None:
        try:
            with tenant_scope(NORTH):
                meet.wait()
                found.append(work())
        finally:
            connection.close()

    threads = [Thread(target=one) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_workers_that_score_one_account_store_one_score(scratch_database: None) -> None:
    with tenant_scope(NORTH):
        furnish()
        account = Account.objects.create(name="Initech")
        fill(account, OCTOBER)
        fill(account, NOVEMBER)

    def work() -> int:
        rescore_past(account_ids=[account.pk], cards=live_cards(), at=NOW, by=SCORING)
        return rescore_accounts(account_ids=[account.pk], at=NOW, by=SCORING).moved

    assert sorted(together(work)) == [0, 0, 0, 1]
    with tenant_scope(NORTH):
        assert (HealthScore.objects.count(), AccountHealth.objects.count()) == (2, 1)
        assert Entry.objects.filter(event="kpis.health_changed").count() == 1


def test_people_who_fill_one_cell_learn_of_each_other(scratch_database: None) -> None:
    with tenant_scope(NORTH):
        furnish()
        account = Account.objects.create(name="Initech")

    def work() -> str:
        given = {"kpi_code": "seat_use", "period": NOVEMBER, "new": Decimal(40), "reason": "counted"}
        try:
            correct_kpi_value(account_id=account.pk, **given, expected_value_id=None, by=SCORING, at=NOW)
        except CellChanged:
            return "too late"
        return "set"

    assert sorted(together(work)) == ["set", "too late", "too late", "too late"]
    with tenant_scope(NORTH):
        assert KpiValue.objects.count() == 1
        assert Entry.objects.filter(event="kpis.value_corrected").count() == 1
