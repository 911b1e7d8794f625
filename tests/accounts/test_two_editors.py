"""Two people edit one record: every form that edits something is found by itself and gives the later one a choice."""

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils.timezone import now

from accounts.models import (
    AssignmentRule,
    CustomObject,
    Entitlement,
    Location,
    Product,
    Renewal,
    Segment,
    TaskTemplate,
    Team,
)
from accounts.operations import contracts, people, tasks
from accounts.operations.activities import record_activity
from tests.accounts.custom.test_objects import project, record_of
from tests.accounts.custom.test_values import field
from tests.test_doors import Door, doors
from tests.world import World

MARKS = ('name="version"', "accounts/edited_on.html", "ui/seen.html")
# Forms that are part of another page of the list, or one button: what they do is looked at elsewhere.
NOT_EDITING = {
    "accounts/edited_on.html",  # the part of a form itself
    "accounts/work_row.html",  # a button that closes
}


class Forms(HTMLParser):
    """The posted forms of a page: action and fields, as a browser would send them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self._select = self._area = ""
        self._open = False
        self.typed: set[int] = set()  # places in `found` of forms that a person fills in; others are buttons
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = given.get("method", "").lower() == "post"
            if self._open:
                self.found.append((given.get("action", ""), {}))
        if not self._open:
            return
        fields, name = self.found[-1][1], given.get("name", "")
        if tag == "input" and name:
            if given.get("type") != "hidden":
                self.typed.add(len(self.found) - 1)
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                fields[name] = given.get("value", "on")
        elif tag == "select":
            self.typed.add(len(self.found) - 1)
            self._select = name
            fields.setdefault(name, "")
        elif tag == "option" and self._select and "selected" in given:
            fields[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._area = name
            fields[name] = ""

    def handle_data(self, data: str) -> None:
        if self._open and self._area:
            self.found[-1][1][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""


@pytest.fixture
def ids(world: World) -> dict[str, Any]:
    """One record of everything that is edited: parameter of an address -> id."""
    by, at = world.amy.as_actor(), now()
    role = {"account_id": world.account.pk, "role": "champion", "starts_on": date(2026, 1, 1)}
    person = people.create_contact(name="Cara", by=by, at=at, role=role)
    contract = contracts.create_contract(
        account_id=world.account.pk, name="Main", starts_on=date(2026, 1, 1), ends_on=date(2027, 1, 1), by=by, at=at,
        lines=[{"amount": 100, "billing": "month"}],
    )  # fmt: skip
    contracts.activate_contract(contract_id=contract.pk, by=by, at=at)
    team = Team.objects.create(name="East")
    rule = AssignmentRule.objects.create(name="East", team=team, method="fewest", priority=1)
    project(world)
    record = record_of(world)
    product = Product.objects.create(code="core", name="Core")
    Location.objects.create(account=world.account, name="Berlin")
    Entitlement.objects.create(account=world.account, product=product, starts_on=date(2026, 1, 1))
    activity = record_activity(account_id=world.account.pk, kind="call", subject="Talk", happened_at=at, by=by, at=at)
    return {
        "account_id": world.account.pk,
        "contact_id": person.pk,
        "role_id": person.roles.get().pk,
        "contract_id": contract.pk,
        "line_id": contract.lines.get().pk,
        "renewal_id": Renewal.objects.get().pk,
        "template_id": TaskTemplate.objects.create(name="Start", items=[{"title": "Call", "days": 1}]).pk,
        "team_id": team.pk,
        "rule_id": rule.pk,
        "record_id": record.pk,
        "code": "project",
        "object_id": CustomObject.objects.get().pk,
        "field_id": field("seats", "number").pk,
        "activity_id": activity.pk,
        "task_id": tasks.create_task(title="Call", account_id=world.account.pk, by=by, at=at).pk,
        "segment_id": Segment.objects.create(
            name="East", where='region = "EMEA"', created_at=at, created_by="Amy"
        ).pk,
    }  # fmt: skip


def editing_templates() -> set[str]:
    """Templates of customers with a form that says which version it was made on."""
    folder = Path(settings.BASE_DIR) / "templates"
    texts = {str(path.relative_to(folder)): path.read_text() for path in folder.glob("accounts/*.html")}
    return {name for name, text in texts.items() if any(mark in text for mark in MARKS)} - NOT_EDITING


def test_every_form_that_edits_gives_whoever_is_late_a_choice(world: World, ids: dict[str, Any]) -> None:
    page, looked, forms = world.browser(world.amy), set(), 0
    for door in doors():
        if not _fills(door, ids):
            continue
        address = door.url(**ids)
        answer = page.get(address)
        if answer.status_code != 200 or b'name="version"' not in getattr(answer, "content", b""):
            continue
        looked |= {template.name for template in answer.templates if template.name}
        read = Forms(answer.content.decode())
        for number, (action, fields) in enumerate(read.found):
            if "version" in fields and number in read.typed:
                forms += 1
                _late(page, action or address, fields)
    assert forms >= 12
    missing = editing_templates() - looked
    assert not missing, f"{missing}: a form that no door of this test shows: add its record to `ids`"


def _fills(door: Door, ids: dict[str, Any]) -> bool:
    mine = ("accounts", "contacts", "objects", "products", "tasks", "segments", "settings", "renewals")
    alone = door.route in ("products/", "settings/revenue/")  # forms of what there is one of, or in each line of a list
    asked = alone or bool(door.parameters)
    return asked and door.route.startswith(mine) and set(door.parameters) <= set(ids)


def _late(page: Any, address: str, fields: dict[str, Any]) -> None:
    """Sent with a version that somebody else has gone beyond: refused, and what came back can be sent again."""
    late = {**fields, "version": "999"}
    for name in ("name", "title", "subject", "label"):
        if name in fields:
            late[name] = "Mine"
    late |= {"outcome": "lost", "reason": "x"} if "outcome" in fields else {}
    answer = page.post(address, late)
    text = answer.content.decode()
    assert answer.status_code in (409, 422), (address, answer.status_code)
    said = re.findall('class="error".{0,200}', text, re.DOTALL)
    assert re.search("[Ss]omebody (else )?(changed|saved)|saved this|Nothing of theirs", text), (address, said)
    again = [form for _, form in Forms(text).found if "version" in form]
    assert any(form["version"] == fields["version"] for form in again), (address, "made on what is there now")
    if set(late) & {"name", "title", "subject", "label"} and "Mine" in late.values():
        shown = re.search("[Ii]t (now )?says|Save again", text)
        assert 'name="theirs"' in text or shown, (address, "whoever is late is asked which to keep")
        assert "Mine" in text, (address, "what was typed is still there")
