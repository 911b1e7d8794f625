"""Scores, fingerprints and lines: what is unknown stays visible as unknown, and no text escapes into markup."""

from decimal import Decimal

import pytest

from core.templatetags import marks
from core.templatetags.controls import choices, control, error_list

EVIL = '"><script>alert(1)</script>'


def test_a_score_says_its_band_in_words_and_shape():
    html = marks.score(Decimal("57.60"), "yellow")
    assert "57" in html  # rounded down: never the next band's figure
    assert 'data-band="yellow"' in html
    assert '<span class="vh"> watch</span>' in html
    assert "M4 .6" in html  # the triangle


@pytest.mark.parametrize("band", ["unknown", None, "nonsense"])
def test_a_missing_score_is_a_dash_never_zero(band):
    html = marks.score(None, band)
    assert "—" in html
    assert "no score" in html
    assert ">0<" not in html


def test_fingerprint_reads_out_every_category():
    html = marks.fingerprint(
        [("Value", 82, "green"), ("Support", None, None), {"label": "Use", "value": 0, "band": "red"}]
    )
    assert 'aria-label="Value 82 green, Support unknown, Use 0 red"' in html
    assert html.count('class="none"') == 1
    assert 'class="red" style="--v:0"' in html


def test_sparkline_leaves_a_gap_where_nothing_is_known():
    html = marks.sparkline([1, 2, None, None, 3, 4])
    assert html.count('class="l"') == 2
    assert "aria-hidden" in html


def test_a_quarterly_figure_is_one_line_and_a_missed_quarter_a_gap():
    quarters = [5, None, None, 6, None, None, 7, None, None, 8, None, None]
    assert marks.sparkline(quarters).count('class="l"') == 0
    assert marks.sparkline(quarters, reach=3).count('class="l"') == 1
    missed = [5, None, None, 6, None, None, None, None, None, 8, None, 9]
    assert [len(run) for run in marks.spark_runs(missed, 110, 28, reach=3)] == [2, 2]
    assert [len(run) for run in marks.spark_runs([None, 5, 6], 110, 28)] == [2]


def test_sparkline_of_nothing_is_an_empty_line():
    assert 'class="t"' in marks.sparkline([None, None])
    assert 'class="t"' in marks.sparkline(None)


def test_sparkline_of_one_value_and_of_equal_values():
    assert 'class="l"' not in marks.sparkline([5])
    assert marks.sparkline([5, 5, 5]).count('class="l"') == 1


@pytest.mark.parametrize(
    ("value", "good", "kind"),
    [
        (6, "up", "delta up"),
        (6, "down", "delta down"),
        (-6, "down", "delta up"),
        (-6, "none", "delta"),
        (0, "up", "delta"),
    ],
)
def test_delta_is_coloured_by_what_is_welcome(value, good, kind):
    assert f'<span class="{kind}">' in marks.delta(value, good=good)


def test_waterfall_starts_each_part_where_the_last_one_ended():
    steps = marks.waterfall(
        [("a", Decimal("8.80")), ("b", None), ("c", Decimal("16.40")), ("d", Decimal("-5"))], signs=True
    )
    assert [(s.start, s.width, s.sign) for s in steps] == [
        ("0.00%", "8.80%", "up"),
        ("8.80%", "0.00%", "up"),
        ("8.80%", "16.40%", "up"),
        ("20.20%", "5.00%", "down"),
    ]
    assert steps[1].points is None


def test_plot_breaks_at_unknown_months_and_marks_lone_points():
    plot = marks.plot([("Jan", 80), ("Feb", None), ("Mar", 40), ("Apr", 50)])
    assert len(plot.lines) == 1
    assert plot.dots == [("0.0%", "20.0%"), ("100.0%", "50.0%")]
    assert [top for top, _ in plot.grid] == ["100.0%", "75.0%", "50.0%", "25.0%", "0.0%"]
    assert marks.plot([]).lines == []


@pytest.mark.parametrize(
    "html",
    [
        marks.score(1, EVIL),
        marks.band_chip("red", EVIL),
        marks.fingerprint([(EVIL, 1, EVIL)]),
        marks.sparkline([1, 2], label=EVIL, band=EVIL),
        marks.delta(1, unit=EVIL),
        marks.avatar(EVIL),
        marks.extra_attributes({"data-x": EVIL, "title": marks.mark_safe('{"a": "b"}')}),
    ],
)
def test_text_of_people_is_escaped(html):
    assert "<script" not in html
    assert '""' not in html


def test_false_and_none_leave_an_attribute_out():
    assert (
        marks.extra_attributes({"disabled": True, "hidden": False, "title": None, "rel": "prev"})
        == 'disabled rel="prev"'
    )


def test_error_texts_of_forms_serializers_and_views():
    assert error_list(None) == []
    assert error_list("one") == ["one"]
    assert error_list({"name": ["one", "two"], "rows": {"0": ["three"]}}) == ["one", "two", "three"]


def test_a_control_is_described_by_what_is_shown():
    assert control("name").described == ""
    assert control("name", hint="h", errors=["e"]).described == "id_name_hint id_name_error"


def test_choices_mark_the_chosen_ones():
    assert [c.chosen for c in choices([("a", "A"), ("b", "B")], "b")] == [False, True]
    assert [c.chosen for c in choices(["a", "b", "c"], ["a", "c"])] == [True, False, True]
