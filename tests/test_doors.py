"""Every address of every host, found by walking the URL tables: a new door is tested the moment it exists."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RegexPattern
from uuid6 import uuid7

from core.models import Entry
from users.models import Role

# Open to anybody on purpose; everything else asks who is there.
OPEN = (
    r"^/healthz/$",
    r"^/login/",
    r"^/logout/$",
    r"^/signup/",
    r"^/welcome/",
    r"^/join/",
    r"^/invitation",
    r"^/enter/",
    r"^/password/",
    r"^/confirm-email/",
    r"^/inactive/$",
    r"^/login/code",
    r"^/2fa/",
    r"^/theme/",
    r"^/design/",
    r"^/settings/security/(authenticate|login|reauthenticate)",
)
REFUSED = {301, 302, 401, 403, 404, 405, 410}


@dataclass(frozen=True)
class Door:
    """One address: its route, the names of its parameters, and how to fill them."""

    route: str
    name: str
    parameters: tuple[str, ...]

    def url(self, **given: Any) -> str:
        def fill(match: re.Match[str]) -> str:
            name = match["a"] or match["b"] or "pk"
            kind = (match["kind"] or "").rstrip(":")
            default = {"int": 1, "slug": "x", "str": "x", "path": "x"}.get(kind, _nobody())
            return str(given.get(name, default))

        route = re.sub(r"<(?P<kind>\w+:)?(?P<a>\w+)>|\(\?P<(?P<b>\w+)>(?:[^()]|\([^()]*\))*\)", fill, self.route)
        return "/" + re.sub(r"\\Z|\$|\^|\(\?:[^)]*\)\??", "", route).replace("\\.", ".").replace("\\", "").lstrip("/")


def _nobody() -> UUID:
    return uuid7()


def doors(urlconf: str = "config.urls_tenant") -> list[Door]:
    found = {door.route: door for door in _walk(import_module(urlconf).urlpatterns, "")}
    return sorted(found.values(), key=lambda door: door.route)


def _walk(patterns: list[Any], prefix: str) -> Iterator[Door]:
    for entry in patterns:
        text = str(entry.pattern)
        if isinstance(entry.pattern, RegexPattern):
            text = text.lstrip("^")
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, prefix + text)
        elif isinstance(entry, URLPattern) and "format" not in text:
            names = tuple(re.findall(r"<(?:\w+:)?(\w+)>", prefix + text))
            yield Door(prefix + text, entry.name or "", names)


def is_open(url: str) -> bool:
    return any(re.match(known, url) for known in OPEN)


def tenant_doors() -> list[Any]:
    return [pytest.param(door, id=door.route or "/") for door in doors()]


def closed(client: Client, url: str) -> None:
    for verb in ("get", "post", "patch", "delete"):
        answer = getattr(client, verb)(url)
        assert answer.status_code in REFUSED, (verb, url, answer.status_code)
        if answer.status_code == 302:
            assert "/login/" in answer["Location"] or answer["Location"].startswith("/settings/security"), (
                verb,
                url,
                answer["Location"],
            )


def test_nobody_enters_without_logging_in(world: Any) -> None:
    client = world.browser()
    for door in doors():
        url = door.url(account_id=world.account.pk, pk=world.account.pk)
        if not is_open(url):
            closed(client, url)


def test_a_session_of_another_tenant_is_no_session_here(world: Any) -> None:
    client = world.browser(world.charlie, tenant="south")
    client.defaults["HTTP_HOST"] = "north.test"
    for door in doors():
        url = door.url(account_id=world.account.pk, pk=world.account.pk)
        if not is_open(url):
            for verb in ("get", "post"):
                answer = getattr(client, verb)(url, headers={"host": "north.test"})
                assert answer.status_code in REFUSED, (verb, url, answer.status_code)


@pytest.mark.parametrize("whose", ["foreign", "hidden"])
def test_an_account_one_does_not_see_does_not_exist(world: Any, whose: str) -> None:
    """Another tenant's account for an admin, and a colleague's account for a CSM: 404 at every door that takes it."""
    person = world.amy if whose == "foreign" else world.bob
    account = world.foreign_account if whose == "foreign" else world.account
    client = world.browser(person)
    taking = [door for door in doors() if "account_id" in door.parameters]
    assert taking
    for door in taking:
        for verb in ("get", "post"):
            for headers in ({}, {"hx-request": "true"}):
                answer = getattr(client, verb)(door.url(account_id=account.pk), headers=headers)
                assert answer.status_code in {403, 404, 405}, (verb, door.route, answer.status_code)
                assert account.name not in answer.content.decode(errors="replace")


def test_a_record_that_does_not_exist_is_404_for_an_admin(world: Any) -> None:
    client = world.browser(world.amy)
    for door in doors():
        if set(door.parameters) & {"account_id", "pk"} or any(name.endswith("_id") for name in door.parameters):
            for verb in ("get", "post"):
                answer = getattr(client, verb)(door.url())
                assert answer.status_code in {400, 404, 405, 422}, (verb, door.route, answer.status_code)


def test_a_role_without_permissions_changes_nothing(world: Any) -> None:
    """Every POST, PATCH and DELETE by somebody who sees everything and may do nothing: refused, nothing written."""
    role = Role.objects.create(code="nobody", name="Nobody", permissions=[], sees_all=True)
    person = world.user("nemo", "viewer")
    person.role = role
    person.save()
    client = world.browser(person)
    before = Entry.objects.count()
    for door in doors():
        url = door.url(account_id=world.account.pk, pk=world.account.pk)
        if is_open(url) or url.startswith(("/settings/", "/email/", "/reauthenticate/")):
            continue  # one's own profile, password and second factor are one's own
        for verb in ("post", "patch", "delete"):
            answer = getattr(client, verb)(url, {})
            assert answer.status_code in {302, 400, 403, 404, 405, 409, 415, 422}, (verb, url, answer.status_code)
    assert Entry.objects.count() == before


def test_public_and_operator_hosts_do_not_serve_tenant_pages(world: Any) -> None:
    for host in ("test", "operator.test"):
        answer = Client(headers={"host": host}).get(f"/accounts/{world.account.pk}/")
        assert answer.status_code in {302, 404}
        assert "Initech" not in answer.content.decode()


def test_django_admin_is_on_the_operators_host_only(world: Any) -> None:
    assert world.browser(world.amy).get("/admin/").status_code == 404
    assert Client(headers={"host": "test"}).get("/admin/").status_code == 404


def test_an_unknown_host_is_404(db: None) -> None:
    assert Client(headers={"host": "nobody.test"}).get("/").status_code == 404
