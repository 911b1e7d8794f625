"""The class of every Celery task: a message names its tenant, or the task does not run."""

import logging
import threading
import time
from typing import Any

from celery import Task
from celery.exceptions import Reject
from django.db import connection

from tenants.context import NoTenant, current_schema, public_scope, tenant_scope
from tenants.models import RefusedTask
from tenants.names import PUBLIC, is_tenant_schema
from tenants.queries import tenant_of_schema

log = logging.getLogger(__name__)
HEADER = "tenant_schema"
CHECK_AFTER = 1.0  # seconds without a task after which the connection is checked before it is used
_last = threading.local()


class TenantTask(Task):
    """Carries the caller's schema in a header and runs in it.

    `public = True` marks the few tasks that work on `public`. A message without a tenant, or of one that is
    gone or not being served, is refused for good: logged, written to `RefusedTask`, never run elsewhere.
    `many = True` marks a subscriber that takes `events`, the fields of up to `core.audit.MANY` events, at once.
    Tasks are run at least once, so each must be idempotent.
    """

    abstract = True
    public = False
    many = False
    acks_late = True
    reject_on_worker_lost = True

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:  # type: ignore[override]
        """Queue the task for the schema that is current now. Raises NoTenant when there is none."""
        headers = dict(options.pop("headers", None) or {})
        headers[HEADER] = PUBLIC if self._is_public() else self._schema_to_send(headers)
        if self.many and kwargs:  # what a monitor shows of the arguments: not a hundred events spelt out
            options.setdefault("kwargsrepr", f"{len(kwargs['events'])} events")
        return super().apply_async(args, kwargs, headers=headers, **options)

    def apply(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:  # type: ignore[override]
        """Run here and now (tests, chains when eager), with the header a worker would get."""
        headers = dict(options.pop("headers", None) or {})
        if is_tenant_schema(current_schema()):
            headers.setdefault(HEADER, current_schema())
        return super().apply(args, kwargs, headers=headers, **options)

    def _is_public(self) -> bool:
        return self.public or self.name.startswith("celery.")

    def _schema_to_send(self, headers: dict[str, Any]) -> str:
        """The current schema; where none is entered, that of the message being handled (retries, chains)."""
        schema = current_schema()
        if not is_tenant_schema(schema):
            schema = headers.get(HEADER) or _header_of_current_task() or schema
        if not is_tenant_schema(schema):
            raise NoTenant(f"{self.name} was started in {schema}: enter the tenant it is for")
        return schema

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.request.called_directly:  # an ordinary function call, where the caller is
            return self.run(*args, **kwargs)
        _renew_connection()
        if self._is_public():
            with public_scope():
                return self.run(*args, **kwargs)
        return self._run_in(_header(self.request), args, kwargs)

    def _run_in(self, schema: str, args: Any, kwargs: Any) -> Any:
        tenant = tenant_of_schema(schema) if is_tenant_schema(schema) else None
        if tenant is None:
            raise self._refusal(schema, "no such tenant" if schema else "no tenant named")
        if not tenant.ready:
            raise self._refusal(
                schema, f"tenant is {tenant.state}" if tenant.state != "active" else "schema is missing"
            )
        with tenant_scope(tenant, include_public=tenant.is_operator):
            return self.run(*args, **kwargs)

    def _refusal(self, schema: str, reason: str) -> Reject:
        log.error("task %s of %r refused: %s", self.name, schema, reason)
        with public_scope():
            RefusedTask.objects.create(
                task=self.name, task_key=self.request.id or "", schema_name=schema[:63], reason=reason
            )
        return Reject(reason, requeue=False)


def _renew_connection() -> None:
    """A worker keeps its connection over many tasks: after a pause or an error see whether it is still good."""
    at = time.monotonic()
    idle, _last.at = at - getattr(_last, "at", 0.0), at
    if not connection.in_atomic_block and (idle > CHECK_AFTER or connection.errors_occurred):
        connection.close_if_unusable_or_obsolete()


def _header(request: Any) -> str:
    """The schema named in a message: Celery hands headers over as attributes in a worker, as a dict when eager."""
    named = (request.headers or {}).get(HEADER) or getattr(request, HEADER, "")
    return named if isinstance(named, str) else ""


def _header_of_current_task() -> str:
    from celery import current_task  # noqa: PLC0415 -- a proxy that is only true while a task runs

    return _header(current_task.request) if current_task else ""
