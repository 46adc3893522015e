"""What replaces the look-up of names: a name stands for its own address.

The host resolves it when it connects, so that the address it checks is the one it uses. A name
that no grant covers is refused here already, in the words of the refusal.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from . import asking

#: Names of ports; the system's list is not readable here.
_SERVICES = {"http": 80, "https": 443, "ws": 80, "wss": 443, "smtp": 25, "imaps": 993, "ldaps": 636}
Entry = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


def install() -> None:
    """Change the functions of the `socket` module."""
    for function in (getaddrinfo, gethostbyname, gethostbyname_ex):
        vars(socket)[function.__name__] = function


def getaddrinfo(
    host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
) -> list[Entry]:
    """Return the one way to a granted host; raise `PermissionError` for another."""
    if host is None or flags & socket.AI_PASSIVE:
        raise asking.refused("looking up addresses to listen on")
    if type not in (0, socket.SOCK_STREAM) or proto not in (0, socket.IPPROTO_TCP):
        raise asking.refused("looking up addresses for anything but TCP")
    name, number = _text(host), _number(port)
    version = _version(name)
    if flags & socket.AI_NUMERICHOST and not version:
        raise socket.gaierror(socket.EAI_NONAME, f"{name[:100]!r} is a name, not an address")
    asking.may_connect(name, number)
    is_six = version == 6 or (family == socket.AF_INET6 and version == 0)
    return [
        (
            socket.AF_INET6 if is_six else socket.AF_INET,
            socket.SOCK_STREAM,
            socket.IPPROTO_TCP,
            name if flags & socket.AI_CANONNAME else "",
            (name, number, 0, 0) if is_six else (name, number),
        )
    ]


def gethostbyname(hostname: Any) -> str:
    """Return the name of a granted host; raise `PermissionError` for another."""
    name = _text(hostname)
    asking.may_connect(name, 0)
    return name


def gethostbyname_ex(hostname: Any) -> tuple[str, list[str], list[str]]:
    """As `gethostbyname`, in the older form."""
    name = gethostbyname(hostname)
    return name, [], [name]


def _text(host: Any) -> str:
    if isinstance(host, bytes | bytearray):
        return host.decode("ascii")
    if not isinstance(host, str):
        raise TypeError(f"the host must be a string, not {host!r:.100}")
    return host


def _number(port: Any) -> int:
    if isinstance(port, bytes):
        port = port.decode("ascii", "replace")
    if isinstance(port, str):
        port = int(port) if port.isdecimal() else _SERVICES.get(port.lower(), port)
    if port is None:
        return 0
    if isinstance(port, int):
        return port
    raise socket.gaierror(socket.EAI_SERVICE, f"{port!r:.100} is no port; give its number")


def _version(name: str) -> int:
    """Return 4 or 6 for an address, 0 for a name."""
    try:
        return ipaddress.ip_address(name).version
    except ValueError:
        return 0
