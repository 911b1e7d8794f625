"""`make bench`: builds a large tenant, measures, prints a table and writes .run/bench.json.

--accounts N makes it smaller for a quick look; the targets are meant for 10,000 on two cores.
"""

import argparse
import os
import sys
from datetime import date

import django


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--only", nargs="*", default=[], help="pages rescore tenants imports tasks runtime")
    chosen = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    return measure(chosen.accounts, set(chosen.only))


def measure(accounts: int, only: set[str]) -> int:
    from django.core.management import call_command

    from benchmarks import background, pages, portfolio, runtime
    from benchmarks.results import Results
    from benchmarks.web import serving

    def wanted(name: str) -> bool:
        return not only or name in only

    results = Results()
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("migrate_all", verbosity=0)
    if wanted("tenants") or wanted("tasks"):
        background.new_tenants(results)
    if wanted("tasks"):
        background.tasks(results)
    if wanted("imports"):
        background.imports(results)
    if wanted("pages") or wanted("rescore"):
        bench = portfolio.build(accounts, date(2026, 11, 20))
        results.add("built: accounts", accounts, "accounts")
        results.add("built: values", bench.values, "values")
        results.add("built in", bench.build_seconds, "s")
        background.rescore(results, bench)
        with serving() as server:
            results.add("web server start", server.start_seconds, "s")
            pages.run(results, server, bench)
    if wanted("runtime"):
        runtime.starts(results)
    print(f"\n{len(results.found)} figures in {results.write()}; missed: {', '.join(results.missed) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
