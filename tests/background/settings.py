"""Settings of the worker and the beat that tests start: real broker, real queue, impatient."""

import os
from pathlib import Path

from config.settings_test import *  # noqa: F403

CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_EAGER_PROPAGATES = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 5,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
CELERY_BEAT_SCHEDULE = {
    task: {"task": "tenants.for_each", "schedule": 1.0, "kwargs": {"task": task, "every": every}}
    for task, every in {"core.redeliver": 1, "core.revive_jobs": 1, "tests.daily": 86_400}.items()
}
MEDIA_ROOT = Path(os.environ["PLUMBLINE_BACKGROUND"]) / "media"
LOG_LEVEL = "INFO"
