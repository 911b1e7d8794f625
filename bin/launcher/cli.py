"""The commands of bin/plumbline."""

import argparse
import os

from launcher import checking, running, servers, venv
from launcher.state import Refusal, complain, say


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code. A refusal is one sentence, never a traceback."""
    choice = _parser().parse_args(arguments)
    try:
        return int(choice.run(choice))
    except Refusal as refusal:
        complain(str(refusal))
        return 1
    except OSError as error:
        complain(
            f"{error.strerror or error}: {error.filename or 'no file'}; put that right and type the command again."
        )
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/plumbline", description="Run Plumbline on this machine.")
    commands = parser.add_subparsers(required=True, metavar="command")
    simple = {
        "run": (lambda choice: running.run(), "install, start and serve; Ctrl-C stops"),
        "stop": (lambda choice: running.stop(), "stop what `run` started"),
        "reset": (lambda choice: running.reset(), "delete all data in .run"),
        "logs": (lambda choice: running.logs(), "follow the logs"),
        "check": (lambda choice: checking.check(), "all checks but the tests"),
        "fmt": (lambda choice: checking.fmt(), "format code and templates"),
        # ARGS comes through the environment: make passes `ARGS="-k name"` on without a shell in between.
        "test": (lambda choice: checking.test(os.environ.get("ARGS", "")), "all tests; ARGS go to pytest"),
        "bench": (lambda choice: checking.bench(os.environ.get("ARGS", "")), "benchmarks; ARGS go to the script"),
        "shell": (lambda choice: checking.shell(os.environ.get("ARGS", "")), "Django's shell"),
        "lock": (lambda choice: venv.lock(os.environ.get("ARGS", "").split()), "requirements.in to requirements.txt"),
    }
    for name, (action, text) in simple.items():
        commands.add_parser(name, help=text).set_defaults(run=action)
    embedded = commands.add_parser("servers", help="the embedded PostgreSQL and Valkey alone")
    embedded.add_argument("verb", choices=["start", "stop", "status"])
    embedded.add_argument("--test", action="store_true", help="the throw-away servers of the tests")
    embedded.set_defaults(run=_servers)
    return parser


def _servers(choice: argparse.Namespace) -> int:
    if choice.verb == "start":
        started = servers.start(choice.test)
        say(f"Started {' and '.join(started)}." if started else "The servers run already.")
        say(f"Their addresses are in {servers.environment_file(choice.test)}")
        return 0
    if choice.verb == "stop":
        stopped = servers.stop(choice.test)
        say(f"Stopped {' and '.join(stopped)}." if stopped else "No server was running.")
        return 0
    found = servers.status(choice.test)
    for name, pid in found.items():
        say(f"{name}: " + (f"runs (process {pid})" if pid else "does not run"))
    return 0 if all(found.values()) else 3
