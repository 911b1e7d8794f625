"""The journey of an account in its report: stages with their days, key events, nothing made up."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.template.loader import render_to_string
from django.utils.timezone import now

from accounts.models import Account, Activity, Outcome
from accounts.operations import edit_account
from analytics.models import Report
from analytics.pdf import render_pdf
from analytics.tasks import report_context
from tests.world import World


def printed(world: World, at: datetime) -> str:
    account = Account.objects.get(pk=world.account.pk)
    report = Report(account=account, created_by_label="Alice")
    return " ".join(render_to_string("analytics/report.html", report_context(report, at=at)).split())


def test_stages_with_their_days_and_what_happened_on_the_way(world: World, time_machine: Any) -> None:
    began = datetime(2026, 9, 1, 12, tzinfo=UTC)
    Account.objects.filter(pk=world.account.pk).update(created_at=began, stage="onboarding")
    time_machine.move_to(began + timedelta(days=30))
    edit_account(account_id=world.account.pk, expected_version=1, changes={"stage": "value"}, by=world.mona.as_actor())
    Outcome.objects.create(
        account=world.account, kind="renewed", on=began.date() + timedelta(days=40), recorded_at=now(), recorded_by="x"
    )
    Activity.objects.create(
        account=world.account,
        kind="meeting",
        subject="Business review",
        happened_at=began + timedelta(days=10),
        by_label="x",
    )
    at = began + timedelta(days=50)
    page = printed(world, at)
    way = page.partition('<section class="journey">')[2].partition("</section>")[0]
    for words in (
        'Onboarding</th><td>1 Sep 2026</td><td>1 Oct 2026</td><td class="n">30</td>',
        'Value</th><td>1 Oct 2026</td><td>now</td><td class="n">20</td>',
        "Meeting: Business review",
        "Renewed",
    ):
        assert words in way, way


def test_without_events_it_says_so(world: World) -> None:
    assert "No key event is on the record." in printed(world, now())


def test_the_document_with_its_journey_is_written(world: World) -> None:
    pdf, pages = render_pdf(printed(world, now()), "")
    assert pdf.startswith(b"%PDF")
    assert pages >= 1
