"""The one consumer behind every WebSocket of every plugin.

It admits, opens a conversation, and lets a `Session` carry the messages. Whatever ends first
(client, plugin, handler, server), nothing stays behind: no task, no descriptor, no count.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from plexichat.chat.live.auth import Identity
from plexichat_plugin_sdk._wire.framing import WireViolation
from plugin_runtime import conversations
from plugin_runtime.exceptions import PluginFault, PluginUnavailable

from . import groups, json_values, reports
from .admission import admit, check_again, socket_payload
from .census import census
from .conf import conf
from .endings import CloseCode, Ended
from .requests import public_id_of
from .routes import Route
from .session import Session

logger = logging.getLogger(__name__)


class PluginSocket(AsyncWebsocketConsumer):
    """One client's WebSocket to one plugin."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._session: Session | None = None
        self._work: asyncio.Task[None] | None = None
        self._is_open = False
        self._user_id = self._group = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket; also a server that stops in the middle leaves nothing behind."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._stop_work()
            if self._group:
                await self.channel_layer.group_discard(self._group, self.channel_name)

    async def connect(self) -> None:
        """Accept, then admit or close: only so do browsers learn the code."""
        await self.accept()
        self._is_open = True
        try:
            route, identity = await admit(self.scope)
            payload = socket_payload(self.scope, route, identity.user)
            await self._open(route, identity, payload)
        except Ended as ended:
            await self._end(ended)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Pass a client's JSON on to the plugin."""
        if self._session is None or not self._is_open:
            return
        try:
            if text_data is None:
                raise json_values.NotJson("Send JSON as text, not as bytes.")
            raw = text_data.encode(errors="replace")
            if len(raw) > conf.socket_message_bytes:
                limit = f"at most {conf.socket_message_bytes} bytes"
                raise Ended(CloseCode.TOO_BIG, f"the message is too big; {limit}")
            self._session.take(json_values.decode(raw), len(raw))
        except json_values.NotJson as error:
            answer = {"type": "error", "code": "invalid", "detail": str(error)}
            await self._send_text(json_values.encode(answer).decode())
        except Ended as ended:
            await self._end(ended)

    async def plugin_broadcast(self, broadcast: dict[str, Any]) -> None:
        """Pass on what the plugin says to all sockets of this path."""
        if groups.is_for(broadcast, self._user_id):
            await self._send_text(broadcast["text"])

    async def disconnect(self, code: int) -> None:
        """Tell the plugin, give its handler time to clean up, then drop the conversation."""
        self._is_open = False
        if self._session is not None and self._work is not None:
            self._session.client_left(code)
            await asyncio.wait({self._work}, timeout=conf.socket_leave_seconds)
        await self._stop_work()

    async def _open(self, route: Route, identity: Identity, payload: dict[str, Any]) -> None:
        plugin = route.target.plugin.name
        user_id = self._user_id = public_id_of(identity.user)
        if not census.enter(plugin, user_id):
            raise Ended(CloseCode.TRY_LATER, "too many sockets to this plugin are open")
        try:
            # Before the handler runs: it may broadcast, and its own socket shall hear that too.
            await self._listen(groups.group_of(plugin, route.target.template))
            conversation = await conversations.open_socket(plugin, target=route.target.template)
        except BaseException as error:  # also a cancellation must not leave a count behind
            census.leave(plugin, user_id)
            if isinstance(error, PluginUnavailable):
                raise Ended(CloseCode.TRY_LATER, "the plugin is not running") from error
            raise

        def clean_up(_: asyncio.Task[None]) -> None:
            conversation.close()
            census.leave(plugin, user_id)

        self._session = Session(conversation, self._send_text)
        self._work = asyncio.create_task(self._serve(self._session, route, identity, payload))
        # Not a `finally` in the task: a task that is cancelled before it ran has none.
        self._work.add_done_callback(clean_up)

    async def _listen(self, group: str) -> None:
        self._group = group
        await self.channel_layer.group_add(group, self.channel_name)

    async def _serve(
        self, session: Session, route: Route, identity: Identity, payload: dict[str, Any]
    ) -> None:
        watch = asyncio.create_task(_until_not_admitted(route, identity))
        run = asyncio.create_task(session.run(route.target.template, payload))
        try:
            await asyncio.wait({watch, run}, return_when=asyncio.FIRST_COMPLETED)
            ended = await (run if run.done() else watch)
        except Exception as error:
            # A wall: behind it is a plugin, and whatever it provoked must end in a close frame.
            ended = await _ended_by(error, route)
        finally:
            for task in (watch, run):
                task.cancel()
            await asyncio.gather(watch, run, return_exceptions=True)
        await self._end(ended)

    async def _end(self, ended: Ended) -> None:
        """Close the client's side, once."""
        if self._is_open:
            self._is_open = False
            await self.close(int(ended.code), ended.reason)

    async def _send_text(self, text: str) -> None:
        if self._is_open:
            await self.send(text_data=text)

    async def _stop_work(self) -> None:
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)


async def _until_not_admitted(route: Route, identity: Identity) -> Ended:
    """Look at the user again and again; return how the socket ends when one may not stay."""
    while True:
        await asyncio.sleep(conf.socket_recheck_seconds)
        try:
            await check_again(route, identity)
        except Ended as ended:
            return ended
        except DatabaseError:
            # A database that is away for a moment is no reason to throw everybody out.
            logger.warning("sockets could not be checked again", exc_info=True)


async def _ended_by(error: Exception, route: Route) -> Ended:
    plugin = route.target.plugin.name
    if not isinstance(error, PluginFault | WireViolation):
        logger.error("a socket of plugin %s broke", plugin, exc_info=error)
        return Ended(CloseCode.PLUGIN_FAILED, "the socket failed")
    reference = await asyncio.to_thread(
        reports.report, plugin, f"socket {route.target.template}", error
    )
    return Ended(CloseCode.PLUGIN_FAILED, f"the plugin failed; reference {reference}")
