"""One settings file, read from the environment. The defaults are those of `make run` on one machine."""

import os
from pathlib import Path
from typing import Any

from config import env

BASE_DIR = env.ROOT
RUN_DIR = Path(os.environ.get("PLUMBLINE_RUN_DIR", BASE_DIR / ".run"))
env.load(RUN_DIR / "env")

DEBUG = env.flag("DEBUG", True)
DEVELOPMENT = env.flag("DEVELOPMENT", True)  # local mailbox and style guide; DEBUG alone shows tracebacks
SECRET_KEY = env.text("SECRET_KEY", "development-only-never-in-production" if DEVELOPMENT else None)
PORT = env.number("PORT", 8000)

# Hosts. The tenant comes from the host name only.
BASE_DOMAIN = env.text("BASE_DOMAIN", "localhost")
PUBLIC_HOSTS = [BASE_DOMAIN, f"www.{BASE_DOMAIN}", "127.0.0.1"]
OPERATOR_SLUG = "operator"
ALLOWED_HOSTS = [
    BASE_DOMAIN,
    f".{BASE_DOMAIN}",
    "127.0.0.1",
    *filter(None, env.text("ALLOWED_HOSTS", "").split(",")),
]
PUBLIC_ORIGIN = env.text("PUBLIC_ORIGIN", f"http://{BASE_DOMAIN}:{PORT}")

# Apps. An app lives in `public` or in every tenant's schema, never in both.
SHARED_APPS = [
    "tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django_celery_beat",
]
TENANT_APPS = [
    "core",
    "users",
    "accounts",
    "kpis",
    "analytics",
    "playbooks",
    "django.contrib.sessions",
    "allauth.account",
    "allauth.mfa",
]
# Without tables, or with tables we do not use (admin.LogEntry: the trail is core.Entry).
OTHER_APPS = [
    "config",
    "django.contrib.postgres",
    "django.contrib.admin.apps.SimpleAdminConfig",  # the operators have a site of their own
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "django_cotton.apps.SimpleAppConfig",
    "csp",
]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS + OTHER_APPS
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TEST_RUNNER = "django.test.runner.DiscoverRunner"

# Database and broker
DATABASES = {
    "default": {
        **env.database(env.text("DATABASE_URL")),
        "ENGINE": "tenants.backend",
        "CONN_MAX_AGE": env.number("CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }
}
DATABASE_ROUTERS = ["tenants.router.TenantRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "tenants.context.cache_key",
    }
}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tenants.middleware.TenantMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "users.middleware.ActorMiddleware",
    "users.middleware.LoginRequired",
    "users.middleware.RefusedForms",
]
ROOT_URLCONF = "config.urls_tenant"
PUBLIC_URLCONF = "config.urls_public"
TENANT_URLCONF = "config.urls_tenant"
OPERATOR_URLCONF = "config.urls_operator"
PUBLIC_SCHEMA_URLCONF = PUBLIC_URLCONF
WSGI_APPLICATION = "config.wsgi.application"

# Templates: cotton components and named partials, compiled once outside DEBUG.
_loaders = [
    "django_cotton.cotton_loader.Loader",
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    _loaders if DEBUG else [("django.template.loaders.cached.Loader", _loaders)],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "core.templatetags.ui",
                "django.templatetags.static",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.nav.navigation",
            ],
        },
    }
]
COTTON_DIR = "cotton"
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# People
AUTH_USER_MODEL = "users.User"
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # e-mail is unique whatever its case, by a constraint of the table
    "security.W021",  # the browsers' preload list is the domain owner's decision, not ours
]
AUTHENTICATION_BACKENDS = ["users.authentication.PasswordBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "users.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/login/"
# amount/time/per: address of the caller, or key (the e-mail, the sign-up). The public site uses the last three.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "10/m/ip,5/5m/key",
    "open_workspace": "60/h/ip,8/h/key",
    "signup_code": "30/m/ip",
    "find_workspace": "60/h/ip,3/h/key",
}
MFA_ADAPTER = "users.adapter.MfaAdapter"
SESSION_ENGINE = "users.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Mail: in development every mail lands in the local mailbox page.
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = RUN_DIR / "mail"
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"Plumbline <no-reply@{BASE_DOMAIN}>")

# Files
STATIC_URL = "/static/"
STATIC_ROOT = RUN_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(RUN_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "tenants.storage.TenantStorage"},
    "staticfiles": {"BACKEND": "config.static.ManifestStorage"},
}
FILE_UPLOAD_HANDLERS = [
    "core.http.UploadLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 8_000  # the form of a scorecard: up to fifteen fields for each of 400 KPIs
UPLOAD_MAX_BYTES = env.number("UPLOAD_MAX_BYTES", 50_000_000)

# Language and time
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# Browser security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = env.flag("HTTPS", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_SSL_REDIRECT  # every tenant is a sub-domain
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'", f"http://*.{BASE_DOMAIN}:{PORT}"]
        if DEVELOPMENT
        else ["'self'", f"https://*.{BASE_DOMAIN}"],
        "frame-ancestors": ["'none'"],
    }
}

# API
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "core.http.api_errors",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "users.authentication.TokenAuthentication",
        "users.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "core.http.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["core.http.KnownFilters"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "config.schema.Schema",
    "PAGE_SIZE": 25,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Plumbline API",
    "DESCRIPTION": "The same operations as the pages. Authenticate with `Authorization: Bearer <token>`.",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ActivityKindEnum": "accounts.models.Activity.Kind",
        "OutcomeKindEnum": "accounts.models.Outcome.Kind",
        "RenewalCategoryEnum": "accounts.models.Renewal.Category",
        "IndicatorKindEnum": "kpis.models.IndicatorRule.Kind",
        "BandEnum": "kpis.models.Band",
        "CurrencyEnum": "accounts.serializers.revenue.CURRENCY_CHOICES",
        "KpiCategoryEnum": "kpis.serializers.definitions.KPI_CATEGORIES",
    },
}

# Work in the background. The reuse limit keeps a worker's connection over many tasks: 129 -> 552 tasks/s.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": env.number("CELERY_VISIBILITY_TIMEOUT", 300),  # longer than any task that is not a job
    "unacked_restore_throttle": 1,  # look for what a dead worker held every 10 s, not every 100 s
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False  # the outbox redelivers; a request never waits for a lost broker
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "tenants.beat:Scheduler"


def _in_every_tenant(task: str, every: int) -> dict[str, Any]:
    """A beat entry that starts `task` once per tenant and slot of `every` seconds.

    A day's slot is asked for every quarter of an hour: what a lost broker cut short is finished by the next asking.
    """
    return {"task": "tenants.for_each", "schedule": min(every, 900), "kwargs": {"task": task, "every": every}}


HOUR, DAY = 3600, 86_400
CELERY_BEAT_SCHEDULE = {
    "outbox": _in_every_tenant("core.redeliver", 30),
    "jobs": _in_every_tenant("core.revive_jobs", 30),
    "inbox": _in_every_tenant("kpis.look_into_inbox", 180),
    "ranges": _in_every_tenant("kpis.bring_ranges_into_force", DAY),
    "quality": _in_every_tenant("kpis.measure_quality", DAY),
    "duplicates": _in_every_tenant("accounts.look_for_duplicates", DAY),
    "scores": _in_every_tenant("kpis.rescore_portfolio", DAY),
    "segments": _in_every_tenant("accounts.evaluate_every_segment", DAY),
    "steps": _in_every_tenant("playbooks.work_off", 30),
    "renewals": _in_every_tenant("playbooks.evaluate_renewals", DAY),
    "measured-runs": _in_every_tenant("playbooks.measure_what_is_due", DAY),
    "reminders": _in_every_tenant("accounts.remind", HOUR),
    "revenue": _in_every_tenant("accounts.follow_revenue", HOUR),
    "renewal-statuses": _in_every_tenant("accounts.watch_renewals", DAY),
    "reports": _in_every_tenant("analytics.sweep_reports", HOUR),
    "users": _in_every_tenant("users.prune", DAY),
    "tenants": {"task": "tenants.prune", "schedule": HOUR},
}
CELERY_RESULT_EXPIRES = None  # no results are kept, so beat needs no clean-up task
CELERY_TIMEZONE = "UTC"

# Outgoing requests: the purposes that may reach other hosts. Everything is off until it is named here.
EGRESS = frozenset(filter(None, env.text("EGRESS", "").split(",")))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    # A refusal is one line; only our own failures (5xx) carry their traceback.
    "filters": {"no_traceback_of_refusals": {"()": "config.logs.NoTracebackOfRefusals"}},
    "loggers": {"django.request": {"filters": ["no_traceback_of_refusals"]}},
}
