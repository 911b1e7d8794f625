"""The sixteen ways a tenant leaked into another with the stock library (P1 to P16): shown there, closed here.

Every probe first shows the failure on the library as it comes (`stock`), then that ours does not have it.
Each runs with a server that reports its search path (PostgreSQL 18) and with one that does not.
"""

import pytest

from accounts.models import Account
from tenants.backend.base import DatabaseWrapper
from tenants.context import tenant_scope
from tests.database import NORTH, SOUTH
from tests.tenants.probes.tools import SAME_ID
from tests.tenants.stock import stock_connection
from users.models import Role, User


@pytest.fixture(params=["path reported", "path not reported"], autouse=True)
def _server(request, monkeypatch):
    if request.param == "path not reported":
        monkeypatch.setattr(DatabaseWrapper, "_reported_path", lambda self: None)


@pytest.fixture
def twins(scratch_database, settings):
    """One account in each tenant with the same key, as in a copy of a tenant; and the stock library beside ours."""
    for schema, name in ((NORTH, "of north"), (SOUTH, "of south")):
        with tenant_scope(schema):
            role = Role.objects.create(code="csm", name="CSM")
            owner = User.objects.create(id=SAME_ID, email=f"owner@{schema}.example", name=f"owner {name}", role=role)
            Account.objects.create(id=SAME_ID, name=name, tier=name, owner=owner)
    settings.TENANT_DB_ALIAS = "stock"
    with stock_connection():
        yield
