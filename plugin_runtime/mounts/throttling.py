"""The rate limit: requests per user and plugin, counted in the shared cache."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from plexichat.chat.counts import counts

from . import refusals
from .conf import conf


class _PluginThrottle(SimpleRateThrottle):
    """DRF's sliding window, keyed by user and plugin instead of by view.

    Counting is get-then-set: under heavy concurrency a few requests too many get through, which
    a limit against flooding can bear.
    """

    cache = counts

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        super().__init__()

    def get_rate(self) -> str:
        """Return the configured rate."""
        return conf.rate

    def get_cache_key(self, request: Any, view: Any) -> str:
        """Return the key of this user's count; plugin names are slugs."""
        return f"plugin-rate:{self.plugin}:{request.user.pk}"


def check_rate(user: Any, plugin: str) -> None:
    """Count one request of a user; raise `Refused` 429 when it is one too many."""
    throttle = _PluginThrottle(plugin)
    asking = cast(Request, SimpleNamespace(user=user))  # all that the key needs, also for sockets
    if not throttle.allow_request(asking, cast(APIView, None)):
        raise refusals.throttled(max(1, math.ceil(throttle.wait() or 1)))
