"""The mounts before a real plugin process: the reference's own plugins, without a sandbox."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from plexichat.chat.live import auth
from plexichat_plugin_sdk._wire.control import Loaded
from plugin_runtime.conversations import pool
from plugin_runtime.switchboard import client as switchboard
from plugins_registry.queries import BoardPlugin
from tests.sdk.child import Child, alive
from tests.sdk.reference import completed_plugin

from . import boards
from .conftest import Boards
from .sockets import connected, person, play

Start = Callable[[str], Child]


@pytest.fixture
def start(tmp_path: Path, shown: Boards, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that runs one of the reference's plugins and mounts what it offers."""
    with alive(tmp_path) as child:

        def run(class_name: str) -> Child:
            (tmp_path / "plugin.py").write_text(completed_plugin(class_name))
            loaded = child.load()
            assert isinstance(loaded, Loaded), loaded
            shown.show(_mounted(loaded))
            return child

        monkeypatch.setattr(switchboard, "introduce", lambda plugin: child.hand("conversation"))
        yield run
        pool.forget_all()


def _mounted(loaded: Loaded) -> BoardPlugin:
    endpoints = [
        boards.endpoint(mark.path, *mark.methods, permissions=tuple(mark.permissions))
        for mark in loaded.endpoints
    ]
    sockets = [boards.socket(mark.path, tuple(mark.permissions)) for mark in loaded.sockets]
    return boards.plugin("sample", endpoints=tuple(endpoints), sockets=tuple(sockets))


@pytest.mark.django_db
@pytest.mark.urls("plugin_runtime.mounts.urls")
def test_the_references_endpoints_answer(
    start: Start, api: APIClient, user: Any, permit: Callable[..., Any]
) -> None:
    start("APIPlugin")
    for label in ("myplugin.read", "myplugin.write", "myplugin.delete"):
        user = permit(user, label)
    api.force_authenticate(user)
    path = "/api/v1/myplugin/data"
    created = api.post(path, {"title": "A"}, format="json")
    assert created.status_code == 201, created.content
    resource = f"{path}/{created.json()['resource_id']}"
    assert api.get(path + "?limit=5").json()["count"] == 1
    assert api.put(resource, {"title": "B"}, format="json").json()["updated"] is True
    assert api.delete(resource).json()["deleted"] is True
    assert api.delete(f"{path}/nobodys").status_code == 403


@pytest.mark.django_db
@pytest.mark.urls("plugin_runtime.mounts.urls")
def test_the_references_permissions_hold(start: Start, api: APIClient) -> None:
    start("APIPlugin")
    assert api.get("/api/v1/myplugin/data").status_code == 403


def test_the_references_websocket_greets_and_answers(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def identify(scope: Any) -> Any:
        return person()

    monkeypatch.setattr(auth, "identify", identify)
    child = start("WebSocketPlugin")

    async def scene() -> None:
        socket = await connected("/ws/myplugin/events")
        assert json.loads(await socket.receive_from(10))["type"] == "welcome"
        await socket.send_to(text_data='{"type": "hello"}')
        assert json.loads(await socket.receive_from(10))["user_id"] == "ada-public"
        await socket.disconnect(timeout=10)

    play(scene)
    assert asyncio.run(_without_calls(child))


async def _without_calls(child: Child) -> bool:
    """Whether the handler has ended after its client left: no call runs any more."""
    async with asyncio.timeout(10):
        while child.ping().calls:
            await asyncio.sleep(0.01)
    return True
