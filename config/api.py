"""The whole API on one screen: one line per resource."""

from rest_framework.routers import DefaultRouter

from accounts import api as accounts
from accounts.api import (
    custom,
    documents,
    duplicates,
    holdings,
    imports,
    objects,
    past,
    people,
    places,
    renewals,
    revenue,
    segments,
    tasks,
    teams,
    work,
    worklist,
)
from accounts.api.account_revenue import AccountRevenue
from analytics import api as analytics
from core.http import UUID_PATTERN
from kpis import api as kpis
from kpis.api import definitions, lists
from playbooks import api as playbooks
from users import api as users

router = DefaultRouter()
router.include_root_view = False
router.register("accounts", accounts.Accounts, basename="accounts")
router.register("back-tests", kpis.BackTests, basename="back-tests")
router.register("products", revenue.Products, basename="products")
router.register("contracts", revenue.Contracts, basename="contracts")
router.register("renewals", renewals.Renewals, basename="renewals")
router.register("movements", revenue.Movements, basename="movements")
router.register("revenue", revenue.Revenue, basename="revenue")
router.register(f"accounts/(?P<account_id>{UUID_PATTERN})/revenue", AccountRevenue, basename="account-revenue")
router.register("contacts", people.Contacts, basename="contacts")
router.register("contact-roles", people.ContactRoles, basename="contact-roles")
router.register(f"accounts/(?P<account_id>{UUID_PATTERN})/people", people.AccountPeople, basename="account-people")
router.register("activities", work.Activities, basename="activities")
router.register("work", worklist.Work, basename="work")
router.register("tasks", tasks.Tasks, basename="tasks")
router.register("task-templates", tasks.TaskTemplates, basename="task-templates")
router.register("sites", holdings.Sites, basename="sites")
router.register("entitlements", holdings.Entitlements, basename="entitlements")
router.register("days-off", tasks.DaysOff, basename="days-off")
router.register("comments", tasks.Comments, basename="comments")
router.register("documents", documents.Documents, basename="documents")
router.register("share-links", documents.ShareLinks, basename="share-links")
router.register("notices", tasks.Notices, basename="notices")
router.register(f"accounts/(?P<account_id>{UUID_PATTERN})/as-of", past.AccountAsOf, basename="account-as-of")
router.register(
    f"as-of/(?P<kind>contact|contract|task|record)/(?P<record_id>{UUID_PATTERN})", past.RecordAsOf, basename="as-of"
)
router.register("account-fields", custom.CustomFields, basename="account-fields")
router.register("objects", objects.CustomObjects, basename="objects")
router.register(f"objects/(?P<object_code>{objects.CODE})/records", objects.CustomRecords, basename="records")
router.register("outcomes", accounts.Outcomes, basename="outcomes")
router.register("teams", teams.Teams, basename="teams")
router.register("assignment-rules", teams.AssignmentRules, basename="assignment-rules")
router.register("assignments", teams.Assignments, basename="assignments")
router.register("duplicates", duplicates.Duplicates, basename="duplicates")
router.register("imports", imports.Imports, basename="imports")
router.register(f"imports/(?P<import_id>{UUID_PATTERN})/rows", imports.ImportRows, basename="import-rows")
router.register("merges", duplicates.Merges, basename="merges")
router.register("kpis", kpis.Kpis, basename="kpis")
router.register("kpi-ranges", definitions.KpiRanges, basename="kpi-ranges")
router.register("benchmarks", definitions.Benchmarks, basename="benchmarks")
router.register("targets", definitions.Targets, basename="targets")
router.register("metrics", definitions.Metrics, basename="metrics")
router.register(
    f"accounts/(?P<account_id>{UUID_PATTERN})/standing", definitions.AccountStanding, basename="account-standing"
)
router.register("kpi-values", kpis.KpiValues, basename="kpi-values")
router.register("health", kpis.Health, basename="health")
router.register(f"accounts/(?P<account_id>{UUID_PATTERN})/health", kpis.AccountHealth, basename="account-health")
router.register(f"accounts/(?P<account_id>{UUID_PATTERN})/evidence", kpis.AccountEvidence, basename="account-evidence")
router.register(
    f"accounts/(?P<account_id>{UUID_PATTERN})/exceptions", kpis.AccountExceptions, basename="account-exceptions"
)
router.register(f"accounts/(?P<account_id>{UUID_PATTERN})/roll-up", kpis.AccountRollUp, basename="account-roll-up")
router.register(
    f"accounts/(?P<account_id>{UUID_PATTERN})/scorecard", kpis.AccountScorecard, basename="account-scorecard"
)
router.register(f"accounts/(?P<account_id>{UUID_PATTERN})/history", kpis.AccountHistory, basename="account-history")
router.register(f"accounts/(?P<account_id>{UUID_PATTERN})/scores", kpis.AccountScores, basename="account-scores")
router.register(f"accounts/(?P<account_id>{UUID_PATTERN})/moves", kpis.AccountMoves, basename="account-moves")
router.register("segments", segments.Segments, basename="segments")
router.register("places", places.Places, basename="places")
router.register("saved-views", lists.SavedViews, basename="saved-views")
router.register("bulk-changes", lists.BulkChanges, basename="bulk-changes")
router.register("sample-data", kpis.SampleData, basename="sample-data")
router.register("formulas", kpis.Formulas, basename="formulas")
router.register("indicators", kpis.Indicators, basename="indicators")
router.register("indicator-rules", kpis.IndicatorRules, basename="indicator-rules")
router.register("scorecards", kpis.Scorecards, basename="scorecards")
router.register("scorecard-versions", kpis.ScorecardVersions, basename="scorecard-versions")
router.register(
    f"scorecard-versions/(?P<version_id>{UUID_PATTERN})/preview", kpis.ScorecardPreview, basename="scorecard-preview"
)
router.register("unknown-kpis", kpis.UnknownKpis, basename="unknown-kpis")
router.register("inbox", kpis.Inbox, basename="inbox")
router.register("data-quality", kpis.DataQuality, basename="data-quality")
router.register("suggestions", kpis.Suggestions, basename="suggestions")
router.register("uploads", kpis.Uploads, basename="uploads")
router.register("reports", analytics.Reports, basename="reports")
router.register("playbooks", playbooks.Playbooks, basename="playbooks")
router.register("runs", playbooks.Runs, basename="runs")
router.register("playbook-effects", playbooks.PlaybookEffects, basename="playbook-effects")
router.register("work-items", playbooks.WorkItems, basename="work-items")
router.register("users", users.Users, basename="users")
router.register("roles", users.Roles, basename="roles")
router.register("tokens", users.Tokens, basename="tokens")
router.register("entries", users.Entries, basename="entries")
