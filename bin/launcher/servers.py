"""The embedded servers together: start, stop, status, and the file that tells Django where they are."""

import os
from pathlib import Path

from launcher import postgres, valkey
from launcher.state import locked, make_private, run_dir, write_env

BUSY = "Another Plumbline command is starting or stopping the servers: wait for it, then type this again."


def outside(test: bool) -> dict[str, str]:
    """The servers named in the environment, which need none of ours. Tests use their own unless KEEP_<name> is set."""
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
        urls = {}
        if "DATABASE_URL" not in given:
            cluster = postgres.plan(run, throw_away=test)
            if postgres.start(cluster):
                started.append("PostgreSQL")
            urls["DATABASE_URL"] = cluster.url
        if "REDIS_URL" not in given:
            broker = valkey.Server(run)
            if valkey.start(broker):
                started.append("Valkey")
            urls["REDIS_URL"] = broker.url
        write_env(run / "env", urls)
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


def environment_file(test: bool = False) -> Path:
    return run_dir(test) / "env"
