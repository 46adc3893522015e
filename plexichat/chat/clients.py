"""Clients: from where and with what somebody logs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from ua_parser import OS, UserAgent, parse

from plexichat.chat.conf import chat_settings
from plexichat.chat.content import UNSTORABLE

#: Browsers stay far below; a longer one is cut, because parsing tries hundreds of patterns on it.
USER_AGENT_CHARACTERS = 512
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, kw_only=True)
class Client:
    """What a request tells of the program behind it."""

    #: The client's address in its shortest form; empty when the server knows none.
    ip_address: str = ""
    #: What the program calls itself, at most `USER_AGENT_CHARACTERS`; empty when it says nothing.
    user_agent: str = ""


def client_of(environment: Mapping[str, Any]) -> Client:
    """Read the client from a request's `META`."""
    user_agent = environment.get("HTTP_USER_AGENT", "")[:USER_AGENT_CHARACTERS]
    return Client(
        ip_address=_client_address(environment),
        user_agent=UNSTORABLE.sub(_REPLACEMENT, user_agent),
    )


def device_info(user_agent: str) -> dict[str, str]:
    """Return what a `User-Agent` says of device, system and browser; empty where it is silent.

    Only what the program claims: good for statistics and for a hint to the user, never as proof.
    """
    parsed = parse(user_agent)
    return {
        "device": parsed.device.family if parsed.device else "",
        "os": parsed.os.family if parsed.os else "",
        "os_version": _version(parsed.os),
        "browser": parsed.user_agent.family if parsed.user_agent else "",
        "browser_version": _version(parsed.user_agent),
    }


def _client_address(environment: Mapping[str, Any]) -> str:
    """Return the address that the outermost trusted proxy saw, or else the one we see.

    Each trusted proxy appends whom it hears from, so the last `proxies` entries are theirs and
    everything before is the client's own invention. Fewer entries, or no address at that place,
    mean that the request came another way: then nothing in the header is worth believing.
    """
    peer = environment.get("REMOTE_ADDR", "")
    proxies = chat_settings.proxies
    hops = environment.get("HTTP_X_FORWARDED_FOR", "").split(",")
    seen = _address(hops[-proxies]) if 0 < proxies <= len(hops) else None
    address = seen or _address(peer)
    return str(address) if address else ""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, with or without port or brackets; nothing when it is none."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    # A dual-stack listener sees IPv4 clients so; they are the same clients.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _version(found: OS | UserAgent | None) -> str:
    parts = (found.major, found.minor, found.patch) if found else ()
    return ".".join(part for part in parts if part)
