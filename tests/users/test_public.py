"""Finding a workspace, the development mailbox, and the demo in one command."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.filebased import EmailBackend
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Account
from config.mailbox import letters
from tenants.context import public_scope, tenant_scope
from tenants.models import Tenant
from tests.users.conftest import PublicSite, tenants
from tests.world import World
from users.models import ApiToken, User


def test_the_addresses_of_ones_workspaces_come_by_mail(world: World) -> None:
    client = Client(headers={"host": "test"})
    answer = client.post("/workspaces/", {"email": "Amy@Example.com"})

    assert answer["Location"] == "/workspaces/?sent=1"
    assert mail.outbox[-1].to == ["amy@example.com"]
    assert "http://north.test:8000/" in mail.outbox[-1].body
    assert "south.test" not in mail.outbox[-1].body


def without_csrf(text: str) -> str:
    return re.sub(r"[A-Za-z0-9]{64}", "", text)


def test_the_page_says_the_same_to_everybody(world: World) -> None:
    answers = []
    for email in ("amy@example.com", "nobody@example.com"):
        client = Client(headers={"host": "test"})
        asked = client.post("/workspaces/", {"email": email})
        answers.append((asked.status_code, asked["Location"], without_csrf(client.get(asked["Location"]).text)))

    assert answers[0] == answers[1]
    assert "no workspace on Plumbline knows this e-mail" in mail.outbox[-1].body


def test_a_deactivated_person_finds_nothing(world: World) -> None:
    User.objects.filter(pk=world.amy.pk).update(is_active=False)
    Client(headers={"host": "test"}).post("/workspaces/", {"email": "amy@example.com"})

    assert "north.test" not in mail.outbox[-1].body


def test_asking_again_and_again_has_to_wait(world: World) -> None:
    client = Client(headers={"host": "test"})
    codes = [client.post("/workspaces/", {"email": "amy@example.com"}).status_code for _ in range(4)]

    assert codes == [302, 302, 302, 429]


@pytest.fixture
def mailbox(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_FILE_PATH = tmp_path
    return tmp_path


def post(text: str, to: str = "ines@harbour.example", subject: str = "Hello") -> None:
    EmailBackend().send_messages([EmailMessage(subject, text, to=[to])])


def test_the_mailbox_shows_the_newest_first_with_its_code(public: PublicSite, mailbox: Path) -> None:
    post("earlier")
    post("your code is\n\n    042917\n\nEnter it.", subject="042917 is your Plumbline code")

    found = letters(mailbox)
    assert [letter.code for letter in found] == ["042917", ""]
    page = public.client.get("/mailbox/").text
    assert page.index("042917 is your Plumbline code") < page.index("earlier")


def test_the_mailbox_escapes_what_it_shows_and_makes_addresses_links(public: PublicSite, mailbox: Path) -> None:
    post('<script>alert(1)</script> http://north.test:8000/join/a:b/?x=1&y="2')
    page = public.client.get("/mailbox/").text

    assert "<script>alert(1)" not in page
    assert '<a class="link" href="http://north.test:8000/join/a:b/?x=1&amp;y=">' in page


def test_the_mailbox_is_narrowed_to_one_person(public: PublicSite, mailbox: Path) -> None:
    post("for ines")
    post("for bob", to="bob@example.com")
    page = public.client.get("/mailbox/?to=bob").text

    assert "for bob" in page
    assert "for ines" not in page


def test_there_is_no_mailbox_outside_development(public: PublicSite, mailbox: Path, settings: Any) -> None:
    settings.DEVELOPMENT = False

    assert public.client.get("/mailbox/").status_code == 404


def test_there_is_no_mailbox_on_a_customers_host(world: World) -> None:
    assert world.browser(world.amy).get("/mailbox/").status_code == 404


def test_the_demo_is_there_after_one_command_and_the_same_after_two(db: None, tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    call_command("demo", write_json=path, no_sample=True, verbosity=0, stdout=StringIO())
    facts = json.loads(path.read_text())
    call_command("demo", write_json=path, no_sample=True, verbosity=0, stdout=StringIO())

    assert json.loads(path.read_text()) == facts
    assert [(user["email"], user["role"]) for user in facts["users"]][0] == ("admin@demo.example", "admin")
    with tenant_scope(tenants()["demo"]):
        assert User.objects.count() == 5
        assert ApiToken.objects.count() == 1
        assert all(user.check_password(facts["users"][0]["password"]) for user in User.objects.all())
    answer = Client(headers={"host": "demo.test", "authorization": f"Bearer {facts['api_token']}"}).get("/api/v1/me/")
    assert answer.json()["role"] == "admin"
    browser = Client(headers={"host": "demo.test"})
    login = browser.post("/login/", {"login": "csm@demo.example", "password": facts["users"][2]["password"]})
    assert login["Location"] == "/"
    assert browser.get("/settings/").status_code == 200


def test_the_demo_has_an_openly_synthetic_portfolio(db: None) -> None:
    call_command("demo", verbosity=0, stdout=StringIO())

    with tenant_scope(tenants()["demo"]):
        assert Account.objects.count() == Account.objects.filter(sample=True).count() > 20


def test_the_demo_never_touches_a_real_workspace_or_a_real_installation(db: None, settings: Any) -> None:
    with public_scope():
        Tenant.objects.filter(slug="north").update(slug="demo")
    with pytest.raises(CommandError, match="belongs to a real workspace"):
        call_command("demo")
    settings.DEVELOPMENT = False
    with pytest.raises(CommandError, match="DEVELOPMENT=true only"):
        call_command("demo")
