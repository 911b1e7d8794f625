"""People and work of the sample accounts: something on every page, and nothing left when they go."""

from typing import Any

from django.core.files.storage import default_storage
from django.utils.timezone import now

from accounts.models import (
    Account,
    Activity,
    Contact,
    ContactRole,
    Document,
    Entitlement,
    Location,
    Notice,
    Product,
    Renewal,
    Task,
)
from accounts.operations.people import create_contact
from accounts.operations.roles import open_role
from accounts.operations.sample_people import lay_sample_work
from accounts.queries.work import Asked, work_counts
from kpis.operations.sample import add_sample_data, add_sample_outcomes, remove_sample_data
from tests.world import World

PARTS = (Activity, ContactRole, Document, Entitlement, Location, Task)


def added(world: World) -> None:
    by = world.amy.as_actor()
    add_sample_data(by=by, at=now(), count=12)
    add_sample_outcomes(by=by, at=now())


def test_every_sample_account_in_use_has_people_work_and_places(world: World) -> None:
    added(world)
    accounts = Account.objects.filter(sample=True, archived_at=None)
    assert accounts.count() == 12
    for part in (Activity, ContactRole, Location, Task):
        assert set(part.objects.values_list("account_id", flat=True)) == set(accounts.values_list("pk", flat=True)), (
            part
        )
    assert all(one.contacts.exists() for one in Activity.objects.exclude(kind="note"))
    assert Renewal.objects.exclude(status="").exists()
    assert Notice.objects.filter(kind="mention").exists()
    assert "does not exist" in Contact.objects.first().note
    by = world.alice.as_actor()
    assert work_counts(Asked(), by=by, on=now().date(), team=[]).mine > 3
    assert lay_sample_work(by=world.amy.as_actor(), at=now()) == 0


def test_nothing_of_it_stays_and_nothing_else_goes(world: World, django_capture_on_commit_callbacks: Any) -> None:
    by = world.amy.as_actor()
    kept = create_contact(name="Real Person", by=by, at=now())
    open_role(contact_id=kept.pk, account_id=world.account.pk, role="champion", by=by, at=now())
    own = Product.objects.create(code="own", name="Own")
    added(world)
    paths = list(Document.objects.values_list("path", flat=True))
    assert paths
    with django_capture_on_commit_callbacks(execute=True):
        remove_sample_data(by=by)
    assert not any(default_storage.exists(path) for path in paths)
    assert list(Contact.objects.all()) == [kept]
    assert list(Product.objects.all()) == [own]
    for part in PARTS:
        assert not part.objects.exclude(account=world.account).exists(), part
    assert not Notice.objects.exists()
