"""The embedded servers together: start, stop, status, and the file that tells Django where they are."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from launcher import postgres, valkey
from launcher.state import is_locked, locked, make_private, read_env, run_dir, shared, write_env

BUSY = "Another Plumbline command is starting or stopping the servers: wait for it, then type this again."


def outside(test: bool) -> dict[str, str]:
    """The servers named in the environment, which need none of ours. Tests use ours unless KEEP_<name> is set."""
    names = ("DATABASE_URL", "REDIS_URL")
    return {
        name: os.environ[name]
        for name in names
        if os.environ.get(name) and (not test or os.environ.get(f"KEEP_{name}"))
    }


def start(test: bool = False) -> list[str]:
    """Start what does not run yet; returns the names of the servers that this call started."""
    run, given, started = run_dir(test), outside(test), []
    make_private(run_dir())
    make_private(run)
    with locked(run / "servers.lock", wait=90, busy=BUSY):
        # A key of this installation's own: nobody who read the source can forge a session.
        lines = {"SECRET_KEY": read_env(environment_file(test)).get("SECRET_KEY") or secrets.token_urlsafe(50)}
        if "DATABASE_URL" not in given:
            cluster = postgres.plan(run, throw_away=test)
            if postgres.start(cluster):
                started.append("PostgreSQL")
            lines["DATABASE_URL"] = cluster.url
        if "REDIS_URL" not in given:
            broker = valkey.Server(run)
            if valkey.start(broker):
                started.append("Valkey")
            lines["REDIS_URL"] = broker.url
        write_env(environment_file(test), lines)
    return started


def stop(test: bool = False) -> list[str]:
    """Stop the embedded servers; returns the names of those that ran."""
    run, stopped = run_dir(test), []
    if not run.exists():
        return []
    with locked(run / "servers.lock", wait=90, busy=BUSY):
        if valkey.stop(valkey.Server(run)):
            stopped.append("Valkey")
        if postgres.stop(postgres.plan(run, throw_away=test)):
            stopped.append("PostgreSQL")
    return stopped


def status(test: bool = False) -> dict[str, int | None]:
    """The process number of each embedded server, None when it does not run."""
    run = run_dir(test)
    return {
        "PostgreSQL": postgres.running(postgres.plan(run, throw_away=test)),
        "Valkey": valkey.running(valkey.Server(run)),
    }


def down(test: bool = False) -> list[str]:
    """The embedded servers that should run, since the environment names no others, and do not."""
    given = {"PostgreSQL": "DATABASE_URL", "Valkey": "REDIS_URL"}
    return [name for name, pid in status(test).items() if pid is None and given[name] not in outside(test)]


@contextlib.contextmanager
def borrowed(test: bool = False) -> Iterator[None]:
    """Have the servers run inside the block. The last borrower stops them, unless they ran before the first."""
    run = run_dir(test)
    make_private(run_dir())
    make_private(run)
    started_by_borrower = run / "borrowed"
    try:
        with shared(run / "borrowers.lock"):
            if down(test):
                started_by_borrower.touch()
            start(test)
            yield
    finally:
        if started_by_borrower.exists() and not is_locked(run / "borrowers.lock"):
            stop(test)
            started_by_borrower.unlink(missing_ok=True)


def wipe(test: bool = False) -> None:
    """Stop the servers and delete everything below the run folder."""
    run = run_dir(test)
    stop(test)
    postgres.wipe(postgres.plan(run, throw_away=test))
    for entry in run.iterdir() if run.exists() else ():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def data_birth() -> str:
    """Tells one data directory from the next: PostgreSQL writes PG_VERSION once, when it makes the directory."""
    marker = (postgres.plan(run_dir(), throw_away=False).data / "PG_VERSION").stat()
    return f"{marker.st_ino}-{marker.st_mtime_ns}"


def addresses(test: bool = False) -> dict[str, str]:
    """DATABASE_URL and REDIS_URL of the servers in use: those of the environment, else the embedded ones."""
    ours = {name: value for name, value in read_env(environment_file(test)).items() if name != "SECRET_KEY"}
    return ours | outside(test)


def environment_file(test: bool = False) -> Path:
    return run_dir(test) / "env"
