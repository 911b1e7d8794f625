"""Numbers, money and dates as people read them. Unknown is an em dash, never a zero."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import timezone

from core.money import SYMBOLS, display

UNKNOWN = "—"
MINUS = "−"
_STEPS = ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k"))
_MOST_PLACES = 4
_NEARLY = Decimal("0.99995")  # what would print as 1,000k is 1M


def decimal(value: Any) -> Decimal | None:
    """`value` as a finite Decimal; None for None, '' and anything that is not a number."""
    if value is None or value == "":
        return None
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def rounded(value: Decimal, places: int) -> Decimal:
    """Half up, the way people round a printed figure."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def number(value: Any, places: int | None = None) -> str:
    """'1,234.5'; without `places` the trailing zeros go, with them the figure is rounded half up."""
    known = decimal(value)
    if known is None:
        return UNKNOWN
    known = rounded(known, places if places is not None else _MOST_PLACES)
    text = f"{abs(known):,f}"
    if places is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return (MINUS if known < 0 else "") + text


def percent(value: Any, places: int | None = None) -> str:
    """'85%' from 85 (percent are stored as 85, not 0.85)."""
    return UNKNOWN if decimal(value) is None else f"{number(value, places)}%"


def rate(value: Any, places: int | None = None) -> str:
    """'91.25%' from 0.9125, for shares that are computed and not entered."""
    known = decimal(value)
    return UNKNOWN if known is None else f"{number(known * 100, places)}%"


def signed(value: Any, places: int | None = None) -> str:
    """'+6', '−9' or '0' with a real minus sign."""
    known = decimal(value)
    if known is None:
        return UNKNOWN
    text = number(known, places)
    return f"+{text}" if known > 0 and text.strip("0.,") else text.lstrip(MINUS) if not text.strip("0.,−") else text


def compact(value: Any) -> str:
    """Three or four leading figures: '940', '12.9k', '18.42M'."""
    known = decimal(value)
    if known is None:
        return UNKNOWN
    for size, suffix in _STEPS:
        if abs(known) >= size * _NEARLY:
            share = known / size
            return number(rounded(share, 1 if abs(share) >= 100 or suffix == "k" else 2)) + suffix
    return number(known, None if known == known.to_integral_value() else 1)


def money(value: Any, currency: str = "") -> str:
    """'€1,250,000'; without a currency the bare number."""
    known = decimal(value)
    if known is None or not currency:
        return number(known)
    return display(known, currency).replace("-", MINUS)


def compact_money(value: Any, currency: str = "") -> str:
    """'$18.42M'."""
    known = decimal(value)
    if known is None or not currency:
        return compact(known)
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return (MINUS if known < 0 else "") + symbol + compact(abs(known))


def day(value: date | datetime | None) -> str:
    """'23 Jan 2027'."""
    return UNKNOWN if not value else f"{value.day} {value:%b %Y}"


def month(value: date | datetime | None) -> str:
    """'Jan 2027'."""
    return UNKNOWN if not value else f"{value:%b %Y}"


def _day_of(value: date | datetime) -> date:
    if isinstance(value, datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value


def due(value: date | datetime | None, today: date | None = None) -> str:
    """A due date as work lists show it: '3 days late', 'Today', 'Tomorrow', 'Mon', '27 Nov', '4 Jan 2028'."""
    if not value:
        return UNKNOWN
    today = today or timezone.localdate()
    when = _day_of(value)
    days = (when - today).days
    if days < 0:
        return "1 day late" if days == -1 else f"{-days} days late"
    if days < 2:
        return ("Today", "Tomorrow")[days]
    if days < 7:
        return f"{when:%a}"
    return f"{when.day} {when:%b}" if when.year == today.year else day(when)


def ago(value: date | datetime | None, at: datetime | None = None) -> str:
    """'just now', '4 min ago', '3 h ago', 'yesterday', '6 days ago', then the date; the future reads 'in 3 days'."""
    if not value:
        return UNKNOWN
    at = at or timezone.now()  # noqa: TID251  a label next to a stamp; the stamp itself is in the markup
    if not isinstance(value, datetime):
        return _days_ago((_day_of(at) - value).days, value)
    seconds = int((at - value).total_seconds())
    if abs(seconds) < 45:
        return "just now"
    minutes = (abs(seconds) + 30) // 60
    if minutes < 60:
        text = f"{minutes} min"
    elif minutes < 24 * 60 and _day_of(at) == _day_of(value):
        text = f"{(minutes + 30) // 60} h"
    else:
        return _days_ago((_day_of(at) - _day_of(value)).days, value)
    return f"{text} ago" if seconds > 0 else f"in {text}"


def _days_ago(days: int, value: date | datetime) -> str:
    near = {0: "today", 1: "yesterday", -1: "tomorrow"}
    if days in near:
        return near[days]
    if abs(days) <= 30:
        return f"{days} days ago" if days > 0 else f"in {-days} days"
    return day(value)


def initials(name: str) -> str:
    """'Ana Duarte' → 'AD', 'Corvid Insurance' → 'CI', 'Umbra' → 'U'; first and last word, letters and digits only."""
    words = [word for word in ("".join(c for c in part if c.isalnum()) for part in str(name).split()) if word]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def hue(name: str) -> int:
    """A stable hue 0..359 for an avatar. Not a hash for security: it must be equal in every process."""
    total = 7
    for char in str(name).casefold():
        total = (total * 31 + ord(char)) % 9973
    return total * 137 % 360
