"""Exchange rates, dated."""

from datetime import date
from decimal import Decimal

from django.db import transaction

from accounts import rules
from accounts.events import RateSet
from accounts.models import ExchangeRate
from accounts.queries.revenue_rules import main_currency
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require


@transaction.atomic
def set_rate(*, currency: str, on: date, rate: Decimal, into: str = "", source: str = "", by: Actor) -> ExchangeRate:
    """Units of `into` (without it the reporting currency) for one of `currency`, from a day on; a rate of the same day
    is put right.

    Emits RateSet. Raises DomainError, PermissionDenied.
    """
    require(by, rules.SET_RATES)
    if rate <= 0:
        raise DomainError("A rate is above 0.", field="rate")
    into = into or main_currency()
    if into == currency:
        raise DomainError(f"One {currency} is one {into}: choose another currency.", field="currency")
    made, _ = ExchangeRate.objects.update_or_create(
        currency=currency, into=into, on=on, defaults={"rate": rate, "source": source.strip()[:120]}
    )
    record(RateSet(None, currency, str(on), f"{rate.normalize():f} {into}"), by=by)
    return made
