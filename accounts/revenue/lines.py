"""What a customer pays again and again, and what that is a month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

EXACT = Decimal("0.000001")  # of a currency unit; sums of such figures are exact
BILLING: Mapping[str, Decimal] = {  # billing periods a month
    "day": Decimal(365) / 12,
    "week": Decimal(52) / 12,
    "month": Decimal(1),
    "quarter": Decimal(1) / 3,
    "half-year": Decimal(1) / 6,
    "year": Decimal(1) / 12,
    "two years": Decimal(1) / 24,
    "three years": Decimal(1) / 36,
}


def monthly(amount: Decimal, billing: str, *, discount: Decimal = Decimal(0)) -> Decimal:
    """MRR of an amount per billing period, net of a recurring discount (0..1), to a millionth.

    The amount is without tax, one-off items and usage that is not committed. Raises KeyError for an unknown period.
    """
    return (amount * (1 - discount) * BILLING[billing]).quantize(EXACT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Line:
    """One subscription line of a customer: `mrr` from the first to the last day, None = until further notice.

    group: customers that merged or split are one group, so that moving revenue inside it is no growth.
    uplift: how much of `mrr` is a rise over the line before that was agreed earlier. unpaid_since: an invoice is due
    since that day. cancelled_on: the day the end was asked for. The lines of one customer may be in one currency only.
    """

    customer: str
    starts_on: date
    mrr: Decimal
    currency: str = "EUR"
    ends_on: date | None = None
    group: str = ""
    uplift: Decimal = Decimal(0)
    unpaid_since: date | None = None
    cancelled_on: date | None = None

    def __post_init__(self) -> None:
        if self.mrr < 0:
            raise ValueError(f"{self.customer}: a line is 0 or more a month, not {self.mrr}")
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError(f"{self.customer}: a line cannot end before it starts")
