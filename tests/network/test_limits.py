"""How much a plugin may use of the network, and how soon it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import override_settings

from plugin_runtime.gateway.network import accounts
from plugin_runtime.gateway.network.accounts import Account
from plugin_runtime.gateway.network.connections import desk
from plugin_runtime.gateway.refusal import Refusal
from plugin_runtime.switchboard import client
from plugins_registry import services
from plugins_registry.models import Plugin, Traffic
from tests.waiting import wait_for

from .conftest import NAME, Dialler
from .servers import Server

pytestmark = [pytest.mark.django_db, pytest.mark.backends]

OPEN = """
import socket
kept["connection"] = socket.create_connection(("api.test", port), timeout=30)
kept["connection"].sendall(b"GET /many HTTP/1.0\\r\\nHost: me\\r\\n\\r\\n")
answer = len(kept["connection"].recv(1000)) > 0
"""
#: Reads to the end of the connection, with a deadline of the plugin's own.
DRAIN = """
answer = 0
kept["connection"].settimeout(30)
try:
    while data := kept["connection"].recv(1 << 20):
        answer += len(data)
except ConnectionResetError:
    pass
"""
CLOSE = "kept.pop('connection').close()"


@contextmanager
def used_up_after(count: int) -> Iterator[None]:
    limit = desk.account_of(NAME).used + count
    with override_settings(PLEXICHAT_PLUGIN_NETWORK_BYTES_PER_DAY=limit):
        yield


def test_bytes_of_a_day_are_limited(dialler: Dialler, server: Server) -> None:
    with used_up_after(3_000_000):
        dialler.do(OPEN, port=server.port)
        received = dialler.do(DRAIN)
        refused = dialler.try_(OPEN, port=server.port)

    assert received > 2_000_000
    assert "used up until midnight" in refused["error"]
    assert "OSError" in refused["kinds"]
    dialler.do(OPEN, port=server.port)
    dialler.do(CLOSE)


def test_what_is_sent_counts_even_when_nobody_reads_it(dialler: Dialler, server: Server) -> None:
    before = desk.account_of(NAME).used

    dialler.do(
        """
        import socket
        connection = socket.create_connection(("api.test", port))
        connection.sendall(b"POST / HTTP/1.0\\r\\n" + bytes(100_000))
        connection.close()
        """,
        port=server.port,
    )

    dialler.wait_until_hung_up()
    assert desk.account_of(NAME).used - before >= 100_000


def test_open_connections_are_limited(dialler: Dialler, server: Server) -> None:
    dialler.wait_until_hung_up()
    text = """
    import socket
    kept["many"] = []
    for _ in range(number):
        kept["many"].append(socket.create_connection(("api.test", port)))
    """

    with override_settings(PLEXICHAT_PLUGIN_CONNECTIONS=2):
        refused = dialler.try_(text, port=server.port, number=3)
        dialler.do("for each in kept.pop('many'): each.close()")
        dialler.wait_until_hung_up()
        assert dialler.do(text, port=server.port, number=2)

    assert "2 connections at a time; close one first" in refused["error"]
    dialler.do("for each in kept.pop('many'): each.close()")


def test_closed_connections_count_no_longer(dialler: Dialler, server: Server) -> None:
    dialler.wait_until_hung_up()
    text = """
    import socket
    for _ in range(30):
        socket.create_connection(("api.test", port)).close()
    """

    with override_settings(PLEXICHAT_PLUGIN_CONNECTIONS=2):
        assert dialler.do(text, port=server.port) == "done"


@pytest.mark.usefixtures("dialler")
def test_new_connections_are_limited(settings: Any) -> None:
    settings.PLEXICHAT_PLUGIN_CONNECTIONS_PER_MINUTE = 1
    account = desk.account_of("hasty")
    account.take()
    account.give_back()

    with pytest.raises(Refusal, match="1 new connections a minute"):
        account.take()


def test_a_withdrawn_grant_ends_connections_at_once(dialler: Dialler, server: Server) -> None:
    capability = f"network:api.test:{server.port}"
    dialler.do(OPEN, port=server.port)

    services.revoke(NAME, [capability])
    client.settle()
    assert all(connection.is_cut for connection in desk.open_of(NAME))
    dialler.do(DRAIN)
    refused = dialler.try_(OPEN, port=server.port)
    services.grant(NAME, [capability])
    client.settle()

    assert f"manage.py plugin grant {NAME} {capability}" in refused["error"]
    assert dialler.do(OPEN, port=server.port)
    dialler.do(CLOSE)


def test_connections_end_with_their_process(dialler: Dialler, server: Server) -> None:
    dialler.do(OPEN, port=server.port)
    assert desk.open_of(NAME)

    dialler.platform.kill(NAME)

    wait_for(lambda: not desk.open_of(NAME), what="the end of the connection")
    dialler.platform.wait_for_state(NAME, "backing_off")
    dialler.platform.wait_for_state(NAME, "active")
    assert dialler.do(OPEN, port=server.port)
    dialler.do(CLOSE)


def test_a_descriptor_lost_in_silence_is_given_up(
    dialler: Dialler, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialler.wait_until_hung_up()
    dialler.do(
        """
        import os, socket
        os.close(socket.create_connection(("api.test", port)).detach())
        """,
        port=server.port,
    )
    assert desk.open_of(NAME)

    monkeypatch.setattr("plugin_runtime.gateway.network.connections.IDLE_SECONDS", 0.1)

    dialler.wait_until_hung_up()


def test_other_questions_go_on_while_hosts_keep_silent(dialler: Dialler) -> None:
    still_silent = dialler.do(
        """
        import socket, threading
        from plexichat_plugin_sdk import check_permission
        def dial():
            try:
                socket.create_connection(("slow.test", 80), timeout=5)
            except OSError:
                pass
        threads = [threading.Thread(target=dial) for _ in range(12)]
        [thread.start() for thread in threads]
        for _ in range(20):
            check_permission("nobody", "dials.read")
        answer = sum(thread.is_alive() for thread in threads)
        """
    )

    assert still_silent


def test_an_admin_sees_what_was_moved(dialler: Dialler, server: Server) -> None:
    dialler.do(OPEN, port=server.port)
    dialler.do("import time\nwhile len(kept['connection'].recv(1 << 20)) == 0: pass")
    dialler.do(CLOSE)

    dialler.wait_until_hung_up()
    wait_for(lambda: not desk.is_watching, what="the sums")
    (today,) = json.loads(command_output("show", NAME, "--json"))["network"]

    account = desk.account_of(NAME)
    assert today["sent_bytes"] + today["received_bytes"] == account.used
    assert today["connections"] >= 1
    assert today["received_bytes"] > 1000


@pytest.mark.usefixtures("dialler")
def test_sums_survive_their_process_and_add_up() -> None:
    Plugin.objects.create(name="moves")
    here, there = Account("moves"), Account("moves")
    for account in (here, there):
        account.take()
        account.note(1, 10)
        account.keep()
    here.note(0, 5)
    here.keep()

    assert here.used == 27
    assert Account("moves").used == 0
    late = Account("moves")
    late.take()
    assert late.used == 27
    Plugin.objects.filter(name="moves").delete()
    late.keep()
    assert not Traffic.objects.filter(plugin_id="moves").exists()


@pytest.mark.usefixtures("dialler")
def test_sums_that_cannot_be_written_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("away")

    Plugin.objects.create(name="waits")
    account = Account("waits")
    account.take()
    account.note(1, 2)
    with monkeypatch.context() as patch:
        patch.setattr(services, "note_traffic", fail)
        with pytest.raises(OperationalError):
            account.keep()

    account.keep()

    (row,) = Traffic.objects.filter(plugin_id="waits")
    assert (row.connections, row.sent_bytes, row.received_bytes) == (1, 1, 2)
    Plugin.objects.filter(name="waits").delete()


@pytest.mark.usefixtures("dialler")
def test_a_new_day_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("moves")
    account.take()
    account.note(1_000, 0)

    monkeypatch.setattr(accounts, "_today", lambda: date(2100, 1, 1))

    assert account.note(1, 1)
    assert account.used == 2


def command_output(*words: str) -> str:
    out = io.StringIO()
    call_command("plugin", *words, stdout=out)
    return out.getvalue()
