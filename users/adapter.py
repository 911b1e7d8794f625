from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """allauth inside a tenant: people join by invitation; a new company signs up on the public site."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
