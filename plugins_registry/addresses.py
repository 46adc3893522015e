"""Addresses: which of them are the internet's, and which lead back inside.

Only what is public is connected to. A network of ours behind a public name, a name that changes
its answer between look and connection, an IPv4 address dressed up as IPv6, the metadata service
of a cloud, this machine under its own public address: all of them end here.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from typing import Final, TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

#: What is not connected to unasked, each range with what it is. From IANA's registries of
#: special-purpose addresses, with the clouds' metadata services that lie outside of them.
_REFUSED_4: Final = {
    "0.0.0.0/8": "this machine",
    "10.0.0.0/8": "a private network",
    "100.64.0.0/10": "a carrier's private network",
    "127.0.0.0/8": "this machine",
    "168.63.129.16/32": "a cloud's metadata service",
    "169.254.0.0/16": "a link-local network",
    "172.16.0.0/12": "a private network",
    "192.0.0.0/24": "a range for protocols",
    "192.0.2.0/24": "a range for documentation",
    "192.31.196.0/24": "a range for protocols",
    "192.52.193.0/24": "a range for protocols",
    "192.88.99.0/24": "a relay to IPv6",
    "192.168.0.0/16": "a private network",
    "192.175.48.0/24": "a range for protocols",
    "198.18.0.0/15": "a range for measurements",
    "198.51.100.0/24": "a range for documentation",
    "203.0.113.0/24": "a range for documentation",
    "224.0.0.0/4": "a multicast range",
    "240.0.0.0/4": "a reserved range",
}
#: Of IPv6 only global unicast is the internet's; these are for telling apart, and its exceptions.
_REFUSED_6: Final = {
    "::/128": "this machine",
    "::1/128": "this machine",
    "::ffff:0:0/96": "an IPv4 address dressed up as IPv6",
    "64:ff9b::/96": "an IPv4 address behind NAT64",
    "64:ff9b:1::/48": "an IPv4 address behind NAT64",
    "fc00::/7": "a private network",
    "fe80::/10": "a link-local network",
    "fec0::/10": "a private network",
    "ff00::/8": "a multicast range",
    "2001::/23": "a range for protocols",
    "2001:db8::/32": "a range for documentation",
    "2002::/16": "an IPv4 address dressed up as IPv6",
    "2620:4f:8000::/48": "a range for protocols",
    "3fff::/20": "a range for documentation",
}
_INTERNET_6: Final = ipaddress.IPv6Network("2000::/3")
_NETWORKS: Final = [
    (ipaddress.ip_network(text), what) for text, what in (_REFUSED_4 | _REFUSED_6).items()
]


def parse(text: str) -> Address | None:
    """Return the address that a text is; None for a name, or an address with a zone."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(text) if "%" not in text else None
    return None


def refusal_of(address: Address) -> str:
    """Return what is wrong with an address, as in 'it is …'; empty for the internet's."""
    for network, what in _NETWORKS:
        if address.version == network.version and address in network:
            return what
    if address.version == 6 and address not in _INTERNET_6:
        return "a reserved range"
    return "this machine" if is_own(address) else ""


def is_own(address: Address) -> bool:
    """Whether it is one of this machine's own addresses.

    Asks the routing table by connecting a datagram socket, which sends nothing: to itself, a
    machine speaks from the address it speaks to.
    """
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return str(probe.getsockname()[0]) == str(address)
    except OSError:
        return False  # no way there at all, so nothing to fear; connecting will say the same
