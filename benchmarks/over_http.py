"""What plugins add to real requests: an endpoint beside a bare view, a message with a filter.

A whole `manage.py run` in a process of its own, asked over one kept-alive connection.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from . import Result
from ._arena import NOOP, write_plugin
from ._floor import MESSAGE
from ._host import Client, Host, host
from ._timing import Series, take_turns

ROUNDS = 7
CALLS = 100
#: Switching the filter takes seconds, so these rounds are few and long.
SWITCHES, MESSAGES = 4, 200
WAIT = ("--wait", "30")
ECHO = """
    from plexichat_plugin_sdk import Plugin, Request, endpoint

    class Echo(Plugin):
        @endpoint("/api/v1/echo", methods=["POST"])
        def echo(self, request: Request):
            return request.body
"""


def run() -> list[Result]:
    """Measure both on one host."""
    with host() as place:
        for name in ("moderation", "polls", "welcome"):
            place.plugin("disable", name, *WAIT)
        for name, code in (("echo", ECHO), ("noop", NOOP)):
            folder = write_plugin(place.folder / "sources", name, code)
            place.plugin("install", str(folder), "--grant-all", "--allow-unsigned")
        client = Client(place.port)
        client.register()
        return [*_endpoints(place, client), *_messages(place, client)]


def _endpoints(place: Host, client: Client) -> list[Result]:
    place.plugin("enable", "echo", *WAIT)
    bare, endpoint = "POST to a bare view", "POST to a plugin's endpoint"
    compared: dict[str, Callable[[], object]] = {
        bare: partial(client.post, "/api/v1/bare", MESSAGE),
        endpoint: partial(client.post, "/api/v1/echo", MESSAGE),
    }
    series = take_turns(compared, rounds=ROUNDS, calls=CALLS)
    place.plugin("disable", "echo", *WAIT)
    ratio = series[endpoint].times(series[bare])
    return [
        *_rows(bare, series[bare]),
        *_rows(endpoint, series[endpoint]),
        Result(name="endpoint over bare view, p50", value=ratio, unit="times"),
    ]


def _messages(place: Host, client: Client) -> list[Result]:
    channel = client.post("/api/v1/channels", {"name": "bench", "channel_type": "public"})
    address = f"/api/v1/channels/{channel['channel_id']}/messages"
    said = {"messages": partial(client.post, address, {"content": MESSAGE["content"]})}
    without, filtered = Series(p50s=[], p99s=[]), Series(p50s=[], p99s=[])
    for _ in range(SWITCHES):
        for verb, series in (("disable", without), ("enable", filtered)):
            place.plugin(verb, "noop", *WAIT)
            took = take_turns(said, rounds=1, calls=MESSAGES)["messages"]
            series.p50s.extend(took.p50s)
            series.p99s.extend(took.p99s)
    return [
        *_rows("POST of a message, no filter", without),
        *_rows("POST of a message, one filter", filtered),
    ]


def _rows(name: str, series: Series) -> list[Result]:
    return [
        Result(name=f"{name}, p50", value=series.p50, unit="µs"),
        Result(name=f"{name}, p99", value=series.p99, unit="µs"),
    ]
