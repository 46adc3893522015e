"""One `check_permission` from inside a sandbox, beside the emptiest question there is.

Both travel the same way; what lies between them is what answering costs. The plugin times itself
in rounds that take turns, while nothing changes.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model

from plugin_runtime import conversations, news
from plugin_runtime.gateway import questions
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.switchboard import client
from plugins_registry import services

from . import Result
from ._arena import arena

ROUNDS = 21
CALLS = 200
DEADLINE_MS = 60_000
TARGET = "GET /api/v1/checks"
CHECKS = """
    import time
    from plexichat_plugin_sdk import Plugin, _host, endpoint
    from plexichat_plugin_sdk.security import check_permission, require_permission


    class Checks(Plugin):
        @endpoint("/api/v1/checks")
        @require_permission("checks.read")
        def check(self, request):
            user_id, calls = request.user_id, request.body
            asked = lambda: _host.ask("bench.nothing", user_id=user_id, permission="checks.read")
            checked = lambda: check_permission(user_id, "checks.read")
            assert checked() is True
            return [self.p50(asked, calls), self.p50(checked, calls)]

        def p50(self, function, calls):
            times = []
            for _ in range(calls):
                began = time.perf_counter()
                function()
                times.append(time.perf_counter() - began)
            return sorted(times)[calls // 2] * 1e6
"""


def run() -> list[Result]:
    """Measure both from the sandbox."""
    questions.QUESTIONS["bench.nothing"] = _nothing
    try:
        with arena() as place:
            place.install("checks", CHECKS)
            place.enable("checks")
            user = get_user_model().objects.create_user(username="bench")
            services.permit("bench", ["checks.read"])
            news.mark()  # starts to listen
            client.settle()
            rounds = [_round(user.public_id) for _ in range(ROUNDS + 1)][1:]
    finally:
        del questions.QUESTIONS["bench.nothing"]
    floor = statistics.median(asked for asked, _ in rounds)
    check = statistics.median(checked for _, checked in rounds)
    above = statistics.median(checked - asked for asked, checked in rounds)
    return [
        Result(name="an empty question, p50", value=floor, unit="µs"),
        Result(name="check_permission, p50", value=check, unit="µs"),
        Result(name="check_permission above it", value=above, unit="µs", aim="≤ 100"),
    ]


def _round(user_id: str) -> tuple[float, float]:
    request: dict[str, Any] = {"user_id": user_id, "method": "GET", "path": "/api/v1/checks"}
    request |= {"path_params": {}, "params": {}, "headers": {}, "body": CALLS, "files": {}}
    answer = conversations.call("checks", "endpoint", TARGET, request, deadline_ms=DEADLINE_MS)
    asked, checked = answer[2]
    return asked, checked


def _nothing(asker: Asker, arguments: Mapping[str, Any]) -> bool:
    return True
