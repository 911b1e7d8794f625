"""Planted pairs are found, neighbours in name are left alone."""

from itertools import combinations

import pytest

from accounts.matching import PROPOSED_FROM, compare, own_domain, read_name


def score(one: str, other: str, **given: set[str]) -> int:
    return compare(read_name(one), read_name(other), **given).score


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Ltd", "ACME Limited"),
        ("Acme Ltd", "Acme, Ltd."),
        ("ACME Limited", "Acme, Ltd."),
        ("Müller & Söhne GmbH", "Mueller und Soehne Gesellschaft mit beschränkter Haftung"),
        ("Müller & Söhne GmbH", "Muller and Sohne"),
        ("Fabbri S.p.A.", "FABBRI SpA"),
        ("Van Dijk B.V.", "van dijk bv"),
        ("Hansen GmbH & Co. KG", "Hansen"),
        ("North Star Logistics Inc.", "Northstar Logistics"),
        ("Logistics Meridian", "Meridian Logistics LLC"),
        ("Meridian Frieght", "Meridian Freight"),
        ("The Boston Bakery Co", "Boston Bakery"),
        ("Globex", "Globex Group"),
        ("O'Brien Foods", "OBrien Foods Ltd"),
        ("Straße AG", "STRASSE AG"),
    ],
)
def test_one_company_written_twice_is_proposed(one: str, other: str) -> None:
    assert score(one, other) >= PROPOSED_FROM
    assert score(one, other) == score(other, one)


CLEAN = [
    "Acme North", "Acme South", "Plant 1", "Plant 2", "Initech", "Initrode", "Meridian Freight", "Meridian Foods",
    "First National Bank", "Second National Bank", "United Airlines", "United Healthcare", "Delta Air", "Delta Faucet",
    "Northwind Traders", "Southwind Traders", "Umbrella", "Stark Industries", "Wayne Enterprises", "Limited", "GmbH",
    "Bank of Ireland", "Bank of Scotland", "Smith", "Smyth", "Company 17", "Company 71",
]  # fmt: skip


def test_no_two_of_a_clean_list_are_proposed() -> None:
    found = [(a, b, score(a, b)) for a, b in combinations(CLEAN, 2) if score(a, b) >= PROPOSED_FROM]
    assert found == []


def test_another_legal_form_lowers_the_score_and_says_so() -> None:
    likeness = compare(read_name("Acme Ltd"), read_name("Acme GmbH"))
    assert PROPOSED_FROM <= likeness.score < score("Acme Ltd", "Acme")
    assert ("other legal form", 0) in likeness.reasons


def test_contacts_at_one_domain_raise_names_that_share_a_word_and_nothing_else() -> None:
    assert score("Acme Robotics", "Acme") < PROPOSED_FROM
    assert score("Acme Robotics", "Acme", domains={"acme.example"}) >= PROPOSED_FROM
    assert score("Initech", "Globex", domains={"acme.example"}) == 0
    assert own_domain("ann@Acme.Example") == "acme.example"
    assert own_domain("ann@gmail.com") == own_domain("ann") == ""


@pytest.mark.parametrize("text", ["", "...", "Ltd", "株式会社", "&", "A", "S.A.", "é" * 300])
def test_any_text_is_a_name(text: str) -> None:
    assert compare(read_name(text), read_name(text)).score in (0, 100)
