"""The list of contacts as a file: what the filter shows, in its order, and nothing that a spreadsheet runs."""

import csv
import io

from django.utils.timezone import localdate

from accounts.models import Contact, ContactRole
from tests.world import World


def test_the_file_holds_who_the_filter_shows_and_no_formula(world: World) -> None:
    for name, email in (("=cmd()", "a@x.example"), ("Bea", "@b"), ("Carl", "c@x.example")):
        made = Contact.objects.create(name=name, email=email)
        if name != "Carl":
            ContactRole.objects.create(contact=made, account=world.account, role="champion", starts_on=localdate())
    answer = world.browser(world.mona).get("/contacts/export.csv?role=champion")
    lines = list(csv.reader(io.StringIO(answer.content.decode())))

    assert lines[0] == ["Name", "Title", "Now", "E-mail", "Phone"]
    assert [line[0] for line in lines[1:]] == ["'=cmd()", "Bea"]
    assert lines[2][2:4] == ["Initech: Champion", "'@b"]
    assert "export.csv?role=champion" in world.browser(world.mona).get("/contacts/?role=champion").content.decode()
    assert world.browser(world.vic).get("/contacts/export.csv").status_code == 403
