"""People through the API: the same operations, the same refusals."""

from typing import Any

from django.utils.timezone import localdate

from accounts.models import Account, Contact, ContactRole
from tests.world import World

CONTACTS, ROLES = "/api/v1/contacts/", "/api/v1/contact-roles/"


def post(browser: Any, url: str, data: Any) -> Any:
    return browser.post(url, data, content_type="application/json")


def test_every_verb(world: World) -> None:
    browser = world.browser(world.mona)
    other = Account.objects.create(name="Globex", owner=world.bob)
    today = localdate().isoformat()
    answer = post(
        browser,
        CONTACTS,
        {"name": "Nina", "email": "nina@a.example", "at": {"account_id": str(world.account.pk), "role": "champion"}},
    )
    made = answer.json()
    assert (answer.status_code, made["name"], made["version"]) == (201, "Nina", 2)
    url = f"{CONTACTS}{made['id']}/"
    assert browser.patch(url, {"version": 2, "title": "CFO"}, content_type="application/json").json()["title"] == "CFO"
    answer = browser.patch(url, {"version": 2, "title": "CIO"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "Conflict")
    answer = post(browser, f"{url}archive/", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "DomainError")

    answer = post(
        browser, ROLES, {"contact_id": made["id"], "account_id": str(world.account.pk), "role": "admin", "stance": -1}
    )
    role = answer.json()
    assert (answer.status_code, role["role"], role["stance"], role["starts_on"]) == (201, "admin", -1, today)
    answer = browser.patch(f"{ROLES}{role['id']}/", {"version": 4, "influence": 3}, content_type="application/json")
    assert (answer.status_code, answer.json()["influence"]) == (200, 3)
    answer = post(browser, f"{ROLES}{role['id']}/end/", {"on": today, "reason": "Handed over"})
    assert (answer.status_code, answer.json()["ends_on"]) == (200, today)

    seen = browser.get(f"/api/v1/accounts/{world.account.pk}/people/").json()
    assert [(one["name"], one["roles"], one["influence"]) for one in seen["people"]] == [("Nina", ["champion"], 3)]
    assert [gap["role"] for gap in seen["gaps"]] == ["economic_buyer", "sponsor", "admin"]
    assert seen["gaps"][2]["reason"] == "Handed over"

    gone = {"account_id": str(world.account.pk), "on": today, "reason": "Left"}
    answer = post(browser, f"{url}move/", {**gone, "to_account_id": str(other.pk), "role": "sponsor"})
    assert (answer.status_code, answer.json()["account_id"]) == (201, str(other.pk))
    answer = post(browser, f"{url}leave/", {**gone, "account_id": str(other.pk)})
    assert [one["role"] for one in answer.json()] == ["sponsor"]
    assert ContactRole.objects.filter(ends_on=None).count() == 0
    assert post(browser, f"{url}archive/", {}).json()["archived_at"]
    assert browser.get(CONTACTS).json()["results"] == []
    assert len(browser.get(CONTACTS, {"archived": "true"}).json()["results"]) == 1
    assert post(browser, f"{url}archive/", {"restore": True}).json()["archived_at"] is None
    assert len(browser.get(ROLES, {"contact_id": made["id"]}).json()["results"]) == 3
    assert browser.get(ROLES, {"open": "true"}).json()["results"] == []


def test_the_list_is_found_by_words_role_and_account(world: World) -> None:
    browser = world.browser(world.mona)
    for name, role in (("Nina Berg", "champion"), ("Olaf Tal", "user")):
        placed = {"account_id": str(world.account.pk), "role": role}
        post(browser, CONTACTS, {"name": name, "email": f"{name[:4]}@a.example".lower(), "at": placed})

    def names(**asked: str) -> list[str]:
        return [one["name"] for one in browser.get(CONTACTS, {"sort": "name", **asked}).json()["results"]]

    assert names() == ["Nina Berg", "Olaf Tal"]
    assert names(q="olaf@a") == ["Olaf Tal"]
    assert names(role="champion") == ["Nina Berg"]
    assert names(account_id=str(world.account.pk), role="user") == ["Olaf Tal"]
    assert names(email="nina@a.example") == ["Nina Berg"]


def test_who_does_not_see_the_account_does_not_see_its_people(world: World) -> None:
    placed = {"account_id": str(world.account.pk), "role": "user"}
    made = post(world.browser(world.alice), CONTACTS, {"name": "Nina", "at": placed}).json()
    bob = world.browser(world.bob)
    assert bob.get(f"{CONTACTS}{made['id']}/").status_code == 404
    assert bob.get(CONTACTS).json()["results"] == []
    assert bob.get(ROLES).json()["results"] == []
    assert bob.get(f"/api/v1/accounts/{world.account.pk}/people/").status_code == 404
    assert post(bob, f"{CONTACTS}{made['id']}/leave/", {}).status_code in {400, 404}
    assert post(world.browser(world.vic), CONTACTS, {"name": "X"}).status_code == 403
    assert Contact.objects.count() == 1
