"""Capabilities: which have an effect, what they mean, and how a network's is written."""

from __future__ import annotations

import pytest

from plugins_registry import capabilities
from plugins_registry.capabilities import BadNetwork, NetworkTarget, parse_network
from tests.registry.test_manifest import problems_of, warnings_of


@pytest.mark.parametrize("capability", capabilities.CATALOGUE, ids=lambda each: each.name)
def test_every_capability_says_what_it_allows_and_what_follows(
    capability: capabilities.Capability,
) -> None:
    assert capabilities.find(capability.name) is capability
    assert capabilities.meaning(capability.name).startswith(f"{capability.name}: may ")
    assert capability.consequence.endswith(".")


def test_a_label_is_called_one() -> None:
    assert capabilities.find("analytics_write") is None
    assert "allows nothing" in capabilities.meaning("analytics_write")


def test_a_network_capability_says_where_it_leads() -> None:
    said = capabilities.meaning("network:*.example.com:8443")
    assert "any host below example.com (port 8443)" in said
    assert "ports 80" not in said
    assert "(port 80 and 443)" in capabilities.meaning("network:example.com")


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("network:api.example.com", NetworkTarget(host="api.example.com", port=None)),
        ("network:API.Example.com:8443", NetworkTarget(host="api.example.com", port=8443)),
        ("network:intranet", NetworkTarget(host="intranet", port=None)),
        ("network:*.example.com", NetworkTarget(host="example.com", port=None, is_wildcard=True)),
        ("network:192.0.2.1:80", NetworkTarget(host="192.0.2.1", port=80)),
        ("network:[2001:DB8:0::1]:443", NetworkTarget(host="2001:db8::1", port=443)),
        ("network:xn--bcher-kva.example", NetworkTarget(host="xn--bcher-kva.example", port=None)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hosts_are_understood(text: str, target: NetworkTarget) -> None:
    assert parse_network(text) == target
    assert capabilities.refuse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("network", "network:", "network:*", "network:*.com", "network:*.*.example.com"),
        *("network:a*.example.com", "network:.example.com", "network:example.com."),
        *("network:example.com:", "network:example.com:0", "network:example.com:65536"),
        *("network:example.com:https", "network:example.com:080", "network:example.com:1:2"),
        *("network:127.1", "network:0x7f.1", "network:2130706433", "network:127.0.0.01"),
        *("network:::1", "network:[::1", "network:[::1]x", "network:[fe80::1%eth0]", "network:[]"),
        *("network:-a.example", "network:a-.example", "network:[192.0.2.1]", "network:bücher.de"),
        *(f"network:{'a' * 64}.example", f"network:{'a.' * 127}example"),
    ],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(BadNetwork, match="network"):
        parse_network(text)
    assert capabilities.refuse(text)
    assert capabilities.find(text) is None


def test_a_target_covers_its_host_on_its_ports() -> None:
    web = parse_network("network:example.com")
    assert web.covers("Example.COM.", 443)
    assert web.covers("example.com", 80)
    assert not web.covers("example.com", 8443)
    assert not web.covers("www.example.com", 443)
    assert parse_network("network:example.com:8443").ports == (8443,)


def test_a_wildcard_covers_what_is_below_and_nothing_else() -> None:
    below = parse_network("network:*.example.com")
    assert below.covers("a.example.com", 443)
    assert below.covers("a.b.example.com", 443)
    assert not below.covers("example.com", 443)
    assert not below.covers("evilexample.com", 443)


def test_addresses_are_told_from_names() -> None:
    assert parse_network("network:192.0.2.1").is_address
    assert not parse_network("network:example.com").is_address


def test_a_bad_network_keeps_a_package_from_being_installed() -> None:
    assert problems_of("permissions: {optional: ['network:example.com:ssh']}") == [
        "permissions.optional[0]: 'network:example.com:ssh' ends in no port; choose one from 1 to "
        "65535, or none (line 2)"
    ]
    assert problems_of("permissions: {optional: ['network:example.com:22']}") == []


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("users_data_read", "user_data_read"),
        ("message_sent", "message_send"),
        ("networks:example.com", "network:example.com"),
    ],
)
def test_a_slip_is_a_warning_with_a_suggestion(slip: str, meant: str) -> None:
    (warning,) = warnings_of(f"permissions: {{required: [admin_access, '{slip}']}}")
    assert warning.startswith("permissions.required[1]:")
    assert f"did you mean {meant!r}?" in warning
