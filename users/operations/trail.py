"""What the login machinery and the operators' admin have to put on record."""

from collections.abc import Sequence

from django.db import transaction

from core.actor import Actor
from core.audit import record
from core.rules import require
from tenants.rules import OPERATE
from users.events import LoggedIn, LoginRefused, OperatorChanged, SecurityChanged
from users.models import User


@transaction.atomic
def record_login(*, user: User, by: Actor) -> None:
    record(LoggedIn(None, user.pk), by=by)


@transaction.atomic
def record_refused_login(*, email: str, by: Actor) -> None:
    """Known and unknown e-mails cost the same look-up and the same entry."""
    known = User.objects.filter(email__iexact=email).values_list("pk", flat=True).first()
    record(LoginRefused(None, known), by=by)


@transaction.atomic
def record_security_change(*, user: User, what: str, by: Actor) -> None:
    record(SecurityChanged(None, user.pk, what), by=by)


@transaction.atomic
def record_operator_change(*, model: str, row_id: str, what: str, fields: Sequence[str], by: Actor) -> None:
    """what: added, changed or deleted. Raises PermissionDenied for anybody but an operator."""
    require(by, OPERATE)
    record(OperatorChanged(None, model, row_id, what, sorted(fields)), by=by)
