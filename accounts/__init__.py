"""Accounts are the tenant's CUSTOMERS, not logins (people who log in are in `users`)."""
