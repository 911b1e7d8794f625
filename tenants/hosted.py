"""Tenants as requests and tasks need them: read once, kept for a few seconds in the process, never changed."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType
from typing import Any, Generic, TypeVar

KEEP_SECONDS = 5.0  # other processes notice a suspension, a new host or a new name within this time
KEEP_NOTHING_SECONDS = 0.5  # a new workspace is found at once by processes that looked for it before it was there
KEEP_ENTRIES = 4096
Found = TypeVar("Found")


@dataclass(frozen=True)
class HostedTenant:
    """What `request.tenant` is. `ready` says that the schema exists and the state is active."""

    id: int
    schema_name: str
    name: str
    slug: str
    kind: str
    state: str
    host: str  # the primary domain, empty while there is none
    ready: bool
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_operator(self) -> bool:
        return self.kind == "operator"

    @property
    def is_demo(self) -> bool:
        return self.kind == "demo"


class Kept(Generic[Found]):
    """A small least-recently-used store with a time limit; "nothing found" is kept too. Safe with threads."""

    def __init__(self, look_up: Callable[[str], Found], clock: Callable[[], float] = time.monotonic) -> None:
        self._look_up, self._clock = look_up, clock
        self._rows: OrderedDict[str, tuple[float, Found]] = OrderedDict()
        self._lock = Lock()
        self._epoch = 0

    def get(self, key: str) -> Found:
        with self._lock:
            kept = self._rows.get(key)
            if kept and kept[0] > self._clock():
                self._rows.move_to_end(key)
                return kept[1]
            epoch = self._epoch
        found = self._look_up(key)
        with self._lock:
            if epoch == self._epoch:  # nobody cleared while we looked: what we found is still true
                seconds = KEEP_NOTHING_SECONDS if found is None else KEEP_SECONDS
                self._rows[key] = (self._clock() + seconds, found)
                while len(self._rows) > KEEP_ENTRIES:
                    self._rows.popitem(last=False)
        return found

    def clear(self) -> None:
        with self._lock:
            self._epoch += 1
            self._rows.clear()
