"""Which addresses are the internet's, and that only those which were looked at are dialled."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from plexichat import bounds
from plexichat.environment import Environment
from plugin_runtime.gateway.network import answering, dialling, resolving
from plugin_runtime.gateway.network.destinations import Destination
from plugin_runtime.gateway.refusal import Refusal
from plugins_registry import addresses
from plugins_registry.addresses import Address, parse, refusal_of

INSIDE = {
    "0.0.0.0": "this machine",
    "10.255.255.255": "a private network",
    "100.64.0.1": "a carrier's private network",
    "100.100.100.200": "a carrier's private network",
    "127.0.0.1": "this machine",
    "127.255.0.1": "this machine",
    "168.63.129.16": "metadata",
    "169.254.169.254": "link-local",
    "172.16.0.1": "a private network",
    "172.31.255.255": "a private network",
    "192.0.0.192": "protocols",
    "192.0.2.1": "documentation",
    "192.88.99.1": "a relay",
    "192.168.1.1": "a private network",
    "198.18.0.1": "measurements",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "255.255.255.255": "reserved",
    "::": "this machine",
    "::1": "this machine",
    "::7f00:1": "reserved",
    "::ffff:127.0.0.1": "dressed up",
    "::ffff:93.184.216.34": "dressed up",
    "64:ff9b::7f00:1": "NAT64",
    "64:ff9b:1::1": "NAT64",
    "100::1": "reserved",
    "2001::1": "protocols",
    "2001:db8::1": "documentation",
    "2002:7f00:1::": "dressed up",
    "3fff::1": "documentation",
    "5f00::1": "reserved",
    "fc00::1": "a private network",
    "fd00:ec2::254": "a private network",
    "fe80::1": "link-local",
    "fec0::1": "a private network",
    "ff02::1": "multicast",
}
OUTSIDE = ["93.184.216.34", "9.9.9.9", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"]


def address(text: str) -> Address:
    found = parse(text)
    assert found is not None
    return found


@pytest.mark.parametrize(("text", "reason"), INSIDE.items(), ids=INSIDE)
def test_what_leads_inside_is_refused(text: str, reason: str) -> None:
    assert reason in refusal_of(address(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_the_internet_is_not_refused(text: str) -> None:
    assert refusal_of(address(text)) == ""


def test_this_machines_public_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_NETWORKS", [])

    assert refusal_of(address("127.0.0.1")) == "this machine"
    assert not addresses.is_own(address("9.9.9.9"))


@pytest.mark.parametrize("text", ["fe80::1%eth0", "example.com", "127.1", "0x7f000001", ""])
def test_only_plain_addresses_are_addresses(text: str) -> None:
    assert parse(text) is None


# --- From a name to a connection --------------------------------------------------------------


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was dialled, instead of dialling it."""
    seen: list[list[str]] = []

    def dial(found: Sequence[Address], port: int, *, until: float) -> Any:
        seen.append([str(each) for each in found])
        return "connected"

    monkeypatch.setattr(dialling, "dial", dial)
    return seen


def reach(host: str, answers: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "resolver", lambda _: answers.pop(0))
    answering._connected("demo", Destination(host, 443), time.monotonic() + 5)


def test_a_name_is_asked_for_once(
    dialled: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]

    reach("rebinding.test", answers, monkeypatch)

    assert dialled == [["93.184.216.34"]]
    assert answers == [["127.0.0.1"]]


def test_of_mixed_answers_only_the_internets_are_dialled(
    dialled: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed = ["10.0.0.1", "93.184.216.34", "::1", "2606:4700::1111", "93.184.216.34"]

    reach("mixed.test", [mixed], monkeypatch)

    assert dialled == [["2606:4700::1111", "93.184.216.34"]]


def test_a_name_of_the_inside_is_refused_whole(
    dialled: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refusal, match="leads to a private network and this machine") as caught:
        reach("inside.test", [["127.0.0.1", "10.0.0.1"]], monkeypatch)

    assert caught.value.code == "permission_denied"
    assert "10.0.0.1" not in str(caught.value)
    assert dialled == []


def test_the_operator_may_open_the_inside(
    dialled: list[list[str]], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.PLEXICHAT_NETWORK_INTERNAL_HOSTS = ["inside.test"]

    reach("inside.test", [["10.0.0.1"]], monkeypatch)

    assert dialled == [["10.0.0.1"]]


def test_a_name_without_addresses_is_no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal, match=r"no connection to empty\.test"):
        reach("empty.test", [[]], monkeypatch)


# --- Resolving and dialling --------------------------------------------------------------------


def test_a_resolver_that_hangs_is_left_behind() -> None:
    def hang(_: str) -> list[str]:
        time.sleep(0.3)
        return []

    for _ in range(resolving.MOST_PER_PLUGIN):
        with pytest.raises(TimeoutError):
            resolving.addresses_of("hanging", "slow.test", seconds=0.001, resolver=hang)
    with pytest.raises(resolving.TooMany):
        resolving.addresses_of("hanging", "slow.test", seconds=0.001, resolver=hang)
    other = resolving.addresses_of("other", "x.test", seconds=5, resolver=lambda _: ["9.9.9.9"])
    assert other == [address("9.9.9.9")]


def test_what_no_resolver_takes_is_no_name() -> None:
    def choke(_: str) -> list[str]:
        raise UnicodeError

    with pytest.raises(socket.gaierror, match="no host name"):
        resolving.addresses_of("demo", "x.test", seconds=5, resolver=choke)


def test_the_systems_resolver_is_asked() -> None:
    found = resolving.addresses_of("demo", "localhost", seconds=5)

    assert address("127.0.0.1") in found


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_the_next_address_is_tried_when_one_fails(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    refusing = [address("127.0.0.2"), address("::1"), address("127.0.0.1")]

    with dialling.dial(refusing, port, until=time.monotonic() + 5) as connected:
        assert connected.getpeername() == ("127.0.0.1", port)
        assert connected.getblocking()


def test_a_silent_address_does_not_keep_the_next_one_waiting(
    listener: socket.socket, silent: socket.socket
) -> None:
    port = listener.getsockname()[1]
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        dialling.dial([address("127.0.0.1")], silent.getsockname()[1], until=began + 0.3)
    assert 0.3 <= time.monotonic() - began < 2
    attempts = dialling._Attempts(silent.getsockname()[1])
    attempts.begin(address("127.0.0.1"))
    attempts._port = port
    assert attempts.wait(time.monotonic() + 0.05) is None
    attempts.begin(address("127.0.0.1"))
    connected = attempts.wait(time.monotonic() + 5)
    attempts.close()
    assert connected is not None
    connected.close()


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server whose queue is full: further connections hear nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        for _ in range(3):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(server.getsockname())
            waiting.append(one)
        yield server
        for one in waiting:
            one.close()


def test_the_reason_of_the_last_address_is_told(listener: socket.socket) -> None:
    with pytest.raises(ConnectionRefusedError):
        dialling.dial(
            [address("127.0.0.3"), address("127.0.0.2")],
            listener.getsockname()[1],
            until=time.monotonic() + 5,
        )


# --- What an operator may write ----------------------------------------------------------------


def test_internal_hosts_are_read_from_the_environment() -> None:
    written = "search.internal.example, 10.0.0.7:9200,[fd00::1]:80"
    environment = Environment({"PLEXICHAT_NETWORK_INTERNAL_HOSTS": written})

    found = bounds.given(environment)["PLEXICHAT_NETWORK_INTERNAL_HOSTS"]

    environment.check()
    assert found == ["search.internal.example", "10.0.0.7:9200", "[fd00::1]:80"]


def test_an_internal_host_that_is_none_stops_the_start() -> None:
    environment = Environment({"PLEXICHAT_NETWORK_INTERNAL_HOSTS": "fine.example,http://x/"})

    bounds.given(environment)

    with pytest.raises(
        ImproperlyConfigured, match=r"'network:http://x/' (names no host|ends in no port)"
    ):
        environment.check()
