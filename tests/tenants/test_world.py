from accounts.models import Account
from tenants.context import current_schema, tenant_scope
from tests.database import NORTH, SOUTH


def test_the_cast_is_in_its_places(world):
    assert current_schema() == NORTH
    assert list(Account.objects.visible_to(world.alice.as_actor())) == [world.account]
    assert list(Account.objects.visible_to(world.bob.as_actor())) == []
    assert list(Account.objects.visible_to(world.mona.as_actor())) == [world.account]
    with tenant_scope(SOUTH):
        assert list(Account.objects.all()) == [world.foreign_account]


def test_nothing_of_the_test_before_is_left(db):
    with tenant_scope(NORTH):
        assert not Account.objects.exists()


def test_setting_the_tenant_is_not_counted_as_a_query(world, query_count):
    with query_count() as queries:
        list(Account.objects.all())
        with tenant_scope(SOUTH):
            list(Account.objects.all())
    assert queries.number == 2
