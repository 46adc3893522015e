"""Hooks: what a plugin is told, and what it is asked.

`message_sent` is a filter: it is asked before the message is stored, and its answer decides.
All other hooks are events: they are told after the fact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._later import not_available
from ._marks import Function, HookMark, OnNone, mark
from .exceptions import ValidationError

#: Older names, still accepted wherever a hook is named.
HOOK_ALIASES: Mapping[str, str] = {
    "channel_join": "channel_member_joined",
    "channel_leave": "channel_member_left",
}


def hook(name: str, *, on_none: OnNone | None = None) -> Callable[[Function], Function]:
    """Let a method handle a hook.

    The method is called with one dict, the hook's data. A method may handle several hooks, and
    several methods one hook: they run in order of definition.

    For `message_sent` the method may return a dict (the changed message), `Allow()`,
    `Block("reason")`, or raise `MessageBlocked("reason")`. What a returned `None` means follows
    from the return annotation: `-> Optional[dict]` (also `dict | None`, also as text) blocks,
    `-> None` or no annotation allows. `on_none="allow"` or `on_none="block"` overrides it.

    Raises `ValidationError` when the name is no text or `on_none` is neither of the two.
    """
    if not isinstance(name, str) or not name.strip():
        raise ValidationError(f"@hook needs the hook's name, like @hook('message_sent'): {name!r}")
    if on_none not in (None, "allow", "block"):
        raise ValidationError(f"on_none must be 'allow' or 'block', not {on_none!r}")
    canonical = HOOK_ALIASES.get(name.strip(), name.strip())

    def decorate(function: Function) -> Function:
        return mark(function, hooks=(HookMark(canonical, on_none, function),))

    return decorate


def emit_hook(name: str, data: Mapping[str, Any]) -> None:
    """Tell other plugins that something happened; raises `NotAvailable` on this server."""
    raise not_available("emit_hook()")
