from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.parity import problems


class Command(BaseCommand):
    help = "Compare every tenant's schema with the template; also foreign keys that leave, and schemas without tenant."

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(problems())
        for schema, line in found:
            self.stdout.write(f"{schema}: {line}")
        if found:
            raise CommandError(f"{len(found)} differences.")
        self.stdout.write("Every tenant is as the template.")
