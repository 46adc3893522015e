"""The cache of tests does what the server's does, command by command, at random."""

from __future__ import annotations

import random
from typing import Any

from plexichat_plugin_sdk import _host
from plexichat_plugin_sdk.cache import CacheError, get_cache_client
from plexichat_plugin_sdk.exceptions import ValidationError
from plexichat_plugin_sdk.testing import MockContext
from tests.cache.conftest import Host, home
from tests.cache.operations import UNORDERED, Operation, operation

__all__ = ["home"]
OPERATIONS = 600


def outcome(asked: Operation) -> Any:
    name, args, options = asked
    try:
        reply = getattr(get_cache_client(), name)(*args, **options)
    except CacheError as error:
        return str(error)
    except ValidationError:
        return "not sent"
    return sorted(reply) if name in UNORDERED else reply


def test_the_same_operations_do_the_same(home: Any, settings: Any) -> None:
    settings.PLEXICHAT_REDIS_URL = ""
    server, mock = Host(), MockContext(raise_errors=False)
    chance = random.Random(7)
    for at in range(OPERATIONS):
        asked = operation(chance)
        _host.bind(server)  # type: ignore[arg-type]  # only questions are asked here
        expected = outcome(asked)
        mock.activate()
        found = outcome(asked)
        if asked[0] == "spop":  # at random
            continue
        assert found == expected, (at, asked)
    mock.close()
    server.end()
