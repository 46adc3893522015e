"""Broadcasts: one message to all open sockets of a path of the asking plugin, on all nodes.

It travels over the channel layer to the processes that hold the sockets, and no handler of the
plugin runs for it. The group's name holds the plugin, so nobody reaches another plugin's sockets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from plexichat.chat.live import publisher
from plexichat_plugin_sdk._wire import codes
from plugin_runtime import board
from plugin_runtime.conf import conf
from plugin_runtime.mounts import groups, json_values

from .asking import Asker
from .budget import Budgets
from .refusal import Refusal, text

#: Of one message, as JSON.
MESSAGE_BYTES = 64 * 1024
MOST_RECEIVERS = 1_000
#: Broadcasts at once before the average counts, and what all of them may weigh a second, so that
#: no client gets more than it may get of a plugin's own sockets.
BURST = 100.0
BYTES_PER_SECOND = 512 * 1024
BYTES_BURST = 2 * 1024 * 1024

budgets = Budgets(lambda: conf.broadcasts_per_second, at_once=BURST)
weights = Budgets(lambda: BYTES_PER_SECOND, at_once=BYTES_BURST)


def broadcast(asker: Asker, arguments: Mapping[str, Any]) -> None:
    """Hand a message to the channel layer; raise `Refusal`."""
    path = _own_path(asker.plugin, text(arguments, "path"))
    message = _message(arguments.get("data"))
    receivers = _receivers(arguments.get("user_ids"))
    weight = len(message) + sum(map(len, receivers or ()))
    if not (budgets.take(asker.plugin) and weights.take(asker.plugin, weight)):
        raise Refusal(
            codes.LIMIT_REACHED,
            f"more than {conf.broadcasts_per_second:g} broadcasts or {BYTES_PER_SECOND // 1024} "
            "KiB of them a second; send less, or gather them",
        )
    publisher.publish(
        groups.group_of(asker.plugin, path), groups.broadcast(message.decode(), receivers)
    )


def _own_path(plugin: str, path: str) -> str:
    known = [each for each in board.current().plugins if each.name == plugin]
    paths = [socket.path for each in known for socket in each.sockets]
    if path in paths:
        return path
    there = ", ".join(map(repr, paths)) or "none"
    raise Refusal(
        codes.INVALID, f"{path[:200]!r} is no WebSocket path of this plugin; its paths are: {there}"
    )


def _message(data: Any) -> bytes:
    try:
        message = json_values.encode(data)
    except json_values.NotJson as error:
        raise Refusal(codes.INVALID, f"the message is not JSON: {error}") from error
    if len(message) > MESSAGE_BYTES:
        raise Refusal(
            codes.INVALID,
            f"the message has {len(message)} bytes of JSON; at most {MESSAGE_BYTES} are allowed",
        )
    return message


def _receivers(user_ids: Any) -> list[str] | None:
    if user_ids is None:
        return None
    try:
        receivers = msgspec.convert(user_ids, list[str])
    except msgspec.ValidationError as error:
        raise Refusal(codes.INVALID, "'user_ids' must be a list of user ids") from error
    if len(receivers) > MOST_RECEIVERS:
        raise Refusal(
            codes.INVALID,
            f"{len(receivers)} user_ids were given, at most {MOST_RECEIVERS} may be; leave them "
            "away to reach everybody",
        )
    return receivers


QUESTIONS = {"sockets.broadcast": broadcast}
