"""The stamps on rows and querysets: where they bind, and that no tenant table is without them (P1, P2, P13)."""

import pickle

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, InternalError, connection, models, transaction
from django.utils import timezone

from accounts.models import Account
from core.errors import CrossTenant
from core.guard import GuardedRow, GuardedRows
from core.models import Entry
from tenants.context import public_scope, tenant_scope
from tenants.models import Tenant
from tests.database import NORTH, SOUTH
from users.models import User

AT_IMPORT = Account.objects.order_by("name")


def tenant_models() -> list[type[models.Model]]:
    return [
        model
        for config in apps.get_app_configs()
        if config.name in settings.TENANT_APPS
        for model in config.get_models(include_auto_created=True)
    ]


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.label)
def test_every_table_of_a_tenant_is_guarded(model):
    assert issubclass(model, GuardedRow)
    for manager in (model._default_manager, model._base_manager, *model._meta.managers):
        assert isinstance(manager.all(), GuardedRows)


def test_a_queryset_made_at_import_works_in_every_tenant(world):
    for schema, account in ((NORTH, world.account), (SOUTH, world.foreign_account)):
        with tenant_scope(schema):
            assert list(AT_IMPORT.all()) == [account]
            assert AT_IMPORT.count() == 1


def test_a_queryset_made_at_import_that_has_kept_rows_belongs_to_their_tenant(world):
    with tenant_scope(NORTH):
        kept = AT_IMPORT._chain()
    kept._bound = None  # as at import, without a copy in between
    with tenant_scope(NORTH):
        assert list(kept) == [world.account]
    with tenant_scope(SOUTH), pytest.raises(CrossTenant):
        list(kept)


def test_a_row_followed_from_another_tenant_is_refused(world):
    with tenant_scope(SOUTH):
        fresh = Account.objects.get()
    with tenant_scope(NORTH):
        for follow in (lambda: fresh.owner, lambda: fresh.health_scores.count()):
            with pytest.raises(CrossTenant):
                follow()


def test_a_deferred_field_is_not_read_in_another_tenant(world):
    with tenant_scope(SOUTH):
        lazy = Account.objects.only("id").get()
    with tenant_scope(NORTH), pytest.raises(CrossTenant):
        lazy.name  # noqa: B018


def test_rows_of_two_tenants_are_not_related(world):
    with tenant_scope(NORTH):
        with pytest.raises(CrossTenant, match="related"):
            world.account.owner = world.charlie
        with pytest.raises(CrossTenant, match="related"):
            Account(name="x", owner=world.charlie)


def test_rows_of_another_tenant_do_not_come_along_in_a_prefetch(world):
    with tenant_scope(SOUTH):
        rows = [Account.objects.get()]
    with tenant_scope(NORTH), pytest.raises(CrossTenant):
        models.prefetch_related_objects(rows, "health_scores")


def test_raw_queries_are_bound_too(world):
    with tenant_scope(NORTH):
        raw = Account.objects.raw("select * from accounts_account")
        assert [row.name for row in raw] == ["Initech"]
        unread = Account.objects.raw("select * from accounts_account where name <> %s", [""])
    with tenant_scope(SOUTH):
        for rows in (raw, unread):
            with pytest.raises(CrossTenant):
                list(rows)


def test_a_row_or_queryset_that_was_packed_up_is_still_of_its_tenant(world):
    with tenant_scope(SOUTH):
        row, rows = (pickle.loads(pickle.dumps(thing)) for thing in (Account.objects.get(), Account.objects.all()))
    with tenant_scope(NORTH):
        for use in (row.save, lambda: list(rows)):
            with pytest.raises(CrossTenant):
                use()


def test_other_packages_tables_are_guarded_as_ours(world):
    with tenant_scope(SOUTH):
        address = EmailAddress.objects.create(user=world.charlie, email="charlie@example.com", verified=False)
        session = Session.objects.create(session_key="k", session_data="", expire_date=timezone.now())
        rows, related = EmailAddress.objects.filter(verified=False), world.charlie.emailaddress_set
    with tenant_scope(NORTH):
        for use in (
            address.save, session.delete, lambda: list(rows), lambda: rows.update(verified=True), related.count,
            lambda: EmailAddress.objects.get_for_user(world.charlie, "charlie@example.com"), session.refresh_from_db,
        ):  # fmt: skip
            with pytest.raises((CrossTenant, EmailAddress.DoesNotExist)):
                use()
    with tenant_scope(SOUTH):
        assert EmailAddress.objects.get().verified is False
        assert Session.objects.exists()


def clash() -> None:
    """Look into the other tenant, then break a constraint here."""
    with transaction.atomic():
        with tenant_scope(SOUTH):
            list(User.objects.all())
        Account.objects.create(name="Initech")


def test_nothing_is_refused_at_home_after_a_rollback(world):
    with tenant_scope(NORTH):
        rows = Account.objects.all()
        with pytest.raises(IntegrityError):
            clash()
        assert [row.name for row in rows] == ["Initech"]
        world.account.refresh_from_db()
        world.account.tier = "gold"
        world.account.save()
        assert Account.objects.get().tier == "gold"


def undone(schema: str) -> None:
    """Read in `schema` inside a savepoint that is then rolled back."""
    with transaction.atomic(), tenant_scope(schema):
        Account.objects.get()
        raise ZeroDivisionError


def test_a_switch_inside_a_savepoint_that_is_rolled_back_does_not_stick(world):
    """django-tenants#1262: the server forgot the path at the rollback, the library did not notice."""
    with tenant_scope(NORTH), transaction.atomic():
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                undone(SOUTH)
            assert Account.objects.get().owner == world.alice
        with tenant_scope(SOUTH):
            with pytest.raises(ZeroDivisionError):
                undone(SOUTH)
            assert Account.objects.get().owner_id == world.charlie.pk


def aborted() -> None:
    """Break the transaction and try to read the other tenant before it is over."""
    with transaction.atomic():
        try:
            Account.objects.create(name="Initech")
        except IntegrityError:
            with tenant_scope(SOUTH):
                list(Account.objects.all())


def test_in_an_aborted_transaction_nothing_is_read_from_anywhere(world):
    with tenant_scope(NORTH), pytest.raises((InternalError, transaction.TransactionManagementError)):
        aborted()
    with tenant_scope(SOUTH):
        assert Account.objects.get().owner_id == world.charlie.pk


def test_public_rows_are_nobodys(db):
    with public_scope():
        tenant = Tenant.objects.first()
        tenant.name = "Renamed"
        tenant.save()
    assert not isinstance(tenant, GuardedRow)


def test_the_trail_itself_stays_at_home(world):
    with tenant_scope(NORTH):
        entries = Entry.objects.all()
    with tenant_scope(SOUTH), pytest.raises(CrossTenant):
        list(entries)
    assert connection.in_atomic_block
