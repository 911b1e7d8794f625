"""The cast of every test. Start small; add a person or a thing here only when several tests need it."""

from django.db import connection
from django.test import Client

from accounts.models import Account
from core.rules import ADMIN, ANALYST, CSM, MANAGER, ROLES, SEES_ALL, VIEWER, permissions
from tenants.context import Schema
from tests.database import NORTH, OPERATOR, SOUTH
from users.models import Role, User

SCHEMAS = {"north": NORTH, "south": SOUTH, "operator": OPERATOR}
PASSWORD = "correct horse battery staple"


class World:
    """Alice (CSM, north) owns `account`; Bob (CSM, north) does not see it; Charlie (admin) is in south.

    Also in north: Amy (admin), Mona (manager), Ana (analyst), Vic (viewer). Olga is an operator.
    """

    def __init__(self) -> None:
        self.enter("operator")
        self.olga = self.user("olga", ADMIN, is_staff=True)
        self.enter("south")
        self.charlie = self.user("charlie", ADMIN)
        self.foreign_account = Account.objects.create(name="Initech", owner=self.charlie)
        self.enter("north")
        self.alice, self.bob = self.user("alice", CSM), self.user("bob", CSM)
        self.amy, self.mona = self.user("amy", ADMIN), self.user("mona", MANAGER)
        self.ana, self.vic = self.user("ana", ANALYST), self.user("vic", VIEWER)
        self.account = Account.objects.create(name="Initech", owner=self.alice)

    def enter(self, tenant: str) -> None:
        """Go on in north, south or operator."""
        connection.set_tenant(Schema(SCHEMAS[tenant]), include_public=tenant == "operator")

    def browser(self, user: User | None = None, *, tenant: str = "north", htmx: bool = False) -> Client:
        """A test client on the tenant's host; signed in when a user of that tenant is given."""
        headers = {"host": f"{tenant}.test"} | ({"hx-request": "true"} if htmx else {})
        client = Client(headers=headers)
        if user is not None:
            before, with_public = connection.tenant, connection.include_public_schema
            self.enter(tenant)
            client.force_login(user)
            connection.set_tenant(before, with_public)
        return client

    def user(self, name: str, role: str, *, is_staff: bool = False) -> User:
        """A person in the current tenant with one of the five roles."""
        made = User(email=f"{name}@example.com", name=name.title(), role=_role(role), is_staff=is_staff)
        made.set_password(PASSWORD)
        made.save()
        return made


def _role(code: str) -> Role:
    granted = [known.name for known in permissions() if code in known.roles]
    role, _ = Role.objects.get_or_create(
        code=code, defaults={"name": ROLES[code], "permissions": granted, "sees_all": code in SEES_ALL}
    )
    return role
