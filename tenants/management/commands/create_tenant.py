import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from core.actor import Actor
from core.errors import DomainError
from tenants.models import Tenant
from tenants.names import suggest_slug
from tenants.operations import create_tenant


class Command(BaseCommand):
    help = "Make a workspace without people in it; sign-up makes one with its first person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--slug", default="", help="host label; made from the name unless given")
        parser.add_argument("--host", default="", help="whole host name instead of <slug>.<base domain>")
        parser.add_argument("--kind", choices=Tenant.Kind.values, default=Tenant.Kind.CUSTOMER)

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        slug = options["slug"] or suggest_slug(options["name"])
        try:
            tenant = create_tenant(
                name=options["name"],
                slug=slug,
                host=options["host"],
                kind=options["kind"],
                at=now(),
                by=Actor.system("create_tenant"),
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{tenant.name}: {tenant.schema_name}, {time.monotonic() - began:.2f} s.")
