from accounts.models.accounts import Account, AccountQuerySet, Location, OfAccountQuerySet
from accounts.models.contracts import (
    Contract,
    Entitlement,
    ExchangeRate,
    Product,
    Renewal,
    RenewalCheckpoint,
    RenewalSnapshot,
    RevenueMovement,
    SubscriptionLine,
)
from accounts.models.imports import ImportHeading, ImportRow, RecordImport
from accounts.models.lists import (
    BulkChange,
    BulkRow,
    CustomField,
    Membership,
    SavedView,
    Segment,
)
from accounts.models.outcomes import Outcome
from accounts.models.people import Contact, ContactRole
from accounts.models.teams import Assignment, AssignmentRule, DuplicatePair, Merge, Team, TeamMember
from accounts.models.work import Activity, Comment, Document, Notice, ShareDownload, ShareLink, Task, TaskTemplate

__all__ = [
    "Account",
    "AccountQuerySet",
    "Activity",
    "Assignment",
    "AssignmentRule",
    "BulkChange",
    "BulkRow",
    "Comment",
    "Contact",
    "ContactRole",
    "Contract",
    "CustomField",
    "Document",
    "DuplicatePair",
    "Entitlement",
    "ExchangeRate",
    "ImportHeading",
    "ImportRow",
    "Location",
    "Membership",
    "Merge",
    "Notice",
    "OfAccountQuerySet",
    "Outcome",
    "Product",
    "RecordImport",
    "Renewal",
    "RenewalCheckpoint",
    "RenewalSnapshot",
    "RevenueMovement",
    "SavedView",
    "Segment",
    "ShareDownload",
    "ShareLink",
    "SubscriptionLine",
    "Task",
    "TaskTemplate",
    "Team",
    "TeamMember",
]
