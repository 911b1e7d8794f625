import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

from tenants.context import NoTenant, tenant_path, tenant_scope
from tenants.storage import TenantStorage
from tests.database import NORTH, SOUTH


@pytest.fixture
def storage(tmp_path):
    return TenantStorage(location=tmp_path)


def test_a_file_lies_in_its_tenants_folder(storage, tmp_path):
    with tenant_scope(NORTH):
        name = storage.save(tenant_path("uploads", "a.xlsx"), ContentFile(b"x"))
        assert storage.open(name).read() == b"x"
    assert name == f"{NORTH}/uploads/a.xlsx"
    assert (tmp_path / NORTH / "uploads" / "a.xlsx").exists()


def test_a_file_of_one_tenant_is_not_reached_from_another(storage):
    with tenant_scope(NORTH):
        name = storage.save(tenant_path("uploads", "a.xlsx"), ContentFile(b"x"))
    with tenant_scope(SOUTH):
        for use in (
            storage.open, storage.exists, storage.delete, storage.size, storage.path, storage.get_modified_time,
            lambda name: storage.save(name, ContentFile(b"y")), storage.url,
            lambda name: storage.open(f"{SOUTH}/../{name}"),
        ):  # fmt: skip
            with pytest.raises(SuspiciousFileOperation):
                use(name)
    with pytest.raises(NoTenant):
        storage.open(name)
    with tenant_scope(NORTH):
        assert storage.open(name).read() == b"x"


@pytest.mark.parametrize("climbing", ["../../etc/passwd", "uploads/../../x", f"{SOUTH}/x", "/etc/passwd"])
def test_a_name_cannot_climb_out(storage, climbing):
    with tenant_scope(NORTH):
        for name in (climbing, f"{NORTH}/../{climbing}"):
            with pytest.raises(SuspiciousFileOperation):
                storage.open(name)
