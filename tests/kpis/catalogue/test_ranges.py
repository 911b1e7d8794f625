"""Reference ranges: edges and anchors, the day they begin, what is refused, what a sheet may say."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import given
from hypothesis import strategies as st

from core.actor import Actor
from core.errors import Conflict, DomainError
from core.models import Entry
from kpis.catalogue import BY_CODE, CATALOGUE
from kpis.catalogue.drawing import drawing
from kpis.catalogue.edges import BadEdges, Frame, NewRange, anchors_of, edges_of, is_never_red
from kpis.models import Kpi, ReferenceRange
from kpis.operations import install_catalogue
from kpis.operations.ranges import (
    NotARange,
    RangeAsBefore,
    bring_into_force,
    import_ranges,
    set_range,
    withdraw_range,
)
from kpis.queries.card import dated_ranges, scorecards_behind
from kpis.queries.range_sheet import SheetPreview, preview_sheet
from kpis.scoring import ScoreItem
from tests.kpis.health.book import NOW, TODAY, fill, score
from tests.world import World

UP = Frame("up", "%", Decimal(0), Decimal(100))
DOWN = Frame("down", "h", Decimal(0), None)


def edges(**values: Any) -> dict[str, Decimal | None]:
    return {name: None if value is None else Decimal(str(value)) for name, value in values.items()}


def put(world: World, day: date = TODAY, code: str = "seat_use", at: Any = NOW, **values: Any) -> ReferenceRange:
    asked = values or {"red": 40, "green": 70}
    return set_range(new=NewRange(code, edges(**asked)), valid_from=day, by=world.ana.as_actor(), at=at)


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi.code)
def test_the_ranges_of_the_catalogue_can_be_typed_as_edges_and_come_out_the_same(kpi: Any) -> None:
    frame = Frame(kpi.direction, kpi.unit, kpi.minimum, kpi.maximum)
    every = edges_of(kpi.anchors, kpi.direction)
    never_red = is_never_red(kpi.anchors, kpi.direction)
    inner = {name: value for name, value in every.items() if name.startswith(("red", "green"))}
    assert anchors_of(every, frame, never_red=never_red) == kpi.anchors
    assert anchors_of(inner, frame, never_red=never_red) == kpi.anchors  # worst and best follow by the rule


@pytest.mark.parametrize(
    ("frame", "typed", "wrong"),
    [
        (UP, {"red": 80, "green": 50}, {"green": "Higher is better"}),
        (DOWN, {"red": 2, "green": 8}, {"green": "Lower is better"}),
        (UP, {"red": 50, "green": 50}, {"green": "cannot begin at the same value"}),
        (UP, {"red": 50}, {"green": "needed"}),
        (UP, {"red": 50, "green": 80, "best": 105}, {"best": "never above 100"}),
        (UP, {"red": -5, "green": 80}, {"red": "never below 0"}),
        (UP, {"red": 50, "green": 80, "best": 70}, {"best": "above 80"}),
        (UP, {"worst": 60, "red": 50, "green": 80}, {"red": "above 60"}),
        (UP, {"red": 50, "green": 100}, {"green": "Nothing can be better than 100"}),
        (UP, {"red": 50, "green": "NaN"}, {"green": "Enter a number"}),
        (Frame("band"), {"red_low": 1, "green_low": 5, "green_high": 5, "red_high": 9}, {"green_high": "above 5"}),
        (Frame("band"), {"green_low": 2, "green_high": 5, "red_high": 9}, {"red_low": "needed"}),
        (Frame("band"), {"red_low": 3, "green_low": 2, "green_high": 5, "red_high": 9}, {"green_low": "above 3"}),
        (Frame("band"), {"red_low": 1, "green_low": 2, "green_high": 5, "red_high": 4}, {"red_high": "above 5"}),
    ],
)
def test_edges_that_make_no_range_are_named(frame: Frame, typed: dict[str, Any], wrong: dict[str, str]) -> None:
    with pytest.raises(BadEdges) as refused:
        anchors_of(edges(**typed), frame)
    for name, words in wrong.items():
        assert words in refused.value.problems[name]


@given(
    red=st.decimals(-1000, 1000, places=3),
    width=st.decimals("0.001", 500, places=3),
    direction=st.sampled_from(["up", "down"]),
)
def test_whatever_edges_are_taken_make_a_scale_without_a_hole(red: Decimal, width: Decimal, direction: str) -> None:
    green = red + width if direction == "up" else red - width
    anchors = anchors_of({"red": red, "green": green}, Frame(direction))
    item = ScoreItem("any", "support", Decimal(1), anchors, 30)  # refuses what is no scale
    points = [worth for _, worth in item.anchors]
    assert points == sorted(points, reverse=direction == "down")
    assert {0, 50, 75, 100} == set(points)
    assert dict(anchors)[red] == 50
    assert dict(anchors)[green] == 75


@pytest.mark.parametrize("anchors", [[], [[5, 50]], [[5, 0], [5, 100]]])
def test_anchors_that_make_no_line_are_drawn_as_nothing(anchors: list[list[int]]) -> None:
    drawn = drawing(anchors)
    assert (drawn.path, drawn.dots, drawn.ticks, drawn.parts) == ("", [], [], ())


def test_a_range_counts_from_its_day_and_the_copy_follows(catalogue: World) -> None:
    later = put(catalogue, TODAY + timedelta(days=10), red=30, green=60)
    kpi = Kpi.objects.get(code="seat_use")
    assert kpi.anchors == [[0.0, 0], [50.0, 50], [80.0, 75], [100.0, 100]]
    put(catalogue)
    kpi.refresh_from_db()
    assert kpi.anchors == [[0.0, 0], [40.0, 50], [70.0, 75], [100.0, 100]]
    assert [one.state for one in dated_ranges(kpi, on=TODAY)] == ["later", "now", "past"]
    system = Actor.system("tests")
    assert bring_into_force(at=NOW, by=system) == 0
    assert bring_into_force(at=NOW + timedelta(days=10), by=system) == 1
    assert bring_into_force(at=NOW + timedelta(days=10), by=system) == 0
    kpi.refresh_from_db()
    assert kpi.anchors == later.anchors
    told = Entry.objects.filter(event="kpis.range_set").order_by("seq").last()
    assert told is not None
    assert told.data["old"] == [[0.0, 0], [50.0, 50], [80.0, 75], [100.0, 100]]


def test_a_second_range_of_a_day_replaces_the_first_and_taking_it_back_brings_it_back(catalogue: World) -> None:
    first = put(catalogue)
    second = put(catalogue, red=45, green=75, at=NOW + timedelta(minutes=1))
    first.refresh_from_db()
    assert first.superseded_at is not None
    kpi = withdraw_range(range_id=second.pk, by=catalogue.ana.as_actor(), at=NOW + timedelta(minutes=2))
    first.refresh_from_db()
    assert (first.superseded_at, kpi.anchors) == (None, first.anchors)
    with pytest.raises(DomainError, match="not in force any more"):
        withdraw_range(range_id=second.pk, by=catalogue.ana.as_actor(), at=NOW + timedelta(minutes=3))
    withdraw_range(range_id=first.pk, by=catalogue.ana.as_actor(), at=NOW + timedelta(minutes=3))
    last = ReferenceRange.objects.get(kpi=kpi, superseded_at=None)
    with pytest.raises(DomainError, match="only range"):
        withdraw_range(range_id=last.pk, by=catalogue.ana.as_actor(), at=NOW + timedelta(minutes=4))


def test_what_may_not_be_set(catalogue: World) -> None:
    before = ReferenceRange.objects.count()
    with pytest.raises(PermissionDenied):
        set_range(
            new=NewRange("seat_use", edges(red=1, green=2)), valid_from=TODAY, by=catalogue.vic.as_actor(), at=NOW
        )
    with pytest.raises(NotARange) as refused:
        put(catalogue, red=50, green=500)
    assert "never above 200" in refused.value.problems["green"]
    with pytest.raises(DomainError, match="within a year"):
        put(catalogue, TODAY + timedelta(days=400))
    with pytest.raises(DomainError, match="before 2000"):
        put(catalogue, date(1999, 1, 1))
    with pytest.raises(Conflict):
        set_range(
            new=NewRange("seat_use", edges(red=1, green=2)),
            valid_from=TODAY,
            expected_version=7,
            by=catalogue.ana.as_actor(),
            at=NOW,
        )
    assert ReferenceRange.objects.count() == before
    put(catalogue)
    with pytest.raises(RangeAsBefore):
        put(catalogue)


def test_a_range_moves_no_score_and_the_card_says_which_scorecard_is_behind(catalogue: World) -> None:
    fill(catalogue.account)
    standing = score(catalogue.account)
    put(catalogue, red=90, green=95)
    again = score(catalogue.account)
    assert again.score_hundredths == standing.score_hundredths
    behind = scorecards_behind(Kpi.objects.get(code="seat_use"), on=TODAY)
    assert [str(one.version) for one in behind] == ["Standard v1"]
    assert scorecards_behind(Kpi.objects.get(code="sla_attainment"), on=TODAY) == []


def test_the_first_ranges_say_where_they_come_from_and_are_laid_down_once(catalogue: World) -> None:
    assert ReferenceRange.objects.count() == 62
    nps = ReferenceRange.objects.get(kpi__code="relationship_nps")
    assert "changed where it was faulty or too strict; support benchmark set" in nps.source
    assert nps.valid_from == date(2000, 1, 1)
    install_catalogue(at=NOW, by=Actor.system("tests"))
    assert ReferenceRange.objects.count() == 62


def sheet(tmp_path: Path, *rows: str) -> SheetPreview:
    head = (
        "KPI Name,Unit,Higher is better,Critical min,Critical max,Risk min,Risk max,Healthy min,Healthy max,Description"
    )
    path = tmp_path / "sheet"
    path.write_text("\n".join([head, *rows]))
    return preview_sheet(path, "ranges.csv")


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("Seat use,%,yes,0,50,51,80,80,100,", "risk min", "nothing is said of 50 to 51"),
        ("Seat use,%,yes,0,55,50,80,80,100,", "risk min", "both claim 50 to 55"),
        ("Seat use,%,yes,80,100,50,80,0,50,", "critical min", "critical lies above healthy"),
        ("Seat use,%,no,0,50,50,80,80,100,", "higher is better", "higher is better for this KPI"),
        ("Seat use,h,yes,0,50,50,80,80,100,", "unit", "measures it in %"),
        ("Seat use,%,yes,0,50,50,80,80,500,", "healthy max", "never above 200"),
        ("Seat use,%,yes,0,,,80,80,100,", "risk min", "Say where critical ends"),
        ("Seat use,%,yes,0,many,50,80,80,100,", "critical max", "not a number"),
        ("Plan-limit use,%,,0,30,30,50,50,90,", "kpi name", "best within a band"),
        ("Weather,%,yes,0,50,50,80,80,100,", "kpi name", "No KPI is called so"),
        (",%,yes,0,50,50,80,80,100,", "kpi name", "missing"),
    ],
)
def test_a_row_of_a_sheet_names_its_problem_at_its_column(
    catalogue: World, tmp_path: Path, row: str, column: str, words: str
) -> None:
    found = sheet(tmp_path, row)
    assert words in found.rows[0].row.problems[column]
    assert (found.good, found.wrong) == ([], 1)


def test_a_good_sheet_is_taken_in_and_read_again_from_its_preview(catalogue: World, tmp_path: Path) -> None:
    found = sheet(
        tmp_path,
        "Seat use,%,yes,,40,40,70,70,,from our renewals",
        "first response time,h,no,8,,2,8,,2,",
        "Reply time of main contacts,working h,no,48,,16,48,0,16,",
        "Seat use,%,yes,,10,10,20,20,,twice",
    )
    assert [one.kpi for one in found.good] == ["seat_use", "reply_time"]
    assert (found.unchanged, found.wrong) == (1, 1)
    path = tmp_path / "again"
    path.write_text(found.as_text)
    again = preview_sheet(path, "pasted.csv")
    assert [one.edges for one in again.good] == [one.edges for one in found.good]
    made = import_ranges(ranges=found.good, valid_from=TODAY, by=catalogue.ana.as_actor(), at=NOW)
    assert {one.kpi.code for one in made} == {"seat_use", "reply_time"}
    assert Kpi.objects.get(code="reply_time").anchors[0] == [0.0, 100]
    assert import_ranges(ranges=found.good, valid_from=TODAY, by=catalogue.ana.as_actor(), at=NOW) == []
    assert BY_CODE["reply_time"].direction == "down"
