"""The 200,000-row file through the whole path of an upload, in a process of its own for its peak memory."""

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results import Results, Target
from benchmarks.web import ROOT

WORKBOOKS = Path(os.environ.get("PLUMBLINE_WORKBOOKS", ROOT.parent / "shared/data/kpi_workbooks"))
FILE, MASTER = WORKBOOKS / "big.csv.gz", WORKBOOKS / "accounts.csv"
GOOD, REPORTED = 198_000, 2_000  # what the file holds, says expected.json


def imports(results: Results) -> None:
    if not FILE.exists():
        print(f"(no {FILE}: the 200,000-row import is not measured; PLUMBLINE_WORKBOOKS names its folder)")
        return
    figures = _figures()
    rows, seconds = figures["rows"], figures["read_seconds"] + figures["import_seconds"]
    results.add("upload: values imported", figures["imported"], "values", Target(GOOD, exactly=True))
    results.add("upload: rows reported", figures["held"], "rows", Target(REPORTED, exactly=True))
    results.add("upload: receiving the file", figures["receive_seconds"], "s")
    results.add("upload: reading and proposing", figures["read_seconds"], "s")
    results.add("upload: importing", figures["import_seconds"], "s")
    results.add("upload: importing, rate", rows / figures["import_seconds"], "cells/s", Target(20_000, least=True))
    results.add("upload: reading and importing, rate", rows / seconds, "cells/s")
    results.add("upload: peak memory", figures["peak_mb"], "MB", Target(400))


def _figures() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "big.csv"
        with gzip.open(FILE) as packed, file.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.import_file", str(file), str(MASTER)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return {name: float(value) for name, _, value in (line.partition("=") for line in done.stdout.splitlines())}
