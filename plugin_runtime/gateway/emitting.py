"""Custom hooks: what a plugin tells the others."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

import msgspec

from plexichat_plugin_sdk._catalogue import is_core
from plexichat_plugin_sdk._wire import codes
from plugin_runtime.conf import conf
from plugin_runtime.events import recorder

from .budget import Budget, Budgets
from .refusal import Refusal, text

NAME = re.compile(r"[a-z][a-z0-9_.]{0,99}")
PAYLOAD_BYTES = 64 * 1024
#: An event that an event caused that an event caused …; plugins that answer each other stop here.
DEPTH_LIMIT = 8
#: Emitted at once before the average counts.
BURST = 500.0
#: What a plugin's payloads may weigh a second, and at once: they stay in the database for a day
#: or longer, whoever hears them.
BYTES_PER_SECOND = 32 * 1024
BYTES_BURST = 8 * 1024 * 1024

weights = Budgets(lambda: BYTES_PER_SECOND, at_once=BYTES_BURST)

_lock = threading.Lock()
_budgets: dict[str, Budget] = {}


def emit(plugin: str, arguments: Mapping[str, Any]) -> None:
    """Write a custom event for every other plugin that subscribes; durable on return.

    The depth is what the plugin says it is: an honest one is stopped from answering for ever,
    one that lies still has no more than its budget.
    """
    name = _name(text(arguments, "name"))
    payload, weight = _payload(arguments.get("payload"))
    depth = _depth(arguments.get("depth", 0))
    if not _budget_of(plugin).take():
        raise Refusal(
            codes.LIMIT_REACHED,
            f"more than {conf.emits_per_second:g} events a second; emit less, or gather them",
        )
    if not weights.take(plugin, weight):
        raise Refusal(
            codes.LIMIT_REACHED,
            f"more than {BYTES_PER_SECOND // 1024} KiB of payloads a second; keep what is large in "
            "the database, and emit where it is",
        )
    recorder.tell_others(name, payload, origin=plugin, depth=depth)


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise Refusal(codes.INVALID, f"{name[:100]!r} is no hook name; write it like 'order_paid'")
    if is_core(name):
        raise Refusal(codes.INVALID, f"{name!r} is the host's own hook; choose another name")
    return name


def _payload(payload: Any) -> tuple[dict[str, Any], int]:
    """Return a payload as it is kept, and its bytes as JSON."""
    if not isinstance(payload, dict):
        raise Refusal(codes.INVALID, f"the payload must be a dict, got {type(payload).__name__}")
    try:
        encoded = msgspec.json.encode(payload)
        clean = msgspec.json.decode(encoded, type=dict[str, Any])
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise Refusal(codes.INVALID, "the payload is not JSON") from error
    if len(encoded) > PAYLOAD_BYTES:
        raise Refusal(
            codes.INVALID,
            f"the payload has {len(encoded)} bytes of JSON; at most {PAYLOAD_BYTES} are allowed",
        )
    return clean, len(encoded)


def _depth(depth: Any) -> int:
    if type(depth) is not int or depth < 0:
        raise Refusal(codes.INVALID, "the depth must be a whole number")
    if depth > DEPTH_LIMIT:
        raise Refusal(
            codes.LIMIT_REACHED,
            f"this event was caused by {depth} others in a row; is it answering itself?",
        )
    return depth


def _budget_of(plugin: str) -> Budget:
    with _lock:
        if plugin not in _budgets:
            _budgets[plugin] = Budget(per_second=conf.emits_per_second, at_once=BURST)
        return _budgets[plugin]
