"""What the other tests show without walls, once more inside a real sandbox."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from plexichat_plugin_sdk._wire.conversation import Answer, Call, Close, Data
from plugin_runtime.conversations import call, open_socket
from tests.platform import Platform, running_platform

CODE = """
    import asyncio
    import threading

    from plexichat_plugin_sdk import (
        Plugin, check_permission, current_event, emit_hook, endpoint, hook, websocket_endpoint,
    )
    from plexichat_plugin_sdk.config import get_config

    class Everything(Plugin):
        @endpoint("/api/v1/everything/async")
        async def asynchronous(self, request):
            await asyncio.sleep(0.001)
            return await asyncio.to_thread(check_permission, request.user_id, "everything.read")

        @endpoint("/api/v1/everything/threads")
        def threads(self, request):
            threads = [threading.Thread(target=print, args=("hello",)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return get_config(self.name, {"a": {"b": 1}})

        @hook("user_login")
        async def logged_in(self, data):
            await asyncio.to_thread(emit_hook, "everything_told", data)
            self.told = [data, current_event().event_id]

        @endpoint("/api/v1/everything/told")
        def was_told(self, request):
            return self.told

        @websocket_endpoint("/ws/everything/blocking")
        def blocking(self, websocket):
            try:
                websocket.receive_json(timeout=0.001)
            except TimeoutError:
                websocket.send_json("nothing yet")
            while True:
                websocket.send_json(websocket.receive_json())

        @websocket_endpoint("/ws/everything/awaited")
        async def awaited(self, websocket):
            await websocket.send_json("nothing yet")
            while True:
                await websocket.send_json(await websocket.receive_json())
"""
MANIFEST = """
    settings:
      a: {c: 2}
"""


@pytest.fixture
def everything(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Platform]:
    folder = Path(tempfile.mkdtemp(prefix="plx-"))  # a socket's address must stay short
    settings.PLEXICHAT_HOME = folder
    with running_platform(tmp_path) as platform:
        platform.install(platform.write("everything", CODE, manifest=MANIFEST))
        yield platform
    shutil.rmtree(folder, ignore_errors=True)


def _get(path: str) -> Any:
    payload = {"user_id": "nobody", "method": "GET", "path": path}
    return call("everything", "endpoint", f"GET {path}", payload, deadline_ms=10_000)


async def _talk(path: str) -> list[Any]:
    """Greet, echo, leave: what the plugin says, and how the call ends."""
    conversation = await open_socket("everything")
    await conversation.send(Call(1, "socket", path, {"user_id": "u", "path": path}, 0))
    heard = [await conversation.receive()]
    await conversation.send(Data({"n": 1}))
    heard.append(await conversation.receive())
    await conversation.send(Close(1001, ""))
    heard.append(await conversation.receive())
    conversation.close()
    return heard


def test_everything_works_behind_walls(everything: Platform) -> None:
    assert _get("/api/v1/everything/async") == [200, {}, False]
    assert _get("/api/v1/everything/threads") == [200, {}, {"a": {"b": 1}}]
    for path in ("/ws/everything/blocking", "/ws/everything/awaited"):
        heard = async_to_sync(_talk)(path)
        assert heard == [Data("nothing yet"), Data({"n": 1}), Answer(1, None)]


def test_events_arrive_behind_walls_and_go_out(everything: Platform) -> None:
    event = ["user_login", {"user_id": "u"}, "e1", "2025-08-31T12:00:00Z", 1, "", 0]
    told = call("everything", "events", "", [event], deadline_ms=10_000)
    assert told == [["ok", "", ""]]
    assert _get("/api/v1/everything/told") == [200, {}, [{"user_id": "u"}, "e1"]]
