import re

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from tenants import names
from tenants.context import public_scope, tenant_scope
from tenants.models import Tenant

HOSTILE = [
    "information_schema", "pg_catalog", "../../etc", "a%sb", "\u202emoc.live", "é" * 63, "t_" + "a" * 41, "t_short",
    'x"; drop schema public cascade; --', "t_abcdefgh\n", "t_abcdefgh\0", " t_abcdefgh", "T_ABCDEFGH", "t_abc.defgh",
]  # fmt: skip


@given(st.one_of(st.text(), st.from_regex(r"t_.*"), st.sampled_from(HOSTILE)))
def test_only_names_of_our_own_making_pass(text):
    ours = re.fullmatch("t_[a-z0-9]{8,40}", text) is not None
    assert names.is_tenant_schema(text) is ours
    if not ours and text not in {"public", "no_tenant"}:
        with pytest.raises(ValueError, match="not the name of a schema"):
            names.check_schema(text)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_connection_cannot_be_switched_to_any_other_name(name):
    with pytest.raises(ValueError, match="not the name"), tenant_scope(name):
        pass
    assert connection.schema_name == "no_tenant"


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if "\0" not in name and len(name) <= 42] + ["t_templateabc1"]
)
def test_the_database_itself_refuses_such_a_tenant(db, name):
    with public_scope(), pytest.raises(IntegrityError), transaction.atomic():
        Tenant.objects.create(name="Evil", slug="evil", schema_name=name, created_at="2026-01-01T00:00Z")


def test_made_names_pass_differ_and_are_no_templates():
    made = {names.new_schema_name() for _ in range(500)}
    assert len(made) == 500
    assert all(names.is_tenant_schema(name) and not names.is_template_schema(name) for name in made)


@given(st.text(max_size=80))
def test_a_suggested_address_is_empty_or_usable(company):
    slug = names.suggest_slug(company)
    assert slug == "" or names.is_slug(slug)


@pytest.mark.parametrize(
    ("company", "slug"),
    [("Acme, Inc.", "acme-inc"), ("  Müller & Söhne ", "mller-shne"), ("株式会社", ""), ("A" * 60, "a" * 40)],
)
def test_suggested_addresses(company, slug):
    assert names.suggest_slug(company) == slug


@pytest.mark.parametrize("host", ["acme.localhost", "acme.example.com", "10.0.0.1", "a-b.c"])
def test_hosts(host):
    assert names.is_host(host)


@pytest.mark.parametrize(
    "host", ["", "Acme.com", "acme.com.", "acme.com:80", "-a.com", "a..b", "a b", "x" * 64 + ".com", "é.com"]
)
def test_not_hosts(host):
    assert not names.is_host(host)
