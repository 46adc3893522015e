"""What a message costs its author, with nobody, one plugin and ten plugins owed an event of it.

The service itself is timed, not HTTP: membership, filters (none), the row, the outbox, in its one
transaction. Nobody drains meanwhile; the three take turns, and medians are compared.
"""

from __future__ import annotations

import statistics
import time

from plexichat.chat import services as chat
from plexichat.chat.models import User
from plugins_registry import services

from . import Result
from ._arena import Arena, arena

ROUNDS = 15
MESSAGES = 20
SUBSCRIBERS = (0, 1, 10)
LISTENER = """
    from plexichat_plugin_sdk import Plugin, hook

    class Listens(Plugin):
        @hook("message_received")
        def on_received(self, message):
            pass
"""


def run() -> list[Result]:
    """Post in turns with 0, 1 and 10 subscribers."""
    times: dict[int, list[float]] = {}
    with arena() as place:
        names = [f"listens_{number}" for number in range(max(SUBSCRIBERS))]
        for name in names:
            place.install(name, LISTENER)
        place.enable(*names)
        author = User.objects.create_user(username="ada", password="a passphrase 7")
        channel, _ = chat.create_channel(author, name="lobby", channel_type="public")
        for count in reversed(SUBSCRIBERS):
            _leave_enabled(place, names, count)
            times[count] = [_post(author, channel.public_id) for _ in range(ROUNDS)]
    base = statistics.median(times[0])
    results = []
    for count in SUBSCRIBERS:
        middle = statistics.median(times[count])
        label = f"a message with {count} event subscribers"
        results.append(Result(name=label, value=middle * 1e3, unit="ms"))
        results.append(Result(name=label, value=middle / base, unit="times none"))
    return results


def _leave_enabled(place: Arena, names: list[str], count: int) -> None:
    for name in names[count:]:
        services.disable(name)
    place.wait_for_state("stopped", *names[count:])


def _post(author: User, channel_id: str) -> float:
    began = time.perf_counter()
    for _ in range(MESSAGES):
        chat.post_message(author, channel_id, content="The quick brown fox")
    return (time.perf_counter() - began) / MESSAGES
