import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.db import transaction
from django.test import Client

from core.models import Entry
from tests.world import PASSWORD, World
from users.models import User
from users.operations.people import verify_email


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.fixture
def amy(world: World) -> User:
    verify_email(world.amy)
    return world.amy


def switched_on(world: World) -> tuple[Client, str]:
    """Amy's browser after she has switched two-step sign-in on, and her secret."""
    browser = world.browser()
    browser.post("/login/", {"login": "amy@example.com", "password": PASSWORD})
    assert browser.get("/settings/security/totp/activate/")["Location"].startswith("/reauthenticate/")
    browser.post("/reauthenticate/", {"password": PASSWORD})
    page = browser.get("/settings/security/totp/activate/")
    secret = re.search(r'id="id_secret" value="([A-Z2-7]+)"', page.text)
    assert secret
    answer = browser.post("/settings/security/totp/activate/", {"code": code_of(secret[1])})
    assert answer.status_code == 302, answer.text
    return browser, secret[1]


def test_two_step_sign_in_is_switched_on_with_recovery_codes(
    world: World, amy: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "on_commit", lambda func, **_: func())  # inside the request, as outside tests
    browser, _ = switched_on(world)

    page = browser.get("/settings/security/")
    assert "On since" in page.text
    assert "10 left" in page.text
    assert ("users.security_changed", "totp_activated") in Entry.objects.values_list("event", "data__what")
    assert "switched on" in mail.outbox[0].body + mail.outbox[-1].body
    assert browser.get("/settings/security/recovery-codes/").status_code == 200


def test_the_password_alone_is_not_enough_any_more(world: World, amy: User) -> None:
    switched_on(world)
    browser = world.browser()

    answer = browser.post("/login/", {"login": "amy@example.com", "password": PASSWORD})

    assert answer["Location"].startswith("/settings/security/authenticate/")
    for path in ("/", "/settings/", "/settings/people/", "/api/v1/me/"):
        assert browser.get(path).status_code in (302, 401), path
    assert "Second step" in browser.get(answer["Location"]).text


def test_a_recovery_code_opens_once(world: World, amy: User) -> None:
    switched_on(world)
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()

    def enter() -> Any:
        browser = world.browser()
        browser.post("/login/", {"login": "amy@example.com", "password": PASSWORD})
        return browser.post("/settings/security/authenticate/", {"code": codes[0]})

    assert enter()["Location"] == "/"
    assert enter().status_code == 422


def test_the_secret_is_encrypted_in_the_table(world: World, amy: User) -> None:
    _, secret = switched_on(world)

    stored = str(Authenticator.objects.get(type="totp").data)
    assert secret not in stored
