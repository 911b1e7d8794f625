"""A file cannot bring values for a KPI that a formula computes."""

from django.utils.timezone import now

from kpis.models import Kpi, KpiAlias, KpiValue
from kpis.operations.formulas import retire_formula, write_formula
from tests.kpis.uploads.conftest import bring, commit, long_csv
from tests.world import World


def test_values_of_a_computed_kpi_are_held_and_say_why_until_its_formula_is_retired(catalogue: World) -> None:
    amy = catalogue.amy.as_actor()
    kpi = Kpi.objects.create(code="use_mix", name="Use mix", category="adoption", unit="%", custom=True)
    KpiAlias.objects.create(kpi=kpi, text="Use mix", normalised="use mix")
    write_formula(kpi_code="use_mix", text="seat_use / 2", expected_version=None, by=amy, at=now())
    rows = long_csv(("Initech", "Seat use", "2026-09", "60", "%"), ("Initech", "Use mix", "2026-09", "50", "%"))

    upload = commit(bring(rows, "one.csv", by=amy), by=amy)
    issue = upload.issues.get(state="held")
    assert (issue.kind, issue.rule) == ("computed_kpi", "Use mix is computed by its formula.")
    assert issue.suggestion == "Leave it out, or bring the values it reads."
    assert [value.kpi.code for value in KpiValue.objects.all()] == ["seat_use"]

    retire_formula(kpi_code="use_mix", by=amy)
    commit(bring(rows, "two.csv", by=amy), by=amy)
    assert KpiValue.objects.filter(kpi=kpi, origin="upload").count() == 1
