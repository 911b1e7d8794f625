"""The worker: after a value changes formulas come first, then the score, then indicators; and nothing goes round."""

from decimal import Decimal
from typing import Any

import pytest

from config.wiring import EVENTS
from core.models import Job
from kpis.events import KpiValuesComputed
from kpis.models import Indicator, Kpi, KpiValue, Upload
from kpis.operations.catalogue_edit import edit_kpi
from kpis.operations.formulas import write_formula
from kpis.operations.indicators import write_rule
from kpis.tasks import compute_formula, evaluate_all_indicators, rescore_account, rescore_upload
from tests.kpis.health.book import NOVEMBER, NOW, OCTOBER, fill, furnish, value


@pytest.fixture
def book(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    furnish()
    for module in ("kpis.tasks.health", "kpis.tasks.formulas"):
        monkeypatch.setattr(f"{module}.now", lambda: NOW)
    Kpi.objects.create(code="use_mix", name="Use mix", category="adoption", unit="%", custom=True)
    write_formula(kpi_code="use_mix", text="seat_use / 2", expected_version=None, by=world.ana.as_actor(), at=NOW)
    return world


def rule(world: Any) -> None:
    write_rule(
        rule_id=None,
        name="Little use",
        kind="risk",
        conditions=[{"measure": "use_mix", "op": "<", "value": "50"}],
        expected_version=None,
        by=world.ana.as_actor(),
        at=NOW,
    )


def test_a_new_value_moves_the_computed_one_and_the_indicator_in_one_go(book: Any) -> None:
    rule(book)
    fill(book.account, seat_use=80)
    rescore_account.run(account_id=book.account.pk, kpi="seat_use", period=NOVEMBER.isoformat())
    assert KpiValue.objects.get(kpi__code="use_mix").value == 40
    assert Indicator.objects.get().opened_by[0][:2] == ["use_mix", "40"]
    rescore_account.run(account_id=book.account.pk, kpi="seat_use", period=NOVEMBER.isoformat())
    assert (KpiValue.objects.filter(kpi__code="use_mix").count(), Indicator.objects.count()) == (1, 1)


def test_a_file_computes_what_reads_it_from_its_oldest_month_on(book: Any) -> None:
    upload = Upload.objects.create(
        file_name="a.csv", size=1, sha256="0" * 64, state=Upload.State.DONE, created_at=NOW, created_by_label="x"
    )
    value(book.account, "seat_use", 60, OCTOBER, upload=upload)
    value(book.account, "stickiness", 60, OCTOBER, upload=upload)
    rescore_upload.run(upload_id=upload.pk)
    assert [(one.period, one.value) for one in KpiValue.objects.filter(kpi__code="use_mix")] == [(OCTOBER, 30)]


def test_publishing_a_formula_computes_it_for_every_account(book: Any) -> None:
    value(book.account, "seat_use", 60)
    job = Job.objects.get(kind="kpis.compute_formula")
    compute_formula.run(job_id=str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.message) == ("done", "1 values computed for 1 accounts.")
    assert KpiValue.objects.get(kpi__code="use_mix").value == 30


def test_a_new_rule_is_held_against_every_account(book: Any) -> None:
    value(book.account, "use_mix", 30, origin="formula")
    rule(book)
    job = Job.objects.get(kind="kpis.evaluate_indicators")
    evaluate_all_indicators.run(job_id=str(job.pk))
    job.refresh_from_db()
    assert (job.message, Indicator.objects.count()) == ("1 opened, 0 closed.", 1)


def test_computed_values_start_no_computing() -> None:
    started = {task.name for task in EVENTS[KpiValuesComputed]}
    assert started == {"playbooks.evaluate_values", "accounts.hold_against_segments"}


def test_wider_limits_bring_back_what_they_had_kept_out(book: Any) -> None:
    Kpi.objects.filter(code="use_mix").update(maximum=30)
    value(book.account, "seat_use", 80, OCTOBER)
    kpi = Kpi.objects.get(code="use_mix")
    compute_formula.run(job_id=str(Job.objects.get(kind="kpis.compute_formula").pk))
    assert not KpiValue.objects.filter(kpi=kpi).exists()
    edit_kpi(
        code="use_mix", expected_version=kpi.version, changes={"maximum": Decimal(100)}, by=book.ana.as_actor(), at=NOW
    )
    compute_formula.run(job_id=str(Job.objects.get(kind="kpis.compute_formula", finished_at=None).pk))
    assert [(one.period, one.value) for one in KpiValue.objects.filter(kpi=kpi)] == [(OCTOBER, 40)]
