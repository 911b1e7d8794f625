"""The first page: a checklist that ticks itself, my work, and the accounts that need attention."""

from typing import Any

from django.utils.timezone import now

from accounts.models import Account
from core.audit import record
from kpis.events import CatalogueChecked
from kpis.models import Kpi
from playbooks.operations import install_library
from tests.playbooks.conftest import ENGINE, give_health, give_value
from tests.playbooks.test_pages import started, text_of
from tests.world import World


def ticks(answer: Any) -> list[bool]:
    return [item.done for item in answer.context["checklist"]]


def test_the_checklist_ticks_itself(world: World) -> None:
    Account.objects.all().delete()
    browser = world.browser(world.amy)
    assert ticks(browser.get("/")) == [False] * 5
    assert "0 of 5 done. They tick themselves." in text_of(browser.get("/"))
    account = Account.objects.create(name="Acme", owner=world.alice)
    assert ticks(browser.get("/")) == [True, False, False, False, False]
    record(CatalogueChecked(account_id=None), by=world.amy.as_actor())
    assert ticks(browser.get("/")) == [True, True, False, False, False]
    Kpi.objects.create(code="nps", name="NPS", category="relationship")
    give_value(account, "nps", "40", 10)
    assert ticks(browser.get("/")) == [True, True, True, False, False]
    give_health(account, None)
    assert ticks(browser.get("/")) == [True, True, True, False, False], "too little data is no score"
    give_health(account, 4000)
    assert ticks(browser.get("/")) == [True, True, True, True, False]
    install_library(at=now(), by=ENGINE)
    started(world, account=account)
    answer = browser.get("/")
    assert ticks(answer) == [True] * 5
    assert "Your first steps" not in text_of(answer)


def test_sample_data_ticks_nothing(library: World) -> None:
    Account.objects.all().delete()
    account = Account.objects.create(name="Acme", sample=True)
    give_health(account, 4000)
    started(library, account=account)
    assert ticks(library.browser(library.amy).get("/")) == [False] * 5


def test_nobody_is_sent_where_they_may_not_go(world: World) -> None:
    def offered(who: Any) -> bool:
        return 'href="/uploads/"' in text_of(world.browser(who).get("/")).partition('id="checklist"')[2]

    assert (offered(world.mona), offered(world.vic)) == (True, False)


def test_today_shows_my_work_and_what_needs_attention(library: World) -> None:
    started(library)
    other = Account.objects.create(name="Acme", owner=library.bob)
    started(library, account=other)
    give_health(library.account, 4000, change=-250)
    give_health(other, 3000)
    green = Account.objects.create(name="Fine", owner=library.alice)
    give_health(green, 9000)
    answer = library.browser(library.alice).get("/")
    assert [item.account for item in answer.context["items"]] == ["Initech"]
    assert [health.account.name for health in answer.context["needing"]] == ["Initech"]
    page = text_of(answer)
    assert "−2.5 in 28 days" in page
    assert [h.account.name for h in library.browser(library.mona).get("/").context["needing"]] == ["Acme", "Initech"]


def test_pages_cost_the_same_with_one_and_three_rows(library: World, query_count: Any) -> None:
    browser = library.browser(library.mona)
    urls = {"/": 23, "/work/?view=all": 18, "/runs/": 7, "/playbooks/": 7}
    browser.get("/work/")
    counts: dict[str, list[int]] = {url: [] for url in urls}
    for number in range(3):
        account = Account.objects.create(name=f"Acme {number}", owner=library.mona)
        give_health(account, 4000)
        started(library, account=account)
        for url in urls:
            with query_count() as queries:
                assert browser.get(url).status_code == 200
            counts[url].append(queries.number)
    for url, most in urls.items():
        assert counts[url][0] == counts[url][2] <= most, (url, counts[url])
