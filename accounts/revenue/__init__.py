"""Recurring revenue from subscription lines: balances, dated movements and rates. Pure: no database, no clock.

The definitions are those of docs/decisions/0020-revenue.md; every setting has its default there.
"""

from accounts.revenue.conventions import Convention, Difference, Reading, conventions, differences
from accounts.revenue.ledger import Kind, Ledger, Movement, Settings, ledger_of
from accounts.revenue.lines import BILLING, Line, monthly
from accounts.revenue.rates import Rates, Standing, rates, standings

__all__ = [
    "BILLING",
    "Convention",
    "Difference",
    "Kind",
    "Ledger",
    "Line",
    "Movement",
    "Rates",
    "Reading",
    "Settings",
    "Standing",
    "conventions",
    "differences",
    "ledger_of",
    "monthly",
    "rates",
    "standings",
]
