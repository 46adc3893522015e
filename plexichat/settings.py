"""Django's settings, read once from the environment (prefix `PLEXICHAT_`).

Without any variable this is the embedded arrangement of `manage.py run`: SQLite, in-memory
channel layer, cache and broker, one process. `PLEXICHAT_DATABASE_URL` and `PLEXICHAT_REDIS_URL`
turn the same code into production.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

#: Where everything lives that is not code: database, installed releases, sockets, logs.
PLEXICHAT_HOME = Path(env.str("PLEXICHAT_HOME", default=str(BASE_DIR / "var"))).resolve()
#: Empty in the embedded arrangement.
REDIS_URL = env.str("PLEXICHAT_REDIS_URL", default="")

DEBUG = env.bool("PLEXICHAT_DEBUG", default=False)
SECRET_KEY = env.str("PLEXICHAT_SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("PLEXICHAT_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("PLEXICHAT_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "daphne",
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
AUTH_USER_MODEL = "chat.User"
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

DATABASES = {
    "default": env.db(
        "PLEXICHAT_DATABASE_URL", default=f"sqlite:///{PLEXICHAT_HOME / 'plexichat.sqlite3'}"
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = PLEXICHAT_HOME / "static"
