"""What becomes of a cache when its plugin is exported or goes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

from plexichat_plugin_sdk.cache import Cache
from plugin_runtime.gateway.cache import CacheKeeper
from plugin_runtime.gateway.cache.embedded.store import path_of
from tests.cache.conftest import Host
from tests.waiting import wait_for

keeper = CacheKeeper()


def _fill(cache: Cache[bytes]) -> None:
    cache.set("greeting", "grüezi", px=100_000)
    cache.set(b"\xff", b"\x00\xff")
    cache.hset("h", mapping={"f": "v"})
    cache.rpush("l", "a", "b")
    cache.zadd("z", {"m": 1.5})
    cache.sadd("s", "m")


def _exported(plugin: str) -> list[dict[str, object]]:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        keeper.export(plugin, archive)
    with zipfile.ZipFile(file) as archive:
        return [json.loads(line) for line in archive.read("cache/keys.jsonl").splitlines()]


def test_an_export_has_every_key_with_type_and_expiry(cache: Cache[bytes]) -> None:
    _fill(cache)
    found = {json.dumps(line["key"]): line for line in _exported("shop")}
    ttl = found['"greeting"'].pop("ttl_ms")
    assert isinstance(ttl, int)
    assert 90_000 < ttl <= 100_000
    assert found['"greeting"'] == {"key": "greeting", "type": "string", "value": "grüezi"}
    assert found['{"base64": "/w=="}']["value"] == {"base64": "AP8="}
    assert found['"h"']["value"] == [["f", "v"]]
    assert found['"z"']["value"] == [["m", "1.5"]]
    assert (found['"l"']["value"], found['"l"']["ttl_ms"]) == (["a", "b"], -1)


def test_a_purge_takes_one_plugin_s_keys(
    cache: Cache[bytes], host: Host, speak_as: Callable[[str], None]
) -> None:
    _fill(cache)
    speak_as("neighbour")
    cache.set("greeting", "hello")
    assert keeper.summary("shop")["keys"] == 6
    host.end()
    keeper.purge("shop")
    keeper.purge("shop")
    assert keeper.summary("shop") == {"keys": 0, "bytes": 0}
    assert _exported("shop") == []
    assert not path_of("shop").exists()
    assert keeper.summary("neighbour")["keys"] == 1
    assert cache.get("greeting") == b"hello"


def test_other_processes_see_what_expired_as_gone(cache: Cache[bytes]) -> None:
    _fill(cache)
    cache.pexpire("greeting", 1)
    wait_for(lambda: not cache.exists("greeting"), what="expiry")
    assert keeper.summary("shop")["keys"] == 5
    assert len(_exported("shop")) == 5
