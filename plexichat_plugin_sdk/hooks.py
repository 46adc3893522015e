"""Hooks: what a plugin is told, what it is asked, and what it tells other plugins.

`message_sent` is a filter: it is asked before the message is stored, and its answer decides.
All other hooks are events: they are told after the fact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from . import _host
from ._catalogue import HOOK_ALIASES, is_core
from ._marks import Function, HookMark, OnNone, mark
from ._plain import as_plain
from .events import next_depth
from .exceptions import ValidationError

#: The longest name of a custom hook, and the largest payload as JSON in UTF-8.
NAME_CHARACTERS = 100
PAYLOAD_BYTES = 64 * 1024

_NAME = re.compile(r"[a-z][a-z0-9_.]*")


def hook(name: str, *, on_none: OnNone | None = None) -> Callable[[Function], Function]:
    """Let a method handle a hook.

    The method is called with one dict, the hook's data. A method may handle several hooks, and
    several methods one hook: they run in order of definition.

    For `message_sent` the method may return a dict (the changed message), `Allow()`,
    `Block("reason")`, or raise `MessageBlocked("reason")`. What a returned `None` means follows
    from the return annotation: `-> Optional[dict]` (also `dict | None`, also as text) blocks,
    `-> None` or no annotation allows. `on_none="allow"` or `on_none="block"` overrides it.

    For all other hooks the return value does not matter, and an exception means "try again
    later"; `current_event()` tells which event it is and which attempt.

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


def emit_hook(name: str, payload: Mapping[str, Any]) -> None:
    """Tell the other plugins that handle this custom hook.

    When it returns, the event is stored, and each of them will be told at least once. It may be
    called from any handler and any thread, and waits for one round trip to the host.

    `name` starts with a lower-case letter and goes on with those, digits, underscores and dots,
    at most 100 characters; the chat's own hooks cannot be emitted. `payload` is a dict of JSON
    values, at most 64 KiB of JSON; dates, UUIDs and the like become texts.

    Raises `ValidationError` with all that is wrong, `LimitReached` when the plugin emits too much
    or events that cause each other lie too deep, and `HostError` when the host cannot store it.
    """
    problems = [problem for problem in [_name_problem(name)] if problem]
    plain: Any = None
    try:
        plain = _checked(payload)
    except ValidationError as error:
        problems.append(str(error))
    if problems:
        raise ValidationError("\n".join(problems))
    _host.ask("hooks.emit", name=name, payload=plain, depth=next_depth())


def _name_problem(name: Any) -> str:
    if not isinstance(name, str) or len(name) > NAME_CHARACTERS or not _NAME.fullmatch(name):
        return (
            "emit_hook() needs a name of lower-case letters, digits, underscores and dots that "
            f"starts with a letter, at most {NAME_CHARACTERS} characters; got {name!r:.120}"
        )
    if is_core(name):
        return f"{name!r} is a hook of the chat itself; choose another name, like 'myplugin_done'"
    return ""


def _checked(payload: Any) -> Any:
    """Return the payload as JSON values; raise `ValidationError` naming what does not fit."""
    if not isinstance(payload, Mapping):
        raise ValidationError(f"the payload must be a dict, not a {type(payload).__name__}")
    plain = as_plain(payload, "the payload")
    try:
        size = len(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode())
    except UnicodeEncodeError as error:
        raise ValidationError(f"the payload holds a text that is no Unicode: {error}") from None
    if size > PAYLOAD_BYTES:
        raise ValidationError(
            f"the payload is {size} bytes of JSON; at most {PAYLOAD_BYTES} are allowed, so send "
            "an identifier and let the others ask for the rest"
        )
    return plain
