"""The commands of bin/plumbline, one function each."""

import argparse

from launcher import servers
from launcher.state import Refusal, complain, say


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code. A refusal is one sentence, never a traceback."""
    choice = _parser().parse_args(arguments)
    try:
        return int(choice.run(choice) or 0)
    except Refusal as refusal:
        complain(str(refusal))
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/plumbline", description="Run Plumbline on this machine.")
    commands = parser.add_subparsers(required=True, metavar="command")
    embedded = commands.add_parser("servers", help="the embedded PostgreSQL and Valkey alone")
    embedded.add_argument("verb", choices=["start", "stop", "status"])
    embedded.add_argument("--test", action="store_true", help="the throw-away servers of the tests")
    embedded.set_defaults(run=_servers)
    return parser


def _servers(choice: argparse.Namespace) -> int:
    if choice.verb == "start":
        started = servers.start(choice.test)
        say(f"Started {' and '.join(started)}." if started else "The servers run already.")
        say(servers.environment_file(choice.test).read_text().strip())
        return 0
    if choice.verb == "stop":
        stopped = servers.stop(choice.test)
        say(f"Stopped {' and '.join(stopped)}." if stopped else "No server was running.")
        return 0
    found = servers.status(choice.test)
    for name, pid in found.items():
        say(f"{name}: " + (f"runs (process {pid})" if pid else "does not run"))
    return 0 if all(found.values()) else 3
