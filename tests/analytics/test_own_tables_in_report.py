"""Fields of own records, people and contracts that are marked stand in the report of their account, as tables."""

from datetime import date
from typing import Any

import pytest
from django.template.loader import render_to_string

from accounts.models import Account, Contract, CustomField, CustomObject, CustomRecord
from accounts.operations import people
from accounts.operations.custom import NotAField, add_field, change_field
from accounts.operations.records import archive_record
from accounts.queries import reported
from accounts.queries.reported import tables_in_reports
from analytics.models import Report
from analytics.tasks import report_context
from tests.accounts.custom.test_objects import project, record_of
from tests.analytics.conftest import AT
from tests.world import World


def mark(code: str, world: World) -> None:
    one = CustomField.objects.get(code=code)
    by = world.amy.as_actor()
    change_field(field_id=one.pk, expected_version=one.version, changes={"in_reports": True}, by=by)


def test_records_people_and_contracts_stand_in_tables(scored: World) -> None:
    by = scored.amy.as_actor()
    project(scored)
    record_of(scored, "Roll-out", status="late", budget="12000.5")
    record_of(scored, "Migration")
    archive_record(record_id=record_of(scored, "Gone").pk, by=by, at=AT)
    record_of(scored, "Elsewhere", Account.objects.create(name="Other", owner=scored.bob))
    assert tables_in_reports(scored.account) == []

    mark("status", scored)
    mark("budget", scored)
    add_field(label="Speaks", kind="text", record="contact", in_reports=True, by=by)
    add_field(label="Paper", kind="text", record="contract", in_reports=True, by=by)
    role: dict[str, Any] = {"account_id": scored.account.pk, "role": "champion", "starts_on": date(2026, 1, 1)}
    own: dict[str, Any] = {"custom.speaks": "Danish"}
    people.create_contact(name="Cara", by=by, at=AT, role=role, **own)
    given: dict[str, Any] = {"account": scored.account, "starts_on": date(2026, 1, 1), "currency": "EUR"}
    Contract.objects.create(name="Main", state="active", custom={"paper": "<b>ours</b>"}, **given)
    Contract.objects.create(name="Only a draft", state="draft", **given)

    said = {
        one.label: [(name, [value.value for value in values]) for name, values in one.rows]
        for one in tables_in_reports(scored.account)
    }
    assert said == {
        "People": [("Cara", ["Danish"])],
        "Contracts": [("Main", ["<b>ours</b>"])],
        "Projects": [("Migration", [None, None]), ("Roll-out", ["Late", "12000.5"])],
    }
    page = render_to_string("analytics/report.html", report_context(Report(account=scored.account), at=AT))
    for words in ("Projects", "Roll-out", "12,000.5 EUR", "unknown", "Danish", "&lt;b&gt;ours"):
        assert words in page, words
    assert "Elsewhere" not in page


def test_what_some_roles_may_not_know_of_stands_in_no_report(scored: World, monkeypatch: pytest.MonkeyPatch) -> None:
    project(scored)
    record_of(scored, "Roll-out", status="late", margin="77")
    with pytest.raises(NotAField, match="A report goes to anybody"):
        mark("margin", scored)
    mark("status", scored)
    CustomField.objects.filter(code="margin").update(in_reports=True)
    [table] = tables_in_reports(scored.account)
    assert [field.code for field in table.fields] == ["status"]

    monkeypatch.setattr(reported, "MOST_ROWS", 1)
    record_of(scored, "Second")
    record_of(scored, "Third")
    [table] = tables_in_reports(scored.account)
    assert (len(table.rows), table.more) == (1, 2)

    CustomObject.objects.update(view_roles=["manager"])
    assert CustomRecord.objects.count() == 3
    assert tables_in_reports(scored.account) == []
    with pytest.raises(NotAField, match="some roles may not know"):
        mark("budget", scored)
