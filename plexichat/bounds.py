"""The bounds that an operator may move by environment variables.

Each part reads its own bounds in its `conf.py`, where its default and meaning stand; this table
only says how each one is written, so that an unset variable leaves the default where it is.
"""

from __future__ import annotations

from typing import Any

from plexichat.environment import Environment
from plugins_registry import capabilities

SANDBOX_LEVELS = ("full", "isolated", "partial", "development")

#: Whole numbers.
WHOLE = (
    # The chat.
    "PLEXICHAT_MESSAGE_CHARACTERS",
    "PLEXICHAT_METADATA_BYTES",
    "PLEXICHAT_INITIAL_MEMBERS",
    "PLEXICHAT_CHAT_BODY_BYTES",
    "PLEXICHAT_PAGE_SIZE",
    "PLEXICHAT_PAGE_SIZE_MAXIMUM",
    "PLEXICHAT_TICKET_SECONDS",
    "PLEXICHAT_LIVE_FRAME_CHARACTERS",
    "PLEXICHAT_LIVE_THREADS",
    # Packages and plugins.
    "PLEXICHAT_PACKAGE_MAX_FILES",
    "PLEXICHAT_PACKAGE_MAX_FILE_BYTES",
    "PLEXICHAT_PACKAGE_MAX_TOTAL_BYTES",
    "PLEXICHAT_PACKAGE_CACHE_BYTES",
    "PLEXICHAT_ENVIRONMENT_MAX_BYTES",
    "PLEXICHAT_ENVIRONMENT_MAX_FILES",
    "PLEXICHAT_ENVIRONMENT_SECONDS",
    "PLEXICHAT_CONFIG_MAX_BYTES",
    "PLEXICHAT_CONFIG_HISTORY",
    "PLEXICHAT_BIN_DAYS",
    "PLEXICHAT_RELEASES_KEPT",
    "PLEXICHAT_UPGRADE_WATCH_SECONDS",
    "PLEXICHAT_PLUGIN_MAX_CPU_MILLICORES",
    "PLEXICHAT_PLUGIN_MAX_MEMORY_BYTES",
    # Plugins on the network.
    "PLEXICHAT_PLUGIN_CONNECTIONS",
    "PLEXICHAT_PLUGIN_CONNECTIONS_PER_MINUTE",
    "PLEXICHAT_PLUGIN_NETWORK_BYTES_PER_DAY",
    # Plugin endpoints.
    "PLEXICHAT_PLUGIN_BODY_BYTES",
    "PLEXICHAT_PLUGIN_ENDPOINT_DEADLINE_MS",
    "PLEXICHAT_PLUGIN_SOCKET_MESSAGE_BYTES",
    "PLEXICHAT_PLUGIN_SOCKETS_PER_USER",
    "PLEXICHAT_PLUGIN_SOCKETS",
    # What plugins keep.
    "PLEXICHAT_PLUGIN_CACHE_KEYS",
    "PLEXICHAT_PLUGIN_CACHE_BYTES",
    "PLEXICHAT_PLUGIN_CACHE_VALUE_BYTES",
    # Events and traces.
    "PLEXICHAT_EVENT_BATCH",
    "PLEXICHAT_DELIVERY_TRIES",
    "PLEXICHAT_DELIVERY_BACKOFF_SECONDS",
    "PLEXICHAT_DELIVERY_DONE_HOURS",
    "PLEXICHAT_DELIVERY_DEAD_DAYS",
    "PLEXICHAT_DELIVERY_DISABLED_LIMIT",
    "PLEXICHAT_DELIVERY_DISABLED_DAYS",
    "PLEXICHAT_TRACE_DAYS",
    "PLEXICHAT_SWEEP_ROWS",
    "PLEXICHAT_PLUGIN_EMITS_PER_SECOND",
    # What plugins log.
    "PLEXICHAT_PLUGIN_LOG_BYTES",
    "PLEXICHAT_PLUGIN_LOG_DAYS",
    "PLEXICHAT_PLUGIN_LOG_LINES_PER_SECOND",
    # A plugin's database.
    "PLEXICHAT_PLUGIN_DB_RESULT_ROWS",
    "PLEXICHAT_PLUGIN_DB_RESULT_BYTES",
    "PLEXICHAT_PLUGIN_DB_BYTES",
    "PLEXICHAT_PLUGIN_DB_CONNECTIONS",
    "PLEXICHAT_PLUGIN_MESSAGES_PER_SECOND",
    "PLEXICHAT_PLUGIN_BROADCASTS_PER_SECOND",
)
#: Times that may have a fraction.
SECONDS = (
    "PLEXICHAT_CATALOGUE_SECONDS",
    "PLEXICHAT_LIVE_RESYNC_SECONDS",
    "PLEXICHAT_PLUGIN_LOAD_SECONDS",
    "PLEXICHAT_PLUGIN_STOP_SECONDS",
    "PLEXICHAT_PLUGIN_OVERRUN_SECONDS",
    "PLEXICHAT_PLUGIN_PING_SECONDS",
    "PLEXICHAT_PLUGIN_JOB_SECONDS",
    "PLEXICHAT_PLUGIN_UNRESPONSIVE_SECONDS",
    "PLEXICHAT_PLUGIN_SOCKET_LEAVE_SECONDS",
    "PLEXICHAT_PLUGIN_SOCKET_RECHECK_SECONDS",
    "PLEXICHAT_PLUGIN_DB_STATEMENT_SECONDS",
    "PLEXICHAT_PLUGIN_DB_IDLE_SECONDS",
    "PLEXICHAT_PLUGIN_DB_TRANSACTION_SECONDS",
    "PLEXICHAT_PLUGIN_DB_MIGRATION_SECONDS",
)


def given(env: Environment) -> dict[str, Any]:
    """Return the bounds that were set, by the name of their Django setting."""
    every: dict[str, Any] = {name: env.whole(name, 1) for name in WHOLE}
    every |= {name: env.seconds(name, 1.0) for name in SECONDS}
    every["PLEXICHAT_PLUGIN_RATE"] = env.rate("PLEXICHAT_PLUGIN_RATE", "")
    every["PLEXICHAT_POST_RATE"] = env.rate("PLEXICHAT_POST_RATE", "")
    every["PLEXICHAT_SANDBOX_MINIMUM"] = env.choice(
        "PLEXICHAT_SANDBOX_MINIMUM", "", among=SANDBOX_LEVELS
    )
    every["PLEXICHAT_NETWORK_INTERNAL_HOSTS"] = env.hosts(
        "PLEXICHAT_NETWORK_INTERNAL_HOSTS",
        lambda host: capabilities.refuse(f"{capabilities.NETWORK}:{host}"),
    )
    every["PLEXICHAT_INSTALL_POLICY"] = env.choice(
        "PLEXICHAT_INSTALL_POLICY", "", among=("ask", "trusted")
    )
    every["PLEXICHAT_CATALOGUE_COOLDOWN_DAYS"] = env.whole(
        "PLEXICHAT_CATALOGUE_COOLDOWN_DAYS", 0, least=0
    )
    every["PLEXICHAT_PACKAGE_INDEX"] = env.text("PLEXICHAT_PACKAGE_INDEX")
    every["PLEXICHAT_PACKAGE_OFFLINE"] = env.flag("PLEXICHAT_PACKAGE_OFFLINE")
    every["PLEXICHAT_CALL_LOG"] = env.flag("PLEXICHAT_CALL_LOG")
    every["PLEXICHAT_TRACE_ALL"] = env.flag("PLEXICHAT_TRACE_ALL")
    return {name: value for name, value in every.items() if env.is_set(name)}
