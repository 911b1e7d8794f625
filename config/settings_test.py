"""Settings of the test suite: the throw-away cluster, fast password hashing, tasks run in the caller."""

import os
from pathlib import Path

from config import env

_RUN = Path(os.environ.get("PLUMBLINE_RUN_DIR", env.ROOT / ".run")) / "test"
for _name in ("DATABASE_URL", "REDIS_URL"):
    if not os.environ.get(f"KEEP_{_name}"):
        os.environ.pop(_name, None)
env.load(_RUN / "env")
os.environ.setdefault("DATABASE_URL", "postgresql:///plumbline")
os.environ.setdefault("REDIS_URL", "unix:///nonexistent?db=0")
os.environ["DEBUG"] = "false"

from config.settings import *  # noqa: E402

CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ALLOWED_HOSTS = ["*"]
BASE_DOMAIN = "test"
PUBLIC_HOSTS = ["test", "www.test"]
STORAGES = {
    "default": {"BACKEND": "tenants.storage.TenantStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = _RUN / "media"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "KEY_FUNCTION": "tenants.context.cache_key",
    }
}
LOG_LEVEL = "WARNING"
