"""The two questions about the network: may I, and please connect me."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Mapping
from typing import Any

from plexichat_plugin_sdk._wire import codes
from plugin_runtime.gateway.asking import Asker, Handed
from plugin_runtime.gateway.refusal import Refusal
from plugins_registry import addresses

from . import destinations, dialling, resolving
from .connections import LineConnections, desk
from .destinations import Destination

#: Resolving and connecting together take at most so long, whatever the plugin would wait.
CONNECT_SECONDS = 10.0
#: What the name resolution answers; replaced in tests, which have no internet.
resolver: resolving.Resolver = resolving.ask_system


def _check(asker: Asker, arguments: Mapping[str, Any]) -> None:
    """Refuse, as connecting would, where no grant leads; nothing is looked up."""
    destinations.require(asker, destinations.asked_for(arguments, lowest_port=0))


def _connect(asker: Asker, arguments: Mapping[str, Any]) -> Handed:
    """Hand over a connected socket; its address and port are the result."""
    destination = destinations.asked_for(arguments)
    until = time.monotonic() + _seconds(arguments)
    destinations.require(asker, destination)
    with desk.opening(asker.plugin):
        connected = _connected(asker.plugin, destination, until)
        connection = desk.add(asker.plugin, destination, connected)
    _kept(asker).add(connection)
    if not destinations.is_allowed(asker.plugin, destination):  # withdrawn in the meantime
        connection.cut()
        destinations.require(asker, destination)
    return Handed(list(connected.getpeername()[:2]), os.dup(connected.fileno()))


def _connected(plugin: str, destination: Destination, until: float) -> socket.socket:
    try:
        found = resolving.addresses_of(
            plugin, destination.host, seconds=until - time.monotonic(), resolver=resolver
        )
        return dialling.dial(_outside(destination, found), destination.port, until=until)
    except TimeoutError as error:
        raise _failed(destination, errno.ETIMEDOUT, "it did not answer in time") from error
    except socket.gaierror as error:
        raise Refusal(
            codes.HOST_FAILED,
            f"the name {destination.host!r} leads nowhere: {error.strerror}",
            gaierror=int(error.errno or socket.EAI_NONAME),
        ) from error
    except resolving.TooMany as error:
        raise Refusal(
            codes.LIMIT_REACHED, "too many names are being looked up; wait for one to be answered"
        ) from error
    except OSError as error:
        number = error.errno or errno.EHOSTUNREACH
        raise _failed(destination, number, os.strerror(number)) from error


def _failed(destination: Destination, number: int, what: str) -> Refusal:
    where = f"{destination.host} (port {destination.port})"
    return Refusal(codes.HOST_FAILED, f"no connection to {where}: {what}", errno=number)


def _outside(destination: Destination, found: list[addresses.Address]) -> list[addresses.Address]:
    """Return those addresses that may be connected to; refuse when none is left.

    What was looked at here is what is connected to: nobody asks for the name again.
    """
    if destination.is_internal:
        return found
    reasons = {address: addresses.refusal_of(address) for address in found}
    outside = [address for address, reason in reasons.items() if not reason]
    if outside or not found:
        return outside
    raise Refusal(
        codes.PERMISSION_DENIED,
        f"{destination.host!r} leads to {' and '.join(sorted(set(reasons.values())))}, which "
        "plugins do not reach; the operator can allow this host by name in "
        "PLEXICHAT_NETWORK_INTERNAL_HOSTS",
        capability=destination.capability,
    )


def _seconds(arguments: Mapping[str, Any]) -> float:
    wanted = arguments.get("seconds")
    if wanted is None:
        return CONNECT_SECONDS
    if type(wanted) not in (int, float) or not wanted > 0:
        raise Refusal(codes.INVALID, "'seconds' must be a number above 0, or None")
    return min(float(wanted), CONNECT_SECONDS)


def _kept(asker: Asker) -> LineConnections:
    """Return what this line holds; it is cut with the line, so also when the plugin dies."""
    kept = asker.keeping(LineConnections)
    if kept is None:
        kept = LineConnections()
        asker.keep(kept)
    return kept


QUESTIONS = {"network.check": _check, "network.connect": _connect}
