"""The class an author derives from.

It demands nothing: no `__init__`, no call of `super()`. What the author leaves out comes from
the context that `on_load` was given, before that from the host, and in a test without either
from harmless defaults. Whatever the author assigns wins.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .context import PluginContext, from_host

Value = TypeVar("Value")


class _Fallback(Generic[Value]):
    """An attribute that is read from the context until the author assigns an own one."""

    def __init__(self, read: Callable[[PluginContext], Value]) -> None:
        self._read = read

    def __get__(self, instance: Plugin | None, owner: type | None = None) -> Any:
        # On the class itself there is nothing to read; the empty text keeps `Class.name` harmless.
        return "" if instance is None else self._read(instance.context)


class _ContextFallback:
    """`self.context` before `on_load`, or when `on_load` does not keep it."""

    def __get__(self, instance: Plugin | None, owner: type | None = None) -> Any:
        if instance is None:
            return None
        context = from_host() or PluginContext(name=type(instance).__name__)
        # Kept, so that a level set on its logger or a change of its config is not lost.
        vars(instance)["context"] = context
        return context


def _announce(plugin: Plugin, context: Any) -> None:
    if isinstance(context, PluginContext):  # a test may give anything
        context.loading(plugin)


def _announced(on_load: Callable[..., Any]) -> Callable[..., Any]:
    """Let the context know whom it loads, though the author's `on_load` may never touch it."""

    @functools.wraps(on_load)
    def announced(self: Plugin, context: PluginContext, *args: Any, **options: Any) -> Any:
        _announce(self, context)
        return on_load(self, context, *args, **options)

    return announced


class Plugin:
    """Derive from it, decorate methods, done.

    `self.name`, `self.version`, `self.description` and `self.metadata` come from the manifest,
    `self.config` is the effective configuration and stays fresh, `self.logger` writes to the
    plugin's log. Each may be overridden by a class or instance attribute.
    """

    if TYPE_CHECKING:
        name: str
        version: str
        description: str
        metadata: dict[str, Any]
        config: dict[str, Any]
        logger: logging.Logger
        context: PluginContext
    else:
        name = _Fallback(lambda context: context.name)
        version = _Fallback(lambda context: context.version)
        description = _Fallback(lambda context: context.description)
        metadata = _Fallback(lambda context: context.metadata)
        config = _Fallback(lambda context: context.config)
        logger = _Fallback(lambda context: context.logger)
        context = _ContextFallback()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = vars(cls).get("on_load")
        if callable(own):
            cls.on_load = _announced(own)  # type: ignore[method-assign]  # the same to callers

    def on_load(self, context: PluginContext) -> None:
        """Called once, before the first call: read the configuration, prepare what is needed.

        An exception here refuses the start and is shown to the admin. Need not call `super()`.
        """
        _announce(self, context)
        self.context = context

    def on_unload(self) -> None:
        """Called once when the plugin is stopped in an orderly way, after the last call."""

    def self_test(self) -> None:
        """Called when this release is tried beside the one that runs, before users meet it.

        Raise, or return `False`, to refuse the upgrade: then the old release goes on. It has 30
        seconds; the database, the cache and the configuration are the plugin's real ones, so
        leave them as they were.
        """

    def on_config_changed(self, config: dict[str, Any]) -> None:
        """Called after an admin has changed the configuration, with the effective one.

        `self.config` is already the new one, unless the plugin assigned a dict of its own.
        """
