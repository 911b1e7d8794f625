import getpass
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from core.actor import Actor
from core.errors import DomainError
from users.operations import add_operator
from users.operations.people import check_password


class Command(BaseCommand):
    help = "Let a person operate the platform: sign in on the operators' host and use Django admin there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="the e-mail's first part unless given")
        parser.add_argument("--password", default="", help="asked for unless given")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"]
        name = options["name"] or email.partition("@")[0]
        password = options["password"] or getpass.getpass("Password: ")
        try:
            check_password(password, email=email, name=name)
            by = Actor.system("create_operator")
            user = add_operator(email=email, name=name, password_hash=make_password(password), by=by, at=now())
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{user.email} can sign in on the operators' host.")
