"""The reference's `CachePlugin`, word for word, in a real sandbox."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from plugin_runtime.conversations import call
from plugin_runtime.gateway.cache import CacheKeeper
from tests.platform import Platform, running_platform
from tests.sdk.reference import PRELUDE, reference_block

pytestmark = [pytest.mark.backends, pytest.mark.slow]
AROUND = """
    class Around(CachePlugin):
        @endpoint("/api/{name}", methods=["POST"])
        def do(self, request):
            world = {{"self": self, "cache": get_cache_client()}}
            try:
                return {{"answer": eval(request.body["text"], world)}}
            except Exception as error:
                return {{"answer": type(error).__name__, "said": str(error)}}
"""

Do = Callable[[str, str], Any]


@pytest.fixture
def platform(
    request: pytest.FixtureRequest, transactional_db: None, home: Path, tmp_path: Path
) -> Iterator[Platform]:
    with running_platform(tmp_path) as running:
        yield running


@pytest.fixture
def do(platform: Platform) -> Do:
    """Runs an expression in one of two plugins, `shop` and `spy`."""
    for name in ("shop", "spy"):
        folder = platform.write(name, "")
        around = textwrap.dedent(AROUND.format(name=name))
        code = f"{PRELUDE}\n\n{reference_block('CachePlugin')}\n\n{around}"
        (folder / "plugin.py").write_text(code)
        platform.install(folder)

    def run(plugin: str, text: str) -> Any:
        path = f"/api/{plugin}"
        payload = {"user_id": "u", "method": "POST", "path": path, "body": {"text": text}}
        said = call(plugin, "endpoint", f"POST {path}", payload, deadline_ms=15_000)[2]
        return said["answer"]

    return run


def test_the_references_cache_plugin_runs(do: Do) -> None:
    assert do("shop", "self.get_cached_data('user:1')") is None
    assert do("shop", "self.set_cached_data('user:1', {'name': 'Ada'})") is True
    assert do("shop", "self.get_cached_data('user:1')") == {"name": "Ada"}
    assert 3500 < do("shop", "cache.ttl('user:1')") <= 3600
    assert do("shop", "self.set_cached_data('user:2', [1, 2], ttl=60)") is True

    assert do("spy", "self.get_cached_data('user:1')") is None
    assert do("spy", "self.invalidate_cache('*')") == 0
    assert do("spy", "cache.scan_iter.__self__ and [len(cache.keys(p)) for p in '*?[']") == [0] * 3

    assert CacheKeeper().summary("shop")["keys"] == 2
    assert do("shop", "self.invalidate_cache('user:*')") == 2
    assert do("shop", "cache.keys()") == []


def test_a_plugin_cannot_reach_the_store_itself(do: Do) -> None:
    reach = "__import__('socket').create_connection(('127.0.0.1', 6379))"
    assert do("spy", reach) == "PermissionError"
    path = Path(settings.PLEXICHAT_HOME) / "plugins-data" / "shop" / "cache.sqlite3"
    do("shop", "cache.set('secret', 'x')")
    assert do("spy", f"open({str(path)!r}).read()") in ("PermissionError", "FileNotFoundError")
    assert do("shop", f"open({str(path)!r}).read()") in ("PermissionError", "FileNotFoundError")
    assert do("shop", "cache.eval") == "NotAvailable"
