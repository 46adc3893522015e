"""From any thread to the live sockets of all processes.

Requests run in plain threads, the sockets of this process on its server's event loop. The loop
is remembered, so that publishing is one hand-over and no waiting; a process without one (a
command, a task) publishes by itself. A socket that hears nothing is a nuisance, a message that
cannot be stored because of it would be a fault: nothing here ever raises.
"""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import Future
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)
#: What crosses the channel layer; `type` names the consumer's method, dots for underscores.
LayerMessage = dict[str, Any]

_server_loop: asyncio.AbstractEventLoop | None = None


def use_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Remember the loop on which this process serves sockets; called by the ASGI application."""
    global _server_loop
    _server_loop = loop


def event(payload: dict[str, Any]) -> LayerMessage:
    """Wrap what clients are to read; made into text once here, not once per socket."""
    return {"type": "chat.event", "text": json.dumps(payload)}


def membership() -> LayerMessage:
    """Say to a user's sockets that they should look which channels they are to hear."""
    return {"type": "chat.membership"}


def logout(token_digest: str) -> LayerMessage:
    """Say to a user's sockets that one of the user's logins is over."""
    return {"type": "chat.logout", "token_digest": token_digest}


def publish(group: str, message: LayerMessage) -> None:
    """Send a message to a group, from a thread without an event loop. Never raises."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        if _server_loop is not None and _server_loop.is_running():
            sending = asyncio.run_coroutine_threadsafe(
                layer.group_send(group, message), _server_loop
            )
            sending.add_done_callback(_log_failure)
        else:
            async_to_sync(layer.group_send)(group, message)
    except Exception:  # the layer's drivers raise what they like, and the message is stored
        logger.exception("live sockets were not told", extra={"group": group})


def _log_failure(sending: Future[None]) -> None:
    if not sending.cancelled() and (error := sending.exception()):
        logger.error("live sockets were not told", exc_info=error)
