"""Standing: what each plugin may ask, known in the gateway's process without asking the registry.

Fresh before a grant or its withdrawal is settled, and free while nothing changes. Whoever holds
something open that a capability allowed (a connection) learns of changes by `on_change`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plexichat_plugin_sdk._wire import codes
from plugin_runtime import news
from plugins_registry import queries
from plugins_registry.queries import Standing

from .asking import Asker
from .refusal import Refusal

__all__ = ["QUESTIONS", "Standing", "has", "of", "on_change", "refusal", "require"]

#: More plugins than a server has; a bound all the same.
MOST = 1000

_standings: news.Copies[str, Standing] = news.Copies(queries.standing_of, most=MOST)


def of(plugin: str) -> Standing:
    """Return what a plugin may ask now; nothing for one that is not installed."""
    standing = _standings.get(plugin)
    assert standing is not None  # the query answers for unknown names too
    return standing


def has(asker: Asker, capability: str) -> bool:
    """Whether the asking plugin was granted a capability, by its exact name."""
    return capability in of(asker.plugin).grants


def require(asker: Asker, capability: str) -> None:
    """Raise the `Refusal` that names the capability unless the asking plugin was granted it."""
    if not has(asker, capability):
        raise refusal(asker, capability)


def refusal(asker: Asker, capability: str) -> Refusal:
    """Return the refusal for a missing capability: what it is, and how to get it."""
    how = f"an admin can grant it: manage.py plugin grant {asker.plugin} {capability}"
    if capability not in of(asker.plugin).asked:
        how = "write it under 'permissions:' in plugin.yaml, then an admin can grant it"
    return Refusal(
        codes.PERMISSION_DENIED,
        f"the plugin lacks the capability {capability!r}; {how}",
        capability=capability,
    )


def on_change(callback: Callable[[], None]) -> None:
    """Call after each change of the registry, before it is settled; look at `of` then.

    The callback runs in the thread that brings the news, must be quick, and hears of every
    change, not only of grants.
    """
    news.on_change(callback)


def _granted(asker: Asker, arguments: Mapping[str, Any]) -> list[str]:
    return sorted(of(asker.plugin).grants)


QUESTIONS = {"capabilities.granted": _granted}
