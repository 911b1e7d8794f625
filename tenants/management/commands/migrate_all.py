import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.runner import RunnerBusy, migrate_all

QUARANTINED = 3  # exit code: public, the template and the other tenants are up to date


class Command(BaseCommand):
    help = "Migrate public, the template and every tenant. A tenant that fails is quarantined and the others go on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--wait", type=int, default=120, help="seconds to wait for another run (default 120)")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        while True:
            try:
                report = migrate_all(self.stdout.write if options["verbosity"] else lambda line: None)
                break
            except RunnerBusy as busy:
                if time.monotonic() - began > options["wait"]:
                    raise CommandError(f"{busy}; gave up after {options['wait']} s.") from busy
                time.sleep(0.5)
        seconds = time.monotonic() - began
        line = f"{report.migrated} tenants migrated, {report.unchanged} up to date, {report.failed} failed"
        if report.failed:
            raise CommandError(
                f"{line} in {seconds:.1f} s. The failed ones are quarantined; mend and run it again.",
                returncode=QUARANTINED,
            )
        if options["verbosity"]:
            self.stdout.write(f"{line} in {seconds:.1f} s.")
