from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from django.core.checks import Tags, run_checks

from tenants.checks import check_pooler, check_settings


def test_our_settings_pass(db):
    assert check_settings() == []
    assert check_pooler(databases=["default"]) == []
    assert [found for found in run_checks(tags=[Tags.security]) if str(found.id).startswith("tenants")] == []


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("CACHES", {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}, "tenants.E001"),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies", "tenants.E002"),
        ("SHARED_APPS", ["users"], "tenants.E003"),
        ("USE_X_FORWARDED_HOST", True, "tenants.E004"),
        ("SESSION_COOKIE_DOMAIN", ".example.com", "tenants.E005"),
        ("CSRF_COOKIE_DOMAIN", ".example.com", "tenants.E005"),
    ],
)
def test_a_setting_that_opens_a_door_is_an_error(settings, name, value, found):
    setattr(settings, name, value)
    assert [error.id for error in check_settings()] == [found]


class Pooled:
    """A connection whose pooler gave another process number than the server's."""

    connection = SimpleNamespace(info=SimpleNamespace(backend_pid=1))

    def cursor(self) -> MagicMock:
        cursor = MagicMock()
        cursor.__enter__.return_value.fetchone.return_value = (2,)
        return cursor


def test_a_pooler_is_noticed(monkeypatch):
    monkeypatch.setattr("tenants.checks.connections", {"default": Pooled()})
    assert [found.id for found in check_pooler(databases=["default"])] == ["tenants.W001"]
