"""Money is shown with its currency; unknown is never zero."""

from decimal import Decimal

import pytest

from core.money import CURRENCIES, SYMBOLS, display


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1250000", "EUR", "€1,250,000"),
        ("1250000.00", "USD", "$1,250,000"),
        ("0.5", "GBP", "£0.50"),
        ("1234.567", "EUR", "€1,234.57"),
        ("1250", "CHF", "CHF 1,250"),
        ("-1250", "EUR", "−€1,250"),
        ("-12.5", "SEK", "SEK −12.50"),
        ("0", "EUR", "€0"),
        ("1E+6", "EUR", "€1,000,000"),
    ],
)
def test_amounts(amount, currency, shown):
    assert display(Decimal(amount), currency) == shown


def test_an_unknown_amount_is_a_dash():
    assert display(None, "EUR") == "—"


def test_every_symbol_belongs_to_a_currency_people_can_choose():
    assert set(SYMBOLS) <= set(CURRENCIES)
    assert len(set(CURRENCIES)) == len(CURRENCIES)
