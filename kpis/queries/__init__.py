from kpis.queries.catalogue import active_kpis, catalogue_checked, catalogue_groups, kpi_page
from kpis.queries.dictionary import importable_accounts
from kpis.queries.proposal import sheets_read
from kpis.queries.uploads import (
    account_names,
    held_count,
    held_counts,
    issue_kinds,
    kind_label,
    named_with_waiting,
    same_content,
    suggested,
    unknown_accounts,
    unknown_kpis,
    unknown_kpis_of,
    upload_issues,
    uploads_seen,
    uploads_waiting_for,
    write_held_rows,
)

__all__ = [
    "account_names",
    "active_kpis",
    "catalogue_checked",
    "catalogue_groups",
    "held_count",
    "held_counts",
    "importable_accounts",
    "issue_kinds",
    "kind_label",
    "kpi_page",
    "named_with_waiting",
    "same_content",
    "sheets_read",
    "suggested",
    "unknown_accounts",
    "unknown_kpis",
    "unknown_kpis_of",
    "upload_issues",
    "uploads_seen",
    "uploads_waiting_for",
    "write_held_rows",
]
