from accounts.api.accounts import AccountFilter, Accounts, OutcomeFilter, Outcomes

__all__ = [
    "AccountFilter",
    "Accounts",
    "OutcomeFilter",
    "Outcomes",
]
