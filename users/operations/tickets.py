from datetime import datetime, timedelta

from django.db import transaction

from core.errors import DomainError
from tenants.context import sign
from users.models import Ticket, User
from users.queries import open_ticket

LOGIN_LIFE = timedelta(seconds=60)
INVITATION_LIFE = timedelta(days=7)


class TicketUsed(DomainError):
    """The link was used before, is too old, or belongs to another workspace."""


def issue_ticket(*, user: User, purpose: str, at: datetime) -> Ticket:
    """Make a ticket for one person; earlier ones of the same purpose stop working."""
    Ticket.objects.filter(user=user, purpose=purpose, used_at=None).update(used_at=at)
    life = LOGIN_LIFE if purpose == Ticket.Purpose.LOGIN else INVITATION_LIFE
    return Ticket.objects.create(user=user, purpose=purpose, created_at=at, expires_at=at + life)


def sealed(ticket: Ticket) -> str:
    """What travels in the link: the ticket's id, signed for this tenant and purpose."""
    return sign(str(ticket.pk), ticket.purpose)


def use_ticket(token: str, purpose: str, *, at: datetime) -> User:
    """Take the ticket; of two requests at the same time exactly one gets it. Raises TicketUsed."""
    ticket = open_ticket(token, purpose, at=at)
    if ticket is None or not Ticket.objects.filter(pk=ticket.pk, used_at=None).update(used_at=at):
        raise TicketUsed("This link has been used or is too old.")
    user: User = ticket.user
    return user


@transaction.atomic
def enter(*, token: str, at: datetime) -> User:
    """Turn the ticket of a finished sign-up into the person it logs in. Raises TicketUsed."""
    return use_ticket(token, Ticket.Purpose.LOGIN, at=at)
