"""`/ws/chat`: one socket of one user.

The server sends

    {"type": "message", "message": {…}}            something was said
    {"type": "message_edited", "message": {…}}     a message reads otherwise now
    {"type": "message_deleted", "message": {…}}    a message is gone: ids, time and reason
    {"type": "channel_joined", "channel_id": "…"}  from now on this socket hears the channel
    {"type": "channel_left", "channel_id": "…"}    from now on it does not
    {"type": "sent", "message_id": "…"}            the answer to `send`
    {"type": "error", "code": "…", "detail": "…"}  the answer to anything refused

and accepts

    {"type": "send", "channel_id": "…", "content": "…", "message_type"?, "metadata"?}

What a client sends is answered in order. A socket that is not let in is accepted and closed with
4401, because browsers hide the code of a refused handshake; so is one whose login has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from plexichat.chat import pace, queries, services
from plexichat.chat.conf import chat_settings
from plexichat.chat.exceptions import ChatError
from plexichat.chat.live import auth, requests
from plexichat.chat.live.crossing import in_thread
from plexichat.chat.live.groups import channel_group, user_group

logger = logging.getLogger(__name__)
#: Nobody is logged in, or no longer.
CLOSE_NOT_LOGGED_IN = 4401
Frame = dict[str, Any]


class ChatSocket(AsyncWebsocketConsumer):
    """A live socket; see the module for what passes over it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._identity: auth.Identity | None = None
        #: The channels this socket hears.
        self._channel_ids: set[str] = set()
        # Memberships are looked at by the clock and by messages: one look at a time.
        self._looking = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket to its end, however it ends, and leave no trace on the layer."""
        async with contextlib.AsyncExitStack() as at_the_end:
            self._at_the_end = at_the_end
            await super().__call__(scope, receive, send)

    async def connect(self) -> None:
        """Let a known user in, listening to all their channels before the first word is sent."""
        self._identity = await auth.identify(self.scope)
        if self._identity is None:
            await self.accept()
            await self.close(code=CLOSE_NOT_LOGGED_IN, reason="log in first")
            return
        self._user_group = user_group(self._identity.user.public_id)
        self._at_the_end.push_async_callback(self._stop_listening)
        # Own group first: a change of membership between the look and the listening gets through.
        await self.channel_layer.group_add(self._user_group, self.channel_name)
        await self._hear(await self._look_up())
        await self.accept()
        clock = asyncio.create_task(self._look_again_for_ever())
        self._at_the_end.callback(clock.cancel)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Do what the client asks, and answer."""
        if self._identity is None:
            return
        try:
            answer = await self._send_message(self._identity, text_data)
        except ChatError as refusal:
            answer = {"type": "error", "code": refusal.code, "detail": str(refusal)}
        except Exception:  # the wall: a fault of ours must not cost the client its socket
            logger.exception("a live socket's message failed")
            answer = {"type": "error", "code": "internal_error", "detail": "Something failed here."}
        await self._tell(answer)

    async def chat_event(self, message: Frame) -> None:
        """Pass on what happened in a channel."""
        await self.send(text_data=message["text"])

    async def chat_membership(self, message: Frame) -> None:
        """Look at the memberships anew: the table knows, however such messages overtook."""
        await self._look_again()

    async def chat_logout(self, message: Frame) -> None:
        """Close when it was this socket's login that ended."""
        if self._identity and message["token_digest"] == self._identity.token_digest:
            await self._end_login()

    async def _send_message(self, identity: auth.Identity, text: str | None) -> Frame:
        pace.check(identity.user.pk)
        wish = requests.read(text)
        said = await in_thread(services.post_message)(identity.user, **wish)
        return {"type": "sent", "message_id": said.public_id}

    async def _tell(self, frame: Frame) -> None:
        await self.send(text_data=json.dumps(frame))

    async def _look_up(self) -> set[str]:
        if self._identity is None:
            return set()
        return set(await in_thread(queries.channel_ids_of)(self._identity.user))

    async def _look_again(self) -> None:
        """Hear the channels that the user is in now, and tell the client what changed."""
        async with self._looking:
            before = self._channel_ids
            await self._hear(await self._look_up())
            for channel_id in self._channel_ids - before:
                await self._tell({"type": "channel_joined", "channel_id": channel_id})
            for channel_id in before - self._channel_ids:
                await self._tell({"type": "channel_left", "channel_id": channel_id})

    async def _look_again_for_ever(self) -> None:
        while True:
            await asyncio.sleep(chat_settings.live_resync_seconds)
            try:
                if not await self._is_logged_in():
                    await self._end_login()
                    return
                await self._look_again()
            except Exception:  # a database that is away now is asked again in a minute
                logger.exception("a live socket could not look at its memberships")

    async def _is_logged_in(self) -> bool:
        identity = self._identity
        return identity is not None and await in_thread(services.is_logged_in)(
            identity.user, token_digest=identity.token_digest
        )

    async def _end_login(self) -> None:
        self._identity = None
        await self.close(code=CLOSE_NOT_LOGGED_IN, reason="logged out")

    async def _hear(self, wanted: set[str]) -> None:
        for channel_id in wanted - self._channel_ids:
            await self.channel_layer.group_add(channel_group(channel_id), self.channel_name)
        for channel_id in self._channel_ids - wanted:
            await self.channel_layer.group_discard(channel_group(channel_id), self.channel_name)
        self._channel_ids = wanted

    async def _stop_listening(self) -> None:
        await self._hear(set())
        await self.channel_layer.group_discard(self._user_group, self.channel_name)
