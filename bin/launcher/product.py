"""Django's part of a start: migrations, demo tenant, static files, each only when something of it changed."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from launcher import servers, venv
from launcher.state import ROOT, Refusal, make_private, reason, replace, run_dir, say

APPS = ("core", "tenants", "users", "accounts", "kpis", "analytics", "playbooks", "config")
QUARANTINED = 3  # exit code of migrate_all: some tenant failed, the rest is up to date


def environment(test: bool = False) -> dict[str, str]:
    """The environment of our Django processes. What the person set wins, except in the tests."""
    ours = {
        "PYTHONUNBUFFERED": "1",
        "DEBUG": "false",  # as a visitor sees it: compiled templates, hashed files, error pages without source
        # Several processes share few cores: numeric libraries do not start threads of their own.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    if test:
        ours["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    return ours | dict(os.environ) | {"VIRTUAL_ENV": str(venv.VENV)}


def prepare() -> None:
    """Migrate every schema, build the demo tenant and collect the static files, as far as needed."""
    code, database, demo = _digest(_sources()), _database_key(), demo_file()
    if database is None or _stamp("migrated") != f"{code} {database}":
        if manage("Migrating", "migrate_all", tolerated=QUARANTINED) == QUARANTINED:
            say(f"A tenant could not be migrated and stays closed, the others run: see {manage_log()}")
        else:
            _put_stamp("migrated", f"{code} {database}")
    place = " ".join(os.environ.get(name, "") for name in ("PORT", "BASE_DOMAIN", "PUBLIC_ORIGIN"))
    if database is None or _stamp("demo") != f"{code} {database} {place}" or not demo.exists():
        manage("Building the demo tenant", "demo", "--write-json", str(demo))
        _put_stamp("demo", f"{code} {database} {place}")
    static = _digest([*sorted((ROOT / "static").rglob("*")), venv.LOCK_FILE, ROOT / "config" / "static.py"])
    if _stamp("static") != static or not (run_dir() / "static").exists():
        manage("Collecting the static files", "collectstatic", "--noinput", "--clear", "-v", "0")
        _put_stamp("static", static)


def manage(title: str, *arguments: str, tolerated: int = 0) -> int:
    """Run a management command, its output in the log; refuses with its last line when it fails, else its code."""
    if not (ROOT / "manage.py").exists():
        raise Refusal(f"{ROOT / 'manage.py'} is missing: check out the whole repository and type the command again.")
    say(title)
    make_private(manage_log().parent)
    with manage_log().open("ab") as output:
        done = subprocess.run(
            [venv.PYTHON, "manage.py", *arguments],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode not in {0, tolerated}:
        raise Refusal(f"{title} failed ({reason(manage_log())}): all of it is in {manage_log()}.")
    return done.returncode


def manage_log() -> Path:
    return run_dir() / "logs" / "manage.log"


def demo_file() -> Path:
    return run_dir() / "demo.json"


def demo() -> dict[str, Any]:
    """What `manage.py demo` left for people and scripts: addresses, logins, token."""
    try:
        content = json.loads(demo_file().read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _sources() -> list[Path]:
    """All Python of ours: a changed rule may change the demo tenant as well as a table."""
    found = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]
    return [*found, venv.LOCK_FILE]


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _database_key() -> str | None:
    """Names this very data directory, so that a new one is migrated; None for a server that is not ours to remember."""
    return None if "DATABASE_URL" in servers.outside(test=False) else servers.data_birth()


def _stamps() -> dict[str, str]:
    try:
        content = json.loads((run_dir() / "done.json").read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _stamp(name: str) -> str | None:
    return _stamps().get(name)


def _put_stamp(name: str, value: str) -> None:
    replace(run_dir() / "done.json", json.dumps(_stamps() | {name: value}, indent=1))
