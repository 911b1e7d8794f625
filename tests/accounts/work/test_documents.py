"""Documents and links: kept as they came, fetched by whoever has a valid link of this tenant, each time logged."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import now

from accounts.models import Account, Document, ShareDownload, ShareLink
from accounts.operations.documents import add_document, revoke_link, share_document
from accounts.operations.tasks import create_task
from core.errors import DomainError
from tenants.context import sign
from tests.accounts.conftest import entries, woken
from tests.world import World

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
BYTES = b"<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(AT, tick=False) as travelled:
        yield travelled


def kept(world: World, name: str = "../../Offer.html", content: bytes = BYTES) -> Document:
    file = SimpleUploadedFile(name, content, content_type="text/html")
    return add_document(account_id=world.account.pk, file=file, by=world.alice.as_actor(), at=AT)


def shared(world: World, document: Document, **given: Any) -> tuple[ShareLink, str]:
    return share_document(document_id=document.pk, days=given.pop("days", 3), by=world.alice.as_actor(), at=AT, **given)


def test_a_file_is_kept_as_it_came_and_never_runs(world: World) -> None:
    made = kept(world)
    assert (made.name, made.size) == ("Offer.html", len(BYTES))
    answer = world.browser(world.alice).get(f"/accounts/{world.account.pk}/documents/{made.pk}/")
    assert b"".join(answer.streaming_content) == BYTES
    assert answer["Content-Disposition"] == 'attachment; filename="Offer.html"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert str(made.pk) in made.path
    assert "Offer" not in made.path
    assert world.browser(world.bob).get(f"/accounts/{world.account.pk}/documents/{made.pk}/").status_code == 404
    with pytest.raises(DomainError):
        kept(world, content=b"")


def test_who_may_keep_and_share(world: World) -> None:
    made = kept(world)
    for person in (world.vic, world.ana):
        with pytest.raises(PermissionDenied):
            share_document(document_id=made.pk, days=1, by=person.as_actor(), at=AT)
    with pytest.raises(Document.DoesNotExist):
        share_document(document_id=made.pk, days=1, by=world.bob.as_actor(), at=AT)
    file = SimpleUploadedFile("x", b"x")
    with pytest.raises(Account.DoesNotExist):
        add_document(account_id=world.account.pk, file=file, by=world.bob.as_actor(), at=AT)
    with pytest.raises(DomainError):
        shared(world, made, days=91)


def test_a_link_serves_strangers_logs_each_download_and_is_kept_as_a_hash(world: World) -> None:
    link, token = shared(world, kept(world), label="Buyer")
    stranger = world.browser()
    assert "Offer.html" in stranger.get(f"/shared/{token}/").content.decode()
    assert not ShareDownload.objects.exists(), "looking is no download"
    for _ in range(2):
        answer = stranger.get(f"/shared/{token}/file/", headers={"user-agent": "curl"})
        assert b"".join(answer.streaming_content) == BYTES
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert list(ShareDownload.objects.values_list("agent", flat=True)) == ["curl", "curl"]
    link.refresh_from_db()
    assert link.downloads == 2
    assert token.partition(":")[0] not in str(ShareLink.objects.values().get())
    assert [entry["what"] for entry in entries("accounts.document_changed")][-2:] == ["downloaded", "downloaded"]
    assert (
        "Buyer"
        in world.browser(world.alice)
        .get(f"/accounts/{world.account.pk}/documents/{link.document_id}/log/")
        .content.decode()
    )


def test_a_link_ends_by_time_by_hand_by_count_and_with_its_document(world: World, clock: Any) -> None:
    document = kept(world)
    stranger = world.browser()
    _, timed = shared(world, document, days=1)
    revoked, by_hand = shared(world, document)
    _, counted = shared(world, document, most=1)
    _, gone = shared(world, document)
    for _ in range(2):
        revoke_link(link_id=revoked.pk, by=world.alice.as_actor(), at=AT)
    assert stranger.get(f"/shared/{by_hand}/file/").status_code == 410
    assert stranger.get(f"/shared/{counted}/file/").status_code == 200
    assert stranger.get(f"/shared/{counted}/file/").status_code == 410
    assert stranger.get(f"/shared/{timed}/file/").status_code == 200
    clock.move_to(AT + timedelta(days=1))
    assert stranger.get(f"/shared/{timed}/file/").status_code == 410
    assert stranger.get(f"/shared/{timed}/").status_code == 410
    world.browser(world.mona).post(f"/accounts/{world.account.pk}/documents/{document.pk}/remove/")
    assert stranger.get(f"/shared/{gone}/file/").status_code == 410
    assert ShareDownload.objects.count() == 2


def test_a_link_cannot_be_guessed_or_used_in_another_tenant(world: World) -> None:
    link, token = shared(world, kept(world))
    stranger = world.browser()
    for guess in (str(link.pk), link.secret_hash, sign("guess", "share"), sign("x", "other"), token[:-1], token + "x"):
        assert stranger.get(f"/shared/{guess}/").status_code == 404, guess
        assert stranger.get(f"/shared/{guess}/file/").status_code == 404, guess
    for person in (None, world.charlie):
        south = world.browser(person, tenant="south")
        assert south.get(f"/shared/{token}/file/").status_code == 404
    assert not ShareDownload.objects.exists()


def test_the_panel_keeps_shares_once_revokes_and_undoes(world: World, query_count: Callable[..., Any]) -> None:
    browser, url = world.browser(world.alice, htmx=True), f"/accounts/{world.account.pk}/documents/"
    assert browser.post(url, {}).status_code == 422
    assert "Plan.pdf" in browser.post(url, {"file": SimpleUploadedFile("Plan.pdf", b"x")}).content.decode()
    document = Document.objects.get()
    assert browser.post(f"{url}{document.pk}/share/", {"days": "0"}).status_code == 422
    assert "/shared/" in browser.post(f"{url}{document.pk}/share/", {"days": "5", "label": "Ann"}).content.decode()
    assert "/shared/" not in browser.get(url).content.decode()
    with query_count() as one:
        browser.get(url)
    for _ in range(2):
        shared(world, kept(world))
    with query_count() as three:
        browser.get(url)
    assert one.number == three.number <= 25
    link = document.links.get()
    assert browser.post(f"/accounts/{world.account.pk}/links/{link.pk}/revoke/").status_code == 200
    gone = browser.post(f"{url}{document.pk}/remove/")
    assert "Plan.pdf" not in gone.content.decode()
    browser.post(woken(gone)["toast"]["undoUrl"])
    assert "Plan.pdf" in browser.get(url).content.decode()
    assert world.browser(world.vic).post(url, {"file": SimpleUploadedFile("P", b"x")}).status_code == 403


def test_the_api_has_every_verb(world: World) -> None:
    browser, url = world.browser(world.alice), "/api/v1/documents/"
    json: dict[str, Any] = {"content_type": "application/json"}
    body = {"account_id": str(world.account.pk), "file": SimpleUploadedFile("Plan.pdf", b"x")}
    made = browser.post(url, body)
    assert made.status_code == 201
    one = f"{url}{made.json()['id']}/"
    link = browser.post(f"{one}share/", {"days": 2}, **json).json()
    path = link["url"].partition("north.test")[2]
    assert world.browser().get(f"{path}file/").status_code == 200
    assert len(browser.get(f"{one}downloads/").json()) == 1
    assert browser.get(f"{one}file/").status_code == 200
    assert browser.get("/api/v1/share-links/").json()["results"][0]["url"] == ""
    assert browser.post(f"/api/v1/share-links/{link['id']}/revoke/").json()["revoked_at"]
    for address in (one, f"{one}file/", f"{one}downloads/"):
        assert world.browser(world.bob).get(address).status_code == 404
    assert browser.post(f"{one}remove/", {}, **json).json()["removed_at"]


def test_a_document_belongs_to_a_task_or_a_contract_of_its_account(world: World) -> None:
    by = world.alice.as_actor()
    task = create_task(title="Sign it", account_id=world.account.pk, by=by, at=now())
    hidden = create_task(title="Hidden", account_id=world.account.pk, private=True, by=by, at=now())
    browser, url = world.browser(world.alice, htmx=True), f"/accounts/{world.account.pk}/documents/"
    assert "Task “Sign it”" in browser.get(url).content.decode()
    file = SimpleUploadedFile("Form.txt", b"words")
    for wrong in (f"task:{hidden.pk}", "task:x", f"contract:{world.account.pk}", "colour:red"):
        answer = browser.post(url, {"file": SimpleUploadedFile("Form.txt", b"words"), "about": wrong})
        assert (answer.status_code, "There is no such thing" in answer.content.decode()) == (422, True)
    assert not Document.objects.exists()
    page = browser.post(url, {"file": file, "about": f"task:{task.pk}"}).content.decode()
    assert f'<a href="/tasks/{task.pk}/">Task “Sign it”</a>' in page
    assert "Form.txt" in world.browser(world.alice).get(f"/tasks/{task.pk}/").content.decode()
