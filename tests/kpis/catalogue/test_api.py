"""Everything the catalogue's pages do, through the API."""

from typing import Any

from kpis.models import Kpi
from tests.kpis.health.book import value
from tests.world import World

JSON = {"content_type": "application/json"}


def call(world: World, person: Any = None) -> Any:
    return world.browser(person or world.ana)


def test_a_kpi_is_made_changed_retired_and_brought_back(catalogue: World) -> None:
    api = call(catalogue)
    asked = {"name": "Café visits", "category": "adoption", "unit": "count", "minimum": 0, "aliases": ["Coffee"]}
    made = api.post("/api/v1/kpis/", asked, **JSON)
    assert (made.status_code, made.json()["code"], made.json()["scored"]) == (201, "cafe_visits", False), made.content
    assert set(made.json()["aliases"]) == {"Café visits", "Coffee"}
    changed = api.patch("/api/v1/kpis/cafe_visits/", {"version": 1, "weight": 3, "caveats": "Staff too"}, **JSON)
    assert (changed.json()["weight"], changed.json()["version"]) == (3, 2)
    clash = api.patch("/api/v1/kpis/cafe_visits/", {"version": 1, "weight": 1}, **JSON)
    assert (clash.status_code, clash.json()["code"]) == (409, "Conflict")
    value(catalogue.account, "cafe_visits", 3)
    refused = api.patch("/api/v1/kpis/cafe_visits/", {"version": 2, "unit": "h"}, **JSON)
    assert (refused.json()["code"], refused.json()["field"]) == ("MeansValues", "unit")
    assert api.post("/api/v1/kpis/cafe_visits/retire/").json()["active"] is False
    assert api.get("/api/v1/kpis/cafe_visits/").json()["active"] is False
    assert "cafe_visits" not in [row["code"] for row in api.get("/api/v1/kpis/?custom=true").json()["results"]]
    assert api.post("/api/v1/kpis/cafe_visits/restore/").json()["active"] is True
    card = api.get("/api/v1/kpis/cafe_visits/card/").json()
    assert card["grain"] == "account × month; over longer periods the last month counts"
    assert [line["text"] for line in card["log"]][-1] == "Made the KPI cafe visits"
    assert api.post("/api/v1/kpis/seat_use/retire/").json()["code"] == "InUse"


def test_names_in_files(catalogue: World) -> None:
    api = call(catalogue)
    named = api.post("/api/v1/kpis/seat_use/names/", {"text": "Licence burn"}, **JSON)
    assert "Licence burn" in named.json()["aliases"]
    refused = api.post("/api/v1/kpis/reopen_rate/names/", {"text": "LICENCE BURN"}, **JSON)
    assert (refused.status_code, refused.json()["code"]) == (409, "NameMeansAnother")
    gone = api.post("/api/v1/kpis/seat_use/names/remove/", {"text": "licence burn"}, **JSON)
    assert "Licence burn" not in gone.json()["aliases"]
    assert api.post("/api/v1/kpis/seat_use/names/remove/", {"text": "licence burn"}, **JSON).status_code == 404


def test_ranges_and_their_sheet(catalogue: World) -> None:
    api = call(catalogue)
    asked = {"kpi": "seat_use", "valid_from": "2026-11-20", "red": 40, "green": 70, "source": "Our renewals"}
    made = api.post("/api/v1/kpi-ranges/", asked, **JSON)
    assert (made.status_code, made.json()["anchors"][1]) == (201, [40.0, 50]), made.content
    wrong = api.post("/api/v1/kpi-ranges/", asked | {"red": 90}, **JSON)
    assert (wrong.status_code, wrong.json()["field"]) == (409, "green")
    listed = api.get("/api/v1/kpi-ranges/?kpi=seat_use").json()["results"]
    assert [row["valid_from"] for row in listed] == ["2026-11-20", "2000-01-01"]
    back = api.post(f"/api/v1/kpi-ranges/{made.json()['id']}/withdraw/")
    assert back.json()["superseded_at"] is not None
    assert Kpi.objects.get(code="seat_use").anchors[1] == [50.0, 50]
    sheet = "kpi_name,critical_max,risk_min,risk_max,healthy_min\nSeat use,40,40,70,70\nReopen rate,1,2,3,4\n"
    body = {"text": sheet, "valid_from": "2026-11-20"}
    seen = api.post("/api/v1/kpi-ranges/import/", body, **JSON).json()
    assert (seen["to_set"], seen["wrong"], seen["made"]) == (1, 1, [])
    assert "risk max" in seen["rows"][1]["problems"] or seen["rows"][1]["problems"]
    done = api.post("/api/v1/kpi-ranges/import/", body | {"commit": True}, **JSON).json()
    assert len(done["made"]) == 1
    empty = api.post("/api/v1/kpi-ranges/import/", {"text": "", "valid_from": "2026-11-20"}, **JSON)
    assert (empty.status_code, empty.json()["field"]) == (409, "file")


def test_benchmarks_and_metrics(catalogue: World) -> None:
    api = call(catalogue)
    asked = {
        "kpi": "seat_use", "population": "All", "statistic": "median", "value": 71, "source": "A survey", "year": 2025,
    }  # fmt: skip
    made = api.post("/api/v1/benchmarks/", asked, **JSON)
    assert made.status_code == 201, made.content
    assert api.post("/api/v1/benchmarks/", asked, **JSON).status_code == 409
    assert api.post("/api/v1/benchmarks/", asked | {"year": 2027}, **JSON).json()["field"] == "year"
    assert [row["year"] for row in api.get("/api/v1/benchmarks/?kpi=portfolio_nrr").json()["results"]].count(None) == 3
    assert api.delete(f"/api/v1/benchmarks/{made.json()['id']}/").status_code == 204
    assert api.get("/api/v1/metrics/coverage/").json()["unit"] == "% of weight"
    assert len(api.get("/api/v1/metrics/").json()) > 25
    assert api.get("/api/v1/metrics/nothing/").status_code == 404


def test_who_may_only_look_changes_nothing(catalogue: World) -> None:
    api = call(catalogue, catalogue.vic)
    assert api.get("/api/v1/kpis/seat_use/card/").status_code == 200
    for address, body in (
        ("kpis/", {"name": "Mine", "category": "adoption"}),
        ("kpis/seat_use/names/", {"text": "Mine"}),
        ("kpi-ranges/", {"kpi": "seat_use", "valid_from": "2026-11-20", "red": 40, "green": 70}),
        ("kpi-ranges/import/", {"text": "kpi_name,critical_max,risk_min\nSeat use,1,1", "valid_from": "2026-11-20"}),
        (
            "benchmarks/",
            {"kpi": "seat_use", "population": "All", "statistic": "median", "value": 1, "source": "x", "year": 2025},
        ),  # fmt: skip
        ("targets/", {"account_id": str(catalogue.account.pk), "kpi": "seat_use", "value": 1, "basis": "x"}),
    ):
        assert api.post(f"/api/v1/{address}", body, **JSON).status_code == 403, address
