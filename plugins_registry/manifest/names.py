"""The shapes of names in a manifest: plugins, capabilities, user permissions, entry points."""

from __future__ import annotations

import re

from django.apps import apps

_PLUGIN = re.compile(r"[a-z][a-z0-9_]{1,63}")
_CAPABILITY = re.compile(r"[a-z][a-z0-9_]{0,63}(:[A-Za-z0-9_.*:\[\]-]{1,200})?")
_PERMISSION = re.compile(r"(?P<label>[A-Za-z][A-Za-z0-9_]{0,63})\.[A-Za-z][A-Za-z0-9_.-]{0,99}")
_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]{0,99}"
_ENTRY_POINT = re.compile(rf"{_IDENTIFIER}(\.{_IDENTIFIER}){{0,5}}:{_IDENTIFIER}")
#: Names that would shadow the host's own modules, folders or words.
RESERVED = frozenset(
    {
        "all",
        "builtin",
        "builtins",
        "core",
        "main",
        "none",
        "plexichat",
        "plexichat_plugin_sdk",
        "plugin",
        "plugin_runtime",
        "plugins",
        "plugins_registry",
        "system",
    }
)


def refuse_plugin_name(name: str) -> str | None:
    """Why this cannot be a plugin's name; None when it can."""
    if not _PLUGIN.fullmatch(name):
        return (
            f"{name!r} is not a plugin name; write 2 to 64 lower-case letters, digits and "
            f"underscores, beginning with a letter, like 'word_filter'"
        )
    if name in RESERVED or is_app_label(name):
        return f"{name!r} is a name of the server itself; choose another one"
    return None


def refuse_permission(label: str) -> str | None:
    """Why this cannot be a plugin's user permission; None when it can."""
    match = _PERMISSION.fullmatch(label)
    if match is None:
        return f"{label!r} is not a permission; write it like 'myplugin.read'"
    if is_app_label(match["label"]):
        return (
            f"{label!r} would be a permission of the server's own app {match['label']!r}; "
            f"begin it with the plugin's name, like 'myplugin.read'"
        )
    return None


def is_capability(name: str) -> bool:
    """Whether it has the shape of a capability, known to the host or not."""
    return _CAPABILITY.fullmatch(name) is not None


def is_entry_point(text: str) -> bool:
    """Whether it reads `module:Class`."""
    return _ENTRY_POINT.fullmatch(text) is not None


def is_app_label(label: str) -> bool:
    """Whether an installed Django app has this label; case does not help a disguise."""
    return label.casefold() in {config.label.casefold() for config in apps.get_app_configs()}
