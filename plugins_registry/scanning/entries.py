"""The files in which a plugin's class may stand. Pure."""

from __future__ import annotations

from plugins_registry.manifest import Manifest


def entry_files(manifest: Manifest) -> list[str]:
    """Every file that could be the entry module, in the order in which the sandbox looks."""
    module = manifest.entry_point.partition(":")[0].replace(".", "/")
    modules = [module] if module else ["plugin", manifest.name]
    return [path for name in modules for path in (f"{name}.py", f"{name}/__init__.py")]
