"""The pages of uploads: what they say, whom they let in, what they cost."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from kpis.models import Upload, UploadIssue
from kpis.workbook.starters import EXAMPLE, STARTERS
from tests.kpis.uploads.conftest import BAD, GOOD, STRANGER, UNKNOWN, bring, commit, long_csv, page_of, post_file, work
from tests.world import World


def test_a_dropped_file_leads_to_its_page(browser: Client, catalogue: World, queued: list[str]) -> None:
    answer = post_file(browser, long_csv(GOOD), "sept.csv")
    catalogue.enter("north")
    upload = Upload.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/uploads/{upload.pk}/")
    assert (upload.file_name, upload.state, upload.created_by_id) == ("sept.csv", "reading", catalogue.amy.pk)
    page = page_of(browser.get(answer.url))
    assert "Reading the file" in page
    assert 'hx-trigger="every 1s"' in page


def test_the_page_shows_what_the_file_would_bring(browser: Client, upload: Upload) -> None:
    page = page_of(browser.get(f"/uploads/{upload.pk}/"))
    assert "Import 1 value" in page
    assert "line 3, column D" in page
    assert "is not a number" in page
    assert "perhaps Initech" in page
    assert "spelt like" in page or "Happiness" in page
    assert "Long layout" in page
    assert 'hx-trigger="every 1s"' not in page


def test_problems_can_be_looked_at_by_kind(browser: Client, upload: Upload) -> None:
    page = page_of(browser.get(f"/uploads/{upload.pk}/?kind=not_a_number&state=held"))
    assert "line 3, column D" in page
    assert "line 4, column D" not in page
    assert browser.get(f"/uploads/{upload.pk}/?kind=%00&state=nonsense&after=x").status_code == 200


def test_committing_works_without_script_and_with_it(browser: Client, catalogue: World, upload: Upload) -> None:
    answer = browser.post(f"/uploads/{upload.pk}/commit/")
    assert (answer.status_code, answer.url) == (302, f"/uploads/{upload.pk}/")
    again = browser.post(f"/uploads/{upload.pk}/commit/", headers={"hx-request": "true"})
    assert again.status_code == 422
    assert "being imported already" in page_of(again)
    assert "<html" not in page_of(again)
    catalogue.enter("north")
    work(upload)
    page = page_of(browser.get(f"/uploads/{upload.pk}/"))
    assert "See the accounts’ health" in page
    assert "Download the 3 held" in page


def test_an_answer_that_is_no_answer_is_said_at_its_question(browser: Client, catalogue: World) -> None:
    content = b"Account Name,Seat use\nInitech,61%\n"
    wide = bring(content, "wide.csv", by=catalogue.amy.as_actor())
    page = page_of(browser.get(f"/uploads/{wide.pk}/"))
    assert "One answer is missing" in page
    answer = browser.post(f"/uploads/{wide.pk}/answers/", {"period": "last month"})
    assert answer.status_code == 422
    assert "Choose a month" in page_of(answer)
    assert browser.post(f"/uploads/{wide.pk}/answers/", {"period": "2026-09"}).status_code == 302
    catalogue.enter("north")
    assert work(wide).proposal["counts"]["ready"] == 1


def test_a_column_can_be_left_out_and_taken_back(browser: Client, catalogue: World) -> None:
    content = b"Account Name,Seat use,Reopen rate\nInitech,61%,4%\n"
    wide = bring(content, "wide.csv", by=catalogue.amy.as_actor())
    browser.post(f"/uploads/{wide.pk}/answers/", {"period": "2026-09"})
    catalogue.enter("north")
    work(wide)
    browser.post(f"/uploads/{wide.pk}/answers/", {"role:!B": "ignored"})
    catalogue.enter("north")
    assert work(wide).proposal["counts"]["ready"] == 1
    assert "Read it again" in page_of(browser.get(f"/uploads/{wide.pk}/"))
    browser.post(f"/uploads/{wide.pk}/answers/", {"role:!B": ""})
    catalogue.enter("north")
    assert work(wide).proposal["counts"]["ready"] == 2


def test_the_same_file_again_is_pointed_out(browser: Client, catalogue: World, upload: Upload) -> None:
    by = catalogue.amy.as_actor()
    again = bring(long_csv(GOOD, BAD, UNKNOWN, STRANGER), "copy.csv", by=by)
    page = page_of(browser.get(f"/uploads/{again.pk}/"))
    assert "The same file was brought before" in page
    assert f"/uploads/{upload.pk}/" in page


def test_held_rows_and_the_original_can_be_fetched(browser: Client, upload: Upload) -> None:
    held = browser.get(f"/uploads/{upload.pk}/held.xlsx")
    assert held["Content-Disposition"] == 'attachment; filename="sept held rows v1.xlsx"'
    assert held.content.startswith(b"PK")
    original = browser.get(f"/uploads/{upload.pk}/file/")
    assert b"".join(original.streaming_content) == long_csv(GOOD, BAD, UNKNOWN, STRANGER)
    assert original["Content-Type"] == "application/octet-stream"


def test_accounts_are_settled_from_the_page(browser: Client, catalogue: World, upload: Upload) -> None:
    fields = {"name-1": "Initec", "choice-1": "create"}
    assert browser.post(f"/uploads/{upload.pk}/accounts/", fields).status_code == 302
    catalogue.enter("north")
    assert Account.objects.filter(name="Initec").exists()
    assert work(upload).proposal["counts"]["ready"] == 2


def test_another_account_can_be_typed(browser: Client, catalogue: World, upload: Upload) -> None:
    Account.objects.create(name="Globex")
    assert '<option value="Globex">' in page_of(browser.get(f"/uploads/{upload.pk}/"))
    fields = {"name-1": "Initec", "choice-1": "create", "other-1": "Globex"}
    assert browser.post(f"/uploads/{upload.pk}/accounts/", fields).status_code == 302
    catalogue.enter("north")
    assert not Account.objects.filter(name="Initec").exists()
    assert work(upload).answers == {"account:Initec": "Globex"}
    wrong = browser.post(f"/uploads/{upload.pk}/accounts/", {"name-1": "Initec", "other-1": "Nobody"})
    assert wrong.status_code == 422
    assert "no account of exactly this name" in page_of(wrong)


@pytest.mark.parametrize("layout", STARTERS)
def test_templates_come_in_without_a_problem(layout: str, browser: Client, catalogue: World) -> None:
    content = browser.get(f"/uploads/templates/{layout}.xlsx").content
    catalogue.enter("north")
    by = catalogue.amy.as_actor()
    unchanged = bring(content, "unchanged.xlsx", by=by)
    assert unchanged.proposal["counts"]["values"] == 0, "samples never come in by mistake"
    assert not unchanged.issues.exclude(state="notice").exists(), "nor are they problems"
    Account.objects.create(name=EXAMPLE)
    upload = commit(bring(content, "filled.xlsx", by=by), by=by)
    assert upload.summary["imported"] >= 10
    assert upload.summary.get("held", 0) == 0
    assert not upload.issues.exists()


def test_an_unknown_template_is_not_there(browser: Client) -> None:
    assert browser.get("/uploads/templates/secret.xlsx").status_code == 404


def test_the_list_costs_the_same_for_one_and_three_files(browser: Client, catalogue: World, query_count: Any) -> None:
    counts = []
    for files in (1, 3):
        catalogue.enter("north")
        while Upload.objects.count() < files:
            name = f"{Upload.objects.count()}.csv"
            commit(bring(long_csv(GOOD, BAD), name, by=catalogue.amy.as_actor()), by=catalogue.amy.as_actor())
        browser.get("/uploads/")
        with query_count() as queries:
            assert browser.get("/uploads/").status_code == 200
        counts.append(queries.number)
    assert counts[0] == counts[1] <= 8


def test_a_file_costs_the_same_for_one_and_three_problems(browser: Client, catalogue: World, query_count: Any) -> None:
    by, counts = catalogue.amy.as_actor(), []
    for times in (1, 3):
        catalogue.enter("north")
        rows = [
            row
            for number in range(times)
            for row in (
                ("Initech", "Seat use", f"2026-0{number + 1}", "good", "%"),
                (f"Stranger {number}", "Seat use", "2026-08", "5", "%"),
                ("Initech", f"Happiness {number}", "2026-08", "5", "%"),
            )
        ]
        upload = bring(long_csv(GOOD, *rows), f"{times}.csv", by=by)
        browser.get(f"/uploads/{upload.pk}/")
        with query_count() as queries:
            assert browser.get(f"/uploads/{upload.pk}/").status_code == 200
        counts.append(queries.number)
    assert counts[0] == counts[1] <= 16


def test_progress_costs_little(browser: Client, catalogue: World, upload: Upload, query_count: Any) -> None:
    browser.post(f"/uploads/{upload.pk}/commit/")
    with query_count() as queries:
        answer = browser.get(f"/uploads/{upload.pk}/", headers={"hx-request": "true"})
    assert "Importing" in page_of(answer)
    assert queries.number <= 6


def test_a_viewer_looks_and_changes_nothing(catalogue: World, upload: Upload) -> None:
    viewer = catalogue.browser(catalogue.vic)
    page = page_of(viewer.get(f"/uploads/{upload.pk}/"))
    assert "line 3, column D" in page
    assert "Import 1 value" not in page
    assert "Drop an Excel" not in page_of(viewer.get("/uploads/"))
    assert viewer.post(f"/uploads/{upload.pk}/commit/").status_code == 403
    assert post_file(viewer, long_csv(GOOD), "a.csv").status_code == 403


def test_a_csm_does_not_see_a_colleagues_file(catalogue: World, upload: Upload) -> None:
    bob = catalogue.browser(catalogue.bob)
    for url in ("", "held.xlsx", "file/"):
        assert bob.get(f"/uploads/{upload.pk}/{url}").status_code == 404
    assert bob.post(f"/uploads/{upload.pk}/commit/").status_code == 404
    assert "sept.csv" not in page_of(bob.get("/uploads/"))


def test_another_workspace_does_not_see_the_file(catalogue: World, upload: Upload) -> None:
    charlie = catalogue.browser(catalogue.charlie, tenant="south")
    assert charlie.get(f"/uploads/{upload.pk}/").status_code == 404


def test_the_list_says_what_waits_now(browser: Client, catalogue: World, upload: Upload) -> None:
    page = page_of(browser.get("/uploads/"))
    assert 'data-label="Would import">1<small>ready</small>' in page
    catalogue.enter("north")
    commit(upload, by=catalogue.amy.as_actor())
    UploadIssue.objects.filter(upload=upload, kind="not_a_number").update(state="resolved")
    assert 'data-label="Held">2<' in page_of(browser.get("/uploads/"))
