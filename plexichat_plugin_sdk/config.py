"""Configuration: what admins have set for this plugin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import _host
from ._later import not_available
from .exceptions import PermissionError


def get_config(
    name: str | None = None, defaults: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the stored configuration merged over `defaults`, deeply.

    Without defaults: the effective configuration (the manifest's settings under the stored
    values). The result is fresh plain dicts that may be changed freely. `name` exists for
    readability: a plugin can only read its own, and another plugin's name raises
    `PermissionError`. Asks the host; raises `PluginError` when it fails.
    """
    _refuse_other_names(name)
    answer = _host.ask("config.get")
    if defaults is None:
        return merged({}, answer["effective"])
    return merged(defaults, answer["stored"])


def update_config(name: str, values: Mapping[str, Any]) -> None:
    """Change the plugin's own configuration; raises `NotAvailable` on this server."""
    raise not_available("update_config()")


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return fresh dicts with `above` laid over `below`; lists are replaced whole."""
    result = {key: _copied(value) for key, value in below.items()}
    for key, value in above.items():
        under = result.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        result[key] = merged(under, value) if both else _copied(value)  # type: ignore[arg-type]
    return result


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list | tuple) else value


def _refuse_other_names(name: str | None) -> None:
    host = _host.current()
    if host is None or name is None:
        return
    own = host.identity.plugin
    if _spelled_alike(name) != _spelled_alike(own):
        raise PermissionError(
            f"{name!r} is not this plugin's name; {own!r} can read only its own configuration"
        )


def _spelled_alike(name: str) -> str:
    """'Advanced Analytics', 'advanced-analytics' and 'advanced_analytics' are one name."""
    return re.sub(r"[\s_-]+", "_", str(name)).lower()
