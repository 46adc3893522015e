"""The two arrangements: everything in one process, or processes on PostgreSQL and Redis.

Pure functions from the few facts an operator states to what Django, Channels and Celery want
to be told. `settings.py` calls them once; nothing here reads the environment.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from plugins_registry import keys

#: How long a writer waits for another one before SQLite says "database is locked".
SQLITE_WAIT_SECONDS = 20
#: How long a thread waits for a connection of the pool, and for a server that is not there.
POOL_WAIT_SECONDS = 5
#: How long whoever asks the shared cache waits for a Redis that is not there, or hangs.
REDIS_WAIT_SECONDS = 2
#: Entries of the embedded cache; Django's 300 would forget throttles and heartbeats.
EMBEDDED_CACHE_ENTRIES = 100_000
#: How often the embedded broker looks for tasks: at the default 1 s it moves four a second.
EMBEDDED_POLL_SECONDS = 0.02
#: After this a task whose worker vanished is given to another one. Longer than any task takes.
TASK_VISIBILITY_SECONDS = 600

SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"


def database(parsed: Mapping[str, Any], *, pool_size: int, test_name: Path) -> dict[str, Any]:
    """Complete a parsed database URL with what its engine needs to serve many threads.

    `pool_size` 0 means a connection per thread and no pool. `test_name` is where tests keep
    their SQLite file: one in memory would lock whole tables between threads.
    """
    settings = dict(parsed)
    options: dict[str, Any] = dict(settings.get("OPTIONS", {}))
    if "sqlite" in settings["ENGINE"]:
        # IMMEDIATE: a transaction that read first could never wait for its turn to write.
        options |= {"transaction_mode": "IMMEDIATE", "timeout": SQLITE_WAIT_SECONDS}
        options["init_command"] = SQLITE_PRAGMAS
        settings["TEST"] = {"NAME": str(test_name)}
    elif "postgresql" in settings["ENGINE"]:
        options["connect_timeout"] = POOL_WAIT_SECONDS
        if pool_size:
            options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": POOL_WAIT_SECONDS}
    settings["OPTIONS"] = options
    return settings


def runs_as_celery_program(argv: Sequence[str]) -> bool:
    """Return whether this process is the `celery` program itself.

    Its forked children close a connection pool at each task, so they go without one.
    """
    return bool(argv) and "celery" in Path(argv[0]).parts[-2:]


def caches(redis_url: str) -> dict[str, dict[str, Any]]:
    """Return Django's caches: in this process, or shared in Redis."""
    if redis_url:
        backend = "django.core.cache.backends.redis.RedisCache"
        waits = dict.fromkeys(("socket_connect_timeout", "socket_timeout"), REDIS_WAIT_SECONDS)
        place = {"LOCATION": redis_url, "KEY_PREFIX": "plexichat", "OPTIONS": waits}
        return {"default": {"BACKEND": backend, **place}}
    local = "django.core.cache.backends.locmem.LocMemCache"
    return {"default": {"BACKEND": local, "OPTIONS": {"MAX_ENTRIES": EMBEDDED_CACHE_ENTRIES}}}


def channel_layers(redis_url: str) -> dict[str, dict[str, Any]]:
    """Return Channels' layer: in this process, or Redis publish/subscribe.

    Publish/subscribe holds one connection per process. The list-based layer takes one per
    waiting socket, and a thousand sockets leaving at once exhausted its pool.
    """
    if redis_url:
        layer = "channels_redis.pubsub.RedisPubSubChannelLayer"
        return {
            "default": {"BACKEND": layer, "CONFIG": {"hosts": [redis_url], "prefix": "plexichat"}}
        }
    # A socket that reads slowly loses what exceeds this, instead of memory growing.
    memory = "channels.layers.InMemoryChannelLayer"
    return {"default": {"BACKEND": memory, "CONFIG": {"capacity": 1000}}}


def broker_options(broker_url: str) -> dict[str, Any]:
    """Return what Celery's transport must know for this broker."""
    if broker_url.startswith("memory:"):
        return {"polling_interval": EMBEDDED_POLL_SECONDS}
    if broker_url.startswith(("redis", "unix")):
        return {
            "visibility_timeout": TASK_VISIBILITY_SECONDS,
            # Without both, tasks of a killed worker rest until a sweep every 100 s or so.
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
        }
    return {}


def secret_key(given: str, *, home: Path, embedded: bool) -> str:
    """Return the key that signs sessions: the given one, else one kept in the home folder.

    Several processes on several machines must share it, so production refuses to invent one.
    Raises ImproperlyConfigured.
    """
    if given:
        return given
    if not embedded:
        raise ImproperlyConfigured(
            "PLEXICHAT_SECRET_KEY is not set, and with PLEXICHAT_DATABASE_URL or "
            "PLEXICHAT_REDIS_URL every process needs the same one. Set it to 50 or more random "
            'characters, for example from: python3 -c "import secrets; '
            'print(secrets.token_urlsafe(50))"'
        )
    return _kept_secret(home / "secret-key", secrets.token_urlsafe(50))


def encryption_keys(given: Sequence[str], *, home: Path, embedded: bool) -> tuple[str, ...]:
    """Return the keys that encrypt secrets at rest, checked: the given ones, else a kept one.

    Production refuses to invent one, as for `secret_key`. Raises ImproperlyConfigured.
    """
    if not given and not embedded:
        raise ImproperlyConfigured(
            "PLEXICHAT_ENCRYPTION_KEYS is not set, and with PLEXICHAT_DATABASE_URL or "
            "PLEXICHAT_REDIS_URL every process needs the same ones: without them what plugins "
            f"encrypted is lost. {keys.HOW_TO_MAKE_ONE}"
        )
    fresh = base64.urlsafe_b64encode(secrets.token_bytes(keys.KEY_BYTES)).decode()
    chosen = tuple(given) or (_kept_secret(home / "encryption-key", fresh),)
    keys.parsed(chosen)
    return chosen


def _kept_secret(path: Path, fresh: str) -> str:
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_text(fresh, encoding="ascii")
    with suppress(FileExistsError):
        # A link never replaces: of two first starts at once, both then read the same key.
        path.hardlink_to(draft)
    draft.unlink()
    return path.read_text(encoding="ascii").strip()
