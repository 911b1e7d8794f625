"""Files that are laid down in the inbox folder: taken once, when they stand still, whatever they are called or are."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now

from accounts.models import Notice
from core.actor import Actor
from core.models import Entry
from kpis import operations, tasks
from kpis.models import InboxFile, InboxLook, Upload
from kpis.operations import pickup
from tests.kpis.uploads.conftest import long_csv, work
from tests.world import World

GOOD = long_csv(("Initech", "Seat use", "2026-09", "61", "%"))
BAD = long_csv(("Initech", "Seat use", "2026-09", "good", "%"))
INBOX = Actor.system("inbox")


@pytest.fixture
def folder(catalogue: World) -> Path:
    look()
    return pickup.inbox_folder()


def look(times: int = 1) -> int:
    return sum(operations.look_into_inbox(by=INBOX, at=now()) for _ in range(times))


def lay(folder: Path, content: bytes = GOOD, name: str = "kpis.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_file_that_stands_still_is_taken_once(folder: Path) -> None:
    path = lay(folder)
    assert look() == 0
    assert InboxFile.objects.get().state == "growing"
    assert look(3) == 1
    upload = work(Upload.objects.get())
    assert (upload.file_name, upload.state, upload.picked_up) == ("kpis.csv", "proposed", True)
    assert (upload.created_by_label, upload.created_by_id) == ("system:inbox", None)
    row = InboxFile.objects.get()
    assert (row.state, row.upload, row.sha256) == ("taken", upload, upload.sha256)
    assert not path.exists()
    assert (folder / row.kept_as).read_bytes() == GOOD
    entry = Entry.objects.get(event="kpis.inbox_file_picked_up")
    assert (entry.data["file"], entry.data["state"]) == ("kpis.csv", "taken")
    assert InboxLook.objects.get().problem == ""


def test_a_file_that_grows_is_left_alone(folder: Path) -> None:
    path = lay(folder, GOOD[:10])
    look()
    for end in (20, 40, len(GOOD)):
        path.write_bytes(GOOD[:end])
        assert look() == 0
    assert look() == 1
    assert work(Upload.objects.get()).proposal["counts"]["ready"] == 1


def test_the_same_bytes_again_are_known_and_a_new_version_is_not(folder: Path) -> None:
    for content in (GOOD, GOOD, BAD):
        lay(folder, content)
        look(2)
    assert list(InboxFile.objects.order_by("seen_at").values_list("state", flat=True)) == ["taken", "known", "taken"]
    assert list(Upload.objects.order_by("version").values_list("version", flat=True)) == [1, 2]
    assert not [one for one in folder.iterdir() if one.is_file()]


def test_a_worker_killed_before_the_file_is_moved_takes_it_only_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(folder)
    look()
    with monkeypatch.context() as broken:
        broken.setattr(pickup, "_move", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            look()
    assert Upload.objects.count() == 1
    look(2)
    assert (Upload.objects.count(), InboxFile.objects.filter(state="known").count()) == (1, 1)
    assert not (folder / "kpis.csv").exists()


def test_links_pipes_and_folders_are_not_read(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(GOOD)
    (folder / "link.csv").symlink_to(secret)
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()
    look(2)
    assert dict(InboxFile.objects.values_list("file_name", "state")) == {"link.csv": "refused", "pipe.csv": "refused"}
    assert not Upload.objects.exists()
    assert secret.read_bytes() == GOOD
    assert (folder / "folder.csv").is_dir()


def test_a_link_put_in_its_place_while_it_is_read_is_not_followed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, path = tmp_path / "secret.csv", lay(folder)
    secret.write_bytes(GOOD)
    look()
    real = pickup._digest

    def swapped(read: Path) -> str:
        path.unlink()
        path.symlink_to(secret)
        return real(read)

    monkeypatch.setattr(pickup, "_digest", swapped)
    assert look() == 0
    assert not Upload.objects.exists()


def test_hostile_names_lead_nowhere(folder: Path) -> None:
    names = [b"a\nb.csv", b"\xff\xfe.csv", "‮vsc.csv".encode(), ("ä" * 120 + ".csv").encode(), b"-rf *.csv"]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(GOOD)
    lay(folder, name=".hidden.csv")
    lay(folder, name="half.csv.part")
    look(2)
    assert InboxFile.objects.filter(state="refused").count() == 3
    assert Upload.objects.filter(picked_up=True).count() == 2
    assert sorted(one.name for one in folder.iterdir() if one.is_file()) == [".hidden.csv", "half.csv.part"]
    assert len(list((folder / "refused").iterdir())) == 3


def test_a_huge_file_is_refused_without_being_read(folder: Path, settings: Any, monkeypatch: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 100
    monkeypatch.setattr(pickup, "_digest", lambda path: pytest.fail("it was read"))
    lay(folder, b"x" * 101)
    look(2)
    row = InboxFile.objects.get()
    assert (row.state, "larger than" in row.message) == ("refused", True)
    assert Entry.objects.get(event="kpis.inbox_file_picked_up").data["message"] == row.message


def test_what_is_no_spreadsheet_is_refused_with_its_reason(folder: Path) -> None:
    lay(folder, b"MZ\x00\x01 not a workbook", "kpis.xlsx")
    look(2)
    row = InboxFile.objects.get()
    assert (row.state, row.upload.state) == ("refused", "refused")
    assert row.message == row.upload.message != ""


def told(world: World) -> dict[str, list[str]]:
    """Who was told of the inbox: name -> texts."""
    found: dict[str, list[str]] = {}
    for notice in Notice.objects.filter(kind="inbox").select_related("user").order_by("created_at", "pk"):
        found.setdefault(notice.user.name.split()[0], []).append(notice.text)
    return found


def test_a_folder_that_cannot_be_used_is_said_once_a_day(
    folder: Path, catalogue: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pickup.os, "scandir", lambda path: (_ for _ in ()).throw(PermissionError(13, "denied")))
    assert look(3) == 0
    assert "denied" in InboxLook.objects.get().problem
    assert told(catalogue)[catalogue.mona.name.split()[0]] == [
        "Nothing is picked up from the inbox folder. The folder cannot be used: denied."
    ]


def test_those_who_bring_files_for_the_whole_book_are_told_of_one_that_failed(folder: Path, catalogue: World) -> None:
    lay(folder, b"MZ\x00\x01 not a workbook", "kpis.xlsx")
    look(3)
    reason = InboxFile.objects.get().message
    names = {person.name.split()[0] for person in (catalogue.alice, catalogue.bob, catalogue.vic)}
    said = told(catalogue)
    assert not names & set(said)
    assert said[catalogue.mona.name.split()[0]] == [f"“kpis.xlsx” in the inbox folder did not come in. {reason}"]
    assert Notice.objects.filter(kind="inbox").first().url == f"/uploads/{Upload.objects.get().pk}/"


def test_a_picked_up_file_that_cannot_be_read_in_the_worker_is_told(
    folder: Path, catalogue: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kpis.operations.reading._read", lambda *given, **named: 1 / 0)
    lay(folder)
    look(2)
    upload = Upload.objects.get()
    with pytest.raises(ZeroDivisionError):
        operations.read_upload(upload_id=upload.pk, job=upload.job, by=INBOX, today=now().date(), at=now())
    assert [len(texts) for texts in told(catalogue).values()] == [1] * len(told(catalogue)) != []


def pick(folder: Path, content: bytes) -> Upload:
    lay(folder, content)
    look(2)
    upload = work(Upload.objects.latest("version"))
    return work(upload)  # what it may have been committed to


def test_it_imports_alone_only_when_a_person_has_said_so_and_it_is_clean(folder: Path, catalogue: World) -> None:
    assert pick(folder, GOOD).state == "proposed"
    by = catalogue.amy.as_actor()
    operations.set_source(file_name="kpis.csv", imports_alone=True, by=by, at=now())
    assert pick(folder, BAD).state == "proposed"
    clean = long_csv(("Initech", "Seat use", "2026-10", "62", "%"))
    assert pick(folder, clean).state == "done"
    operations.set_source(file_name="kpis.csv", imports_alone=False, by=by, at=now())
    assert pick(folder, long_csv(("Initech", "Seat use", "2026-08", "62", "%"))).state == "proposed"
    assert Entry.objects.filter(event="kpis.source_set").count() == 2
    with pytest.raises(operations.NoSuchSource):
        operations.set_source(file_name="other.csv", imports_alone=True, by=by, at=now())
    with pytest.raises(PermissionDenied):
        operations.set_source(file_name="kpis.csv", imports_alone=True, by=catalogue.vic.as_actor(), at=now())


def test_a_dropped_file_of_that_name_still_waits(folder: Path, catalogue: World) -> None:
    pick(folder, GOOD)
    by = catalogue.amy.as_actor()
    operations.set_source(file_name="kpis.csv", imports_alone=True, by=by, at=now())
    upload = operations.receive_upload(name="kpis.csv", chunks=[GOOD], by=by, at=now())
    assert work(upload).state == "proposed"


def test_the_page_and_the_api(folder: Path, catalogue: World) -> None:
    pick(folder, GOOD)
    browser = catalogue.browser(catalogue.amy)
    page = browser.get("/uploads/inbox/").content.decode()
    assert "Picked up" in page
    assert "t_north0000/inbox" in page
    answer = browser.post("/uploads/inbox/", {"file_name": "kpis.csv", "imports_alone": "1"})
    assert answer.status_code == 302
    assert "Imports by itself" in browser.get("/uploads/inbox/?state=taken").content.decode()
    assert browser.post("/uploads/inbox/", {"file_name": "nobody.csv"}).status_code == 422
    assert "inbox folder" in browser.get("/uploads/").content.decode()
    rows = browser.get("/api/v1/inbox/").json()["results"]
    assert [(row["file_name"], row["state"]) for row in rows] == [("kpis.csv", "taken")]
    said = browser.post(
        "/api/v1/inbox/sources/", {"file_name": "kpis.csv", "imports_alone": False}, content_type="application/json"
    )
    assert said.json()[0]["imports_alone"] is False
    assert catalogue.browser(catalogue.vic).get("/uploads/inbox/").status_code == 403
    assert catalogue.browser(catalogue.vic).get("/api/v1/inbox/").status_code == 403


def test_the_task_looks(folder: Path) -> None:
    lay(folder)
    tasks.look_into_inbox.run()
    tasks.look_into_inbox.run()
    assert Upload.objects.count() == 1
