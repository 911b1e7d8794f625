"""How the lines of the portfolio are drawn: fifty lines of template tags would take longer than all queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Account
from accounts.queries.typed import may_be_typed
from core.templatetags import formats, marks
from kpis.catalogue import CATEGORIES
from kpis.models import AccountHealth, Band
from kpis.queries.columns import values_of
from kpis.queries.portfolio import RENEWING_DAYS
from kpis.views.portfolio_frame import Slot, plain
from kpis.views.whole import whole

SPARK_LEAST = 24.0  # points of health that a trend's drawing spans at least
_CSS = {
    "health": "c-side", "health_change": "num c-change", "trend": "c-trend", "coverage": "c-hide", "arr": "num c-arr",
    "renewal_on": "c-renews", "owner": "c-hide",
}  # fmt: skip
_NOTHING = format_html('<span class="soft">{}</span>', formats.UNKNOWN)


@dataclass(frozen=True)
class Cell:
    """edit: name of the field that is changed in this cell, "" for none."""

    css: str
    label: str
    html: SafeString | str
    style: str = ""
    edit: str = ""


@dataclass(frozen=True)
class Row:
    """One line, drawn already."""

    id: UUID
    name: str
    hint: str
    driver: str
    sample: bool
    version: int
    url: str
    avatar: SafeString
    cells: list[Cell]


class Links:
    """Addresses of many accounts for one look-up in the URL table."""

    def __init__(self) -> None:
        self._page, self._evidence = (self._form(name) for name in ("accounts:account", "kpis:evidence"))

    def page(self, account_id: UUID) -> str:
        return self._page.format(account_id)

    def evidence(self, account_id: UUID) -> str:
        return self._evidence.format(account_id)

    @staticmethod
    def _form(name: str) -> str:
        nobody = UUID(int=0)
        return reverse(name, args=[nobody]).replace(str(nobody), "{}")


def row_of(
    account: Account,
    slots: Sequence[Slot],
    *,
    today: date,
    links: Links,
    editable: bool,
) -> Row:
    """The account was read with the columns of these slots and with the name of what costs it most."""
    values = values_of(account, [slot.column for slot in slots])
    return Row(
        id=account.pk,
        name=account.name,
        hint=", ".join(filter(None, (account.industry, account.region))),
        driver=_driver(getattr(account, "health", None), getattr(account, "driver_name", None)),
        sample=account.sample,
        version=account.version,
        url=links.page(account.pk),
        avatar=marks.avatar(account.name, kind="account"),
        cells=[_cell(account, slot, values, today, links, editable) for slot in slots],
    )


def _cell(account: Account, slot: Slot, values: Mapping[str, Any], today: date, links: Links, editable: bool) -> Cell:
    column = slot.column
    edit = column.code if editable and may_be_typed(column.code) else ""
    if column.field is not None:
        text = plain(column.field, values.get(column.code))
        css = "num c-plain" if column.numeric else "c-plain"
        return Cell(f"{css} {slot.css}".strip(), column.label, text or _NOTHING, slot.style, edit)
    drawn = _drawn(account, column.code, today, links)
    return Cell(f"{_CSS[column.code]} {slot.css}".strip(), "", drawn, slot.style, edit)


def _drawn(account: Account, code: str, today: date, links: Links) -> SafeString | str:
    standing: AccountHealth | None = getattr(account, "health", None)
    match code:
        case "health":
            return format_html('<a class="health" href="{}">{}</a>', links.evidence(account.pk), _health(standing))
        case "health_change":
            return _change(standing)
        case "trend":
            return _trend(standing)
        case "coverage":
            return _coverage(standing.coverage if standing else None)
        case "arr":
            return formats.money(account.arr, account.currency)
        case "renewal_on":
            return _renewal(account.renewal_on, today)
    return _owner(account.owner.name if account.owner else "")


def _driver(standing: AccountHealth | None, name: str | None) -> str:
    """The KPI that costs the score most, without the explanation in its name, with the points; empty without one."""
    if standing is None or not name:
        return ""
    return f"{name.split(' (')[0]} costs {formats.number(Decimal(standing.driver_hundredths) / 100, 1)}"


def _health(standing: AccountHealth | None) -> SafeString:
    """Score and fingerprint."""
    if standing is None:
        return marks.score(None, Band.UNKNOWN)
    bars = [(c.name, value, band_of(value)) for c, value in zip(CATEGORIES, standing.fingerprint, strict=False)]
    return marks.score(whole(standing.score), standing.band) + marks.fingerprint(bars)


def _change(standing: AccountHealth | None) -> SafeString:
    """Coloured only when it has an arrow: a small move, or one by ageing alone, is neither good nor bad news."""
    if standing is None:
        return marks.delta(None)
    return marks.delta(standing.change, places=0, good="up" if standing.arrow else "none")


def _trend(standing: AccountHealth | None) -> SafeString:
    points = [None if point is None else point / 100 for point in standing.trend] if standing else []
    low, high = _scale([point for point in points if point is not None])
    band = standing.band if standing else Band.UNKNOWN
    return marks.sparkline(points, band=band, label="Twelve months", low=low, high=high)


def _scale(points: list[float]) -> tuple[float, float]:
    """Around the year's points, but never so narrow that a point or two look like a fall."""
    low, high = min(points, default=0), max(points, default=100)
    air = max(4.0, (SPARK_LEAST - (high - low)) / 2)
    return low - air, high + air


def _coverage(coverage: int | None) -> SafeString:
    return format_html(
        '<span class="meter"><span class="track{}"><i style="--v:{}"></i></span>{}</span>',
        " none" if coverage is None else "",
        coverage or 0,
        formats.percent(coverage),
    )


def _renewal(day: date | None, today: date) -> SafeString:
    """With the days until it when it is near enough to plan for."""
    days = (day - today).days if day else None
    near = SafeString("")
    if days is not None and 0 <= days < RENEWING_DAYS:
        near = format_html(' <span class="tag{}">{} d</span>', " warn" if days < 30 else "", days)
    return format_html('<span class="renew">{}{}</span>', formats.day(day), near)


def _owner(name: str) -> SafeString:
    if not name:
        return format_html('<span class="soft">{}</span>', "Nobody")
    return format_html('<span title="{}">{}<span class="vh">{}</span></span>', name, marks.avatar(name), name)


def band_of(points: int | None) -> str:
    """Band of a category's points; the edges are those of the score."""
    if points is None:
        return Band.UNKNOWN
    return Band.GREEN if points >= 75 else Band.YELLOW if points >= 50 else Band.RED
