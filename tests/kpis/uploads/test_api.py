"""The same through the API, with a token."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from kpis.models import KpiValue, UnknownKpi, Upload
from tests.kpis.uploads.conftest import bring, long_csv, work
from tests.world import World

GOOD = ("Initech", "Seat use", "2026-09", "61", "%")
BAD = ("Initech", "Seat use", "2026-08", "good", "%")
UNKNOWN = ("Initech", "Happiness", "2026-09", "4", "")
API = "/api/v1"


@pytest.fixture
def client(catalogue: World) -> Client:
    return catalogue.browser(catalogue.amy)


def send(client: Client, url: str, **data: Any) -> Any:
    return client.post(f"{API}{url}", data, content_type="application/json")


def test_the_whole_way(client: Client, catalogue: World, queued: list[str]) -> None:
    made = client.post(f"{API}/uploads/", {"file": SimpleUploadedFile("s.csv", long_csv(GOOD, BAD, UNKNOWN))})
    assert made.status_code == 201
    url = f"/uploads/{made.json()['id']}/"
    assert (made.json()["state"], queued) == ("reading", [])
    catalogue.enter("north")
    upload = work(Upload.objects.get())
    shown = client.get(f"{API}{url}").json()
    assert shown["state"] == "proposed"
    assert shown["proposal"]["counts"]["ready"] == 1
    assert [column["role"] for column in shown["proposal"]["sheets"][0]["columns"]][:3] == ["account", "kpi", "period"]
    issues = client.get(f"{API}{url}issues/?kind=not_a_number").json()["results"]
    assert [(one["address"], one["raw"], one["held"][0]["value"]) for one in issues] == [
        ("line 3, column D", "good", "good")
    ]
    assert send(client, f"{url}commit/").json()["state"] == "importing"
    assert send(client, f"{url}commit/").status_code == 409
    catalogue.enter("north")
    work(upload)
    done = client.get(f"{API}{url}").json()
    assert (done["state"], done["summary"]["imported"], done["summary"]["held"]) == ("done", 1, 2)
    assert done["job"]["percent"] == 100
    held = client.get(f"{API}{url}held/")
    assert load_workbook(io.BytesIO(held.content)).active.max_row == 3
    assert client.get(f"{API}/uploads/?state=done").json()["results"][0]["file_name"] == "s.csv"
    assert "proposal" not in client.get(f"{API}/uploads/").json()["results"][0]


def test_unknown_names_are_settled(client: Client, catalogue: World) -> None:
    by = catalogue.amy.as_actor()
    upload = bring(long_csv(UNKNOWN), "s.csv", by=by)
    found = client.get(f"{API}/unknown-kpis/?state=open").json()["results"]
    assert [(one["text"], one["waiting"], one["kpi"]) for one in found] == [("Happiness", 1, None)]
    assert send(client, f"/unknown-kpis/{found[0]['id']}/settle/", kpi="nonsense").status_code == 409
    settled = send(client, f"/unknown-kpis/{found[0]['id']}/settle/", kpi="csm_pulse").json()
    assert (settled["state"], settled["kpi"]) == ("named", "csm_pulse")
    assert send(client, f"/uploads/{upload.pk}/take-in/").json()["state"] == "reading"
    catalogue.enter("north")
    assert work(upload).proposal["counts"]["ready"] == 1


def test_questions_and_accounts_are_answered(client: Client, catalogue: World) -> None:
    content = b"Account Name,Seat use\nInitec,61%\n"
    upload = bring(content, "wide.csv", by=catalogue.amy.as_actor())
    url = f"/uploads/{upload.pk}/"
    refused = send(client, f"{url}answer/", answers={"period": "soon"})
    assert (refused.status_code, refused.json()["field"]) == (409, "period")
    assert send(client, f"{url}answer/", answers={"colour": "red"}).status_code == 409
    assert send(client, f"{url}answer/", answers={"period": "2026-09"}).status_code == 200
    catalogue.enter("north")
    work(upload)
    assert send(client, f"{url}accounts/", decisions={"Initec": "Initech"}).status_code == 200
    catalogue.enter("north")
    assert work(upload).proposal["counts"]["ready"] == 1
    assert not KpiValue.objects.exists()
    assert send(client, f"{url}cancel/").json()["state"] == "cancelled"


def test_a_refused_file_is_409_with_its_sentence(client: Client, catalogue: World) -> None:
    answer = client.post(f"{API}/uploads/", {"file": SimpleUploadedFile("a.xlsx", b"no workbook")})
    assert answer.status_code == 409
    assert answer.json()["detail"].endswith(".")
    assert client.get(f"{API}/uploads/{answer.json()['upload']}/").json()["state"] == "refused"
    assert send(client, f"/uploads/{answer.json()['upload']}/commit/").status_code == 409


def test_too_large_is_409(client: Client, catalogue: World, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 1000
    answer = client.post(f"{API}/uploads/", {"file": SimpleUploadedFile("a.csv", b"a,b\n" * 1000)})
    assert answer.status_code == 409
    assert client.post(f"{API}/uploads/", {}).status_code == 400


def test_kpis_with_their_names(client: Client) -> None:
    kpi = client.get(f"{API}/kpis/seat_use/").json()
    assert kpi["scored"]
    assert "Seat utilisation" in kpi["aliases"]
    assert kpi["anchors"][0] == [0.0, 0]
    page = client.get(f"{API}/kpis/?category=support&page_size=5").json()
    assert len(page["results"]) == 5
    assert {one["category"] for one in page["results"]} == {"support"}


def test_who_may(catalogue: World) -> None:
    upload = bring(long_csv(GOOD, UNKNOWN), "s.csv", by=catalogue.amy.as_actor())
    unknown = UnknownKpi.objects.get().pk
    stranger, viewer, bob = catalogue.browser(), catalogue.browser(catalogue.vic), catalogue.browser(catalogue.bob)
    assert stranger.get(f"{API}/uploads/").status_code == 401
    assert viewer.get(f"{API}/uploads/{upload.pk}/").status_code == 200
    assert send(viewer, f"/uploads/{upload.pk}/commit/").status_code == 403
    assert viewer.post(f"{API}/uploads/", {"file": SimpleUploadedFile("a.csv", b"a")}).status_code == 403
    assert bob.get(f"{API}/uploads/{upload.pk}/").status_code == 404
    assert send(bob, f"/uploads/{upload.pk}/commit/").status_code == 404
    assert send(bob, f"/unknown-kpis/{unknown}/settle/", kpi="csm_pulse").status_code == 403


@pytest.mark.parametrize("url", ["/uploads/", "/kpis/", "/unknown-kpis/"])
def test_lists_cost_the_same_for_one_and_three_rows(
    url: str, client: Client, catalogue: World, query_count: Any
) -> None:
    counts = []
    for times in (1, 3):
        catalogue.enter("north")
        rows = [("Initech", f"Happiness {number}", "2026-08", "5", "%") for number in range(times)]
        while Upload.objects.count() < times:
            bring(long_csv(*rows), f"{Upload.objects.count()}.csv", by=catalogue.amy.as_actor())
        client.get(f"{API}{url}?page_size={times}")
        with query_count() as queries:
            assert len(client.get(f"{API}{url}?page_size={times}").json()["results"]) == times
        counts.append(queries.number)
    assert counts[0] == counts[1] <= 6
