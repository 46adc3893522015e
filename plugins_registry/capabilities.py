"""Capabilities: what a plugin may ask of its host, in words for whoever grants them.

The catalogue holds those that have an effect; any other name is a label, which is shown at
review and allows nothing. `network:HOST[:PORT]` is a family: one grant for each host.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

USER_DATA_READ: Final = "user_data_read"
MESSAGE_DATA_READ: Final = "message_data_read"
CHANNEL_DATA_READ: Final = "channel_data_read"
MESSAGE_SEND: Final = "message_send"
NETWORK: Final = "network"
#: What `network:HOST` without a port allows.
WEB_PORTS: Final = (80, 443)

_HOW_NETWORK = "write it like 'network:api.example.com' or 'network:api.example.com:8443'"
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?")
#: What some resolvers read as the last part of an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_SAME = 0.8


@dataclass(frozen=True, kw_only=True)
class Capability:
    """One capability that has an effect, as an admin reads of it."""

    name: str
    #: What the plugin may do with it, after "may".
    allows: str
    #: What follows for the people on this server.
    consequence: str

    def __str__(self) -> str:
        return f"{self.name}: may {self.allows}. {self.consequence}"


@dataclass(frozen=True, kw_only=True)
class NetworkTarget:
    """Where one `network:` capability leads."""

    #: In lower case; an address as Python writes it, without brackets.
    host: str
    #: None means the web's ports.
    port: int | None
    #: Whether it stands for every name below `host` instead (`*.example.com`).
    is_wildcard: bool = False

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that may be connected to."""
        return WEB_PORTS if self.port is None else (self.port,)

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address and not a name."""
        return _address(self.host) is not None

    def covers(self, host: str, port: int) -> bool:
        """Whether it allows a connection to this host, as it is written, and port."""
        wanted = host.lower().removesuffix(".")
        found = wanted.endswith(f".{self.host}") if self.is_wildcard else wanted == self.host
        return found and port in self.ports


class BadNetwork(ValueError):
    """A `network:` capability that names no host, or no port; the message is for its author."""


CATALOGUE: Final = (
    Capability(
        name=USER_DATA_READ,
        allows="read every account: name, display name, e-mail address, since when",
        consequence="It learns who everybody here is; passwords and logins stay hidden.",
    ),
    Capability(
        name=MESSAGE_DATA_READ,
        allows="read every message, also of private and direct channels, old ones too",
        consequence="Nothing that is said here is private to it.",
    ),
    Capability(
        name=CHANNEL_DATA_READ,
        allows="read every channel, also private ones, and who is in which",
        consequence="It learns who talks with whom.",
    ),
    Capability(
        name=MESSAGE_SEND,
        allows="write messages, under a name of its own, into public channels and those it is in",
        consequence="What it writes passes other plugins' filters like everybody's.",
    ),
)
_BY_NAME: Final = {capability.name: capability for capability in CATALOGUE}


def find(name: str) -> Capability | None:
    """The capability with what it allows; None for a label, which allows nothing."""
    if not is_network(name):
        return _BY_NAME.get(name)
    try:
        target = parse_network(name)
    except BadNetwork:
        return None
    where = f"any host below {target.host}" if target.is_wildcard else target.host
    ports = " and ".join(map(str, target.ports))
    return Capability(
        name=name,
        allows=f"connect to {where} (port {ports})",
        consequence="Whatever it knows, it can send there.",
    )


def meaning(name: str) -> str:
    """One line for a review: what granting this name means."""
    return str(find(name) or f"{name}: a label that only the plugin's author knows; allows nothing")


def is_network(name: str) -> bool:
    """Whether it is of the family `network:`, well written or not."""
    return name == NETWORK or name.startswith(f"{NETWORK}:")


def refuse(name: str) -> str | None:
    """Why no manifest may ask for this; None when one may."""
    if is_network(name):
        try:
            parse_network(name)
        except BadNetwork as error:
            return str(error)
    return None


def probably_meant(name: str) -> str | None:
    """The capability of which this looks like a slip; None for a known or clearly other name."""
    if name in _BY_NAME or is_network(name):
        return None
    family, colon, rest = name.partition(":")
    if colon:
        return f"{NETWORK}:{rest}" if _near(family, [NETWORK]) else None
    found = _near(name, _BY_NAME)
    return found[0] if found else None


def parse_network(capability: str) -> NetworkTarget:
    """Where a `network:HOST[:PORT]` leads; raises `BadNetwork`.

    Hosts are DNS names (in their ASCII form), `*.example.com`, IPv4 addresses, or IPv6 addresses
    in brackets. Of an address only its usual form is taken: no shortened or hexadecimal ones.
    """
    family, _, rest = capability.partition(":")
    if family != NETWORK or not rest:
        raise BadNetwork(f"{capability!r} names no host; {_HOW_NETWORK}")
    host, port = _split(capability, rest.lower())
    if host.startswith("*."):
        _check_name(capability, host[2:], least_labels=2)
        return NetworkTarget(host=host[2:], port=port, is_wildcard=True)
    if (address := _address(host)) is None:
        _check_name(capability, host, least_labels=1)
    return NetworkTarget(host=address or host, port=port)


def _split(capability: str, rest: str) -> tuple[str, int | None]:
    if rest.startswith("["):
        host, bracket, after = rest[1:].partition("]")
        if not bracket or ":" not in host or not _address(host) or (after and after[0] != ":"):
            raise BadNetwork(
                f"{capability!r} is no IPv6 address; write it like 'network:[2001:db8::1]'"
            )
        port = after[1:] if after else None
    else:
        host, colon, after = rest.partition(":")
        port = after if colon else None
    return host, None if port is None else _port(capability, port)


def _port(capability: str, text: str) -> int:
    if not _PORT.fullmatch(text) or int(text) > 65535:
        raise BadNetwork(f"{capability!r} ends in no port; choose one from 1 to 65535, or none")
    return int(text)


def _check_name(capability: str, host: str, *, least_labels: int) -> None:
    labels = host.split(".")
    is_name = all(map(_LABEL.fullmatch, labels)) and not _NUMBER.fullmatch(labels[-1])
    if not is_name or len(host) > 253:
        raise BadNetwork(f"{capability!r} names no host; {_HOW_NETWORK}")
    if len(labels) < least_labels:
        raise BadNetwork(
            f"{capability!r} would reach all of {host!r}; name at least 'network:*.example.com'"
        )


def _address(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host)) if "%" not in host else None
    except ValueError:
        return None


def _near(name: str, names: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(name, list(names), n=1, cutoff=_SAME)
