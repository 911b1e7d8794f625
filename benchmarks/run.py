"""`make bench`: builds a large tenant, measures, prints a table and writes .run/bench.json.

The targets are meant for 10,000 accounts on two cores with nothing else to do. See benchmarks/README.md.
"""

import argparse
import os
import sys
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from benchmarks.results import Results

PARTS = ("tenants", "tasks", "imports", "kills", "fuzz", "revenue", "rescore", "pages", "customers", "engine",
         "runtime")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20260101, help="of the synthetic portfolio")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=" ".join(PARTS))
    parser.add_argument("--reuse", action="store_true", help="measure the tenant of the last run, do not build it anew")
    chosen = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    return measure(chosen)


def measure(chosen: argparse.Namespace) -> int:
    from django.core.management import call_command

    from benchmarks import background, customers, engine, fuzz, imports, killed, portfolio, revenue, runtime
    from benchmarks.results import Results
    from benchmarks.tenants import forget_former

    results = Results()
    results.add("load before", os.getloadavg()[0], "processes")
    call_command("collectstatic", interactive=False, verbosity=0)
    forget_former(but=portfolio.slug_of(chosen.accounts, chosen.seed) if chosen.reuse else "")
    call_command("migrate_all", verbosity=0)
    if {"tenants", "tasks"} & set(chosen.only):
        background.new_tenants(results)
    if "tasks" in chosen.only:
        background.tasks(results)
    if "imports" in chosen.only:
        imports.imports(results)
    for part, run in {"kills": killed.killed, "fuzz": fuzz.fuzz, "engine": engine.engine}.items():
        if part in chosen.only:
            run(results)
    if "revenue" in chosen.only:
        revenue.revenue(results)
    if {"pages", "rescore"} & set(chosen.only):
        _portfolio(results, chosen)
    if "customers" in chosen.only:
        customers.customers(results)
    if "runtime" in chosen.only:
        runtime.starts(results)
    results.add("load after", os.getloadavg()[0], "processes")
    print(f"\n{len(results.found)} figures in {results.write()}; missed: {', '.join(results.missed) or 'none'}")
    return 0


def _portfolio(results: "Results", chosen: argparse.Namespace) -> None:
    from django.utils.timezone import now

    from benchmarks import pages, portfolio, scoring
    from benchmarks.tenants import forget_former
    from benchmarks.web import serving

    bench = portfolio.found(chosen.accounts, chosen.seed) if chosen.reuse else None
    if bench is None:
        forget_former()  # one of another state of the code, or not built to its end
        bench = portfolio.build(chosen.accounts, chosen.seed, now().date())
        results.add("built in", bench.build_seconds, "s")
    results.add("built: accounts", chosen.accounts, "accounts")
    results.add("built: values", bench.values, "values")
    scoring.rescore(results, bench)
    if "pages" in chosen.only:
        with serving() as server:
            results.add("web server: start", server.start_seconds, "s")
            pages.run(results, server, bench)
            results.add("web server: memory", server.memory_mb(), "MB")


if __name__ == "__main__":
    sys.exit(main())
