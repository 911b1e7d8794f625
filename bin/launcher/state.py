"""Where things lie, what is said to the person, and the locks: everything the other modules lean on."""

import contextlib
import fcntl
import hashlib
import os
import re
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ERROR_LINE = re.compile(r"FATAL:|^E: |[Ee]rror:|Exception:|ImproperlyConfigured:|Unknown command:|in use")
SOCKET_PATH_LIMIT = 103  # bytes: Linux takes 108 with the closing zero, macOS 104


class Refusal(Exception):
    """The launcher cannot go on. The message is one plain sentence: what is wrong and what to do."""


def say(text: str = "") -> None:
    """One line for the person, at once. Nobody reading any more (a closed pipe or terminal) is no reason to stop."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


def run_dir(test: bool = False) -> Path:
    """The folder of all that is not source: `.run` or PLUMBLINE_RUN_DIR; the test servers lie in `test`."""
    base = Path(os.environ.get("PLUMBLINE_RUN_DIR") or ROOT / ".run").absolute()
    return base / "test" if test else base


def make_private(path: Path) -> Path:
    """Create `path` for its owner alone (mode 0700), or refuse when it is somebody else's."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise Refusal(f"Cannot create {path} ({error.strerror}): give this user the right to write there.") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Refusal(f"{path} belongs to another user: remove it, or start Plumbline as that user.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def folder_key(path: Path) -> str:
    """A short name for a folder, the same each time, so that two copies of the project do not meet."""
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def socket_dir(run: Path) -> Path:
    """The private folder of the sockets: in `.run`, or in /tmp when that path is too long or oddly spelled."""
    inside = run / "sock"
    longest = inside / ".s.PGSQL.5432"
    if len(os.fsencode(longest)) <= SOCKET_PATH_LIMIT and re.fullmatch(r"[\w./-]+", str(inside), re.ASCII):
        return inside
    return Path(tempfile.gettempdir()) / f"plumbline-{os.geteuid()}-{folder_key(run)}"


def read_env(path: Path) -> dict[str, str]:
    """The NAME=value lines of a file; no file means none. Comments and other lines are passed over."""
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, found, value in pairs if found}


def write_env(path: Path, values: dict[str, str]) -> None:
    """Replace the file in one step: a reader sees the old lines or the new ones, never half of them."""
    lines = ["# Written by bin/plumbline. The environment wins over these lines.\n"]
    replace(path, "".join(lines + [f"{name}={value}\n" for name, value in values.items()]))


def replace(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_text(text)
    draft.replace(path)


@contextmanager
def locked(path: Path, wait: float, busy: str) -> Iterator[None]:
    """Hold the lock file; the kernel lets go of it when we die. Refuses with `busy` after `wait` seconds."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refusal(f"Cannot write {path} ({error.strerror}): give this user the right to write there.") from error
    try:
        deadline = time.monotonic() + wait
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise Refusal(busy)
            time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Hold the lock file together with others who do."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock file."""
    if not path.exists():
        return False
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def tail(path: Path, lines: int) -> str:
    """The last lines of a log, for the person to read; nothing when there is no log."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 400 * lines))
        return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])


def reason(log: Path) -> str:
    """The line of a log that tells most in one line: the last error named as such, else the last line."""
    lines = [line.strip() for line in tail(log, 40).splitlines() if line.strip()]
    named = [line for line in lines if ERROR_LINE.search(line)]
    return (named or lines or ["no message"])[-1][:300]


def complain(text: str) -> None:
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)
