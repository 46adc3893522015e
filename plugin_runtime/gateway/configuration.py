"""Questions about a plugin's own configuration: read it, and change it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from plexichat_plugin_sdk._wire import codes
from plugins_registry import queries, services
from plugins_registry.exceptions import ConfigurationRefused

from .asking import Asker
from .budget import Budget
from .refusal import Refusal

#: Every change wakes the supervisor and goes into the history, so it is no place for counters.
CHANGES_PER_SECOND = 0.5
CHANGES_AT_ONCE = 20.0

_budgets: dict[str, Budget] = {}
_lock = threading.Lock()


def _get(asker: Asker, arguments: Mapping[str, Any]) -> dict[str, Any]:
    config = queries.opened_config(asker.plugin)
    return {"stored": config.stored, "effective": config.effective}


def _update(asker: Asker, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Change values and return what holds now."""
    values = arguments.get("values")
    if not isinstance(values, dict):
        raise Refusal(codes.INVALID, f"'values' must be a mapping, got {type(values).__name__}")
    if not _budget_of(asker.plugin).take():
        raise Refusal(
            codes.LIMIT_REACHED,
            f"the configuration was changed too often: {CHANGES_AT_ONCE:g} times at once and then "
            "once in 2 seconds are allowed; keep what changes often in the database or the cache",
        )
    try:
        services.update_own_config(asker.plugin, values)
    except ConfigurationRefused as refused:
        raise Refusal(codes.INVALID, str(refused), problems=list(refused.problems)) from None
    return _get(asker, arguments)


def _budget_of(plugin: str) -> Budget:
    with _lock:
        if plugin not in _budgets:
            _budgets[plugin] = Budget(per_second=CHANGES_PER_SECOND, at_once=CHANGES_AT_ONCE)
        return _budgets[plugin]


QUESTIONS = {"config.get": _get, "config.update": _update}
