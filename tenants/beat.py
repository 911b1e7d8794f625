"""Celery beat over the schedule in `public`; of several beats one works and the others stand by."""

from typing import Any

from django.db import connection
from django_celery_beat.schedulers import DatabaseScheduler

from tenants.context import public_scope

_LOCK = 7_120_621
_STAND_BY = 5.0  # seconds until a beat that stands by asks again


class Scheduler(DatabaseScheduler):
    _held_by: int | None = None  # server process that holds the lock for us

    def setup_schedule(self) -> None:
        with public_scope():
            super().setup_schedule()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        with public_scope():
            if not self._in_charge():
                return _STAND_BY
            return float(super().tick(*args, **kwargs))

    def sync(self) -> None:
        with public_scope():
            super().sync()

    def _in_charge(self) -> bool:
        """Whether this process holds the advisory lock; it goes with the connection, so ask again after a new one."""
        with connection.cursor() as cursor:
            process = connection.connection.info.backend_pid
            if process == self._held_by:
                return True
            cursor.execute("select pg_try_advisory_lock(%s)", [_LOCK])
            held = bool(cursor.fetchone()[0])
        self._held_by = process if held else None
        return held
