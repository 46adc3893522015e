"""Loading: from a folder to a living plugin."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import types
from typing import Any

# All public modules but `testing`, which is for tests and takes 4 MiB, are imported before the
# sandbox closes: afterwards the SDK's own folder may be out of reach, and a fork of the zygote
# shares their memory with all its siblings.
from plexichat_plugin_sdk import cache, config, database  # noqa: F401
from plexichat_plugin_sdk._wire.control import Load
from plexichat_plugin_sdk.exceptions import PluginError
from plexichat_plugin_sdk.plugin import Plugin

#: What the zygote brought along and a plugin must not see: it may bring another version.
_HOST_PACKAGES = frozenset({"msgspec", "plugin_runtime"})


class NotLoadable(PluginError):
    """The release does not contain exactly one plugin where it should be."""

    code = "not_loadable"


def open_paths(load: Load) -> None:
    """Let imports see the plugin, its packages and Python's own library, and nothing else."""
    for name in [name for name in sys.modules if name.split(".")[0] in _HOST_PACKAGES]:
        del sys.modules[name]
    library = os.path.dirname(os.__file__)
    standard = [entry for entry in sys.path if _is_standard(entry, library)]
    sys.path[:] = [load.root, *load.site_packages, *(standard or [library])]
    sys.path_importer_cache.clear()
    sys.argv = [load.plugin]
    sys.dont_write_bytecode = True  # the release is read-only


def build(load: Load) -> Plugin:
    """Import the release and build its plugin; raise `NotLoadable` or whatever its code raises."""
    found = _named(load.entry_point) if load.entry_point else _only_one(load)
    return found()


def _is_standard(entry: str, library: str) -> bool:
    folder = os.path.abspath(entry) if entry else ""
    return folder == library or os.path.basename(folder) == "lib-dynload" or folder.endswith(".zip")


def _named(entry_point: str) -> type[Plugin]:
    module_name, _, class_name = entry_point.partition(":")
    if not module_name or not class_name:
        raise NotLoadable(f"entry_point {entry_point!r} must look like 'module:Class'")
    found: Any = importlib.import_module(module_name)
    for part in class_name.split("."):
        found = getattr(found, part, None)
    if isinstance(found, type) and issubclass(found, Plugin):
        return found
    raise NotLoadable(
        f"entry_point {entry_point!r}: expected a class derived from Plugin, found {found!r:.200}"
    )


def _only_one(load: Load) -> type[Plugin]:
    module = importlib.import_module(_module_name(load))
    candidates = _most_derived(module)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise NotLoadable(
            f"no class derived from Plugin is defined in {module.__name__!r}; define one, or "
            "name it in the manifest: plugin.entry_point: 'module:Class'"
        )
    names = ", ".join(sorted(each.__qualname__ for each in candidates))
    raise NotLoadable(
        f"{len(candidates)} plugins are defined in {module.__name__!r}: {names}; say in the "
        f"manifest which one it is, like plugin.entry_point: '{module.__name__}:"
        f"{candidates[0].__name__}'"
    )


def _module_name(load: Load) -> str:
    names = dict.fromkeys(["plugin", load.plugin, load.plugin.replace("-", "_")])
    for name in names:
        if name.isidentifier() and _lies_in(load.root, name):
            return name
    raise NotLoadable(
        f"neither plugin.py nor a package {load.plugin.replace('-', '_')!r} is in the release; "
        "add one, or name the class in the manifest: plugin.entry_point: 'module:Class'"
    )


def _lies_in(root: str, name: str) -> bool:
    """Whether a module or package is in the release itself, not in one of its packages."""
    places = (f"{name}.py", os.path.join(name, "__init__.py"))
    return any(os.path.isfile(os.path.join(root, place)) for place in places)


def _most_derived(module: types.ModuleType) -> list[type[Plugin]]:
    own = {
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, Plugin)
        and each is not Plugin
        and not inspect.isabstract(each)
        and f"{each.__module__}.".startswith(f"{module.__name__}.")
    }
    leaves = [each for each in own if not any(each in other.__mro__[1:] for other in own)]
    return sorted(leaves, key=lambda each: each.__qualname__)
