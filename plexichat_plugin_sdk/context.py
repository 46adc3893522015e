"""The context: what a plugin is given when it is loaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from . import _host
from .logging import get_logger


class PluginContext:
    """Who the plugin is, its logger and its configuration.

    The host builds one and passes it to `on_load`; in a test it may be built by hand.
    """

    def __init__(
        self,
        *,
        name: str = "plugin",
        version: str = "0.0.0",
        description: str = "",
        metadata: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        #: The plugin's name, version and description as its manifest says.
        self.name = name
        self.version = version
        self.description = description
        #: The manifest's `metadata` mapping.
        self.metadata: dict[str, Any] = dict(metadata or {})
        #: The effective configuration: the manifest's settings under what admins stored. A new
        #: dict whenever it changes, so what a handler holds never changes under its feet.
        self.config: dict[str, Any] = dict(config or {})
        #: The plugin's logger.
        self.logger: logging.Logger = get_logger(name)

    def loading(self, plugin: object) -> None:
        """Take note of the plugin whose `on_load` is called with this context; tests do."""

    def __repr__(self) -> str:
        return f"<PluginContext of {self.name!r} {self.version}>"


def from_host() -> PluginContext | None:
    """Return a new context as this process's host describes it; `None` outside of a host."""
    host = _host.current()
    if host is None:
        return None
    who = host.identity
    return PluginContext(
        name=who.plugin,
        version=who.version,
        description=who.description,
        metadata=who.metadata,
        config=host.config,
    )
