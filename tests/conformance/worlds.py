"""The two worlds in which a check runs: the host that tests bring along, and a real server."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Protocol

import yaml
from rest_framework.test import APIClient

from plexichat.chat import services as chat
from plexichat.chat.exceptions import ChatError
from plexichat_plugin_sdk.exceptions import WebSocketClosed
from plexichat_plugin_sdk.testing import MockContext
from plugin_runtime import conversations, log_files
from plugins_registry import services
from plugins_registry.exceptions import ConfigurationRefused
from tests.mounts.sockets import connected
from tests.platform import SAMPLES, Platform
from tests.waiting import wait_for

DO = "/api/v1/subject/do"
PACKAGE = SAMPLES / "subject"
MANIFEST = yaml.safe_load((PACKAGE / "plugin.yaml").read_text())
Log = dict[str, Any]


class World(Protocol):
    """What a check may do, whichever world it is."""

    #: The ids of a user and of a public channel that is theirs.
    ada: str
    channel: str

    def request(self, method: str, url: str, *, is_known: bool = True, **parts: Any) -> Any:
        """Return `[status, content type, body]` of a request of Ada's."""

    def post(self, content: str) -> Any:
        """Post a message of Ada's; return what is stored of it, or why it is refused."""

    def tell(self, hook: str, data: Mapping[str, Any]) -> str:
        """Tell the plugin an event; return `ok` or its error."""

    def talk(self, url: str, says: Sequence[Any]) -> list[Any]:
        """Open a WebSocket, say things and hear an answer to each, leave; return all that came."""

    def permit(self, *permissions: str) -> None:
        """Give Ada permissions."""

    def grant(self, *capabilities: str) -> None:
        """Grant capabilities to the plugin."""

    def revoke(self, *capabilities: str) -> None:
        """Take them away."""

    def set_config(self, **values: Any) -> str:
        """Change the configuration as an admin; return why not, or nothing."""

    def run_job(self, name: str) -> None:
        """Run a scheduled job."""

    def logs(self) -> list[Log]:
        """Return level, message and extra of all that the plugin has logged."""

    def do(self, what: str, **arguments: Any) -> Any:
        """Let the plugin use a part of the SDK; return what came of it."""


def did(world: World, what: str, arguments: Mapping[str, Any]) -> Any:
    """Ask the subject's endpoint for it."""
    status, _, body = world.request("POST", DO, json={"what": what, **arguments})
    assert status == 200, body
    return body["came"]


class MockWorld:
    """A `MockContext` around the subject."""

    def __init__(self) -> None:
        self.context = MockContext(
            **MANIFEST["plugin"],
            metadata=MANIFEST["metadata"],
            config=MANIFEST["settings"],
            capabilities=MANIFEST["permissions"]["optional"],
            raise_errors=False,
        )
        self.ada, self.channel = "test_user", "test_channel"
        self.context.host.core.rows["users"][0]["username"] = "ada"
        self.context.migrate(PACKAGE)
        spec = importlib.util.spec_from_file_location("subject_plugin", PACKAGE / "plugin.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.context.load(module.Subject)

    def request(self, method: str, url: str, *, is_known: bool = True, **parts: Any) -> Any:
        answer = self.context.request(method, url, user=self.ada if is_known else None, **parts)
        kind = answer.headers.get("content-type", "")
        return [answer.status, kind, _body(kind, answer.content)]

    def post(self, content: str) -> Any:
        found = self.context.call_hook(
            "message_sent", {"content": content, "user_id": self.ada, "channel_id": self.channel}
        )
        if found.blocked:
            return {"blocked": found.reason}
        return {key: found.message[key] for key in ("content", "message_type", "metadata")}

    def tell(self, hook: str, data: Mapping[str, Any]) -> str:
        found = self.context.call_hook(hook, data)
        return "ok" if found.error is None else type(found.error).__name__

    def talk(self, url: str, says: Sequence[Any]) -> list[Any]:
        heard: list[Any] = []
        with self.context.connect(url, user=self.ada) as socket:
            try:
                if "/async/" not in url:
                    heard.append(socket.receive_json())
                for word in says:
                    socket.send_json(word)
                    heard.append(socket.receive_json())
            except WebSocketClosed as closed:
                heard.append([closed.close_code, closed.reason.split(";")[0]])
        return heard

    def permit(self, *permissions: str) -> None:
        self.context.permit(self.ada, *permissions)

    def grant(self, *capabilities: str) -> None:
        self.context.grant(*capabilities)

    def revoke(self, *capabilities: str) -> None:
        self.context.revoke(*capabilities)

    def set_config(self, **values: Any) -> str:
        try:
            self.context.set_config(**values)
        except ValueError as refused:
            return str(refused)
        return ""

    def run_job(self, name: str) -> None:
        self.context.run_job(name)

    def logs(self) -> list[Log]:
        return [_line(each) for each in self.context.logs]

    def do(self, what: str, **arguments: Any) -> Any:
        return did(self, what, arguments)

    def close(self) -> None:
        self.context.close()


class ServerWorld:
    """The subject, installed on a running platform."""

    def __init__(self, platform: Platform, monkeypatch: Any) -> None:
        self._platform = platform
        self._user = platform.person("ada")
        self._api, self._stranger = APIClient(), APIClient()
        self._api.force_authenticate(self._user)
        self.ada = str(self._user.public_id)
        self.channel = str(platform.channel("test").public_id)
        platform.install(PACKAGE)
        identity = SimpleNamespace(user=self._user, token_digest="d")

        async def identify(scope: Any) -> Any:
            return identity

        monkeypatch.setattr("plexichat.chat.live.auth.identify", identify)

    def request(self, method: str, url: str, *, is_known: bool = True, **parts: Any) -> Any:
        api = self._api if is_known else self._stranger
        content, kind = b"", "application/octet-stream"
        if "json" in parts:
            content, kind = json.dumps(parts["json"]).encode(), "application/json"
        elif "body" in parts:
            content = parts["body"]
        answer = api.generic(method, url, content, kind, headers=parts.get("headers"))
        type_of = answer.headers.get("Content-Type", "")
        return [answer.status_code, type_of, _body(type_of, answer.content)]

    def post(self, content: str) -> Any:
        try:
            said = chat.post_message(self._user, self.channel, content=content)
        except ChatError as blocked:
            return {"blocked": getattr(blocked, "reason", str(blocked))}
        return {
            "content": said.content,
            "message_type": said.message_type,
            "metadata": said.metadata,
        }

    def tell(self, hook: str, data: Mapping[str, Any]) -> str:
        facts = [hook, dict(data), "e1", "2026-01-05T09:00:00Z", 1, "", 0]
        told = conversations.call("subject", "events", "", [facts], deadline_ms=10_000)
        return "ok" if told[0][0] == "ok" else str(told[0][1]).split(":")[0]

    def talk(self, url: str, says: Sequence[Any]) -> list[Any]:
        return asyncio.run(self._talk(url, says))

    async def _talk(self, url: str, says: Sequence[Any]) -> list[Any]:
        client = await connected(url)
        heard: list[Any] = []
        wanted = list(says) if "/async/" in url else [None, *says]
        for at, word in enumerate(wanted):
            if at or "/async/" in url:
                await client.send_to(text_data=json.dumps(word))
            frame = await client.receive_output(10)
            if frame["type"] == "websocket.close":
                heard.append([frame["code"], (frame.get("reason") or "").split(";")[0]])
                break
            heard.append(json.loads(frame["text"]))
        await client.disconnect(timeout=10)
        return heard

    def permit(self, *permissions: str) -> None:
        services.permit("ada", permissions)
        self._user = type(self._user).objects.get(pk=self._user.pk)
        self._api.force_authenticate(self._user)

    def grant(self, *capabilities: str) -> None:
        services.grant("subject", capabilities)

    def revoke(self, *capabilities: str) -> None:
        services.revoke("subject", capabilities)

    def set_config(self, **values: Any) -> str:
        changes = self.do("state")[1]
        try:
            services.configure("subject", values)
        except ConfigurationRefused as refused:
            return str(refused)
        wait_for(lambda: self.do("state")[1] > changes, what="on_config_changed")
        return ""

    def run_job(self, name: str) -> None:
        conversations.call("subject", "job", name, None, deadline_ms=10_000)

    def logs(self) -> list[Log]:
        def read() -> list[Log]:
            lines = (log_files.folder() / "subject.jsonl").read_text().splitlines()
            return [_line(json.loads(line)) for line in lines]

        wait_for(lambda: read()[-1]["message"] == "it raised", what="the last log record")
        return read()

    def do(self, what: str, **arguments: Any) -> Any:
        return did(self, what, arguments)


def _body(kind: str, content: bytes) -> Any:
    if kind == "application/json":
        body = json.loads(content)
        if isinstance(body, dict) and body.get("code") == "plugin_error":
            return [body["code"], sorted(body)]
        return body
    return content.decode("latin-1")


def _line(record: Mapping[str, Any]) -> Log:
    level = record["level"]
    return {
        "level": {20: "INFO", 30: "WARNING", 40: "ERROR"}.get(level, level),
        "logger": record["logger"],
        "message": record["message"],
        "extra": record["extra"],
        "raised": str(record["exception"]).strip().splitlines()[-1:],
    }
