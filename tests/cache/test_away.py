"""A Redis that is gone, slow or new: told in time, in words that say nothing about the server."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plexichat_plugin_sdk.cache import get_cache_client
from plexichat_plugin_sdk.exceptions import HostError
from plugin_runtime.gateway.cache import server as redis_server
from tests.cache.conftest import Host
from tests.servers import redis as private_redis
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(private_redis.program() is None, reason="needs a Redis")


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="plx-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_a_redis_that_comes_back_is_used_again(host: Host, settings: Any, folder: Path) -> None:
    started, url = private_redis.start(folder)
    settings.PLEXICHAT_REDIS_URL = url
    cache = get_cache_client()
    cache.set("k", "v")
    started.stop()
    with pytest.raises(HostError, match="try again later") as away:
        cache.get("k")
    assert not [word for word in ("127.0.0.1", url.split(":")[2][:4]) if word in str(away.value)]
    started, _ = private_redis.start(folder, port=private_redis.port_of(url))
    try:
        assert wait_for(lambda: _answer(cache.set, "k", "new"), what="an answer")
        assert cache.get("k") == b"new"
    finally:
        started.stop()


def _answer(ask: Any, *args: Any) -> Any:
    try:
        return ask(*args)
    except HostError:
        return None


def test_a_redis_that_is_silent_is_not_waited_for(
    host: Host, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_server, "_ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.PLEXICHAT_REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        began = time.monotonic()
        for _ in range(3):  # all but the first are refused at once
            with pytest.raises(HostError):
                get_cache_client().get("k")
        assert time.monotonic() - began < 1.5


def test_the_limits_of_waiting_are_within_two_seconds() -> None:
    assert max(redis_server._ANSWER_SECONDS, redis_server._CONNECT_SECONDS) < 2
