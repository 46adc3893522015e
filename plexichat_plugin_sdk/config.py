"""Configuration: what admins have set for this plugin."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from . import _host
from ._plain import as_plain
from .exceptions import PermissionError, ValidationError

#: Told of the effective configuration when the plugin itself has changed it.
update_listeners: list[Callable[[dict[str, Any]], None]] = []


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
    """Change the plugin's own stored configuration.

    Mappings are merged key by key into what is stored, everything else replaces it. The values
    are checked as an admin's are: all or nothing. When it returns, `self.config` and `get_config`
    are fresh; `on_config_changed` is called soon after. Admins see the change in the history.

    Raises `ValidationError` with every problem, `LimitReached` when it is called more often than
    a configuration changes (`get_cache_client` and the database are for that), `PermissionError`
    for another plugin's name.
    """
    _refuse_other_names(name)
    if not isinstance(values, Mapping):
        raise ValidationError(
            f"update_config() takes a mapping of settings, not {type(values).__name__}"
        )
    answer = _host.ask("config.update", values=as_plain(dict(values), "the configuration"))
    for listener in update_listeners:
        listener(answer["effective"])


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
            f"{name!r} is not this plugin's name; {own!r} has only its own configuration"
        )


def _spelled_alike(name: str) -> str:
    """'Advanced Analytics', 'advanced-analytics' and 'advanced_analytics' are one name."""
    return re.sub(r"[\s_-]+", "_", str(name)).lower()
