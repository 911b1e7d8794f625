"""The tables of the switchboard handed to the floors below, once, when every app is there."""

from accounts import columns, conditions, panels, queries
from accounts.models import Account
from accounts.operations import merging
from accounts.queries.renewals import connect_signals
from accounts.queries.work import connect_work
from config.fields import FIELDS, FINDERS, MANY
from config.sentences import AREAS, SENTENCES
from config.wiring import (
    ACTIONS,
    CHIPS,
    EVENTS,
    LINEAGE,
    LINKS,
    OWNED,
    PANELS,
    RENEWAL_SIGNALS,
    SETTINGS_TABS,
    SETUP,
    STAYS_IN_A_MERGE,
    TABS,
    USES,
    WORK,
    account_names,
)
from config.workbooks import workbook_lines
from core import audit
from kpis.queries.lineage import connect_lineage
from kpis.queries.uses import connect_uses
from tenants import measures
from tenants import operations as tenants
from users import queries as users
from users import trail
from users.models import User
from users.templatetags import settings_tabs


def connect_everything() -> None:
    """Called by the app's start. What a table is for stands beside it in config.wiring."""
    audit.connect(EVENTS)
    panels.connect(PANELS, actions=ACTIONS, tabs=TABS, chips=CHIPS)
    queries.connect_links(LINKS)
    connect_signals(RENEWAL_SIGNALS)
    connect_work(WORK)
    conditions.connect(FIELDS, FINDERS, MANY)
    columns.connect_workbooks(workbook_lines)
    merging.connect_merging(STAYS_IN_A_MERGE)
    tenants.connect(SETUP)
    measures.connect(people=User, accounts=Account, seen="last_seen_at")
    trail.connect(SENTENCES, AREAS, account_names)
    users.connect_owned(OWNED)
    settings_tabs.connect(SETTINGS_TABS)
    connect_uses(USES)
    connect_lineage(LINEAGE)
