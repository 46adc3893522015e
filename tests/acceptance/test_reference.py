"""The reference's own plugins, word for word, in a running server."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.acceptance.conftest import Person, Server
from tests.sdk.reference import completed_plugin

pytestmark = pytest.mark.slow
Install = Callable[[str, str], str]


def test_my_plugin_becomes_active(server: Server, plugin: Install) -> None:
    plugin("my_plugin", completed_plugin("MyPlugin"))

    assert server.shown("my_plugin")["state"] == "active"


def test_message_plugin_changes_and_blocks(plugin: Install, ada: Person, lobby: str) -> None:
    plugin("message_plugin", completed_plugin("MessagePlugin"))

    changed = ada.api.post(f"/channels/{lobby}/messages", json={"content": "hello"})
    blocked = ada.api.post(f"/channels/{lobby}/messages", json={"content": "forbidden fruit"})

    assert changed.json()["metadata"]["processed"] is True
    assert (blocked.status_code, blocked.json()["code"]) == (422, "message_blocked")


def test_api_plugin_asks_for_the_permission(server: Server, plugin: Install, ada: Person) -> None:
    plugin("api_plugin", completed_plugin("APIPlugin"))
    assert ada.api.get("/myplugin/data").status_code == 403

    server.command("plugin", "permit", ada.username, "myplugin.read", "myplugin.write")

    created = ada.api.post("/myplugin/data", json={"text": "kept"})
    assert (created.status_code, created.json()["created"]) == (201, True)
    assert ada.api.get("/myplugin/data").json()["count"] == 1
    assert ada.api.post("/myplugin/data", json={}).status_code == 400
    resource = created.json()["resource_id"]
    assert ada.api.put(f"/myplugin/data/{resource}", json={"text": "new"}).json()["updated"] is True
    assert ada.api.delete(f"/myplugin/data/{resource}").status_code == 403


def test_websocket_plugin_greets_and_answers(server: Server, plugin: Install, ada: Person) -> None:
    plugin("websocket_plugin", completed_plugin("WebSocketPlugin"))

    with connect(
        f"ws://{server.address}/ws/myplugin/events",
        additional_headers={"Authorization": f"Bearer {ada.token}"},
    ) as socket:
        welcome = json.loads(socket.recv(timeout=10))
        socket.send(json.dumps({"type": "question"}))
        answer = json.loads(socket.recv(timeout=10))

    assert welcome["type"] == "welcome"
    assert answer


def test_websocket_plugin_refuses_strangers(server: Server, plugin: Install) -> None:
    plugin("websocket_plugin", completed_plugin("WebSocketPlugin"))

    stranger = connect(f"ws://{server.address}/ws/myplugin/events")
    with stranger as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=10)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_security_plugin_checks_permissions(server: Server, plugin: Install, ada: Person) -> None:
    plugin("security_plugin", completed_plugin("SecurityPlugin"))
    assert ada.api.get("/myplugin/secure-data").status_code == 403

    server.command("plugin", "permit", ada.username, "myplugin.admin")

    assert ada.api.get("/myplugin/secure-data").json() == {"secure": "data"}
