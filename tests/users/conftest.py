import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tenants.context import public_scope
from tenants.models import PendingSignup, Tenant

SIGNUP = {
    "company": "Harbour & Line",
    "slug": "harbour-line",
    "person": "Ines Duarte",
    "email": "ines@harbour.example",
    "password": "a quiet harbour at dawn",
}


class PublicSite:
    """Somebody at the public site's front door."""

    def __init__(self) -> None:
        self.client = Client(headers={"host": "test"})

    def sign_up(self, **changes: str) -> Any:
        return self.client.post("/signup/", SIGNUP | changes)

    def code(self) -> str:
        """The code of the newest mail."""
        found = re.search(r"^ {4}(\d{6})$", mail.outbox[-1].body, re.MULTILINE)
        assert found, mail.outbox[-1].body
        return found[1]

    def confirm(self, address: str, code: str, **more: str) -> Any:
        return self.client.post(address, {"code": code, **more})

    def wrong(self) -> str:
        return "000000" if self.code() != "000000" else "000001"

    def open_workspace(self, **changes: str) -> Any:
        """The whole way; the answer leads to the new host with a ticket."""
        address = self.sign_up(**changes)["Location"]
        return self.confirm(address, self.code())


@pytest.fixture
def public(db: None) -> PublicSite:
    return PublicSite()


def tenants() -> dict[str, Tenant]:
    with public_scope():
        return {tenant.slug: tenant for tenant in Tenant.objects.all()}


def pending() -> list[PendingSignup]:
    with public_scope():
        return list(PendingSignup.objects.order_by("created_at"))
