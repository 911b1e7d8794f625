import re
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from core.actor import Actor
from core.errors import DomainError
from core.models import Entry
from tenants.context import public_scope, tenant_scope
from tenants.models import Domain
from tests.users.conftest import SIGNUP, PublicSite, pending, tenants
from users.models import Role, Ticket, User
from users.operations import open_workspace, start_signup

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_company_signs_up_confirms_and_lands_in_its_own_workspace(public: PublicSite) -> None:
    asked = public.sign_up()

    assert asked.status_code == 302
    assert mail.outbox[-1].to == ["ines@harbour.example"]
    page = public.client.get(asked["Location"])
    assert "ines@harbour.example" in page.text
    assert public.code() not in page.text

    opened = public.confirm(asked["Location"], public.code())

    address = urlsplit(opened["Location"])
    assert (opened.status_code, address.hostname, address.path) == (302, "harbour-line.test", "/enter/")
    tenant = tenants()["harbour-line"]
    assert tenant.name == "Harbour & Line"
    with tenant_scope(tenant):
        ines = User.objects.get()
        assert (ines.email, ines.name, ines.role.code) == ("ines@harbour.example", "Ines Duarte", "admin")
        assert ines.check_password(SIGNUP["password"])
        assert EmailAddress.objects.get().verified
        assert set(Role.objects.values_list("code", flat=True)) == {"admin", "manager", "csm", "analyst", "viewer"}
        assert "users.workspace_opened" in Entry.objects.values_list("event", flat=True)
    assert pending() == []

    browser = Client(headers={"host": "harbour-line.test"})
    landed = browser.get(f"{address.path}?{address.query}")
    assert (landed.status_code, landed["Location"]) == (302, "/")
    assert "Ines Duarte" in browser.get("/settings/").text


def test_the_ticket_of_a_sign_up_works_once(public: PublicSite) -> None:
    address = urlsplit(public.open_workspace()["Location"])
    ticket = f"{address.path}?{address.query}"
    Client(headers={"host": "harbour-line.test"}).get(ticket)

    second = Client(headers={"host": "harbour-line.test"})
    assert second.get(ticket)["Location"] == "/login/"
    assert second.get("/settings/").status_code == 302


def test_the_ticket_is_too_old_after_a_minute(public: PublicSite) -> None:
    with time_machine.travel(START, tick=False) as clock:
        address = urlsplit(public.open_workspace()["Location"])
        clock.shift(timedelta(seconds=61))
        late = Client(headers={"host": "harbour-line.test"}).get(f"{address.path}?{address.query}")

    assert late["Location"] == "/login/"


def test_the_ticket_means_nothing_in_another_tenant(public: PublicSite) -> None:
    address = urlsplit(public.open_workspace()["Location"])
    elsewhere = Client(headers={"host": "north.test"})

    assert elsewhere.get(f"{address.path}?{address.query}")["Location"] == "/login/"
    with tenant_scope(tenants()["harbour-line"]):
        assert Ticket.objects.get().used_at is None


def test_five_wrong_codes_close_the_door_and_a_new_code_opens_it(public: PublicSite) -> None:
    address = public.sign_up()["Location"]
    right, wrong = public.code(), public.wrong()

    for _ in range(5):
        answer = public.confirm(address, wrong)
        assert answer.status_code == 422
        assert "That is not the code we sent" in answer.text
    refused = public.confirm(address, right)

    assert refused.status_code == 422
    assert "Too many wrong codes" in refused.text
    assert "harbour-line" not in tenants()

    assert public.client.post(f"{address}resend/").status_code == 302
    assert public.confirm(address, right).status_code == 422 or public.code() == right
    assert public.confirm(address, public.code()).status_code == 302


def test_a_code_is_too_old_after_a_quarter_of_an_hour(public: PublicSite) -> None:
    with time_machine.travel(START, tick=False) as clock:
        address = public.sign_up()["Location"]
        clock.shift(timedelta(minutes=15, seconds=1))
        answer = public.confirm(address, public.code())

    assert answer.status_code == 410
    assert "This sign-up is over" in answer.text


def test_a_code_that_was_used_opens_nothing_more(public: PublicSite) -> None:
    address = public.sign_up()["Location"]
    code = public.code()
    public.confirm(address, code)

    assert public.confirm(address, code).status_code == 410
    assert list(tenants()).count("harbour-line") == 1


def test_an_odd_code_is_refused_without_counting_as_a_try(public: PublicSite) -> None:
    address = public.sign_up()["Location"]

    assert "The code has six digits." in public.confirm(address, "12345").text
    assert pending()[0].attempts == 0


def test_spaces_in_a_code_do_no_harm(public: PublicSite) -> None:
    address = public.sign_up()["Location"]
    code = public.code()

    assert public.confirm(address, f" {code[:3]} {code[3:]} ").status_code == 302


def test_only_five_codes_are_sent_for_one_sign_up(public: PublicSite) -> None:
    address = public.sign_up()["Location"]
    for _ in range(4):
        public.client.post(f"{address}resend/")

    assert public.client.post(f"{address}resend/").status_code == 422
    assert len(mail.outbox) == 5


def test_the_answer_does_not_tell_whether_the_e_mail_is_known(public: PublicSite) -> None:
    public.open_workspace()
    unknown = public.sign_up(slug="one", email="nobody@harbour.example")
    known = public.sign_up(slug="two")

    assert (known.status_code, len(known["Location"])) == (unknown.status_code, len(unknown["Location"]))
    assert len(mail.outbox) == 3


def test_one_person_may_open_two_workspaces(public: PublicSite) -> None:
    first, second = public.open_workspace(), public.open_workspace(slug="harbour-two", company="Harbour Two")

    assert urlsplit(first["Location"]).hostname == "harbour-line.test"
    assert urlsplit(second["Location"]).hostname == "harbour-two.test"
    for slug in ("harbour-line", "harbour-two"):
        with tenant_scope(tenants()[slug]):
            assert User.objects.count() == 1


def test_an_address_that_was_taken_meanwhile_can_be_changed_with_the_same_code(public: PublicSite) -> None:
    slow = public.sign_up(email="slow@harbour.example")["Location"]
    code = public.code()
    public.open_workspace()

    taken = public.confirm(slow, code)
    assert taken.status_code == 422
    assert "This address is taken" in taken.text
    assert 'name="slug"' in taken.text

    opened = public.confirm(slow, code, slug="harbour-next")
    assert urlsplit(opened["Location"]).hostname == "harbour-next.test"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"company": ""}, "may not be blank"),
        ({"slug": "admin"}, "belongs to the platform"),
        ({"slug": "north"}, "This address is taken"),
        ({"slug": "-nope-"}, "lower-case letters, digits and hyphens"),
        ({"email": "not an e-mail"}, "valid email address"),
        ({"password": "short"}, "too short"),
        ({"password": "password123"}, "too common"),
        ({"password": "ines@harbour.example"}, "too similar"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(public: PublicSite, changes: dict[str, str], said: str) -> None:
    answer = public.sign_up(**changes)

    assert answer.status_code == 422
    field = next(iter(changes))
    beside = re.search(rf'id="id_{field}_error">(.*?)</div>', answer.text, re.DOTALL)
    assert beside, f"no error beside {field}"
    assert said in beside[1]
    assert 'value="Ines Duarte"' in answer.text
    assert mail.outbox == []
    assert pending() == []


def test_the_address_is_proposed_from_the_company_and_checked_while_typing(public: PublicSite) -> None:
    proposed = public.client.get("/signup/address/?from=company&company=Société North", headers={"hx-request": "true"})
    assert 'value="societe-north"' in proposed.text or 'value="socit-north"' in proposed.text
    assert "This address is free." in proposed.text

    assert 'value="north-2"' in public.client.get("/signup/address/?from=company&company=North").text
    assert "This address is taken" in public.client.get("/signup/address/?slug=north").text
    assert "belongs to the platform" in public.client.get("/signup/address/?slug=www").text
    assert public.client.get("/signup/address/?from=company&company=%E5%85%AC%E5%8F%B8").status_code == 200


def test_passwords_and_codes_are_not_kept_in_the_open(public: PublicSite) -> None:
    public.sign_up()
    row = pending()[0]

    assert SIGNUP["password"] not in row.password
    assert public.code() not in row.code_hash


def test_nothing_is_left_when_opening_fails_half_way(public: PublicSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise DomainError("no")

    address = public.sign_up()["Location"]
    monkeypatch.setattr("users.operations.signup.verify_email", fail)
    assert public.confirm(address, public.code()).status_code == 422
    monkeypatch.undo()

    assert "harbour-line" not in tenants()
    with public_scope():
        assert not Domain.objects.filter(domain="harbour-line.test").exists()
    assert public.confirm(address, public.code()).status_code == 302


def test_two_confirmations_at_the_same_time_make_one_workspace(scratch_database: None) -> None:
    with public_scope():
        asked, code = start_signup(**SIGNUP, at=START)
    start, outcomes = Barrier(2), []

    def confirm() -> None:
        try:
            start.wait()
            with public_scope():
                open_workspace(signup_id=asked.pk, code=code, at=START, by=Actor(label="sign-up"))
            outcomes.append("opened")
        except DomainError as refusal:
            outcomes.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [Thread(target=confirm) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["SignupOver", "opened"]
    with tenant_scope(tenants()["harbour-line"]):
        assert User.objects.count() == 1


def test_parallel_guesses_share_the_five_tries(scratch_database: None) -> None:
    with public_scope():
        asked, code = start_signup(**SIGNUP, at=now())
    wrong = "000000" if code != "000000" else "000001"
    outcomes: list[str] = []

    def guess() -> None:
        try:
            with public_scope():
                open_workspace(signup_id=asked.pk, code=wrong, at=now(), by=Actor(label="sign-up"))
        except DomainError as refusal:
            outcomes.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("WrongCode") == 5
    assert outcomes.count("NoMoreTries") == 7


def test_too_many_sign_ups_for_one_e_mail_have_to_wait(public: PublicSite) -> None:
    answers = [public.sign_up(slug=f"try-{i}").status_code for i in range(9)]

    assert answers == [302] * 8 + [429]


def test_the_public_site_has_no_sessions(public: PublicSite) -> None:
    public.client.cookies["sessionid"] = "a-cookie-that-somebody-sent-along"

    assert public.client.get("/").status_code == 200
    assert public.client.get("/signup/").status_code == 200


def test_the_first_page_names_facts_of_the_product(public: PublicSite) -> None:
    page = public.client.get("/").text

    assert "No number without evidence." in page
    assert "62 KPIs in five categories" in page
    assert "75 and more" in page
    assert "coverage under 40%" in page
