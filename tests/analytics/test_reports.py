"""Asking for a report, its pages and its API; what happens when the worker cannot."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.models import Account
from analytics import tasks
from analytics.models import Report
from analytics.operations import create_report, store_report, sweep_reports
from analytics.pdf import TooLarge
from core.models import Entry, Job
from tenants.context import tenant_path
from tests.analytics.conftest import AT, SYSTEM
from tests.world import World

Written = Callable[..., Report]


def ask(world: World, who: str = "alice", account: Account | None = None, *, later: int = 0) -> Report:
    by, at = getattr(world, who).as_actor(), AT + timedelta(seconds=later)
    return create_report(account_id=(account or world.account).pk, on=AT.date(), by=by, at=at)


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_asking_makes_a_row_and_a_job(world: World) -> None:
    report = ask(world)
    assert (report.account_id, report.as_of, report.created_by_id, report.created_by_label, report.state) == (
        world.account.pk,
        AT.date(),
        world.alice.pk,
        "Alice",
        "waiting",
    )
    job = Job.objects.get()
    assert (job.kind, job.subject_id, job.state) == ("analytics.render_report", report.pk, "queued")


def test_asked_twice_it_is_one_report(world: World) -> None:
    assert ask(world).pk == ask(world).pk
    assert ask(world, "mona").pk != ask(world).pk
    assert (Report.objects.count(), Job.objects.count()) == (2, 2)


def test_asking_needs_the_account_and_the_permission(world: World) -> None:
    with pytest.raises(Account.DoesNotExist):
        ask(world, "bob")
    world.vic.role.permissions = []
    world.vic.role.save()
    with pytest.raises(PermissionDenied):
        ask(world, "vic")
    assert (Report.objects.count(), Job.objects.count()) == (0, 0)


def test_putting_the_file_away_twice_is_once(world: World) -> None:
    report = ask(world)
    for number, data in enumerate((b"%PDF-1", b"%PDF-2"), start=1):
        given = {"report_id": report.pk, "pdf": data, "pages": number, "on": date(2026, 11, 21), "score_id": None}
        stored = store_report(**given, by=SYSTEM, at=AT)
    assert (stored.pages, stored.size, stored.as_of, stored.state) == (1, 6, date(2026, 11, 21), "ready")
    assert stored.path == tenant_path("reports", f"{report.pk}.pdf")
    assert default_storage.open(stored.path).read() == b"%PDF-1"
    assert Entry.objects.filter(event="analytics.report_created").count() == 1


def test_a_file_of_a_killed_worker_is_replaced(world: World) -> None:
    report = ask(world)
    name = tenant_path("reports", f"{report.pk}.pdf")
    default_storage.save(name, ContentFile(b"half"))
    stored = store_report(report_id=report.pk, pdf=b"%PDF-1", pages=1, on=AT.date(), score_id=None, by=SYSTEM, at=AT)
    assert (stored.path, default_storage.open(name).read()) == (name, b"%PDF-1")


def test_files_of_accounts_that_are_gone_are_swept(world: World) -> None:
    kept, gone = ask(world), ask(world, "mona", Account.objects.create(name="Sample", sample=True))
    for report in (kept, gone):
        store_report(report_id=report.pk, pdf=b"%PDF-1", pages=1, on=AT.date(), score_id=None, by=SYSTEM, at=AT)
    Account.objects.filter(sample=True).delete()
    assert [sweep_reports(by=SYSTEM) for _ in range(2)] == [1, 0]
    assert default_storage.listdir(tenant_path("reports"))[1] == [f"{kept.pk}.pdf"]


def test_the_day_of_a_report_is_that_of_its_reader(world: World, written: Written, time_machine: Any) -> None:
    world.alice.time_zone = "Pacific/Auckland"
    world.alice.save()
    time_machine.move_to(AT + timedelta(hours=4))
    assert written(world.account, by=world.alice).as_of == date(2026, 11, 21)
    assert written(world.account, by=world.mona).as_of == date(2026, 11, 20)


# When the worker cannot -----------------------------------------------------------------------------------------


def test_a_failure_is_shown_with_its_reason(world: World, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(html: str, css: str) -> tuple[bytes, int]:
        raise TooLarge("This report is too large to be written. Please tell us which account it is.")

    monkeypatch.setattr(tasks, "render_pdf", too_large)
    report = written(world.account, by=world.alice)
    assert (report.state, report.path, default_storage.exists(tenant_path("reports"))) == ("failed", "", False)
    browser = world.browser(world.alice)
    page = text_of(browser.get(f"/reports/{report.pk}/"))
    assert "The report could not be written." in page
    assert "This report is too large to be written." in page
    assert "Try again" in page
    assert ">Failed</span>" in text_of(browser.get("/reports/"))
    answer = browser.get(f"/reports/{report.pk}/download/", follow=True)
    assert answer.redirect_chain == [(f"/reports/{report.pk}/", 302)]
    assert "This report could not be written." in text_of(answer)
    assert browser.get(f"/api/v1/reports/{report.pk}/").json()["problem"].startswith("This report is too large")
    assert Entry.objects.filter(event="analytics.report_created").count() == 0
    monkeypatch.undo()
    assert written(world.account, by=world.alice).state == "ready", "it can be asked for again"


def test_an_error_of_ours_is_said_plainly(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(html: str, css: str) -> tuple[bytes, int]:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(tasks, "render_pdf", broken)
    report = ask(world)
    with pytest.raises(ZeroDivisionError):
        tasks.render_report(job_id=str(report.job_id))
    page = text_of(world.browser(world.alice).get(f"/reports/{report.pk}/"))
    assert "Something failed on our side; nothing was half done." in page
    assert "secret detail" not in page


def test_a_job_that_is_gone_is_a_failure(world: World) -> None:
    report = ask(world)
    Job.objects.all().delete()
    page = text_of(world.browser(world.alice).get(f"/reports/{report.pk}/"))
    assert "Its job is gone." in page


def test_a_file_that_is_gone_is_said(world: World, written: Written) -> None:
    report = written(world.account, by=world.alice)
    default_storage.delete(report.path)
    answer = world.browser(world.alice).get(f"/reports/{report.pk}/download/", follow=True)
    assert "The file of this report is gone. Make a new one." in text_of(answer)
    answer = world.browser(world.alice).get(f"/api/v1/reports/{report.pk}/download/")
    said = {"detail": "The file of this report is gone. Make a new one.", "code": "NotReady"}
    assert (answer.status_code, answer.json()) == (409, said)


# Pages --------------------------------------------------------------------------------------------------------


def test_from_the_account_to_the_file(world: World, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
    browser = world.browser(world.alice)
    answer = browser.post(f"/accounts/{world.account.pk}/report/")
    report = Report.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/reports/{report.pk}/")
    page = text_of(browser.get(f"/reports/{report.pk}/"))
    assert "The report is being written" in page
    assert 'hx-trigger="every 1s"' in page
    assert browser.get(f"/reports/{report.pk}/download/")["Location"] == f"/reports/{report.pk}/"
    tasks.render_report(job_id=str(report.job_id))
    report.refresh_from_db()
    page = text_of(world.browser(world.alice, htmx=True).get(f"/reports/{report.pk}/"))
    assert page.startswith('<div id="report"')
    assert "every 1s" not in page
    assert f"SHA-256 of the file: {report.sha256}" in page
    answer = browser.get(f"/reports/{report.pk}/download/")
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="Initech health 2026-11-20.pdf"'
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "private, no-store"


def test_reports_are_hidden_with_their_account(world: World, written: Written) -> None:
    report = written(world.account, by=world.alice)
    browser = world.browser(world.bob)
    for url in (f"/reports/{report.pk}/", f"/reports/{report.pk}/download/", f"/reports/?account={world.account.pk}"):
        assert browser.get(url).status_code == 404
    assert "No reports yet" in text_of(browser.get("/reports/"))
    assert browser.post(f"/accounts/{world.account.pk}/report/").status_code == 404
    assert Report.objects.count() == 1


def test_reports_are_for_those_who_may(world: World) -> None:
    world.vic.role.permissions = []
    world.vic.role.save()
    assert world.browser(world.vic).post(f"/accounts/{world.account.pk}/report/").status_code == 403
    assert Report.objects.count() == 0


def test_the_list_by_account(world: World) -> None:
    other = Account.objects.create(name="Acme")
    ask(world, "mona")
    ask(world, "mona", other, later=1)
    browser = world.browser(world.mona)
    assert [report.account.name for report in browser.get("/reports/").context["page"].rows] == ["Acme", "Initech"]
    answer = browser.get(f"/reports/?account={other.pk}")
    assert [report.account.name for report in answer.context["page"].rows] == ["Acme"]
    assert 'hx-trigger="report-changed from:body, every 2s"' in answer.content.decode()
    for wrong in ("nonsense", str(uuid4())):
        assert browser.get(f"/reports/?account={wrong}").status_code == 404


def test_lists_cost_the_same_with_one_and_three_reports(world: World, query_count: Any) -> None:
    browser, panel = world.browser(world.mona), world.browser(world.mona, htmx=True)
    browser.get("/reports/")
    urls = {
        "/reports/": (browser, 5),
        "/api/v1/reports/": (browser, 3),
        f"/accounts/{world.account.pk}/panels/reports/": (panel, 4),
    }
    counts: dict[str, list[int]] = {url: [] for url in urls}
    for who in ("alice", "mona", "amy"):
        ask(world, who)
        for url, (client, _) in urls.items():
            with query_count() as queries:
                assert client.get(url).status_code == 200
            counts[url].append(queries.number)
    for url, (_, most) in urls.items():
        assert counts[url][0] == counts[url][2] <= most, (url, counts[url])


def test_the_panel_shows_the_newest_three(world: World) -> None:
    browser = world.browser(world.mona, htmx=True)
    url = f"/accounts/{world.account.pk}/panels/reports/"
    assert "No report has been made." in text_of(browser.get(url))
    for who in ("alice", "mona", "amy", "ana"):
        ask(world, who)
    page = text_of(browser.get(url))
    assert page.count("Being written") == 3
    assert "All reports of this account" in page
    assert 'hx-trigger="every 2s"' in page


# API ----------------------------------------------------------------------------------------------------------


def test_through_the_api(world: World) -> None:
    browser, url = world.browser(world.alice), "/api/v1/reports/"
    answer = browser.post(url, {"account_id": str(world.account.pk)}, content_type="application/json")
    made = answer.json()
    assert (answer.status_code, made["state"], made["as_of"], made["problem"]) == (202, "waiting", "2026-11-20", "")
    answer = browser.get(f"{url}{made['id']}/download/")
    said = {"detail": "This report is still being written.", "code": "NotReady"}
    assert (answer.status_code, answer.json()) == (409, said)
    tasks.render_report(job_id=str(Report.objects.get().job_id))
    assert browser.get(f"{url}{made['id']}/").json()["state"] == "ready"
    assert b"".join(browser.get(f"{url}{made['id']}/download/").streaming_content).startswith(b"%PDF-")
    assert len(browser.get(f"{url}?account_id={world.account.pk}").json()["results"]) == 1
    assert browser.get(f"{url}?account_id={uuid4()}").json()["results"] == []
    assert browser.get(f"{url}?account_id=nonsense").status_code == 400


@pytest.mark.parametrize("key", ["01a1f940-ac31-7196-9d34-b951238a9b42", "1", "-" * 36])
def test_what_is_not_there_is_404(world: World, key: str) -> None:
    for url in (f"/api/v1/reports/{key}/", f"/api/v1/reports/{key}/download/"):
        assert world.browser(world.mona).get(url).status_code == 404


def test_the_api_hides_and_refuses_as_the_pages_do(world: World) -> None:
    report = ask(world)
    browser = world.browser(world.bob)
    assert browser.get(f"/api/v1/reports/{report.pk}/").status_code == 404
    given = {"account_id": str(world.account.pk)}
    assert browser.post("/api/v1/reports/", given, content_type="application/json").status_code == 404
    answer = world.browser(world.alice).post("/api/v1/reports/", {"account_id": "x"}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (400, {"account_id": ["Must be a valid UUID."]})
    assert Report.objects.count() == 1


def test_an_account_that_goes_takes_its_report_along(world: World) -> None:
    report = ask(world)
    Account.objects.filter(pk=world.account.pk).delete()
    tasks.render_report(job_id=str(report.job_id))
    job = Job.objects.get(pk=report.job_id)
    assert (job.state, job.message) == ("done", "The account is gone, and its report with it.")
    assert not default_storage.exists(tenant_path("reports"))
