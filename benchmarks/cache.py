"""One cache `get` from inside a sandbox, beside the same `get` through redis-py in the host.

Both ask the same Redis for the same key. The plugin times itself, in short rounds that take turns
with the host's. Without a Redis on this machine only the embedded store is measured.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.test.utils import override_settings
from redis import Redis

from plugin_runtime import conversations
from tests.servers import redis as private_redis
from tests.servers.private import ServerFailed

from . import Result
from ._arena import arena

ROUNDS = 21
CALLS = 200
DEADLINE_MS = 60_000
TARGET = "GET /api/v1/caches"
CACHES = """
    import time
    from plexichat_plugin_sdk import Plugin, endpoint
    from plexichat_plugin_sdk.cache import get_cache_client


    class Caches(Plugin):
        @endpoint("/api/v1/caches")
        def measure(self, request):
            cache, calls = get_cache_client(), request.body
            cache.set("k", "v" * 100)
            assert cache.get("k") == b"v" * 100
            kinds = {
                "get": lambda: cache.get("k"),
                "set": lambda: cache.set("k", "v" * 100, ex=60),
            }
            return {name: self.p50(kind, calls) for name, kind in kinds.items()}

        def p50(self, function, calls):
            times = []
            for _ in range(calls):
                began = time.perf_counter()
                function()
                times.append(time.perf_counter() - began)
            return sorted(times)[calls // 2] * 1e6
"""


def run() -> list[Result]:
    """Measure both stores from the sandbox."""
    embedded = [_inside() for _ in _rounds("")]
    results = [
        Result(name=f"{kind}, embedded, p50", value=_median(embedded, kind), unit="µs")
        for kind in ("get", "set")
    ]
    try:
        with _redis() as url, Redis.from_url(url) as plain:
            plain.set("k", "v" * 100)
            kinds = {"get": lambda: plain.get("k"), "set": lambda: plain.set("k", "v" * 100, ex=60)}
            rounds = [
                ({kind: _p50(ask) for kind, ask in kinds.items()}, _inside()) for _ in _rounds(url)
            ]
    except ServerFailed:
        return results
    for kind in kinds:
        results += _compared(kind, [(host[kind], inside[kind]) for host, inside in rounds])
    return results


def _compared(kind: str, rounds: list[tuple[float, float]]) -> list[Result]:
    ratio = statistics.median(inside / host for host, inside in rounds)
    host, inside = (statistics.median(each) for each in zip(*rounds, strict=True))
    aim = "≤ 2.5" if kind == "get" else ""
    return [
        Result(name=f"{kind}, redis-py in the host, p50", value=host, unit="µs"),
        Result(name=f"{kind}, in a plugin on Redis, p50", value=inside, unit="µs"),
        Result(name=f"{kind}, ratio at p50", value=ratio, unit="times redis-py", aim=aim),
    ]


def _rounds(url: str) -> Iterator[int]:
    """Count rounds, on a platform whose plugin has been warmed up."""
    with override_settings(PLEXICHAT_REDIS_URL=url), arena() as place:
        place.install("caches", CACHES)
        place.enable("caches")
        _inside()
        for number in range(ROUNDS):
            yield number
            # What a round uses of the gateway's processor time, the plugin has to earn again.
            time.sleep(0.2)


def _inside() -> dict[str, float]:
    request: dict[str, Any] = {
        "user_id": "u",
        "method": "GET",
        "path": "/api/v1/caches",
        "path_params": {},
    }
    request |= {"params": {}, "headers": {}, "body": CALLS, "files": {}}
    answer = conversations.call("caches", "endpoint", TARGET, request, deadline_ms=DEADLINE_MS)
    return dict(answer[2])


def _median(rounds: list[dict[str, float]], kind: str) -> float:
    return statistics.median(each[kind] for each in rounds)


def _p50(ask: Callable[[], object]) -> float:
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return sorted(times)[CALLS // 2] * 1e6


@contextmanager
def _redis() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="plx-"))
    try:
        server, url = private_redis.start(folder)
        yield url
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
