from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.catalogue import BY_CODE, BY_NUMBER, CATALOGUE, DEFINITIONS, TEMPLATE_59, normalise, resolve, suggest

SPELLINGS = [
    line.split("\t") for line in Path(__file__).with_name("spellings.tsv").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize(("text", "meaning"), SPELLINGS, ids=[text for text, _ in SPELLINGS])
def test_a_name_from_a_file_resolves_to_what_it_means(text, meaning):
    kpi = resolve(text)

    if meaning == "unknown":
        assert kpi is None
    elif meaning == "template":
        assert kpi is not None
        assert kpi.template_only
    else:
        assert kpi is BY_NUMBER[int(meaning)]


@pytest.mark.parametrize("kpi", DEFINITIONS, ids=lambda kpi: kpi.code)
def test_every_definition_is_found_by_its_code_name_short_name_and_aliases(kpi):
    for text in (kpi.code, kpi.name, kpi.short_name, *kpi.aliases):
        assert resolve(text) is kpi, text


def test_every_template_name_is_found():
    for entry in TEMPLATE_59:
        assert resolve(entry.name) is entry.kpi


@pytest.mark.parametrize(
    "text",
    ["  seat   USE ", "Seat use [%]", "Seat use (%)", "Seat-Use", "seat use:", "Séat Use", "Seat\u00a0use ( % )"],
)
def test_case_accents_punctuation_spaces_and_unit_do_not_count(text):
    assert resolve(text) is BY_CODE["seat_use"]


@pytest.mark.parametrize("text", ["Seat uses", "NPS (rel.)", "Seat use (old)", "NRR", "GRR", "", "  ", "[%]", "42"])
def test_anything_else_is_unknown_and_never_guessed(text):
    assert resolve(text) is None


def test_a_unit_alone_is_not_stripped_to_nothing():
    assert normalise("(h)") == "h"


@pytest.mark.parametrize("text", ["Zufriedenheit der Kunden", "удержание клиентов", "顧客満足度"])
def test_names_in_any_script_stay_apart(text):
    assert normalise(text) != ""
    assert resolve(text) is None


@given(st.text(max_size=60))
@settings(deadline=None)
def test_normalise_is_stable_and_total(text):
    once = normalise(text)

    assert once == once.strip()
    assert "  " not in once
    assert normalise(once) == once


@given(st.sampled_from(CATALOGUE), st.integers(0, 40), st.sampled_from("abcxyz"))
@settings(deadline=None)
def test_a_near_miss_is_suggested_first_and_not_resolved(kpi, at, letter):
    near = kpi.name[:at] + letter + kpi.name[at:]
    if normalise(near) in {normalise(name) for k in DEFINITIONS for name in (k.name, *k.aliases)}:
        return

    assert resolve(near) is None
    assert kpi in [candidate for candidate, _ in suggest(near)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Net Promotor", "relationship_nps"),
        ("Seat utilisation idx", "seat_use"),
        ("NPS (rel.)", "relationship_nps"),
        ("Time-to first valeu", "time_to_first_value"),
    ],
)
def test_suggestions_put_the_likely_meaning_first(text, code):
    (best, score), *_ = suggest(text)

    assert best.code == code
    assert 60 <= score <= 100


@pytest.mark.parametrize("text", ["Happiness", "Owner region", "KPI 17", ""])
def test_nothing_near_suggests_nothing(text):
    assert suggest(text) == []


def test_suggestions_are_limited_sorted_and_each_kpi_comes_once():
    found = suggest("time to response", limit=5)

    assert len(found) == len({kpi.code for kpi, _ in found}) <= 5
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
