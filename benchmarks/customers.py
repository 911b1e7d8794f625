"""A hundred thousand accounts with their people and a million notes: what somebody who looks at them waits for."""

import time
from urllib.parse import urlencode
from uuid import UUID

from celery import current_app
from django.db import connection
from django.utils.timezone import now

from accounts.models import Account
from accounts.operations.bulk import change_chunk, finish_change, start_bulk_change
from benchmarks.pages import Looking
from benchmarks.portfolio import BY, STAGES, TIERS, Bench, host_of, people_of, token_of
from benchmarks.results import Results, Target
from benchmarks.tenants import quiet_outbox
from benchmarks.web import serving
from core.time import month_of
from kpis.models import AccountHealth
from kpis.operations import rescore_accounts
from kpis.queries.assignment import live_cards
from tenants.context import tenant_scope
from tenants.operations import create_tenant
from users.models import User

ACCOUNTS, PEOPLE, ACTIVITIES = 100_000, 300_000, 1_000_000
KPIS = 30  # with a value of this month each: enough that every account has a score
BULK = 5_000
LIMIT = 150  # ms
SEARCHED = ("logistics", "customer 0421", "person 29999", "ticket 4217 stays", "customre 004217", "plan")
INDUSTRIES = ("Logistics", "Retail", "Energy", "Health", "Finance", "Media", "Software", "Travel")
REGIONS = ("North", "South", "East", "West")
# Three nested conditions over account, health, KPI and date.
NESTED = (
    '(tier = "Enterprise" and (health < 60 or renewal_on <= today + 60 days)) '
    'or (region = "North" and (arr > 200000 or (industry = "Retail" and {kpi} < {value})))'
)


# Written by PostgreSQL itself: a handful of statements, the same for a seed.
_ACCOUNTS = """
insert into accounts_account (id, name, key, owner_id, tier, industry, region, stage, arr, currency, renewal_on,
    customer_since, roll_up_method, custom, sample, version, created_at)
select uuidv7(), format('Customer %%s %%s', lpad(n::text, 6, '0'), (%(words)s::text[])[1 + n %% 8]),
    'M' || lpad(n::text, 6, '0'), (%(owners)s::uuid[])[1 + n %% cardinality(%(owners)s::uuid[])],
    (%(tiers)s::text[])[1 + n %% 3], (%(words)s::text[])[1 + n %% 8], (%(regions)s::text[])[1 + n / 7 %% 4],
    (%(stages)s::text[])[1 + n / 3 %% 3], round((random() * 300000)::numeric, 2), 'EUR',
    %(today)s::date + (random() * 365)::int, %(today)s::date - (random() * 2000)::int, 'revenue_weighted', '{}',
    false, 1, now()
from generate_series(1, %(count)s) n
"""
_CONTACTS = """
insert into accounts_contact (id, name, email, phone, title, note, custom, version, created_at)
select uuidv7(), format('Person %%s', lpad(n::text, 6, '0')), format('person%%s@customer.example', n), '',
    (array['Head of IT', 'Buyer', 'Analyst', 'Director'])[1 + n %% 4], '', '{}', 1, now()
from generate_series(1, %(count)s) n
"""
_ROLES = """
insert into accounts_contactrole (id, contact_id, account_id, role, influence, stance, starts_on, end_reason)
select uuidv7(), c.id, a.id, (array['champion', 'economic_buyer', 'user'])[1 + c.n %% 3], 1 + c.n %% 3, 1,
    %(today)s::date - 300, ''
from (select id, row_number() over (order by id) - 1 as n from accounts_contact) c
join (select id, row_number() over (order by id) - 1 as n from accounts_account) a on a.n = c.n %% %(accounts)s
"""
_ACTIVITIES = """
insert into accounts_activity (id, account_id, kind, subject, body, happened_at, by_label, version, created_at)
select uuidv7(), a.id, (array['call', 'mail', 'meeting', 'note'])[1 + n %% 4],
    format('%%s about %%s', (array['Call', 'Mail', 'Meeting', 'Note'])[1 + n %% 4], (%(words)s::text[])[1 + n %% 8]),
    format('They asked for point %%s of the plan; ticket %%s stays open.', n %% 977, n), now() - n * interval '37 s',
    'Person 1', 1, now()
from generate_series(0, %(count)s - 1) n
join (select id, row_number() over (order by id) - 1 as at from accounts_account) a on a.at = n %% %(accounts)s
"""
_VALUES = """
insert into kpis_kpivalue (id, account_id, kpi_id, period, value, raw, recorded_at, origin, sheet, address, raw_unit,
    conversion, cell_type, number_format, parser_version, by_label, reason)
select uuidv7(), a.id, %(kpi)s, %(month)s, round((%(low)s + random() * %(wide)s)::numeric, 2), '', now(), 'api', '', '',
    '', '', '', '', '', 'benchmark', ''
from accounts_account a order by a.id
"""


def customers(results: Results) -> None:
    """Build the tenant, then ask for its pages and change many of its accounts."""
    began = time.perf_counter()
    tenant = create_tenant(name="Many", slug=f"bench-many-{int(time.time())}", at=now(), by=BY)
    with tenant_scope(tenant):
        people = people_of()
        kpi, value = _fill([one.pk for one in people])
        bench = Bench(tenant, host_of(tenant), token_of(people[0]), people[0].pk, 0, 0)
        _score(results)
    quiet_outbox(tenant)
    results.add("100,000 customers: built in", time.perf_counter() - began, "s")
    with serving() as server:
        looking = Looking(results, server, bench, of="100,000 customers, ", p95=LIMIT)
        looking.page("list", ["/accounts/"], None, LIMIT, 12)
        looking.page("list with its figures", ["/accounts/?figures=now"], None, None, 12)
        for name, path in _lists(kpi, value):
            looking.page(f"list {name}", [path], None, LIMIT, 25)
        looking.search(SEARCHED)
        looking.account_pages()
        for name, path in (("contacts", "/contacts/"), ("feed", "/feed/"), ("work list", "/work/"), ("today", "/")):
            looking.page(name, [path], None, LIMIT, 25)
    _bulk(results, bench, people[1].pk)


def _lists(kpi: str, value: float) -> list[tuple[str, str]]:
    where = NESTED.format(kpi=kpi, value=round(value, 2))
    return [
        ("by three nested conditions", f"/accounts/?{urlencode({'where': where})}"),
        ("by three nested conditions, by ARR", f"/accounts/?{urlencode({'where': where, 'sort': '-arr'})}"),
        ("found by name", "/accounts/?q=customer+0421"),
        ("of the red ones by ARR", "/accounts/?band=red&sort=-arr"),
    ]


def _fill(owners: list[UUID]) -> tuple[str, float]:
    """Returns the code of a KPI and a value in the middle of its range."""
    card, today = live_cards().cards[0], now().date()
    ids = dict(zip(card.rules.kpis, card.kpi_ids, strict=True))
    items = sorted(card.rules.items, key=lambda item: (-item.weight, item.kpi))[:KPIS]
    words = {"words": list(INDUSTRIES), "regions": list(REGIONS), "tiers": list(TIERS), "stages": [*map(str, STAGES)]}
    with connection.cursor() as cursor:
        cursor.execute("select setseed(0.5)")
        cursor.execute(_ACCOUNTS, {**words, "owners": owners, "today": today, "count": ACCOUNTS})
        cursor.execute(_CONTACTS, {"count": PEOPLE})
        cursor.execute("analyze accounts_account, accounts_contact")  # or the joins below take hours
        cursor.execute(_ROLES, {"today": today, "accounts": ACCOUNTS})
        cursor.execute(_ACTIVITIES, {"words": list(INDUSTRIES), "count": ACTIVITIES, "accounts": ACCOUNTS})
        for item in items:
            low, high = float(item.anchors[0][0]), float(item.anchors[-1][0])
            given = {"kpi": ids[item.kpi], "month": month_of(today), "low": low, "wide": high - low}
            cursor.execute(_VALUES, given)
        cursor.execute("vacuum analyze")
    return items[0].kpi, float(items[0].anchors[0][0] + items[0].anchors[-1][0]) / 2


def _score(results: Results) -> None:
    ids = list(Account.objects.order_by("pk").values_list("pk", flat=True))
    began = time.perf_counter()
    rescore_accounts(account_ids=ids, at=now(), by=BY)
    results.add("100,000 customers: scored in", time.perf_counter() - began, "s")
    scored = AccountHealth.objects.exclude(score_hundredths=None).count()
    results.add("100,000 customers: with a score", scored, "accounts", Target(ACCOUNTS, exactly=True))
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze kpis_accounthealth")


def _bulk(results: Results, bench: Bench, owner: UUID) -> None:
    """What the worker does for a change of many accounts, without its waiting."""
    with tenant_scope(bench.tenant):
        by, at = User.objects.get(pk=bench.admin_id).as_actor(), now()
        chosen = Account.objects.filter(
            pk__in=Account.objects.exclude(owner_id=owner).order_by("pk")[:BULK].values("pk")
        )
        began = time.perf_counter()
        made = start_bulk_change(accounts=chosen, changes={"owner_id": str(owner)}, by=by, at=at)
        while change_chunk(change_id=made.pk, by=by):
            pass
        ended = finish_change(change_id=made.pk, at=now())
        results.add(f"bulk change of {BULK:,}", time.perf_counter() - began, "s", Target(10))
        results.add("bulk change: accounts changed", ended.done - ended.failed, "accounts", Target(BULK, exactly=True))
    quiet_outbox(bench.tenant)
    current_app.control.purge()
