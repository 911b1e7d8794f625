"""Imports one file into a fresh tenant in this process and prints what it took, as name=value lines."""

import csv
import os
import sys
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()


def main(file: Path, master: Path) -> None:
    from django.utils.timezone import now

    from accounts.models import Account
    from benchmarks.portfolio import BY
    from tenants.context import tenant_scope
    from tenants.operations import create_tenant

    tenant = create_tenant(name="Import", slug=f"import-{int(time.time())}", at=now(), by=BY)
    with tenant_scope(tenant):
        with master.open(encoding="utf-8") as rows:
            known = (Account(name=row["account"], key=row["account_id"]) for row in csv.DictReader(rows))
            Account.objects.bulk_create(known)
        figures = _import(file)
        with file.open("rb") as lines:
            figures |= {"rows": sum(1 for _ in lines) - 1, "peak_mb": _peak_mb()}
    for name, value in figures.items():
        print(f"{name}={value}")


def _import(file: Path) -> dict[str, object]:
    """Receive, read and import as the worker does, in this process."""
    from django.utils.timezone import now

    from benchmarks.portfolio import BY
    from kpis import operations, tasks
    from kpis.models import Upload

    started = time.perf_counter()
    with file.open("rb") as content:
        upload = operations.receive_upload(
            name=file.name, chunks=iter(lambda: content.read(65536), b""), by=BY, at=now()
        )
    received, started = time.perf_counter() - started, time.perf_counter()
    tasks.read_upload.run(job_id=str(upload.job_id))
    read = time.perf_counter() - started
    committed = operations.commit_upload(upload_id=upload.pk, by=BY)
    started = time.perf_counter()
    tasks.import_upload.run(job_id=str(committed.job_id))
    took = time.perf_counter() - started
    done = Upload.objects.get(pk=upload.pk)
    if done.state != Upload.State.DONE:
        raise RuntimeError(f"the import ended as {done.state}: {done.message}")
    held = done.issues.filter(state="held").count()
    imported = done.summary["imported"]
    figures = {"receive_seconds": received, "read_seconds": read, "import_seconds": took}
    return figures | {"imported": imported, "held": held}


def _peak_mb() -> float:
    """The most that this program has had in memory; getrusage would count what its parent had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
