"""Money is a Decimal with a currency; nothing here converts between currencies."""

from decimal import Decimal

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "JPY", "CAD", "AUD")


def display(amount: Decimal | None, currency: str) -> str:
    """'€1,250,000' or 'CHF 1,250'; an unknown amount is an em dash, never zero."""
    if amount is None:
        return "—"
    sign = "−" if amount < 0 else ""
    text = f"{abs(amount):,.0f}" if amount == amount.to_integral_value() else f"{abs(amount):,.2f}"
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{text}" if symbol else f"{currency} {sign}{text}"
