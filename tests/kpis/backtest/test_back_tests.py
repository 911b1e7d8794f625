"""From stored values and outcomes to a stored record: in the worker, on a page, through the API."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied

from accounts.models import Account, Outcome
from core.jobs import cancel
from core.models import Entry, Job
from core.time import month_end, months_back
from kpis.models import BackTest, Kpi, KpiValue, ScorecardVersion
from kpis.operations.back_tests import NotTestable, result_of, start_back_test
from kpis.queries.replayed import everything_said
from kpis.tasks import back_test
from tests.kpis.health.book import NOW, TODAY, furnish
from tests.kpis.scorecards.cards import draft
from tests.world import World

Capture = Callable[..., AbstractContextManager[Any]]
MONTHS = months_back(date(2026, 10, 1), 14)
GOOD = {"relationship_nps": 60, "seat_use": 95, "support_csat": 95, "realised_value": 95, "renewal_readiness": 95}
BAD = {"relationship_nps": -40, "seat_use": 20, "support_csat": 60, "realised_value": 20, "renewal_readiness": 20}


def soon_after(month: date) -> datetime:
    """When a figure of a month is usually there: on its last day."""
    return datetime.combine(month_end(month), time(12), tzinfo=UTC)


def put(account: Account, code: str, numbers: dict[date, Any], *, recorded: Any = soon_after) -> None:
    kpi = Kpi.objects.get(code=code)
    KpiValue.objects.bulk_create(
        KpiValue(
            account=account,
            kpi=kpi,
            period=month,
            value=Decimal(str(number)),
            recorded_at=recorded(month),
            origin="upload",
        )
        for month, number in numbers.items()
    )


def customers(
    count: int, *, leaving: int, recorded: Any = soon_after, sample: bool = False, **more: Any
) -> list[Account]:
    """Accounts in good health; the first `leaving` go bad four months before they leave, one after the other."""
    made = Account.objects.bulk_create(
        Account(name=f"Customer {number:03}{' (s)' if sample else ''}", sample=sample, **more)
        for number in range(count)
    )
    kpis, values = {kpi.code: kpi for kpi in Kpi.objects.filter(code__in=GOOD)}, []
    for number, account in enumerate(made):
        left = MONTHS[6 + number % 7] if number < leaving else None
        for at, month in enumerate(MONTHS):
            if left is not None and month >= left:
                break
            bad = left is not None and at >= MONTHS.index(left) - 4
            values += [
                KpiValue(
                    account=account,
                    kpi=kpis[code],
                    period=month,
                    value=Decimal(number % 5 + figure),
                    recorded_at=recorded(month),
                    origin="upload",
                )
                for code, figure in (BAD if bad else GOOD).items()
            ]
        if left is not None:
            on = left + timedelta(days=9)
            Outcome.objects.create(account=account, kind="churned", on=on, recorded_at=NOW, recorded_by="Ana")
    KpiValue.objects.bulk_create(values)
    return made


@pytest.fixture
def book(world: World) -> Any:
    furnish()
    live = ScorecardVersion.objects.get()
    items = [row for row in live.definition["items"] if row["kpi"] in GOOD or row["outcome_like"]]
    ScorecardVersion.objects.update(definition={**live.definition, "items": items})
    with time_machine.travel(NOW, tick=False):
        yield world


def outcome_of(world: World, version: ScorecardVersion) -> dict[str, Any]:
    return result_of(version=version, job=None, until=TODAY)


def test_a_version_is_tested_in_the_worker_and_its_record_kept(
    book: World, django_capture_on_commit_callbacks: Capture
) -> None:
    customers(40, leaving=14)
    version = draft(book, seat_use={"weight": 1})

    with django_capture_on_commit_callbacks(execute=True):
        made = start_back_test(version_id=version.pk, by=book.ana.as_actor(), at=NOW)

    made.refresh_from_db()
    assert made.finished_at == NOW
    result = made.result
    assert (result["verdict"], result["main"], result["sample"], result["late_share"]) == ("better", "known", False, 0)
    assert (result["accounts"], result["churned"]) == (41, 14)  # one of them never had a value
    first = result["readings"]["known"]["horizons"][0]
    assert (first["horizon"], first["events"], first["caught"]) == (90, 14, 14)
    assert first["lift"]["low"] > 1
    assert result["against"]["label"] == "Standard v1"
    assert first["against"]["verdict"] in ("open", "better", "worse")
    job = Job.objects.get()
    assert (job.state, job.done, job.message) == ("done", 41, "Done.")
    data = Entry.objects.get(event="kpis.back_test_finished").data
    assert (data["version"], data["verdict"]) == (version.number, "better")


def test_the_same_text_on_the_same_data_gives_the_same_record(book: World) -> None:
    customers(30, leaving=11)
    version = draft(book)

    assert outcome_of(book, version) == outcome_of(book, version)


def test_too_few_losses_are_said_with_the_number_that_is_needed(book: World) -> None:
    customers(30, leaving=7)

    result = outcome_of(book, draft(book))

    assert result["verdict"] == "cannot_tell"
    assert "7 accounts left" in result["reason"]
    assert "3 more" in result["reason"]
    assert len(result["readings"]["known"]["churners"]) == 7


def test_an_empty_workspace_cannot_tell(book: World) -> None:
    result = outcome_of(book, draft(book))

    assert (result["verdict"], result["days"], result["late_share"]) == ("cannot_tell", [], None)


def test_values_brought_long_after_are_not_known_then_and_it_is_said_how_many(book: World) -> None:
    customers(30, leaving=12, recorded=lambda month: NOW)

    result = outcome_of(book, draft(book))

    assert (result["main"], result["late_share"]) == ("true", 1)
    assert all(one["cannot_tell"] for one in result["readings"]["known"]["horizons"])
    assert result["readings"]["true"]["horizons"][0]["verdict"] == "better"


def test_a_late_correction_counts_in_one_reading_and_not_in_the_other(book: World) -> None:
    october = MONTHS[-1]
    put(book.account, "seat_use", {october: 40})
    first = KpiValue.objects.get()
    KpiValue.objects.update(superseded_at=NOW)
    KpiValue.objects.create(
        account=book.account,
        kpi=first.kpi,
        period=october,
        value=90,
        recorded_at=NOW,
        previous=first,
        origin="edit",
    )

    said = everything_said([book.account.pk], [first.kpi_id], until=TODAY)

    on = month_end(october)
    assert [said.sheet(on, known=known)[0].tolist() for known in (True, False)] == [[[40.0]], [[90.0]]]
    assert [said.sheet(on, known=known)[2:] for known in (True, False)] == [(1, 0), (1, 1)]
    assert said.sheet(on - timedelta(days=1), known=True)[2] == 0
    assert said.sheet(TODAY, known=True)[0].tolist() == [[90.0]]
    assert said.sheet(TODAY, known=True)[1].tolist() == [[20.0]]


def test_outcome_like_kpis_are_left_out_whatever_they_know(book: World) -> None:
    accounts = customers(30, leaving=12)
    version = draft(book)
    before = outcome_of(book, version)
    for number, account in enumerate(accounts):
        put(account, "account_net_retention", dict.fromkeys(MONTHS, 20 if number >= 12 else 130))

    after = outcome_of(book, version)

    assert "account_net_retention" in after["left_out"]
    assert after["readings"]["known"]["horizons"] == before["readings"]["known"]["horizons"]


def test_synthetic_accounts_are_tested_alone_and_only_while_there_is_nothing_real(book: World) -> None:
    customers(30, leaving=12, sample=True)
    version = draft(book)

    assert [outcome_of(book, version)[name] for name in ("sample", "accounts", "churned")] == [True, 30, 12]

    put(book.account, "seat_use", {MONTHS[-1]: 50})
    assert [outcome_of(book, version)[name] for name in ("sample", "accounts", "churned")] == [False, 1, 0]


def test_archived_accounts_count_and_outcomes_that_were_taken_back_do_not(book: World) -> None:
    customers(30, leaving=12, archived_at=NOW)
    Outcome.objects.filter(account__name__in=["Customer 000", "Customer 001"]).update(withdrawn_at=NOW)

    assert outcome_of(book, draft(book))["churned"] == 10


def test_a_scorecard_for_some_is_tested_on_those(book: World) -> None:
    customers(12, leaving=2, tier="Gold")
    version = draft(book)
    version.scorecard.rule = {"tier": ["gold"], "stage": ["value"]}

    assert outcome_of(book, version)["accounts"] == 12


def test_a_draft_that_changed_before_its_test_began_is_not_tested(book: World) -> None:
    version = draft(book)
    made = start_back_test(version_id=version.pk, by=book.ana.as_actor(), at=NOW)
    ScorecardVersion.objects.filter(pk=version.pk).update(definition={**version.definition, "green_from": 80})

    back_test(job_id=str(made.job_id))

    job = Job.objects.get()
    assert job.state == "failed"
    assert job.message == "The draft was changed before its test began. Start the test again."
    assert BackTest.objects.get().result is None


def test_a_test_that_was_stopped_keeps_nothing(book: World) -> None:
    customers(4, leaving=1)
    made = start_back_test(version_id=draft(book).pk, by=book.ana.as_actor(), at=NOW)
    cancel(made.job)

    back_test(job_id=str(made.job_id))

    assert (Job.objects.get().state, BackTest.objects.get().result) == ("cancelled", None)


def test_asking_twice_starts_one_test(book: World) -> None:
    version = draft(book)
    first, second = (start_back_test(version_id=version.pk, by=book.ana.as_actor(), at=NOW) for _ in range(2))

    assert first.pk == second.pk
    assert Job.objects.count() == 1


def test_what_the_checker_refuses_is_not_tested(book: World) -> None:
    version = draft(book)
    ScorecardVersion.objects.filter(pk=version.pk).update(definition={**version.definition, "yellow_from": 90})

    with pytest.raises(NotTestable, match="Mend what the checker refuses first: Yellow begins at 90"):
        start_back_test(version_id=version.pk, by=book.ana.as_actor(), at=NOW)

    assert not Job.objects.exists()


@pytest.mark.parametrize("person", ["alice", "vic"])
def test_testing_is_for_those_who_draft(book: World, person: str) -> None:
    version = draft(book)
    with pytest.raises(PermissionDenied):
        start_back_test(version_id=version.pk, by=getattr(book, person).as_actor(), at=NOW)
    assert not BackTest.objects.exists()


# Pages and API


def test_the_page_shows_the_record_and_opens_to_the_evidence(
    book: World, django_capture_on_commit_callbacks: Capture
) -> None:
    customers(30, leaving=12)
    version = draft(book)
    url = f"/scorecards/versions/{version.pk}/back-test/"
    browser = book.browser(book.ana)
    assert "has not been tested" in browser.get(url).content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        assert browser.post(url).status_code == 302

    page = browser.get(url).content.decode()
    assert "Better than chance" in page
    assert "95% interval" in page
    assert "Customer 003" in page
    assert "/evidence/?as_of=" in page
    assert "12 accounts left: few. Read the intervals" in page
    assert "Reconstructed" in browser.get(url, {"reading": "true"}).content.decode()
    summary = browser.get(f"/scorecards/versions/{version.pk}/").content.decode()
    assert "Open the record" in summary
    assert "Lift over base rate" in summary


def test_who_sees_only_their_own_accounts_reads_no_other_names(
    book: World, django_capture_on_commit_callbacks: Capture
) -> None:
    customers(30, leaving=12)
    version = draft(book)
    with django_capture_on_commit_callbacks(execute=True):
        made = start_back_test(version_id=version.pk, by=book.ana.as_actor(), at=NOW)

    page = book.browser(book.bob).get(f"/scorecards/versions/{version.pk}/back-test/").content.decode()
    assert "Customer 003" not in page
    assert page.count("An account you do not see") == 12
    result = book.browser(book.bob).get(f"/api/v1/back-tests/{made.pk}/").json()["result"]
    assert result["readings"]["known"]["churners"] == []


def test_a_refusal_is_said_on_the_page(book: World) -> None:
    version = draft(book)
    ScorecardVersion.objects.filter(pk=version.pk).update(definition={**version.definition, "yellow_from": 90})

    answer = book.browser(book.ana).post(f"/scorecards/versions/{version.pk}/back-test/")

    assert answer.status_code == 422
    assert "Mend what the checker refuses first" in answer.content.decode()


def test_the_page_waits_for_a_test_and_can_stop_it(book: World) -> None:
    version = draft(book)
    start_back_test(version_id=version.pk, by=book.ana.as_actor(), at=NOW)
    url = f"/scorecards/versions/{version.pk}/back-test/"
    browser = book.browser(book.ana, htmx=True)

    assert "Waiting for a free worker" in browser.get(f"{url}state/").content.decode()
    browser.post(f"{url}cancel/")

    assert Job.objects.get().state == "cancelled"
    assert browser.get(f"{url}state/", {"on": "version"})["Location"] == f"/scorecards/versions/{version.pk}/"
    assert "ended without a record" in book.browser(book.ana).get(url).content.decode()


def test_the_api_starts_lists_and_stops(book: World) -> None:
    version, browser, url = draft(book), book.browser(book.ana), "/api/v1/back-tests/"

    made = browser.post(url, {"version_id": str(version.pk)}, content_type="application/json")
    assert made.status_code == 202
    assert made.json()["verdict"] is None

    listed = browser.get(url, {"version_id": str(version.pk), "finished": "false"}).json()["results"]
    assert [row["id"] for row in listed] == [made.json()["id"]]
    assert browser.post(f"{url}{made.json()['id']}/cancel/").json()["job"]["state"] == "cancelled"
    refused = book.browser(book.vic).post(url, {"version_id": str(version.pk)}, content_type="application/json")
    assert refused.status_code == 403
