from celery import shared_task
from django.conf import settings
from django.urls import reverse
from django.utils.timezone import now

from tenants.context import current_tenant, sign
from users import mail, queries
from users.models import Ticket
from users.operations.tickets import INVITATION_LIFE
from users.sessions import SessionStore


@shared_task(name="users.mail_invitation")
def mail_invitation(*, ticket_id: str, **_: object) -> None:
    """Send the link of an invitation, unless it has been used or replaced meanwhile."""
    open_now = Ticket.objects.filter(pk=ticket_id, used_at=None, expires_at__gt=now(), user__is_active=True)
    ticket = open_now.select_related("user").first()
    if ticket is None:
        return
    tenant = current_tenant()
    path = reverse("users:join", urlconf=settings.TENANT_URLCONF, args=[sign(str(ticket.pk), ticket.purpose)])
    mail.send_invitation(
        to=ticket.user.email,
        name=ticket.user.name,
        inviter=queries.inviter_of(ticket),
        company=tenant.name,
        link=mail.address(tenant.host, path),
        days=INVITATION_LIFE.days,
    )


@shared_task(name="users.mail_workspaces", public=True)  # type: ignore[call-overload]
def mail_workspaces(*, email: str, **_: object) -> None:
    """Send somebody the addresses of their workspaces. Looking into every tenant takes a while."""
    found = [(name, mail.address(host)) for name, host in queries.workspaces_of(email)]
    signup = settings.PUBLIC_ORIGIN + reverse("signup", urlconf=settings.PUBLIC_URLCONF)
    mail.send_workspaces(to=email, found=found, signup=signup)


@shared_task(name="users.prune")
def prune(**_: object) -> None:
    """Drop sessions that are over and tickets that have been over for a week."""
    SessionStore.clear_expired()
    Ticket.objects.filter(expires_at__lt=now() - INVITATION_LIFE).delete()
