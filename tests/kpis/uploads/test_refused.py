"""Files that are not taken, and what the page says of them."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from kpis.models import Upload
from tests.kpis.uploads.conftest import GOOD, long_csv, page_of, post_file, work
from tests.world import World


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("report.xlsx", b"this is no workbook", "is not one"),
        ("empty.csv", b"", "empty"),
        ("report.pdf", b"%PDF-1.4", "cannot be read here"),
        ("report.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old kind"),
    ],
)
def test_a_refused_file_is_said_at_once(
    name: str, content: bytes, words: str, browser: Client, catalogue: World, queued: list[str]
) -> None:
    answer = post_file(browser, content or b"\n", name)
    assert answer.status_code == 422
    assert words in page_of(answer)
    catalogue.enter("north")
    upload = Upload.objects.get()
    assert upload.state == Upload.State.REFUSED
    page = browser.get(f"/uploads/{upload.pk}/")
    assert page.status_code == 200
    assert words in page_of(page)
    assert browser.post(f"/uploads/{upload.pk}/commit/").status_code == 422
    assert queued == []


def test_hostile_files_are_refused_on_the_page(
    browser: Client, catalogue: World, shared_set: Path, expected: dict[str, Any]
) -> None:
    for name, row in expected["hostile"].items():
        if row["outcome"] == "refused":
            answer = post_file(browser, (shared_set / "hostile" / name).read_bytes(), name)
            assert answer.status_code == 422, name
            assert "Not taken." in page_of(answer)


def test_a_file_above_the_limit_is_not_stored(browser: Client, catalogue: World, settings: Any, tmp_path: Path) -> None:
    settings.UPLOAD_MAX_BYTES = 100_000
    answer = post_file(browser, b"a,b\n" * 50_000, "large.csv")
    assert answer.status_code == 422
    assert "larger than 0 MB" in page_of(answer)
    catalogue.enter("north")
    assert not Upload.objects.exists()
    assert not list((tmp_path / "media").rglob("*.bin"))


def test_no_file_at_all_is_said(browser: Client) -> None:
    answer = browser.post("/uploads/", {})
    assert answer.status_code == 422
    assert "Choose a file first" in page_of(answer)


def test_names_of_files_are_shown_and_never_used(browser: Client, catalogue: World, queued: list[str]) -> None:
    post_file(browser, long_csv(GOOD), "../../etc/<b>passwd</b>.csv")
    catalogue.enter("north")
    upload = Upload.objects.get()
    assert ".." not in upload.path
    assert upload.path.startswith("t_north0000/uploads/")
    assert "<b>passwd" not in page_of(browser.get(f"/uploads/{upload.pk}/"))


def test_a_list_of_accounts_is_sent_on(browser: Client, catalogue: World) -> None:
    answer = post_file(browser, b"name,industry,region\nAcme,Retail,North\n", "accounts.csv")
    catalogue.enter("north")
    upload = work(Upload.objects.get())
    assert upload.state == "refused"
    assert "/accounts/import/" in page_of(browser.get(f"/uploads/{upload.pk}/"))
    assert answer.status_code in (302, 422)
