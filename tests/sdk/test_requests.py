"""The request object and the two WebSocket faces."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from plexichat_plugin_sdk import AsyncWebSocket, Request, UploadedFile, ValidationError, WebSocket
from plexichat_plugin_sdk.websockets import Handshake


class Recorder:
    """A connection that keeps what is sent."""

    def __init__(self) -> None:
        self.log: list[Any] = []

    def send(self, payload: Any) -> None:
        self.log.append(payload)

    def receive(self, timeout: float | None) -> Any:
        return ("received", timeout)

    def close(self, code: int, reason: str) -> None:
        self.log.append((code, reason))


class AsyncRecorder:
    """The same, awaited."""

    def __init__(self) -> None:
        self.log: list[Any] = []

    async def send(self, payload: Any) -> None:
        self.log.append(payload)

    async def receive(self) -> Any:
        return "received"

    async def close(self, code: int, reason: str) -> None:
        self.log.append((code, reason))


def test_an_empty_request_has_everything() -> None:
    request = Request()
    assert (request.user_id, request.method, request.path, request.body) == ("", "GET", "/", None)
    assert (request.params, request.headers, request.files, request.path_params) == ({}, {}, {}, {})
    assert repr(request) == "<Request GET />"


def test_of_repeated_parameters_the_last_one_counts() -> None:
    request = Request(params={"a": ["1", "2"], "b": "3", "c": []})
    assert request.params == {"a": "2", "b": "3"}
    assert request.params_list == {"a": ["1", "2"], "b": ["3"], "c": []}


def test_headers_are_found_in_any_case() -> None:
    headers = Request(headers={"Content-Type": "x"}).headers
    assert headers["CONTENT-TYPE"] == headers.get("content-type") == "x"
    assert "Content-type" in headers
    assert headers.get("Accept") is None
    assert not headers.__contains__(5)
    assert json.dumps(headers) == '{"content-type": "x"}'


def test_files_are_objects() -> None:
    part = {"filename": "a.txt", "content_type": "text/plain", "content": b"abc"}
    file = Request(files={"f": part}).files["f"]
    assert (file.filename, file.content_type, file.content, file.size) == (
        "a.txt",
        "text/plain",
        b"abc",
        3,
    )
    assert Request(files={"f": file}).files["f"] is file
    assert isinstance(file, UploadedFile)


def test_a_misspelt_part_is_refused() -> None:
    with pytest.raises(TypeError, match=r"a Request has no param$"):
        Request(param={})


def test_a_websocket_knows_how_it_was_opened() -> None:
    opening = Handshake(user_id="u", path="/ws/1", params={"a": ["1", "2"]}, headers={"X": "y"})
    socket = WebSocket(Recorder(), opening)
    assert (socket.user_id, socket.path, socket.params) == ("u", "/ws/1", {"a": "2"})
    assert socket.headers["x"] == "y"
    assert repr(socket) == "<WebSocket /ws/1 of user u>"


def test_a_websocket_passes_on_json_only() -> None:
    recorder = Recorder()
    socket = WebSocket(recorder)
    socket.send_json({"a": (1, 2)})
    with pytest.raises(ValidationError, match="the message is a object"):
        socket.send_json(object())
    socket.close(4000, "bye")
    assert recorder.log == [{"a": [1, 2]}, (4000, "bye")]
    assert socket.receive_json(timeout=2) == ("received", 2)


def test_the_async_twin_does_the_same() -> None:
    recorder = AsyncRecorder()

    async def talk() -> Any:
        socket = AsyncWebSocket(recorder)
        await socket.send_json({"a": (1,)})
        await socket.close()
        return await socket.receive_json()

    assert asyncio.run(talk()) == "received"
    assert recorder.log == [{"a": [1]}, (1000, "")]
