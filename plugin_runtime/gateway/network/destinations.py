"""Destinations: where a plugin wants to go, and which grant allows it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plexichat_plugin_sdk._wire import codes
from plugin_runtime.conf import conf
from plugin_runtime.gateway import standing
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.gateway.refusal import Refusal, text
from plugins_registry import addresses
from plugins_registry.capabilities import WEB_PORTS, NetworkTarget, is_network, parse_network

#: Of a name as DNS takes it, with the dot at its end.
MOST_CHARACTERS = 254


@dataclass(frozen=True)
class Destination:
    """One host and port, as grants are compared with it."""

    #: A name in lower case and ASCII, or an address as Python writes it.
    host: str
    port: int

    @property
    def capability(self) -> str:
        """The narrowest capability that would allow it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"network:{host}" if self.port in (0, *WEB_PORTS) else f"network:{host}:{self.port}"

    @property
    def is_internal(self) -> bool:
        """Whether the operator lets plugins reach it although it is not on the internet."""
        return any(
            _target(f"network:{entry}").covers(self.host, self.port)
            for entry in conf.network_internal_hosts
        )


def asked_for(arguments: Mapping[str, Any], *, lowest_port: int = 1) -> Destination:
    """Return where a question wants to go; raise the `Refusal` of what is no host or port.

    Port 0 means any.
    """
    host, port = text(arguments, "host"), arguments.get("port")
    if type(port) is not int or not lowest_port <= port < 65536:
        raise Refusal(codes.INVALID, f"the port must be a number from 1 to 65535, not {port!r:.50}")
    return Destination(_written_plainly(host), port)


def is_allowed(plugin: str, destination: Destination) -> bool:
    """Whether a grant of the plugin covers it at this moment."""
    grants = [_target(grant) for grant in standing.of(plugin).grants if is_network(grant)]
    return any(
        target.covers(destination.host, destination.port or target.ports[0]) for target in grants
    )


def require(asker: Asker, destination: Destination) -> None:
    """Raise the refusal that names the missing capability unless a grant covers it."""
    if not is_allowed(asker.plugin, destination):
        raise standing.refusal(asker, destination.capability)


def _written_plainly(host: str) -> str:
    if len(host) > MOST_CHARACTERS:
        # Python needs minutes to encode what is long enough.
        raise Refusal(
            codes.INVALID, f"a host name may have {MOST_CHARACTERS} characters, not {len(host)}"
        )
    if address := addresses.parse(host):
        return str(address)
    try:
        plain = host.removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        plain = ""
    if not plain or not plain.isprintable() or set(plain) & set("/:%@ []"):
        raise Refusal(codes.INVALID, f"{host[:100]!r} is no host name and no address")
    return plain


@functools.lru_cache(maxsize=4096)
def _target(capability: str) -> NetworkTarget:
    return parse_network(capability)
