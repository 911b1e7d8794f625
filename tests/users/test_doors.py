import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils.timezone import now

from core.models import Entry
from tenants.context import tenant_scope
from tests.database import NORTH, SOUTH
from tests.world import PASSWORD, World
from users.models import Ticket, User
from users.operations import deactivate_person, invite_person, renew_invitation
from users.operations.people import verify_email


def invited(world: World, run_after_commit: Any, **given: str) -> tuple[User, str]:
    """Somebody Amy has invited, and the path of the link in the mail."""
    wanted = {"email": "new@example.com", "name": "Nora", "role": "csm"} | given
    with run_after_commit(execute=True):
        user = invite_person(**wanted, by=world.amy.as_actor(), at=now())
    return user, link()


def link() -> str:
    found = re.search(r"http://north\.test:8000(/join/\S+)", mail.outbox[-1].body)
    assert found, mail.outbox[-1].body
    return found[1]


def test_an_invited_person_chooses_a_password_and_is_in(world: World, django_capture_on_commit_callbacks: Any) -> None:
    user, path = invited(world, django_capture_on_commit_callbacks)
    assert (mail.outbox[-1].to, mail.outbox[-1].subject) == (
        ["new@example.com"],
        "Amy invites you to North on Plumbline",
    )
    guest = world.browser()
    assert "new@example.com" in guest.get(path).text

    joined = guest.post(path, {"name": "Nora Lind", "password": "tall ships at night"})

    assert (joined.status_code, joined["Location"]) == (302, "/")
    assert "Nora Lind" in guest.get("/settings/").text
    user.refresh_from_db()
    assert (user.state, user.name, user.role.code) == ("active", "Nora Lind", "csm")
    assert list(Entry.objects.order_by("seq").values_list("event", "actor_label"))[-3:] == [
        ("users.person_invited", "Amy"),
        ("users.person_joined", "Nora Lind"),
        ("users.logged_in", "Nora Lind"),
    ]


def test_an_invitation_works_once(world: World, django_capture_on_commit_callbacks: Any) -> None:
    _, path = invited(world, django_capture_on_commit_callbacks)
    world.browser().post(path, {"name": "Nora", "password": "tall ships at night"})

    again = world.browser().post(path, {"name": "Mallory", "password": "tall ships at noon"})

    assert again.status_code == 410
    assert User.objects.get(email="new@example.com").name == "Nora"


def test_a_weak_password_uses_nothing_up(world: World, django_capture_on_commit_callbacks: Any) -> None:
    _, path = invited(world, django_capture_on_commit_callbacks)

    refused = world.browser().post(path, {"name": "Nora", "password": "password123"})

    assert refused.status_code == 422
    assert "too common" in refused.text
    assert world.browser().get(path).status_code == 200


def test_a_renewed_invitation_replaces_the_first(world: World, django_capture_on_commit_callbacks: Any) -> None:
    user, first = invited(world, django_capture_on_commit_callbacks)
    with django_capture_on_commit_callbacks(execute=True):
        renew_invitation(user_id=user.pk, by=world.amy.as_actor(), at=now())

    assert world.browser().get(first).status_code == 410
    assert world.browser().get(link()).status_code == 200


def test_an_invitation_ends_after_a_week_and_with_the_person(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    user, path = invited(world, django_capture_on_commit_callbacks)
    Ticket.objects.update(expires_at=now() - timedelta(seconds=1))
    assert world.browser().get(path).status_code == 410

    with django_capture_on_commit_callbacks(execute=True):
        renew_invitation(user_id=user.pk, by=world.amy.as_actor(), at=now())
    deactivate_person(user_id=user.pk, by=world.amy.as_actor(), at=now())
    assert world.browser().get(link()).status_code == 410


def test_an_invitation_means_nothing_in_another_tenant(world: World, django_capture_on_commit_callbacks: Any) -> None:
    _, path = invited(world, django_capture_on_commit_callbacks)

    assert world.browser(tenant="south").get(path).status_code == 410


def test_a_session_of_one_tenant_is_nobody_in_another(world: World) -> None:
    charlie = world.browser(world.charlie, tenant="south")
    assert charlie.get("/settings/").status_code == 200

    answer = charlie.get("/settings/", headers={"host": "north.test"})

    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


def test_a_session_copied_along_with_its_tenant_is_worthless_there(world: World) -> None:
    """A clone of a tenant holds the same people, password hashes and session rows under another schema."""
    browser = world.browser(world.amy)
    with tenant_scope(NORTH):
        row, amy, role = Session.objects.get(), User.objects.get(pk=world.amy.pk), world.amy.role
        amy_there = {field.attname: getattr(amy, field.attname) for field in User._meta.concrete_fields}
    with tenant_scope(SOUTH):
        other = type(role).objects.get(code="admin")
        User.objects.create(**{**amy_there, "role_id": other.pk})
        Session.objects.create(session_key=row.session_key, session_data=row.session_data, expire_date=row.expire_date)
        assert User.objects.get(pk=amy.pk).get_session_auth_hash() != ""
    assert browser.get("/settings/").status_code == 200

    assert browser.get("/settings/", headers={"host": "south.test"}).status_code == 302
    with tenant_scope(SOUTH):
        there = User.objects.get(pk=amy.pk).get_session_auth_hash()
    with tenant_scope(NORTH):
        assert User.objects.get(pk=amy.pk).get_session_auth_hash() != there


@pytest.mark.parametrize("path", ["/", "/settings/", "/settings/people/", "/settings/trail/"])
def test_a_page_without_a_session_leads_to_the_login_page_and_back(world: World, path: str) -> None:
    answer = world.browser().get(path)

    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


def test_a_fragment_without_a_session_sends_the_whole_page_to_the_login_page(world: World) -> None:
    browser = world.browser(htmx=True)

    answer = browser.get("/settings/people/", headers={"hx-current-url": "http://north.test/settings/people/?role=csm"})

    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/login/?next=%2Fsettings%2Fpeople%2F%3Frole%3Dcsm"
    assert "<" not in answer.text


def test_answers_vary_with_the_header_that_asks_for_a_fragment(world: World) -> None:
    assert "HX-Request" in world.browser(world.amy).get("/settings/people/")["Vary"]


@pytest.fixture
def amy(world: World) -> User:
    verify_email(world.amy)
    return world.amy


def log_in(
    world: World, email: str = "amy@example.com", password: str = PASSWORD, following: str = ""
) -> tuple[Client, Any]:
    browser = world.browser()
    query = f"?next={following}" if following else ""
    return browser, browser.post(f"/login/{query}", {"login": email, "password": password, "next": following})


def test_e_mail_and_password_lead_to_the_page_one_wanted(world: World, amy: User) -> None:
    browser, answer = log_in(world, following="/settings/people/")

    assert answer["Location"] == "/settings/people/"
    assert browser.get("/settings/people/").status_code == 200
    assert Entry.objects.order_by("-seq")[0].event == "users.logged_in"


def test_the_login_page_does_not_tell_which_part_was_wrong(world: World, amy: User) -> None:
    _, known = log_in(world, password="wrong")
    _, unknown = log_in(world, email="nobody@example.com", password="wrong")

    def normal(text: str) -> str:
        return re.sub(r"[A-Za-z0-9]{64}|\w+@example\.com", "", text)

    assert (known.status_code, normal(known.text)) == (unknown.status_code, normal(unknown.text))
    assert list(Entry.objects.order_by("-seq").values_list("event", "data__user_id")[:2]) == [
        ("users.login_refused", None),
        ("users.login_refused", str(amy.pk)),
    ]


def test_after_five_wrong_passwords_one_has_to_wait(world: World, amy: User) -> None:
    for _ in range(5):
        log_in(world, password="wrong")

    browser, answer = log_in(world)

    assert "Too many failed attempts" in answer.text
    assert browser.get("/settings/").status_code == 302


@pytest.mark.parametrize(
    "elsewhere", ["http://evil.example/", "//evil.example", "http://south.test/", "/\\evil.example"]
)
def test_signing_in_never_leads_to_another_host(world: World, amy: User, elsewhere: str) -> None:
    _, answer = log_in(world, following=elsewhere)

    assert urlsplit(answer["Location"]).netloc == ""
    assert answer["Location"] == "/"


def test_a_deactivated_person_is_told_so_and_stays_out(world: World, amy: User) -> None:
    User.objects.filter(pk=amy.pk).update(is_active=False)

    browser, answer = log_in(world)

    assert answer["Location"] == "/inactive/"
    assert browser.get("/settings/").status_code == 302


def test_deactivation_ends_a_session_at_once(world: World) -> None:
    browser = world.browser(world.bob)
    assert browser.get("/settings/").status_code == 200

    deactivate_person(user_id=world.bob.pk, by=world.amy.as_actor(), at=now())

    assert browser.get("/settings/").status_code == 302


def test_a_forgotten_password_is_reset_with_a_mailed_code(world: World, amy: User) -> None:
    browser = world.browser()
    browser.post("/password/reset/", {"email": "amy@example.com"})
    code = re.search(r"^ {4}(\d{6})$", mail.outbox[-1].body, re.MULTILINE)
    assert code

    browser.post("/password/reset/confirm/", {"code": code[1]})
    new = "a lighthouse in the fog"
    done = browser.post("/password/reset/complete/", {"password1": new, "password2": new})

    assert done.status_code == 302
    amy.refresh_from_db()
    assert amy.check_password(new)
    assert "was reset" in mail.outbox[-1].body
    assert ("users.security_changed", "password_reset") in Entry.objects.values_list("event", "data__what")


def test_a_reset_for_an_unknown_e_mail_looks_the_same(world: World, amy: User) -> None:
    answers = []
    for email in ("amy@example.com", "nobody@example.com"):
        browser = world.browser()
        asked = browser.post("/password/reset/", {"email": email})
        page = browser.get(asked["Location"])
        answers.append((asked.status_code, asked["Location"], page.status_code, "Check your mail" in page.text))

    assert answers[0] == answers[1]
    assert "nobody in this workspace has it" in mail.outbox[-1].body


def test_nobody_signs_up_inside_a_workspace(world: World) -> None:
    page = world.browser().get("/signup/")

    assert "by invitation" in page.text
    assert world.browser().post("/signup/", {"email": "x@example.com", "password1": PASSWORD}).status_code == 200
    assert not User.objects.filter(email="x@example.com").exists()
