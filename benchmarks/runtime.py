"""`make run` as a newcomer meets it: the first start of an empty folder, and the second."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.results import Results, Target
from benchmarks.web import ROOT, free_port

FOREIGN = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "BENCH_JSON")


def starts(results: Results) -> None:
    folder = Path(os.environ["PLUMBLINE_RUN_DIR"]) / "start"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    results.add("make run, first start (packages installed)", _start(folder), "s")
    results.add("make run, second start", _start(folder), "s", Target(15))
    shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> float:
    """Seconds from the command until it prints its addresses."""
    environment = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    environment |= {"PLUMBLINE_RUN_DIR": str(folder), "PORT": str(free_port())}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "bin/plumbline", "run"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        for line in process.stdout or ():
            if f"localhost:{environment['PORT']}" in line:
                return time.perf_counter() - started
        raise RuntimeError(f"`make run` ended with {process.wait()}")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
