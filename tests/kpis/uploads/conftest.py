"""A tenant with the catalogue, files from the shared set or made here, and the jobs run by hand."""

import csv
import datetime as dt
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now

from accounts.models import Account
from core.actor import Actor
from core.models import Job
from kpis import operations, tasks
from kpis.models import Upload
from tests.world import World

REPOSITORY = Path(__file__).parents[3]
SHARED_SET = Path(os.environ.get("PLUMBLINE_WORKBOOKS") or REPOSITORY.parent / "shared/data/kpi_workbooks")
TODAY = dt.date(2026, 11, 20)
# Rows of one file with something of every kind: read, bad, of no known KPI, of no known account.
GOOD = ("Initech", "Seat use", "2026-09", "61", "%")
BAD = ("Initech", "Seat use", "2026-08", "good", "%")
UNKNOWN = ("Initech", "Happiness", "2026-09", "4", "")
STRANGER = ("Initec", "Seat use", "2026-09", "55", "%")


@pytest.fixture(scope="session")
def shared_set() -> Path:
    if not (SHARED_SET / "expected.json").is_file():
        pytest.skip(f"THE SHARED WORKBOOKS WERE NOT TESTED: none in {SHARED_SET}; set PLUMBLINE_WORKBOOKS")
    return SHARED_SET


@pytest.fixture(scope="session")
def expected(shared_set: Path) -> dict[str, Any]:
    return json.loads((shared_set / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    """The files of these tests speak of 2026; `time_machine` lets the clock run on from there."""
    time_machine.move_to(dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC))


@pytest.fixture
def catalogue(world: World) -> World:
    """The world with the KPI catalogue laid down."""
    operations.install_catalogue(at=now(), by=Actor.system("tests"))
    return world


@pytest.fixture
def master(catalogue: World, shared_set: Path) -> World:
    """The catalogue and the 1,000 accounts of the shared set."""
    with (shared_set / "accounts.csv").open(encoding="utf-8-sig", newline="") as file:
        Account.objects.bulk_create(Account(name=row["account"]) for row in csv.DictReader(file))
    return catalogue


def bring(content: bytes | Path, name: str, *, by: Actor, **given: Any) -> Upload:
    """Receive a file and read it, as the page and the worker would."""
    if isinstance(content, Path):
        content = content.read_bytes()
    chunks = (content[at : at + 65536] for at in range(0, len(content), 65536))
    upload = operations.receive_upload(name=name, chunks=chunks, by=by, at=now(), **given)
    return work(upload)


def work(upload: Upload) -> Upload:
    """Do what a worker would: the job that the upload waits for."""
    upload.refresh_from_db()
    if upload.job is not None and upload.job.open:
        task = {
            "kpis.read_upload": tasks.read_upload,
            "kpis.import_upload": tasks.import_upload,
            "kpis.roll_back_upload": tasks.roll_back_upload,
            "kpis.take_in_held": tasks.take_in_held,
        }[upload.job.kind]
        task.run(job_id=str(upload.job_id))
    upload = Upload.objects.select_related("job").get(pk=upload.pk)
    assert upload.job is None or upload.job.state != Job.State.FAILED, upload.job.message
    return upload


def commit(upload: Upload, *, by: Actor) -> Upload:
    return work(operations.commit_upload(upload_id=upload.pk, by=by))


def long_csv(*rows: tuple[object, ...]) -> bytes:
    """A long file: (account, kpi, month, value, unit) rows."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["account", "kpi", "month", "value", "unit"])
    writer.writerows(rows)
    return text.getvalue().encode()


def sheet_xlsx(path: Path, rows: list[list[object]], name: str = "Sheet1") -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the jobs that were queued."""
    kinds: list[str] = []
    monkeypatch.setattr("core.jobs.queue", lambda job: kinds.append(job.kind))
    return kinds


Bring = Callable[..., Upload]


@pytest.fixture
def browser(catalogue: World) -> Client:
    return catalogue.browser(catalogue.amy)


@pytest.fixture
def upload(catalogue: World) -> Upload:
    return bring(long_csv(GOOD, BAD, UNKNOWN, STRANGER), "sept.csv", by=catalogue.amy.as_actor())


def post_file(browser: Client, content: bytes, name: str, **fields: Any) -> Any:
    return browser.post("/uploads/", {"file": SimpleUploadedFile(name, content), **fields})


def page_of(answer: Any) -> str:
    return str(answer.content.decode())
