from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate


class Command(migrate.Command):
    help = "Refused: there is no single schema to migrate. Use migrate_all."

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("Every tenant has a schema of its own: use `manage.py migrate_all`.")
