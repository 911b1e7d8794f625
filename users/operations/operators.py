from datetime import datetime

from django.conf import settings
from django.db import transaction

from core.actor import Actor
from core.rules import ADMIN, require
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.operations import create_tenant
from tenants.queries import operator_tenant
from tenants.rules import OPERATE
from users.models import User
from users.operations.people import add_person
from users.operations.roles import create_default_roles


@transaction.atomic
def add_operator(*, email: str, name: str, password_hash: str, by: Actor, at: datetime) -> User:
    """Let a person operate the platform; makes the operators' tenant when there is none yet.

    Emits PersonAdded in the operators' trail. Raises PermissionDenied or AlreadyHere.
    """
    require(by, OPERATE)
    tenant = operator_tenant() or create_tenant(
        name="Plumbline operators", slug=settings.OPERATOR_SLUG, kind=Tenant.Kind.OPERATOR, at=at, by=by
    )
    with tenant_scope(tenant, include_public=True):
        create_default_roles(at=at, by=by)
        return add_person(email=email, name=name, role=ADMIN, password_hash=password_hash, staff=True, by=by)
