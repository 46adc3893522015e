"""Every process of a production arrangement is killed, and its broker goes: nothing is lost."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.acceptance.crowd import NOT_DONE, UNHURRIED, Crowd, not_done, write_listener
from tests.arrangement import Production, needs_servers, running_production
from tests.servers import rabbitmq, redis
from tests.servers.private import ServerFailed
from tests.waiting import wait_for
from tests.workers import second_redis

#: How many messages the clients get accepted; more with PLEXICHAT_CHAOS_MESSAGES.
MESSAGES = int(os.environ.get("PLEXICHAT_CHAOS_MESSAGES", "300"))
#: How long the broker is away at least, while people post; by hand also a minute or more.
OUTAGE_SECONDS = float(os.environ.get("PLEXICHAT_CHAOS_OUTAGE_SECONDS", "3"))
OUTAGE_MESSAGES = 100
#: A drain whose worker was killed is taken over when its lease ends, after a minute.
CATCH_UP_SECONDS = 120
#: The longest that one post may take without the broker, on a machine that is busy.
PATIENCE_SECONDS = 4.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.backends,
    pytest.mark.timeout(400 + MESSAGES // 4 + 2 * OUTAGE_SECONDS),
    needs_servers,
]


def test_nothing_is_lost_whichever_process_is_killed(tmp_path: Path) -> None:
    plugin = write_listener(tmp_path)
    with running_production(tmp_path, plugin, redis_url=second_redis(), **UNHURRIED) as place:
        crowd = Crowd(place.urls, MESSAGES)
        with crowd.posting():
            wreak_havoc(place, crowd)
        wait_for(
            lambda: not_done(place.read, place.command) == 0,
            seconds=CATCH_UP_SECONDS,
            what="every delivery",
        )

        crowd.check(place.read)
        place.wait_until_healthy()


def wreak_havoc(place: Production, crowd: Crowd) -> None:
    """Kill each part once, in any order, and children in between, while posting goes on."""
    parts = random.sample(place.names, len(place.names))
    for number, part in enumerate(parts, start=1):
        while not crowd.has(number / (len(parts) + 1)):
            place.revive()
            place.kill_a_child()
            time.sleep(random.uniform(0.2, 0.8))
        place.kill_and_restart(part)
        if part == "supervisor":
            # It tries out, with processes of its own, what this machine confines: let it finish.
            place.recover()
    place.recover()


def test_rabbitmq_moves_deliveries_and_may_go_away(tmp_path: Path) -> None:
    plugin = write_listener(tmp_path)
    try:
        with rabbitmq.running(tmp_path / "rabbitmq") as (server, url):
            more = UNHURRIED | {"PLEXICHAT_BROKER_URL": url}
            with running_production(tmp_path, plugin, redis_url=second_redis(), **more) as place:
                crowd = Crowd(place.urls, OUTAGE_MESSAGES)
                with crowd.posting():
                    wait_for(lambda: crowd.has(0.3), what="some messages")
                    server.kill()
                    server.begin_again()
                wait_until_told(place)

                crowd.check(place.read)
                assert not crowd.troubles
                place.wait_until_healthy()
    except ServerFailed as failure:
        pytest.skip(str(failure))


def wait_until_told(place: Production) -> None:
    wait_for(lambda: place.read(NOT_DONE) == [(0,)], seconds=CATCH_UP_SECONDS, what="deliveries")


def test_posting_goes_on_without_the_broker_and_deliveries_catch_up(tmp_path: Path) -> None:
    plugin = write_listener(tmp_path)
    server, url = redis.start(tmp_path)
    try:
        with running_production(tmp_path, plugin, redis_url=url, **UNHURRIED) as place:
            crowd = Crowd(place.urls, OUTAGE_MESSAGES, seconds=OUTAGE_SECONDS)
            server.kill()
            with crowd.posting():
                assert crowd.log_in() == 200
            assert place.read(NOT_DONE) == [(len(crowd.accepted),)]
            server, _ = redis.start(tmp_path, port=redis.port_of(url))
            wait_until_told(place)

            crowd.check(place.read)
            assert not crowd.troubles
            assert crowd.slowest < PATIENCE_SECONDS
            place.wait_until_healthy()
    finally:
        server.stop()
