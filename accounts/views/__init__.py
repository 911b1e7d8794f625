from accounts.views.account import account, archive_account
from accounts.views.forms import edit_account, new_account, parent_options
from accounts.views.importing import bring_accounts, import_accounts
from accounts.views.outcomes import outcomes, withdraw_outcome
from accounts.views.shell import live, search

__all__ = [
    "account",
    "archive_account",
    "bring_accounts",
    "edit_account",
    "import_accounts",
    "live",
    "new_account",
    "outcomes",
    "parent_options",
    "search",
    "withdraw_outcome",
]
