"""Speaking up: in the chat as the plugin's bot user, and to the plugin's own sockets.

Both go through the host, which checks the grant, the rate and the sizes, and both may be called
from any handler, background task or scheduled job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import _host
from ._plain import as_plain
from .events import next_depth
from .exceptions import ValidationError


def send_message(
    channel_id: str,
    content: str,
    *,
    message_type: str = "text",
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a message as the plugin's bot user and return it as it was stored.

    The bot may write to every public channel, and to the channels of which it is a member. Other
    plugins' filters are asked as for any message; the plugin itself neither filters nor hears
    what its bot says. `metadata` is a dict of JSON values.

    Needs the capability `message_send`. Raises `PermissionError` without it, `ValidationError`
    for an unknown channel and for what no message may be, `MessageBlocked` when a filter refuses
    the message, `LimitReached` when the plugin writes too often or messages that answer each
    other lie too deep, and `HostError` when a filter that must be asked gave no answer.
    """
    named = {"channel_id": channel_id, "content": content, "message_type": message_type}
    problems = [
        f"{name} must be a string, not a {type(value).__name__}"
        for name, value in named.items()
        if not isinstance(value, str)
    ]
    if metadata is not None and not isinstance(metadata, Mapping):
        problems.append(f"metadata must be a dict, not a {type(metadata).__name__}")
    if problems:
        raise ValidationError("\n".join(problems))
    plain = as_plain(dict(metadata or {}), "metadata")
    sent: dict[str, Any] = _host.ask(
        "messages.send",
        channel_id=channel_id,
        content=content,
        message_type=message_type,
        metadata=plain,
        depth=next_depth(),
    )
    return sent


def broadcast(path: str, data: Any, *, user_ids: Iterable[str] | None = None) -> None:
    """Send a JSON value to all open sockets of one of the plugin's WebSocket paths.

    `path` is written as at `@websocket_endpoint`. All sockets of the path are reached, whichever
    server process they are connected to, and no handler of the plugin is called for it; with
    `user_ids` only the sockets of these users. A client that does not keep up may miss it.

    Raises `ValidationError` for a path that is not the plugin's own, for what is no JSON and for
    more than 64 KiB of it, and `LimitReached` when the plugin broadcasts too much.
    """
    if not isinstance(path, str):
        raise ValidationError(f"path must be a string, not a {type(path).__name__}")
    if isinstance(user_ids, str):
        raise ValidationError("user_ids must be a list of user ids, not a single string")
    receivers = None if user_ids is None else [str(user_id) for user_id in user_ids]
    plain = as_plain(data, "the message")
    _host.ask("sockets.broadcast", path=path, data=plain, user_ids=receivers)
