from accounts.operations.accounts import (
    EDITABLE,
    NameTaken,
    NeedsOwner,
    archive_account,
    create_account,
    edit_account,
)
from accounts.operations.importing import Imported, check_import, forget_file, import_accounts, keep_file, kept_file

__all__ = [
    "EDITABLE",
    "Imported",
    "NameTaken",
    "NeedsOwner",
    "archive_account",
    "check_import",
    "create_account",
    "edit_account",
    "forget_file",
    "import_accounts",
    "keep_file",
    "kept_file",
]
