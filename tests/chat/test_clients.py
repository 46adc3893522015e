"""From where, and with what, somebody logs in."""

from __future__ import annotations

from typing import Any

import pytest

from plexichat.chat.clients import USER_AGENT_CHARACTERS, client_of, device_info

PEER = "192.0.2.1"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1"
)
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"
SILENT = {"device": "", "os": "", "os_version": "", "browser": "", "browser_version": ""}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        pytest.param(0, None, PEER, id="no proxy"),
        pytest.param(0, "203.0.113.7", PEER, id="no proxy, invented"),
        pytest.param(1, None, PEER, id="past the proxy"),
        pytest.param(1, "203.0.113.7", "203.0.113.7", id="one proxy"),
        pytest.param(1, "6.6.6.6, 203.0.113.7", "203.0.113.7", id="one proxy, invented"),
        pytest.param(2, "203.0.113.7, 10.0.0.1", "203.0.113.7", id="two proxies"),
        pytest.param(2, "6.6.6.6,203.0.113.7,10.0.0.1", "203.0.113.7", id="two, invented"),
        pytest.param(2, "6.6.6.6", PEER, id="past one of two proxies"),
        pytest.param(1, "203.0.113.7:4711", "203.0.113.7", id="with port"),
        pytest.param(1, "2001:DB8:0::7", "2001:db8::7", id="IPv6"),
        pytest.param(1, "[2001:db8::7]:4711", "2001:db8::7", id="IPv6 with port"),
        pytest.param(1, "::ffff:203.0.113.7", "203.0.113.7", id="IPv4 in IPv6"),
        pytest.param(1, "203.0.113.7, unknown", PEER, id="no address"),
        pytest.param(1, "<script>", PEER, id="nonsense"),
        pytest.param(1, "", PEER, id="empty"),
    ],
)
def test_only_what_trusted_proxies_saw_is_believed(
    settings: Any, proxies: int, forwarded: str | None, address: str
) -> None:
    settings.PLEXICHAT_PROXIES = proxies
    environment = {"REMOTE_ADDR": PEER}
    if forwarded is not None:
        environment["HTTP_X_FORWARDED_FOR"] = forwarded
    assert client_of(environment).ip_address == address


@pytest.mark.parametrize("peer", [{}, {"REMOTE_ADDR": ""}, {"REMOTE_ADDR": "unix:"}])
def test_a_server_that_knows_no_address_invents_none(peer: dict[str, str]) -> None:
    assert client_of(peer).ip_address == ""


def test_a_program_is_quoted_at_bounded_length() -> None:
    assert client_of({"HTTP_USER_AGENT": IPHONE}).user_agent == IPHONE
    assert len(client_of({"HTTP_USER_AGENT": "x" * 9000}).user_agent) == USER_AGENT_CHARACTERS
    assert client_of({}).user_agent == ""


def test_what_no_database_stores_does_not_come_through() -> None:
    assert client_of({"HTTP_USER_AGENT": "a\x00b"}).user_agent == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize(
    ("user_agent", "told"),
    [
        pytest.param(
            IPHONE,
            {
                "device": "iPhone",
                "os": "iOS",
                "os_version": "17.4",
                "browser": "Mobile Safari",
                "browser_version": "17.4",
            },
            id="telephone",
        ),
        pytest.param(
            DESKTOP,
            {**SILENT, "os": "Linux", "browser": "Firefox", "browser_version": "125.0"},
            id="desktop",
        ),
        pytest.param("curl/8.5.0", {**SILENT, "browser": "curl", "browser_version": "8.5.0"}),
        pytest.param("\xff(((", SILENT, id="nonsense"),
        pytest.param("", SILENT, id="nothing"),
    ],
)
def test_a_device_is_told_as_far_as_it_says(user_agent: str, told: dict[str, str]) -> None:
    assert device_info(user_agent) == told
