import os
import time
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from kombu import Connection
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Seconds. The outbox and the job table keep what cannot be sent, so nobody waits for a broker that is away.
ANSWER_WITHIN = 0.3
TRY_AGAIN_AFTER = 2.0
SENDING = {"socket_timeout": ANSWER_WITHIN, "socket_connect_timeout": ANSWER_WITHIN, "max_retries": 0}


class LastingConnection(Connection):
    """A connection whose channels, once it is closed, fail as connections do.

    The stock one takes itself off its transport; a worker that closes a lost connection a second time, or
    acknowledges a task that ended meanwhile, then dies of an AttributeError (celery and kombu 5.7.0).
    """

    def _do_close_transport(self) -> None:
        self._transport = None


class Messages(AMQP):
    Connection = LastingConnection


class Plumbline(Celery):
    """Celery that gives up quickly when it sends, and then for a moment does not try at all.

    Measured with the stock settings: a broker that is gone costs 6 s for each message, one that hangs costs
    all the time it hangs. Receiving is left as it is: a worker waits for its broker as long as it takes.
    """

    amqp_cls = Messages  # type: ignore[assignment]  # the stubs know it by name only
    _away_until = 0.0

    def connection_for_write(self, url: str | None = None, **kwargs: Any) -> Connection:
        options = {**SENDING, **(kwargs.pop("transport_options", None) or {})}
        return super().connection_for_write(url, transport_options=options, **kwargs)

    def send_task(self, *args: Any, **kwargs: Any) -> Any:
        """Raises OperationalError when the broker is away: after 0.3 s, or at once if it was a moment ago."""
        if time.monotonic() < self._away_until:
            raise OperationalError("the broker did not answer a moment ago")
        try:
            return super().send_task(*args, **kwargs)
        except OperationalError:
            self._away_until = time.monotonic() + TRY_AGAIN_AFTER
            raise


app = Plumbline("plumbline", task_cls="tenants.task_base:TenantTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(CELERY_DB_REUSE_MAX=500)
app.autodiscover_tasks()
