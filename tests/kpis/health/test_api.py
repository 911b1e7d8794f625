"""Health, evidence and values through the API: the same rules as on the pages."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Account
from core.models import Job
from kpis.models import KpiValue
from tests.kpis.health.book import NOVEMBER, NOW, OCTOBER, fill, furnish, score, standing, value
from tests.world import World

JSON = "application/json"


@pytest.fixture
def book(world: World) -> Any:
    furnish()
    with time_machine.travel(NOW, tick=False):
        yield world


def test_the_list_is_the_portfolio(book: World) -> None:
    fill(book.account, seat_use=40)
    health = score(book.account)
    Account.objects.create(name="New", owner=book.bob)

    rows = book.browser(book.mona).get("/api/v1/health/").json()["results"]

    assert [row["name"] for row in rows] == ["Initech", "New"]
    assert rows[0]["score"] == f"{Decimal(health.score_hundredths) / 100:.2f}"
    assert rows[0]["categories"]["support"] == 75
    assert (rows[1]["score"], rows[1]["band"], rows[1]["coverage"]) == (None, "unknown", None)
    assert book.browser(book.bob).get("/api/v1/health/").json()["results"][0]["name"] == "New"


def test_the_list_takes_the_pages_filters_and_refuses_nonsense(book: World) -> None:
    standing(book.account, 3000)
    client = book.browser(book.mona)

    assert len(client.get("/api/v1/health/?band=red&sort=-score").json()["results"]) == 1
    assert client.get("/api/v1/health/?band=green").json()["results"] == []
    assert client.get("/api/v1/health/?band=purple").status_code == 400
    assert client.get("/api/v1/health/?sort=luck").status_code == 400


@pytest.mark.parametrize("unscored", [False, True])
def test_pages_are_complete(book: World, unscored: bool) -> None:
    for number in range(23):
        account = Account.objects.create(name=f"Customer {number}")
        if not unscored or number % 4:
            standing(account, 1000 + number // 5)
    standing(book.account, 1000)
    client, address, found = book.browser(book.mona), "/api/v1/health/?page_size=5", []
    while address:
        page = client.get(address).json()
        found += [row["account_id"] for row in page["results"]]
        address = page["next"]

    assert len(found) == len(set(found)) == 24


@pytest.mark.parametrize("accounts", [1, 3])
def test_the_list_costs_the_same_queries(book: World, query_count: Callable[[], Any], accounts: int) -> None:
    for number in range(accounts):
        standing(Account.objects.create(name=f"Customer {number}", owner=book.alice), 5000)
    client = book.browser(book.mona)
    client.get("/api/v1/health/")

    with query_count() as queries:
        client.get("/api/v1/health/")

    assert queries.number == 4, queries.sql


def test_one_account_with_its_bounds(book: World) -> None:
    fill(book.account)
    health = score(book.account)
    client = book.browser(book.mona)

    one = client.get(f"/api/v1/accounts/{book.account.pk}/health/").json()

    assert one == client.get(f"/api/v1/health/{book.account.pk}/").json()
    assert (one["score"], one["low"]) == ("75.00", f"{health.latest.low:.2f}")
    assert one["trend"][-1] == 75.0


def test_evidence_adds_up_and_names_the_cell(book: World) -> None:
    fill(book.account, seat_use=61)
    KpiValue.objects.filter(kpi__code="seat_use").update(sheet="KPI Data", address="C17", raw="61 %")
    stored = score(book.account).latest

    found = book.browser(book.mona).get(f"/api/v1/accounts/{book.account.pk}/evidence/").json()

    parts = [part for category in found["categories"] for part in category["parts"]]
    assert sum(Decimal(part["contribution"]) for part in parts) == Decimal(found["score"]) == stored.score
    assert (found["adds_up"], found["recomputed_same"]) == (True, True)
    seats = next(part for part in parts if part["kpi"] == "seat_use")
    assert (seats["source"]["sheet"], seats["source"]["address"], seats["source"]["raw"]) == ("KPI Data", "C17", "61 %")
    assert "champion_status" in found["categories"][0]["missing"]


def test_evidence_of_an_earlier_day(book: World) -> None:
    fill(book.account, OCTOBER, seat_use=20)
    fill(book.account)
    score(book.account)
    client = book.browser(book.mona)
    address = f"/api/v1/accounts/{book.account.pk}/evidence/"

    assert client.get(f"{address}?as_of=2026-10-31").json()["as_of"] == "2026-10-31"
    assert client.get(f"{address}?as_of=2020-01-01").status_code == 404
    assert client.get(f"{address}?as_of=yesterday").status_code == 400


@pytest.mark.parametrize("rest", ["accounts/{}/health/", "accounts/{}/evidence/", "health/{}/"])
def test_a_colleagues_account_is_not_there(book: World, rest: str) -> None:
    fill(book.account)
    score(book.account)
    address = f"/api/v1/{rest.format(book.account.pk)}"

    assert book.browser(book.alice).get(address).status_code == 200
    assert book.browser(book.bob).get(address).status_code == 404
    assert book.browser(book.charlie, tenant="south").get(address).status_code == 404
    assert book.browser().get(address).status_code in (401, 403)


def given(account: Account, **other: Any) -> dict[str, Any]:
    body = {
        "account_id": str(account.pk),
        "kpi": "seat_use",
        "period": "2026-11-17",
        "new": "40",
        "reason": "counted again",
    }
    return {**body, **other}


def post(client: Client, body: dict[str, Any]) -> Any:
    return client.post("/api/v1/kpi-values/", body, content_type=JSON)


def test_a_value_is_set_corrected_and_taken_back(book: World) -> None:
    client = book.browser(book.alice)
    first = post(client, given(book.account))
    assert first.status_code == 201
    assert (first.json()["value"], first.json()["period"]) == ("40.000000", "2026-11-01")
    second = post(client, given(book.account, new="55.5", expected_value_id=first.json()["id"]))
    assert second.json()["previous_id"] == first.json()["id"]

    undone = client.post(f"/api/v1/kpi-values/{second.json()['id']}/undo/")

    assert undone.json()["value"] == "40.000000"
    assert KpiValue.objects.current().get().reason == "Undone: counted again"


def test_the_slower_one_gets_409(book: World) -> None:
    post(book.browser(book.mona), given(book.account, new="55"))

    answer = post(book.browser(book.alice), given(book.account))

    assert answer.status_code == 409
    assert answer.json()["code"] == "CellChanged"
    assert answer.json()["detail"].startswith("Mona set this to 55")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"new": "201"}, 409),
        ({"new": "many"}, 400),
        ({"reason": " "}, 400),
        ({"period": "2027-01-01"}, 409),
        ({"kpi": "nothing"}, 404),
        ({"account_id": "01a1f94a-0000-7000-8000-000000000000"}, 404),
    ],
)
def test_what_cannot_be_is_refused(book: World, body: dict[str, Any], status: int) -> None:
    assert post(book.browser(book.alice), given(book.account, **body)).status_code == status


@pytest.mark.parametrize(("person", "status"), [("bob", 404), ("vic", 403), ("ana", 403), ("amy", 201)])
def test_who_may_correct(book: World, person: str, status: int) -> None:
    assert post(book.browser(getattr(book, person)), given(book.account)).status_code == status


def test_values_are_listed_and_filtered(book: World) -> None:
    fill(book.account)
    old = value(book.account, "seat_use", 70, OCTOBER)
    KpiValue.objects.filter(pk=old.pk).update(superseded_at=NOW)
    client = book.browser(book.mona)

    def listed(query: str) -> list[dict[str, Any]]:
        return client.get(f"/api/v1/kpi-values/?page_size=100&{query}").json()["results"]

    assert len(listed("")) == 20
    assert [one["kpi"] for one in listed("kpi=seat_use")] == ["seat_use"]
    assert [one["id"] for one in listed("history=true")] == [str(old.pk)]
    assert len(listed(f"period={NOVEMBER}")) == 20
    assert listed("origin=edit") == []
    assert client.get(f"/api/v1/kpi-values/{old.pk}/").json()["superseded_at"] is not None
    assert book.browser(book.bob).get("/api/v1/kpi-values/").json()["results"] == []
    assert book.browser(book.bob).get(f"/api/v1/kpi-values/{old.pk}/").status_code == 404


def test_sample_data_and_rescoring_are_jobs(book: World) -> None:
    mona, vic = book.browser(book.mona), book.browser(book.vic)

    assert mona.post("/api/v1/sample-data/").status_code == 202
    assert mona.post("/api/v1/sample-data/").status_code == 409
    assert mona.post("/api/v1/sample-data/remove/").status_code == 202
    assert mona.post("/api/v1/health/rescore/").status_code == 202
    assert mona.post("/api/v1/health/rescore/").status_code == 202
    assert vic.post("/api/v1/sample-data/").status_code == 403
    assert vic.post("/api/v1/health/rescore/").status_code == 403
    assert Job.objects.count() == 3
