"""The switchboard: what follows from what. Floors call down; only these tables lead up."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from celery import Task
from django.db.models import Model

from accounts import rules as accounts_rules
from accounts.events import (
    AccountArchived,
    AccountAssigned,
    AccountCreated,
    AccountEdited,
    AccountsImported,
    AccountsMerged,
    ChampionLeft,
    MergeUndone,
    RecordsImported,
)
from accounts.models import Account
from accounts.panels import Action, Chips, Panel, Tab
from accounts.queries.work import Source
from accounts.queries.work_sources import disputes, mentions, renewals_due, tasks_to_do
from accounts.tasks import ask_for_champion, assign_new
from accounts.tasks.imports import mail_held_rows
from accounts.tasks.lists import evaluate_every_segment, hold_against_segments
from analytics import rules as analytics_rules
from analytics.queries import reports_of_scores
from analytics.tasks import sweep_reports
from core import tasks as core_tasks
from core.audit import Event
from kpis import rules as kpis_rules
from kpis.events import (
    ExceptionSet,
    ExceptionWithdrawn,
    HealthChanged,
    KpiBatchImported,
    KpiValueCorrected,
    KpiValuesComputed,
    SampleDataRemoved,
    ScorecardArchived,
    ScorecardPublished,
    ScorecardRuleSet,
    UnknownKpiSettled,
    UploadFinished,
    UploadRolledBack,
)
from kpis.models import HealthScore, Suggestion
from kpis.operations import install_catalogue
from kpis.operations.indicators import install_indicators
from kpis.queries.asks import accounts_without_score, uploads_to_decide
from kpis.queries.indicators import indicator_chips
from kpis.queries.lineage import Finder
from kpis.queries.signals import renewal_signals
from kpis.queries.uses import Use
from kpis.tasks import (
    look_through_upload,
    measure_quality,
    read_proposals_again,
    rescore_account,
    rescore_batch,
    rescore_edited,
    rescore_new,
    rescore_portfolio,
    rescore_upload,
    roll_up_account,
)
from playbooks import rules as playbooks_rules
from playbooks.events import RunFinished, RunStarted, StepReopened
from playbooks.models import Step
from playbooks.operations import install_library
from playbooks.queries import running_chips, steps_to_do, trigger_uses
from playbooks.tasks import (
    evaluate_triggers,
    evaluate_values,
    forget_the_end,
    hand_over_steps,
    measure_end,
    measure_start,
)
from tenants import tasks as tenants_tasks
from users import rules as users_rules
from users.events import PersonInvited
from users.operations import create_default_roles
from users.queries import Owned
from users.tasks import mail_invitation

# What a role can hold. Importing these modules registers the permissions, before any role is made.
PERMISSIONS = [accounts_rules, analytics_rules, kpis_rules, playbooks_rules, users_rules]

# Known by name in every process, also where nothing else imports them: beat and the outbox start them.
TASKS = [core_tasks, tenants_tasks]

# What follows what: event -> tasks started after commit with the event's fields.
EVENTS: dict[type[Event], list[Task]] = {
    AccountCreated: [rescore_account, assign_new, hold_against_segments],
    AccountAssigned: [rescore_edited, hand_over_steps, hold_against_segments],
    AccountEdited: [rescore_edited, hand_over_steps, hold_against_segments],
    AccountArchived: [roll_up_account, hold_against_segments],
    AccountsImported: [rescore_new, hand_over_steps, assign_new, evaluate_every_segment],
    ChampionLeft: [ask_for_champion],
    AccountsMerged: [rescore_account, roll_up_account],
    MergeUndone: [rescore_account, roll_up_account],
    KpiValueCorrected: [rescore_account, evaluate_values, hold_against_segments],
    KpiBatchImported: [rescore_batch, evaluate_values, hold_against_segments],
    KpiValuesComputed: [evaluate_values, hold_against_segments],
    UploadFinished: [rescore_upload, look_through_upload, measure_quality],
    UploadRolledBack: [rescore_upload, measure_quality, evaluate_every_segment],
    UnknownKpiSettled: [read_proposals_again],
    ExceptionSet: [rescore_account],
    ExceptionWithdrawn: [rescore_account],
    HealthChanged: [evaluate_triggers, hold_against_segments],
    ScorecardPublished: [rescore_portfolio],
    ScorecardRuleSet: [rescore_portfolio],
    ScorecardArchived: [rescore_portfolio],
    SampleDataRemoved: [sweep_reports],
    PersonInvited: [mail_invitation],
    RunStarted: [measure_start],
    RunFinished: [measure_end],
    StepReopened: [forget_the_end],
    RecordsImported: [mail_held_rows],
}

# What a new workspace starts with, in this order; each f(*, at, by) is safe to repeat.
SETUP: list[Callable[..., Any]] = [
    create_default_roles,
    install_catalogue,
    install_indicators,
    install_library,
]

EXCEPTIONS = ("exceptions-changed", "health-changed")
INDICATORS = ("indicators-changed", "health-changed")
NEXT = ("task-changed", "run-changed", "account-changed", "health-changed", "comment-changed")
JOURNEY = ("account-changed", "run-changed", "health-changed", "outcome-changed")
TIMELINE = (
    "health-changed",
    "run-changed",
    "account-changed",
    "report-changed",
    "outcome-changed",
    "activity-changed",
    "people-changed",
)

# What shows on an account's page, top to bottom, loaded on reveal.
PANELS: list[Panel] = [
    Panel("health", "Health", "kpis:panel-health", "main", ("health-changed",), height=330),
    Panel("why", "Why", "kpis:panel-why", "main", ("health-changed",), height=420),
    Panel("family", "Accounts below", "kpis:panel-family", "main", ("health-changed", "account-changed"), height=0),
    Panel("measures", "Key measures", "kpis:panel-measures", "main", ("health-changed",), height=360),
    Panel("tasks", "Tasks", "accounts:panel-tasks", "main", ("task-changed", "account-changed"), height=200),
    Panel("records", "Own records", "accounts:panel-records", "main", ("record-changed",), height=0),
    Panel("journey", "Journey", "accounts:panel-journey", "main", JOURNEY, height=150),
    Panel("timeline", "Timeline", "accounts:panel-timeline", "main", TIMELINE, height=420),
    Panel("next", "What next", "accounts:panel-next", "side", NEXT, height=190),
    Panel("people", "People", "accounts:panel-people", "side", ("people-changed",), height=200),
    Panel("money", "Money", "accounts:panel-money", "side", ("account-changed",), height=200),
    Panel("renewal", "Renewal", "accounts:panel-renewal", "side", ("account-changed", "health-changed"), height=150),
    Panel("plan", "Success plan", "accounts:panel-plan", "side", ("task-changed",), height=110),
    Panel("playbooks", "Playbooks", "playbooks:panel", "side", ("run-changed", "account-changed"), height=150),
    Panel("exceptions", "Caps and floors", "kpis:panel-exceptions", "side", EXCEPTIONS, height=110),
    Panel("indicators", "Indicators", "kpis:panel-indicators", "side", INDICATORS, height=130),
    Panel("data", "Data", "kpis:panel-data", "side", ("health-changed", "upload-changed"), height=220),
    Panel("comments", "Comments", "accounts:panel-comments", "side", ("comment-changed",), height=180),
    Panel("entitlements", "May use", "accounts:panel-entitlements", "side", ("account-changed",), height=120),
    Panel("sites", "Sites", "accounts:panel-sites", "side", ("account-changed",), height=110),
    Panel("owner", "Why this owner", "accounts:panel-owner", "side", ("account-changed",), height=110),
    Panel("documents", "Documents", "accounts:documents", "side", ("document-changed",), height=120),
    Panel("outcomes", "Outcomes", "accounts:outcomes", "side", ("outcome-changed",), height=150),
    Panel("reports", "Reports", "analytics:panel", "side", ("report-changed",), height=150),
]

# Buttons in the head of an account's page, its other pages, and words beside its name.
ACTIONS: list[Action] = [
    Action("Log activity", "accounts:activities", "phone", accounts_rules.LOG, "page", shortcut="c"),
    Action("Start playbook", "playbooks:start-run", "workflow", playbooks_rules.START, "dialog"),
    Action("Cap or floor", "kpis:exception-set", "shield", kpis_rules.SET_EXCEPTION, "dialog"),
    Action("Health report", "analytics:create", "download", analytics_rules.CREATE_REPORT, "post", archived=True),
    Action("New contract", "accounts:new-contract", "file-text", accounts_rules.EDIT_CONTRACT, "palette"),
    Action("Record an outcome", "accounts:outcomes", "flag", accounts_rules.RECORD_OUTCOME, "palette"),
]
TABS: list[Tab] = [
    Tab("People", "accounts:people"),
    Tab("Contracts", "accounts:contracts"),
    Tab("As of", "accounts:as-of"),
    Tab("Evidence", "kpis:evidence"),
    Tab("History", "kpis:history"),
    Tab("KPI grid", "kpis:grid"),
]
# Settings pages of the floors above users: label, URL name, permission, other paths that belong to it.
SETTINGS_TABS: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("Teams", "accounts:teams", accounts_rules.EDIT_TEAMS, ()),
    ("Assignment", "accounts:assignment", accounts_rules.EDIT_TEAMS, ()),
    ("Revenue", "accounts:revenue-rules", accounts_rules.SET_REVENUE_RULES, ()),
]
CHIPS: list[Chips] = [indicator_chips, running_chips]

# What an entry of an account's timeline opens: event -> address from the account's id and the entry's data.
LINKS: dict[str, Callable[[UUID, Mapping[str, Any]], str]] = {
    "accounts.role_opened": lambda account, data: f"/contacts/{data['contact_id']}/",
    "accounts.role_ended": lambda account, data: f"/contacts/{data['contact_id']}/",
    "accounts.standing_changed": lambda account, data: f"/contacts/{data['contact_id']}/",
    "accounts.champion_left": lambda account, data: f"/accounts/{account}/people/",
    "playbooks.run_started": lambda account, data: f"/runs/{data['run_id']}/",
    "playbooks.run_finished": lambda account, data: f"/runs/{data['run_id']}/",
    "playbooks.step_completed": lambda account, data: f"/runs/{data['run_id']}/",
    "playbooks.step_reopened": lambda account, data: f"/runs/{data['run_id']}/",
    "analytics.report_created": lambda account, data: f"/reports/{data['report_id']}/",
    "kpis.health_changed": lambda account, data: f"/accounts/{account}/evidence/?score={data['score_id']}",
}


def account_names(ids: set[UUID]) -> dict[UUID, str]:
    """Names for the page of the trail, whose readers see every account."""
    return dict(Account.objects.filter(pk__in=ids).values_list("pk", "name"))


def _accounts_of(user_id: UUID) -> Owned:
    count = Account.objects.filter(owner_id=user_id, archived_at=None).count()
    return Owned(count, "account" if count == 1 else "accounts", f"/settings/hand-over/{user_id}/")


def _work_of(user_id: UUID) -> Owned:
    count = Step.objects.filter(owner_id=user_id, state=Step.State.OPEN, run__finished_at=None).count()
    return Owned(count, "open work item" if count == 1 else "open work items", f"/work/?owner={user_id}")


# What a person can own, shown before they are shut out.
OWNED: list[Callable[[UUID], Owned]] = [_accounts_of, _work_of]

# What needs somebody, on the work list and the first page.
WORK: list[Source] = [
    Source(
        "step",
        "Playbook steps",
        "workflow",
        steps_to_do,
        "playbooks:complete-step",
        "Complete",
        playbooks_rules.COMPLETE_STEP,
    ),
    Source("task", "Tasks", "circle-check", tasks_to_do, "accounts:done-task", "Done", accounts_rules.KEEP_TASKS),
    Source("renewal", "Renewals", "calendar-clock", renewals_due),
    Source("decision", "Decisions", "scale", disputes),
    Source("mention", "Mentions", "message-square-text", mentions, "accounts:open-notice", "Read"),
    Source("data", "Data", "database", accounts_without_score),
    Source("upload", "Uploads", "file-up", uploads_to_decide),
]

# What is measured of accounts, for the automatic status of their renewals.
RENEWAL_SIGNALS = renewal_signals

# What is made from scores: the way forward from a value.
LINEAGE: list[Finder] = [reports_of_scores]

# What was found out about one account by itself: a merge of two leaves it with the account that goes.
STAYS_IN_A_MERGE: list[type[Model]] = [HealthScore, Suggestion]

# What the floors above read of a KPI, for its card and before it is retired.
USES: list[Callable[[str], list[Use]]] = [trigger_uses]
