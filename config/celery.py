import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("plumbline", task_cls="tenants.task_base:TenantTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(CELERY_DB_REUSE_MAX=500)
app.autodiscover_tasks()
