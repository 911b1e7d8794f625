from accounts.serializers.accounts import (
    AccountArchive,
    AccountEdit,
    AccountInput,
    AccountOut,
    AccountsImport,
    ImportedOut,
    OutcomeInput,
    OutcomeNew,
    OutcomeOut,
)

__all__ = [
    "AccountArchive",
    "AccountEdit",
    "AccountInput",
    "AccountOut",
    "AccountsImport",
    "ImportedOut",
    "OutcomeInput",
    "OutcomeNew",
    "OutcomeOut",
]
