"""`make run`, `make stop`, `make reset`, `make logs`: the product as a whole on this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from types import FrameType
from typing import Any

from launcher import ports, process, product, servers, supervisor, system, venv
from launcher.state import Refusal, is_locked, locked, make_private, replace, run_dir, say

SERVER_CHECK_SECONDS = 2.0
STOP_SECONDS = 45.0


class Stopped(KeyboardInterrupt):
    """Somebody wants us to end: Ctrl-C, `make stop`, or the terminal went away."""


def run() -> int:
    """Everything from nothing to a running product; returns when it is stopped."""
    port, host = ports.chosen(), ports.interface()
    system.check_room()
    make_private(run_dir())
    with locked(run_dir() / "run.lock", wait=0, busy=_already_running()):
        _listen_for_signals()
        before = _record()
        for pid, born in before.get("children", {}).values():
            if process.start_time(pid) == born:
                supervisor.kill_group(pid)
        ports.check_free(host, port)
        venv.ensure(system.TO_RUN)
        return _serve(host, port, inherited=bool(before.get("servers")))


def _serve(host: str, port: int, inherited: bool) -> int:
    """`inherited`: an earlier run was killed and its servers, if they still run, are ours to stop."""
    watched = supervisor.Supervisor(
        [supervisor.Child(name, command) for name, command in supervisor.commands(host, port).items()],
        changed=lambda pids: _write_record(port, ours, pids),
    )
    ours = inherited
    _write_record(port, True, {})
    try:
        ours = bool(servers.start()) or inherited
        product.prepare()
        watched.tick()
        watched.wait_ready(port)
        _announce(port)
        _watch(watched)
        return 0
    except Stopped:
        return 0
    finally:
        _hurry_on_signals(watched)
        if watched.pids():
            say("Stopping")
        watched.stop()
        if ours:
            servers.stop()
        (run_dir() / "run.json").unlink(missing_ok=True)


def _watch(watched: supervisor.Supervisor) -> None:
    next_check, attached = time.monotonic() + SERVER_CHECK_SECONDS, _in_foreground()
    while True:
        watched.tick()
        # A closed terminal tells only its session's leader, and under `ssh -t host make run` that is make.
        if attached and not os.isatty(0):
            raise Stopped
        if time.monotonic() >= next_check:
            for name in servers.down() and servers.start():
                say(f"{name} had ended and was started again, see {run_dir() / 'logs'}")
            next_check = time.monotonic() + SERVER_CHECK_SECONDS
        time.sleep(0.2)


def stop() -> int:
    """Stop the running product and the embedded servers, whoever started them."""
    something = is_locked(run_dir() / "run.lock")
    if something:
        _end_supervisor()
    stopped = servers.stop()
    say("Stopped." if something or stopped else "Nothing was running.")
    return 0


def reset() -> int:
    """Stop all and delete the data. Asks on a terminal; without one CONFIRM=1 must say so."""
    if os.environ.get("CONFIRM") != "1":
        if not sys.stdin.isatty():
            raise Refusal(f"This deletes everything in {run_dir()}: type `make reset CONFIRM=1` if you mean it.")
        if input(f"Delete all data in {run_dir()}? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise Refusal("Nothing was deleted.")
    if is_locked(run_dir() / "run.lock"):
        _end_supervisor()
    servers.wipe(test=True)
    servers.wipe()
    say(f"Deleted the data in {run_dir()}; `make run` starts with new ones.")
    return 0


def logs() -> int:
    """Follow the logs until Ctrl-C; without a terminal print their ends."""
    files = sorted((run_dir() / "logs").glob("*.log"))
    if not files:
        raise Refusal("There are no logs yet: type `make run` first.")
    follow = ["-F"] if sys.stdout.isatty() else []
    return subprocess.run(["tail", "-n", "20", *follow, *files], check=False).returncode


def _end_supervisor() -> None:
    pid = _record().get("pid")
    if not isinstance(pid, int):
        raise Refusal("Plumbline is just starting: wait until it prints its address, then type this again.")
    process.signal_quietly(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_locked(run_dir() / "run.lock"):
        if time.monotonic() > deadline:
            process.signal_quietly(pid, signal.SIGKILL)
            process.wait_gone([pid], 5)
            break
        time.sleep(0.1)


def _already_running() -> str:
    port = _record().get("port", ports.chosen())
    return f"Plumbline runs already: open http://localhost:{port}/, or stop it with `make stop`."


def _record() -> dict[str, Any]:
    """What the running supervisor (or one that was killed) wrote about itself; empty when there is none."""
    try:
        content = json.loads((run_dir() / "run.json").read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_record(port: int, ours: bool, pids: dict[str, int]) -> None:
    children = {name: [pid, process.start_time(pid)] for name, pid in pids.items()}
    content = {"pid": os.getpid(), "port": port, "servers": ours, "children": children}
    replace(run_dir() / "run.json", json.dumps(content, indent=1))


def _listen_for_signals() -> None:
    def ended(number: int, frame: FrameType | None) -> None:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        raise Stopped

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, ended)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup means: live on when the terminal goes
        signal.signal(signal.SIGHUP, ended)


def _in_foreground() -> bool:
    """Whether a terminal waits for us, so that its end is meant to be ours; `nohup` and `&` say otherwise."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp() and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
    except OSError:
        return False


def _hurry_on_signals(watched: supervisor.Supervisor) -> None:
    """A second Ctrl-C while stopping: do not wait for requests and tasks in hand."""

    def hurry(number: int, frame: FrameType | None) -> None:
        watched.hurried = True

    signal.signal(signal.SIGINT, hurry)
    signal.signal(signal.SIGTERM, hurry)


def _announce(port: int) -> None:
    """Addresses and logins, for a person; scripts read the same from .run/demo.json."""
    demo = product.demo()
    names = {"public_url": "Sign up", "tenant_url": "Demo", "operator_url": "Operators", "mailbox_url": "Mailbox"}
    found = {title: demo[key] for key, title in names.items() if key in demo}
    say(f"\nPlumbline runs at {found.get('Sign up') or f'http://localhost:{port}/'}\n")
    for title, address in found.items():
        say(f"  {title:<11}{address}")
    for user in [*demo.get("users", []), demo.get("operator") or {}]:
        if user:
            say(f"  {user.get('role', 'operator'):<11}{user['email']}  password {user['password']}")
    say(f"\n  API token in {product.demo_file()}")
    say("  Stop with Ctrl-C or `make stop`; `make logs` follows the logs.")
