"""Django's settings, read once from the environment (prefix `PLEXICHAT_`).

Without any variable this is the embedded arrangement of `manage.py run`: SQLite, in-memory
channel layer, cache and broker, one process. `PLEXICHAT_DATABASE_URL` and `PLEXICHAT_REDIS_URL`
turn the same code into production.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ

from plexichat import arrangement, bootstrap, bounds
from plexichat.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)

# --- Where things are ---------------------------------------------------------------------

#: Where everything lives that is not code: database, installed releases, sockets, logs.
PLEXICHAT_HOME = Path(env.text("PLEXICHAT_HOME", str(BASE_DIR / "var"))).resolve()
DATABASE_URL = env.text("PLEXICHAT_DATABASE_URL")
#: Empty in the embedded arrangement.
PLEXICHAT_REDIS_URL = env.text("PLEXICHAT_REDIS_URL")
#: Celery's broker, when it is not the same Redis (an `amqp://` address for RabbitMQ).
BROKER_URL = env.text("PLEXICHAT_BROKER_URL", PLEXICHAT_REDIS_URL or "memory://localhost/")
#: One process with everything inside, and nothing on the machine to share it with.
EMBEDDED = not (DATABASE_URL or PLEXICHAT_REDIS_URL)

# --- Who may ask --------------------------------------------------------------------------

DEBUG = env.flag("PLEXICHAT_DEBUG")
SECRET_KEY = arrangement.secret_key(
    env.text("PLEXICHAT_SECRET_KEY"), home=PLEXICHAT_HOME, embedded=EMBEDDED or DEBUG
)
#: Encrypt what rests: plugins' secret settings and `encrypt_data`. The first one encrypts.
PLEXICHAT_ENCRYPTION_KEYS = arrangement.encryption_keys(
    env.words("PLEXICHAT_ENCRYPTION_KEYS", []), home=PLEXICHAT_HOME, embedded=EMBEDDED or DEBUG
)
ALLOWED_HOSTS = env.words("PLEXICHAT_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.words("PLEXICHAT_TRUSTED_ORIGINS", [])
#: The service is reached through TLS: cookies then never travel without it.
HTTPS = env.flag("PLEXICHAT_HTTPS")
#: Trusted reverse proxies in front, each adding an address to X-Forwarded-For; 0 believes nobody.
PLEXICHAT_PROXIES = env.whole("PLEXICHAT_PROXIES", 0, least=0)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
_TLS_AT_PROXY = HTTPS and PLEXICHAT_PROXIES
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _TLS_AT_PROXY else None
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
AUTH_USER_MODEL = "chat.User"
_VALIDATORS = (
    "UserAttributeSimilarityValidator",
    "MinimumLengthValidator",
    "CommonPasswordValidator",
    "NumericPasswordValidator",
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"} for name in _VALIDATORS
]

# --- How HTTP is served -------------------------------------------------------------------

#: Threads of one web process that answer HTTP. Few threads and more processes do best.
PLEXICHAT_HTTP_THREADS = env.whole("PLEXICHAT_HTTP_THREADS", 4)
#: The largest request body of any address, in bytes; single addresses allow less.
PLEXICHAT_BODY_BYTES = env.whole("PLEXICHAT_BODY_BYTES", 16 * 1024 * 1024)
#: `host:port` of a separate listener for Prometheus; empty for none.
PLEXICHAT_METRICS_ADDRESS = env.listener("PLEXICHAT_METRICS_ADDRESS")
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

# --- The parts ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "plexichat.chat",
    "plugins_registry",
    "plugin_runtime",
    "plexichat",
]
ROOT_URLCONF = "plexichat.urls"
ASGI_APPLICATION = "plexichat.asgi.application"
WSGI_APPLICATION = "plexichat.wsgi.application"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
# Static files are served from where the packages keep them: nothing to collect, and no folder
# that could be older than the code.
WHITENOISE_USE_FINDERS = True

# --- What is kept, and what moves ---------------------------------------------------------

_SQLITE_URL = f"sqlite:///{PLEXICHAT_HOME / 'plexichat.sqlite3'}"
_POOL_SIZE = env.whole("PLEXICHAT_DATABASE_POOL", PLEXICHAT_HTTP_THREADS + 16, least=0)
DATABASES = {
    "default": arrangement.database(
        environ.Env.db_url_config(DATABASE_URL or _SQLITE_URL),
        pool_size=0 if arrangement.runs_as_celery_program(sys.argv) else _POOL_SIZE,
        test_name=PLEXICHAT_HOME / "test.sqlite3",
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = arrangement.caches(PLEXICHAT_REDIS_URL)
CHANNEL_LAYERS = arrangement.channel_layers(PLEXICHAT_REDIS_URL)

CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_TRANSPORT_OPTIONS = arrangement.broker_options(BROKER_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A worker waits for its broker as long as it takes, instead of leaving after a hundred tries.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# The outbox remembers what a broker that is away did not take, so publishing never waits for it.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
# Tasks are idempotent: one whose worker died is run again rather than lost.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# The schedule is code. Celery's default would keep a pickle of it in a file.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_TIMEZONE = "UTC"

# --- The API ------------------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "plexichat.chat.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_RATES": {
        "login": env.rate("PLEXICHAT_LOGIN_RATE", "10/min"),
        "register": env.rate("PLEXICHAT_REGISTER_RATE", "30/hour"),
    },
    # Without a number the throttles would believe any X-Forwarded-For a client invents.
    "NUM_PROXIES": PLEXICHAT_PROXIES,
    "EXCEPTION_HANDLER": "plexichat.chat.api.errors.exception_handler",
}
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_PREFIX": "plx_",
    "TOKEN_TTL": timedelta(days=env.whole("PLEXICHAT_TOKEN_DAYS", 30)),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PlexiChat",
    "DESCRIPTION": "The chat and every active plugin endpoint.",
    "VERSION": "2.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    # From the package instead of somebody else's servers.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "plugin_runtime.mounts.schema.add_plugin_endpoints",
    ],
}

# --- What is written down -----------------------------------------------------------------

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOG_LEVEL = env.choice("PLEXICHAT_LOG_LEVEL", "INFO", among=LOG_LEVELS)
LOG_FORMAT = env.choice(
    "PLEXICHAT_LOG_FORMAT", "text" if EMBEDDED else "json", among=("text", "json")
)
_OURS = ("plexichat", "plugins_registry", "plugin_runtime", "plexichat_plugin_sdk")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "()": "plexichat.logs.TextFormatter",
            "format": "{asctime} {levelname:<7} {name}: {message}",
            "style": "{",
        },
        "json": {
            "class": "pythonjsonlogger.json.JsonFormatter",
            "format": "{asctime}{levelname}{name}{message}",
            "style": "{",
        },
    },
    "filters": {
        "news": {"()": "plexichat.logs.News"},
        "in one line": {"()": "plexichat.logs.InOneLine"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        **{name: {"level": LOG_LEVEL} for name in _OURS},
        # Django's own handlers would say everything twice.
        "django": {"handlers": [], "propagate": True, "level": "WARNING"},
        # A client that asks for what is not there is no news.
        "django.request": {"level": "ERROR", "filters": ["news"]},
        # Anybody can send a host name that is not ours, as often as they like.
        "django.security.DisallowedHost": {"filters": ["in one line"]},
    },
}

# --- Bounds -------------------------------------------------------------------------------

#: Plugins' packages come from where the server's own do, unless PLEXICHAT_PACKAGE_INDEX is set.
PLEXICHAT_PACKAGE_SOURCES = bootstrap.package_sources
# Only those that were set; each part has its own defaults.
globals().update(bounds.given(env))
env.check()
