"""100,000 rows, one in a hundred bad, imported once in peace and once with the importing process killed five times.

Run as a program (`python -m benchmarks.killed SLUG FILE`) it goes on with a tenant's upload from wherever it stands.
"""

import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.results import Results, Target
from benchmarks.web import ROOT

ROWS, BAD, KILLS, SEED = 100_000, 1_000, 5, 20261120
ACCOUNTS, MONTHS = 200, 10  # × 50 KPIs = 100,000 cells
LEFT_AT_LEAST = 5_000  # rows; a kill after the end would kill nobody


def killed(results: Results) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hundred-thousand.csv"
        _write(file)
        stamp = int(time.time())
        peaceful, hunted = f"import-peace-{stamp}", f"import-kill-{stamp}"
        _process(peaceful, file).communicate()
        kills = _hunt(hunted, file)
    one, other = _left(peaceful), _left(hunted)
    results.add("100,000 rows: good", len(one["values"]), "values", Target(ROWS - BAD, exactly=True))
    results.add("100,000 rows: reported", len(one["issues"]), "rows", Target(BAD, exactly=True))
    results.add("100,000 rows: kill -9 while importing", kills, "kills", Target(KILLS, exactly=True))
    results.add("100,000 rows: good, after the kills", len(other["values"]), "values", Target(ROWS - BAD, exactly=True))
    results.add("100,000 rows: reported, after the kills", len(other["issues"]), "rows", Target(BAD, exactly=True))
    results.add("100,000 rows: the same to the last cell", float(one == other), "yes = 1", Target(1, exactly=True))


def _write(file: Path) -> None:
    """Rows in an order of their own; the bad ones spread evenly over three kinds of fault."""
    from kpis.catalogue import CATALOGUE

    kpis = [kpi for kpi in CATALOGUE if kpi.anchors][:50]
    cells = [(a, kpi, m) for a in range(ACCOUNTS) for kpi in kpis for m in range(1, MONTHS + 1)]
    random.Random(SEED).shuffle(cells)
    with file.open("w", newline="", encoding="utf-8") as text:
        rows = csv.writer(text)
        rows.writerow(["account", "kpi", "month", "value", "unit"])
        for number, (account, kpi, month) in enumerate(cells):
            name, value = f"Customer {account:03d}", f"{float(kpi.anchors[1][0]):g}"
            if number % (ROWS // BAD) == 7:
                name, value = [("Nobody AG", value), (name, "good"), (name, "n.n.?")][number % 3]
            rows.writerow([name, kpi.name, f"2026-{month:02d}", value, ""])


def _process(slug: str, file: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.killed", slug, str(file)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)


def _hunt(slug: str, file: Path) -> int:
    """Kill the process at five places of its way, each further on than the last; then let it end."""
    places = sorted(random.Random(SEED).sample(range(2_000, ROWS - LEFT_AT_LEAST), KILLS))
    kills = 0
    for place in places:
        process = _process(slug, file)
        while process.poll() is None and _position(slug) < place:
            time.sleep(0.01)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.communicate()
    _process(slug, file).communicate()
    return kills


def _position(slug: str) -> int:
    from kpis.models import Upload
    from tenants.context import public_scope, tenant_scope
    from tenants.models import Tenant

    with public_scope():
        tenant = Tenant.objects.filter(slug=slug, state="active").first()
    if tenant is None:
        return 0
    with tenant_scope(tenant):
        return Upload.objects.values_list("position", flat=True).first() or 0


def _left(slug: str) -> dict[str, Any]:
    """Everything the import left, but ids and times."""
    from core.models import Entry
    from kpis.models import KpiValue, Upload, UploadIssue
    from tenants.context import public_scope, tenant_scope
    from tenants.models import Tenant

    with public_scope():
        tenant = Tenant.objects.get(slug=slug)
    with tenant_scope(tenant):
        values = KpiValue.objects.values_list("account__name", "kpi__code", "period", "value", "address", "raw")
        issues = UploadIssue.objects.values_list("number", "kind", "address", "raw", "state")
        told = Entry.objects.filter(event="kpis.batch_imported").values_list("data__values", flat=True)
        done = Upload.objects.get()
        return {
            "values": sorted(values),
            "issues": sorted(issues),
            "told": sum(told),
            "upload": (done.state, done.position, done.summary),
        }


def main(slug: str, file: Path) -> None:
    """Receive, read and import, each from where a process before this one was killed."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.utils.timezone import now

    from accounts.models import Account
    from benchmarks.portfolio import BY
    from kpis import operations, tasks
    from kpis.models import Upload
    from tenants.context import public_scope, tenant_scope
    from tenants.models import Tenant
    from tenants.operations import create_tenant

    with public_scope():
        tenant = Tenant.objects.filter(slug=slug).first()
    tenant = tenant or create_tenant(name=slug, slug=slug, at=now(), by=BY)
    with tenant_scope(tenant):
        if not Account.objects.exists():
            Account.objects.bulk_create(Account(name=f"Customer {number:03d}") for number in range(ACCOUNTS))
        upload = Upload.objects.first()
        if upload is None:
            with file.open("rb") as content:
                chunks = iter(lambda: content.read(65536), b"")
                upload = operations.receive_upload(name=file.name, chunks=chunks, by=BY, at=now())
        if upload.state == Upload.State.READING:
            tasks.read_upload.run(job_id=str(upload.job_id))
            upload = operations.commit_upload(upload_id=upload.pk, by=BY)
        tasks.import_upload.run(job_id=str(upload.job_id))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
