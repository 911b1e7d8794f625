"""The account page, its form, the archive and the import as a person meets them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import localdate, now

from accounts.models import Account
from accounts.operations import edit_account
from tests.accounts.conftest import entries
from tests.world import World


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_the_page_shows_what_is_known_and_says_what_is_not(world: World) -> None:
    Account.objects.filter(pk=world.account.pk).update(
        arr=Decimal("482000"), renewal_on=localdate() + timedelta(days=64), stage="value", tier="Enterprise"
    )
    answer = world.browser(world.alice).get(f"/accounts/{world.account.pk}/")
    page = text_of(answer)
    assert answer.status_code == 200
    for shown in ("<h1>Initech</h1>", "€482,000", "64 days", ">Value</span>", ">Enterprise</span>", "Alice"):
        assert shown in page, shown
    assert '<dt>Customer since</dt><dd class="">—</dd>' in page
    assert "<dt>Number</dt>" not in page  # it takes no place in the head of an account that has none
    Account.objects.filter(pk=world.account.pk).update(key="A-17")
    page = text_of(world.browser(world.alice).get(f"/accounts/{world.account.pk}/"))
    assert '<dt>Number</dt><dd class="">A-17</dd>' in page


def test_an_account_without_owner_says_nobody(world: World) -> None:
    Account.objects.filter(pk=world.account.pk).update(owner=None)
    page = text_of(world.browser(world.mona).get(f"/accounts/{world.account.pk}/"))
    assert '<dt>Owner</dt><dd class="">Nobody</dd>' in page


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("mona", ["Log activity", "Start playbook", "Health report", "Edit account", "Archive account"]),
        ("alice", ["Log activity", "Start playbook", "Health report", "Edit account"]),
        ("ana", ["Health report"]),
        ("vic", ["Health report"]),
    ],
)
def test_buttons_are_those_one_may_press(world: World, who: str, may: list[str]) -> None:
    page = text_of(world.browser(getattr(world, who)).get(f"/accounts/{world.account.pk}/"))
    every = ["Log activity", "Start playbook", "Health report", "Edit account", "Archive account"]
    assert [label for label in every if label in page] == may


def test_every_panel_is_asked_for_with_the_query_of_the_page(world: World) -> None:
    from config.wiring import PANELS

    page = world.browser(world.alice).get(f"/accounts/{world.account.pk}/?show=work").content.decode()
    for panel in PANELS:
        assert f'id="panel-{panel.id}"' in page
        assert "from:body" in panel.trigger
    assert f'hx-get="/accounts/{world.account.pk}/panels/timeline/?show=work"' in page


def test_to_htmx_the_page_is_its_head(world: World) -> None:
    answer = world.browser(world.alice, htmx=True).get(f"/accounts/{world.account.pk}/")
    assert answer.content.decode().strip().startswith('<div id="account-header"')
    assert "<html" not in answer.content.decode()


def test_the_page_costs_the_same_with_one_and_three_runs(world: World, query_count: Any) -> None:
    from playbooks.models import Playbook, PlaybookVersion, Run

    browser, counts = world.browser(world.alice), []
    browser.get("/work/")
    for number in range(3):
        playbook = Playbook.objects.create(code=f"p{number}", name=f"P{number}")
        version = PlaybookVersion.objects.create(playbook=playbook, number=1, definition={}, created_at=now())
        Run.objects.create(account=world.account, playbook=playbook, version=version, started_at=now())
        with query_count() as queries:
            assert browser.get(f"/accounts/{world.account.pk}/").status_code == 200
        counts.append(queries.number)
    assert counts[0] == counts[2] <= 9  # one of them remembers that it was opened


def test_an_archived_account_says_so_and_comes_back(world: World) -> None:
    browser = world.browser(world.mona)
    url = f"/accounts/{world.account.pk}/"
    answer = browser.post(f"{url}archive/", follow=True)
    page = text_of(answer)
    assert answer.redirect_chain == [(url, 302)]
    assert "“Initech” is archived. Nothing is lost, and you can bring it back here." in page
    assert "This account is archived." in page
    assert "Start playbook" not in page
    assert "Health report" in page
    page = text_of(browser.post(f"{url}archive/", {"restore": "1"}, follow=True))
    assert "“Initech” is back." in page
    assert "This account is archived." not in page


def test_archiving_is_for_those_who_may(world: World) -> None:
    answer = world.browser(world.alice).post(f"/accounts/{world.account.pk}/archive/")
    assert answer.status_code == 403
    assert Account.objects.get(pk=world.account.pk).archived_at is None


# The form -----------------------------------------------------------------------------------------------------


def test_a_new_account_from_the_form(world: World) -> None:
    given = {"name": "Meridian", "arr": "482000", "currency": "USD", "owner_id": str(world.alice.pk), "stage": ""}
    answer = world.browser(world.mona).post("/accounts/new/", given, follow=True)
    made = Account.objects.get(name="Meridian")
    assert answer.redirect_chain == [(f"/accounts/{made.pk}/", 302)]
    assert "“Meridian” is here." in text_of(answer)
    assert (made.arr, made.currency, made.owner_id, made.renewal_on) == (
        Decimal("482000.00"),
        "USD",
        world.alice.pk,
        None,
    )


def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(world: World) -> None:
    given = {"name": "Initech", "arr": "lots", "renewal_on": "2027-13-01", "region": "EMEA", "owner_id": str(uuid4())}
    answer = world.browser(world.mona).post("/accounts/new/", given)
    page = text_of(answer)
    assert answer.status_code == 422
    assert Account.objects.count() == 1
    assert [f'id="id_{name}_error"' in page for name in ("arr", "renewal_on", "owner_id")] == [True, True, True]
    for kept in ('value="lots"', 'value="EMEA"', "A valid number is required.", "This person is not here any more."):
        assert kept in page, kept
    answer = world.browser(world.mona).post("/accounts/new/", {"name": "Initech"})
    assert answer.status_code == 422
    assert "There is already an account called “Initech”." in text_of(answer)


def test_the_form_is_for_those_who_may(world: World) -> None:
    for url in ("/accounts/new/", f"/accounts/{world.account.pk}/edit/"):
        assert world.browser(world.ana).get(url).status_code == 403
        assert world.browser(world.ana).post(url, {"name": "X", "version": "1"}).status_code == 403
    assert not Account.objects.filter(name="X").exists()


def test_handing_an_account_over_leads_to_the_list(world: World) -> None:
    given = {"name": "Initech", "version": "1", "owner_id": str(world.bob.pk)}
    answer = world.browser(world.alice).post(f"/accounts/{world.account.pk}/edit/", given)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/")
    assert Account.objects.get(pk=world.account.pk).owner_id == world.bob.pk


def test_an_owner_who_has_left_can_stay(world: World) -> None:
    world.alice.is_active = False
    world.alice.save()
    browser, url = world.browser(world.mona), f"/accounts/{world.account.pk}/edit/"
    assert f'<option value="{world.alice.pk}" selected>Alice</option>' in browser.get(url).content.decode()
    given = {"name": "Initech", "version": "1", "owner_id": str(world.alice.pk), "tier": "A"}
    assert browser.post(url, given).status_code == 302
    assert Account.objects.get(pk=world.account.pk).tier == "A"


def test_two_editors_choose_field_by_field(world: World) -> None:
    """Mona changes region and ARR while Alice has the form open; Alice changes ARR and tier."""
    url = f"/accounts/{world.account.pk}/edit/"
    mona = {"region": "Nordics", "arr": Decimal("150")}
    edit_account(account_id=world.account.pk, expected_version=1, changes=mona, by=world.mona.as_actor())
    alice = {
        "version": "1", "name": "Initech", "was-name": "Initech", "arr": "160", "was-arr": "", "region": "",
        "was-region": "", "tier": "Gold", "was-tier": "", "owner_id": str(world.alice.pk),
        "was-owner_id": str(world.alice.pk), "currency": "EUR", "was-currency": "EUR",
    }  # fmt: skip
    browser = world.browser(world.alice)
    answer = browser.post(url, alice)
    page = text_of(answer)
    assert answer.status_code == 409
    assert "Mona saved this account just now." in page
    assert "3 fields differ" in page
    assert 'name="theirs" value="region" checked><span>Keep theirs: <b>Nordics</b>' in page
    assert 'name="theirs" value="arr"><span>Keep theirs: <b>150.00</b>' in page
    assert 'name="theirs" value="tier"><span>Keep theirs: <b>nothing</b>' in page
    assert 'name="version" value="2"' in page
    assert 'value="160"' in page
    assert Account.objects.get(pk=world.account.pk).arr == Decimal("150.00")

    assert browser.post(url, {**alice, "version": "2", "theirs": ["region"]}).status_code == 302
    stored = Account.objects.get(pk=world.account.pk)
    assert (stored.region, stored.arr, stored.tier, stored.version) == ("Nordics", Decimal("160.00"), "Gold", 3)
    assert entries("accounts.account_edited")[-1]["changes"] == {"arr": ["150.00", "160.00"], "tier": ["", "Gold"]}


def test_a_form_without_its_version_is_out_of_date(world: World) -> None:
    answer = world.browser(world.alice).post(f"/accounts/{world.account.pk}/edit/", {"name": "Other"})
    assert answer.status_code == 422
    assert "This form is out of date." in text_of(answer)
    assert Account.objects.get(pk=world.account.pk).name == "Initech"


def test_what_people_typed_is_text_everywhere(world: World) -> None:
    name = '"><script>alert(1)</script>'
    Account.objects.filter(pk=world.account.pk).update(name=name, tier=name[:40], region=name)
    browser = world.browser(world.mona)
    for url in ("", "edit/", "start-playbook/", "panels/timeline/", "panels/playbooks/", "panels/reports/"):
        page = browser.get(f"/accounts/{world.account.pk}/{url}").content.decode()
        assert "<script>alert" not in page, url
        assert "&lt;script&gt;alert" in page, url


# The import ---------------------------------------------------------------------------------------------------


def test_a_file_is_looked_at_before_anything_changes(world: World) -> None:
    browser = world.browser(world.mona)
    file = SimpleUploadedFile("a.csv", b"Firm,ARR\nAcme,300k\nBeta,lots\nInitech,\n")
    answer = browser.post("/accounts/import/", {"file": file})
    page = text_of(answer)
    assert answer.status_code == 422
    assert "No column holds the account&#x27;s name. The first row says: Firm, ARR." in page

    file = SimpleUploadedFile("a.csv", b"Company,ARR\nAcme,300k\nBeta,lots\nInitech,\n")
    answer = browser.post("/accounts/import/", {"file": file})
    page = text_of(answer)
    assert answer.status_code == 200
    for shown in ("Nothing has changed yet", "ARR: “lots” is not an amount.", "300,000.00", "Bring 1 account in"):
        assert shown in page, shown
    assert not Account.objects.filter(name="Acme").exists()

    ticket = answer.context["ticket"]
    page = text_of(browser.post("/accounts/import/bring/", {"ticket": ticket}))
    assert "Your accounts are here" in page
    assert Account.objects.get(name="Acme").arr == Decimal("300000.00")
    assert not Account.objects.filter(name="Beta").exists()

    answer = browser.post("/accounts/import/bring/", {"ticket": ticket})
    assert answer.status_code == 422
    assert "The file you checked is not kept here any more. Choose it again." in text_of(answer)


def test_a_person_says_what_a_column_means(world: World) -> None:
    browser = world.browser(world.mona)
    ticket = browser.post("/accounts/import/", {"pasted": "name\tplace\nAcme\tBerlin\n"}).context["ticket"]
    chosen = {"ticket": ticket, "column-0": "name", "column-1": "region", "column-x": "y"}
    answer = browser.post("/accounts/import/", chosen)
    assert [column.field for column in answer.context["sheet"].columns] == ["name", "region"]
    browser.post(
        "/accounts/import/bring/", {"ticket": ticket, "column-0": "name", "column-1": "region", "column-x": "y"}
    )
    assert Account.objects.get(name="Acme").region == "Berlin"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Choose a file or paste some cells."),
        ({"pasted": "   "}, "Choose a file or paste some cells."),
        ({"file": SimpleUploadedFile("x.csv", b"x" * 8_000_001)}, "The file is larger than 8 MB. Split it."),
        ({"file": SimpleUploadedFile("x.pdf", b"%PDF-1.7")}, "This is not a text file."),
    ],
)
def test_what_cannot_be_read_is_refused(world: World, given: dict[str, Any], words: str) -> None:
    answer = world.browser(world.mona).post("/accounts/import/", given)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert Account.objects.count() == 1


def test_a_checked_file_belongs_to_the_person_who_brought_it(world: World) -> None:
    ticket = world.browser(world.mona).post("/accounts/import/", {"pasted": "name\nAcme\n"}).context["ticket"]
    answer = world.browser(world.amy).post("/accounts/import/bring/", {"ticket": ticket})
    assert answer.status_code == 422
    assert not Account.objects.filter(name="Acme").exists()


def test_importing_is_for_those_who_may(world: World) -> None:
    browser = world.browser(world.vic)
    assert browser.get("/accounts/import/").status_code == 403
    assert browser.post("/accounts/import/", {"pasted": "name\nAcme\n"}).status_code == 403
    assert browser.post("/accounts/import/bring/", {"ticket": "x"}).status_code == 403
    assert not Account.objects.filter(name="Acme").exists()


def test_the_parent_is_named_in_the_form_and_wrong_names_stand_beside_the_field(world: World) -> None:
    group = Account.objects.create(name="Group", owner=world.alice)
    browser, address = world.browser(world.alice), f"/accounts/{world.account.pk}/edit/"
    given = {"name": "Initech", "version": "1", "currency": "EUR", "roll_up_method": "worst_child"}

    wrong = browser.post(address, {**given, "parent": "Nobody"})
    assert wrong.status_code == 422
    assert "No account that you see is called “Nobody”." in wrong.content.decode()
    done = browser.post(address, {**given, "parent": "group"})
    assert done.status_code == 302
    world.account.refresh_from_db()
    assert (world.account.parent_id, world.account.roll_up_method) == (group.pk, "worst_child")
    circle = browser.post(f"/accounts/{group.pk}/edit/", {**given, "name": "Group", "parent": "Initech"})
    assert circle.status_code == 422
    assert "that would be a circle" in circle.content.decode()
    assert 'value="Group"' in browser.get(address).content.decode()
    assert '<option value="Group">' in browser.get("/accounts/parents/?parent=gro").content.decode()


def test_a_parent_that_a_person_does_not_see_stays_and_is_not_named(world: World) -> None:
    Account.objects.filter(pk=world.account.pk).update(parent=Account.objects.create(name="Secret", owner=world.bob))
    browser, address = world.browser(world.alice), f"/accounts/{world.account.pk}/edit/"

    page = browser.get(address).content.decode()
    browser.post(address, {"name": "Initech", "version": "1", "currency": "EUR", "tier": "Gold"})

    world.account.refresh_from_db()
    assert "Secret" not in page
    assert (world.account.tier, world.account.parent.name) == ("Gold", "Secret")
