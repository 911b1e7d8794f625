"""The product's Celery with short times and a few tasks that leave a trace; `celery -A tests.background.worker`."""

import time
from datetime import timedelta

from celery import shared_task
from celery.signals import celeryd_init
from django.db import transaction

from config.celery import app

__all__ = ["app"]
ROWS_OF_A_BATCH = 200


@celeryd_init.connect
def be_impatient(**_):
    from core import jobs, tasks
    from kpis.operations import reading
    from tenants import hosted

    jobs.STALE_AFTER = timedelta(seconds=1)
    tasks.UNDELIVERED_AFTER = timedelta(seconds=0.5)
    reading.BATCH = ROWS_OF_A_BATCH
    hosted.KEEP_SECONDS = 0.5


@shared_task(name="tests.leave_note")
def leave_note(*, note, **_):
    from core.actor import Actor
    from core.audit import record
    from tests.core.events import Noted

    with transaction.atomic():
        record(Noted(None, note=note), by=Actor.system("tests"))


@shared_task(name="tests.daily")
def daily(**_):
    leave_note(note="daily")


@shared_task(name="tests.sleep")
def sleep(*, seconds, **_):
    time.sleep(seconds)
