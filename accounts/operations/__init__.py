from accounts.operations.accounts import (
    EDITABLE,
    NameTaken,
    NeedsOwner,
    NotAParent,
    archive_account,
    create_account,
    edit_account,
)
from accounts.operations.importing import Imported, check_import, forget_file, import_accounts, keep_file, kept_file
from accounts.operations.outcomes import OutcomeThere, record_outcome, withdraw_outcome

__all__ = [
    "EDITABLE",
    "Imported",
    "NameTaken",
    "NeedsOwner",
    "NotAParent",
    "OutcomeThere",
    "archive_account",
    "check_import",
    "create_account",
    "edit_account",
    "forget_file",
    "import_accounts",
    "keep_file",
    "kept_file",
    "record_outcome",
    "withdraw_outcome",
]
