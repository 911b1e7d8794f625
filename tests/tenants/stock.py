"""The library as it comes: its own backend under the alias `stock`, and plain Django models over the same tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, models
from django_tenants.models import TenantMixin


class PlainAccount(models.Model):
    """accounts.Account as a project without guards would have it."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=200)
    tier = models.CharField(max_length=40)

    class Meta:
        app_label = "stock"
        managed = False
        db_table = "accounts_account"

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """A table made by the test in public and in one tenant only."""

    text = models.TextField()

    class Meta:
        app_label = "stock"
        managed = False
        db_table = "stock_notice"

    def __str__(self) -> str:
        return self.text


class StockTenant(TenantMixin):
    """The library's tenant with its `with tenant:`, over our table."""

    auto_create_schema = False

    class Meta:
        app_label = "stock"
        managed = False
        db_table = "tenants_tenant"

    def __str__(self) -> str:
        return self.schema_name


@contextmanager
def stock_connection() -> Iterator[None]:
    """Open the alias `stock` on the current database for a test and its threads."""
    connections.settings["stock"] = connections.settings["default"] | {"ENGINE": "django_tenants.postgresql_backend"}
    try:
        yield
    finally:
        connections["stock"].close()
        del connections["stock"]
        del connections.settings["stock"]
