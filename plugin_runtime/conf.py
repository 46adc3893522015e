"""The runtime's settings, each with its default, read in this one place."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from django.conf import settings


class RuntimeSettings:
    """Typed view of Django's settings with the prefix `PLEXICHAT_`; read when used."""

    @property
    def home(self) -> Path:
        """The data folder; sockets, logs and scratch folders live below it."""
        return Path(settings.PLEXICHAT_HOME)

    @property
    def switchboard_path(self) -> Path:
        """Where the supervisor listens. A socket's path may not exceed 107 bytes."""
        return self.home / "run" / "switchboard.sock"

    @property
    def sandbox_minimum(self) -> str:
        """The weakest confinement level under which plugins may run."""
        return cast(str, getattr(settings, "PLEXICHAT_SANDBOX_MINIMUM", "isolated"))

    @property
    def load_seconds(self) -> float:
        """How long a plugin may take from its start to the end of `on_load`."""
        return cast(float, getattr(settings, "PLEXICHAT_PLUGIN_LOAD_SECONDS", 10.0))

    @property
    def stop_seconds(self) -> float:
        """The grace between the request to unload and the kill."""
        return cast(float, getattr(settings, "PLEXICHAT_PLUGIN_STOP_SECONDS", 5.0))

    @property
    def overrun_seconds(self) -> float:
        """How long a handler may go on after its caller's deadline before the plugin is stopped."""
        return cast(float, getattr(settings, "PLEXICHAT_PLUGIN_OVERRUN_SECONDS", 2.0))

    @property
    def ping_seconds(self) -> float:
        """The interval between health questions."""
        return cast(float, getattr(settings, "PLEXICHAT_PLUGIN_PING_SECONDS", 5.0))

    @property
    def unresponsive_seconds(self) -> float:
        """How long a health question may stay unanswered; generous, for a starved machine."""
        return cast(float, getattr(settings, "PLEXICHAT_PLUGIN_UNRESPONSIVE_SECONDS", 15.0))

    @property
    def event_batch(self) -> int:
        """How many events a plugin is told in one call."""
        return cast(int, getattr(settings, "PLEXICHAT_EVENT_BATCH", 200))

    @property
    def call_log(self) -> bool:
        """Whether the last calls of each plugin are remembered; read when the first is made."""
        return cast(bool, getattr(settings, "PLEXICHAT_CALL_LOG", True))

    @property
    def traces_all(self) -> bool:
        """Whether a trace is kept of every asked filter, not only of those that did something."""
        return cast(bool, getattr(settings, "PLEXICHAT_TRACE_ALL", False))

    @property
    def db_statement_seconds(self) -> float:
        """How long one SQL statement of a plugin may run."""
        return cast(float, getattr(settings, "PLEXICHAT_PLUGIN_DB_STATEMENT_SECONDS", 5.0))

    @property
    def db_idle_seconds(self) -> float:
        """How long a plugin's transaction may do nothing before it is rolled back."""
        return cast(float, getattr(settings, "PLEXICHAT_PLUGIN_DB_IDLE_SECONDS", 30.0))

    @property
    def db_transaction_seconds(self) -> float:
        """How long a plugin's transaction may last at all."""
        return cast(float, getattr(settings, "PLEXICHAT_PLUGIN_DB_TRANSACTION_SECONDS", 60.0))

    @property
    def db_migration_seconds(self) -> float:
        """How long one statement of a plugin's migration may run."""
        return cast(float, getattr(settings, "PLEXICHAT_PLUGIN_DB_MIGRATION_SECONDS", 60.0))

    @property
    def db_result_rows(self) -> int:
        """The most rows of one result."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_DB_RESULT_ROWS", 100_000))

    @property
    def db_result_bytes(self) -> int:
        """The most bytes of one result."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_DB_RESULT_BYTES", 16 * 1024 * 1024))

    @property
    def db_bytes(self) -> int:
        """The most bytes that one plugin's tables and indexes may take."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_DB_BYTES", 256 * 1024 * 1024))

    @property
    def db_connections(self) -> int:
        """How many transactions one plugin may have open at once."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_DB_CONNECTIONS", 4))

    @property
    def emits_per_second(self) -> int:
        """How many custom events one plugin may emit on average."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_EMITS_PER_SECOND", 100))

    @property
    def messages_per_second(self) -> int:
        """How many messages one plugin may write on average."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_MESSAGES_PER_SECOND", 10))

    @property
    def broadcasts_per_second(self) -> int:
        """How many broadcasts one plugin may send on average."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_BROADCASTS_PER_SECOND", 20))

    @property
    def job_seconds(self) -> float:
        """How long one run of a scheduled job may take."""
        return cast(float, getattr(settings, "PLEXICHAT_PLUGIN_JOB_SECONDS", 300.0))

    @property
    def network_internal_hosts(self) -> tuple[str, ...]:
        """Hosts that plugins may reach although they are not on the internet, once granted."""
        return tuple(getattr(settings, "PLEXICHAT_NETWORK_INTERNAL_HOSTS", ()))

    @property
    def plugin_connections(self) -> int:
        """How many connections to the network one plugin may have open on a node."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_CONNECTIONS", 32))

    @property
    def plugin_connections_per_minute(self) -> int:
        """How many connections one plugin may begin on average."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_CONNECTIONS_PER_MINUTE", 120))

    @property
    def plugin_network_bytes_per_day(self) -> int:
        """How many bytes one plugin may send and receive from midnight to midnight, UTC."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_NETWORK_BYTES_PER_DAY", 1 << 30))

    @property
    def redis_url(self) -> str:
        """The Redis that keeps the plugins' caches; empty where each has a file instead."""
        return settings.PLEXICHAT_REDIS_URL

    @property
    def cache_keys(self) -> int:
        """How many keys the cache of one plugin may have."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_CACHE_KEYS", 10_000))

    @property
    def cache_bytes(self) -> int:
        """How many bytes the cache of one plugin may have in all."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_CACHE_BYTES", 16 * 1024**2))

    @property
    def cache_value_bytes(self) -> int:
        """How many bytes one key of a plugin's cache may hold; an answer has room for it."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_CACHE_VALUE_BYTES", 1024**2))

    @property
    def log_bytes(self) -> int:
        """The size at which a plugin's log file is put aside; two files are kept."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_LOG_BYTES", 2 * 1024 * 1024))

    @property
    def log_days(self) -> int:
        """How long what plugins log is kept."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_LOG_DAYS", 30))

    @property
    def log_lines_per_second(self) -> int:
        """How many lines one plugin may log on average; ten times as many at once."""
        return cast(int, getattr(settings, "PLEXICHAT_PLUGIN_LOG_LINES_PER_SECOND", 100))


conf = RuntimeSettings()
