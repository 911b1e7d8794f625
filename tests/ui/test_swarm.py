"""Marks on the health axis: nothing hidden behind another, nothing outside the plot, nothing invented."""

from math import hypot

from hypothesis import given, settings
from hypothesis import strategies as st

from core.templatetags.swarm import HEIGHT, WIDTH, dots, swarm

ROWS = st.lists(
    st.tuples(st.just("A"), st.integers(0, 100), st.just("green"), st.integers(0, 9), st.just("/")), max_size=60
)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_marks_stay_inside_the_plot(rows):
    for dot in swarm(rows).dots:
        assert 0 <= dot.x <= 100
        assert dot.diameter / 2 - 0.01 <= dot.y <= HEIGHT - dot.diameter / 2 + 0.01


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(20, 100), max_size=40, unique=True))
def test_marks_with_room_do_not_cover_each_other(scores):
    placed = swarm([("A", score, "green", 1, "/") for score in scores]).dots
    for i, a in enumerate(placed):
        for b in placed[:i]:
            assert hypot((a.x - b.x) / 100 * WIDTH, a.y - b.y) >= (a.diameter + b.diameter) / 2 - 0.01


def test_accounts_without_a_score_are_counted_not_drawn():
    placed = swarm([("A", None, "unknown", 5, "/"), ("B", 58, "yellow", None, "/b/")])
    assert (len(placed.dots), placed.missing, placed.words) == (1, 1, "1 watch")
    assert swarm([]).words == "no account has a score"


def test_names_are_escaped():
    assert "<script" not in dots(swarm([("<script>", 50, "red", 1, "/")]))
