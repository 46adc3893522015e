"""What replaces the methods of `socket.socket`: connecting by question, the rest as it was.

The class is changed in place, not derived from: `ssl` has derived its own from it already.
Sending and receiving are untouched. A connection is shut down when its socket is closed or
collected, because the host holds a duplicate, which would otherwise keep it open.
"""

from __future__ import annotations

import _socket
import collections
import errno
import os
import socket
import threading
from typing import Any

from plexichat_plugin_sdk.exceptions import PermissionError

from . import asking, descriptors

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_KIND_BITS = 0xF
#: What the sandbox's filter lets through; see `confine.policy`.
_OPTIONS = {
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
    (socket.IPPROTO_TCP, socket.TCP_QUICKACK),
}
_REFUSED_KINDS: dict[int, str] = {socket.SOCK_DGRAM: "UDP", socket.SOCK_RAW: "a raw socket"}
_original_init: Any = socket.socket.__init__

#: How many further descriptors lead to a connection, by its identity.
_duplicates: collections.Counter[tuple[int, int]] = collections.Counter()
_duplicating = threading.Lock()


def install() -> None:
    """Change the class; sockets that exist already behave as before."""
    for name, method in _METHODS.items():
        setattr(socket.socket, name, method)
    vars(socket)["dup"] = _dup


def _init(
    self: socket.socket, family: int = -1, type: int = -1, proto: int = -1, fileno: Any = None
) -> None:
    if fileno is not None:
        _original_init(self, family, type, proto, fileno)
        return
    family = socket.AF_INET if family == -1 else family
    type = socket.SOCK_STREAM if type == -1 else type
    _refuse_other_kinds(family, type & _KIND_BITS, proto)
    _original_init(self, family, type & _KIND_BITS, max(proto, 0), descriptors.make())
    if type & socket.SOCK_NONBLOCK:
        self.setblocking(False)


def _refuse_other_kinds(family: int, kind: int, proto: int) -> None:
    if family == socket.AF_UNIX:
        raise asking.refused("a Unix socket other than socket.socketpair()")
    if kind != socket.SOCK_STREAM:
        raise asking.refused(_REFUSED_KINDS.get(kind, "a socket of this kind"))
    if family not in _INTERNET or proto not in (-1, 0, socket.IPPROTO_TCP):
        raise asking.refused("a socket of this kind")


def _connect(self: socket.socket, address: Any) -> None:
    if self.family not in _INTERNET:
        raise asking.refused("connecting a socket that is not TCP")
    host, port = _host_and_port(address)
    number = self.fileno()
    unconnected = _unconnected(number)
    if unconnected.attempt is not None:
        _settle(self, unconnected)
        if unconnected.attempt is not None:
            raise BlockingIOError(errno.EALREADY, os.strerror(errno.EALREADY))
        return
    timeout = self.gettimeout()
    if timeout == 0:
        descriptors.connect_later(
            number, unconnected, lambda: asking.connect(host, port, timeout=None)
        )
        raise BlockingIOError(errno.EINPROGRESS, os.strerror(errno.EINPROGRESS))
    connected = asking.connect(host, port, timeout)
    descriptors.replace(number, connected, is_blocking=timeout is None)
    _set_options(self, unconnected)


def _connect_ex(self: socket.socket, address: Any) -> int:
    """As `connect`, with a number for what the network says; a missing grant is still raised."""
    try:
        self.connect(address)
    except OSError as error:
        return _number_of(error)
    return 0


def _number_of(error: OSError) -> int:
    if isinstance(error, PermissionError | socket.gaierror):
        raise error
    return error.errno or errno.EIO


def _settle(self: socket.socket, unconnected: descriptors.Unconnected) -> bool:
    is_settled = descriptors.settle(
        self.fileno(), unconnected, is_blocking=self.gettimeout() is None
    )
    if is_settled:
        _set_options(self, unconnected)
    return is_settled


def _set_options(self: socket.socket, unconnected: descriptors.Unconnected) -> None:
    for option in unconnected.options:
        _socket.socket.setsockopt(self, *option)


def _host_and_port(address: Any) -> tuple[str, int]:
    if not isinstance(address, tuple) or len(address) < 2:
        raise TypeError(f"the address must be a tuple of host and port, not {address!r:.100}")
    host, port = address[:2]
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii")
    if not isinstance(host, str) or not isinstance(port, int):
        raise TypeError(f"the address must be a tuple of host and port, not {address!r:.100}")
    return host, port


def _unconnected(number: int) -> descriptors.Unconnected:
    if number < 0:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    found = descriptors.find(number)
    if found is None:
        raise OSError(errno.EISCONN, os.strerror(errno.EISCONN))
    return found


def _bind(self: socket.socket, address: Any) -> None:
    if self.family in _INTERNET and tuple(address[:2]) in (("", 0), ("0.0.0.0", 0), ("::", 0)):
        return  # some clients ask for any address of their own, which they have anyway
    raise asking.refused("binding a socket to an address")


def _listen(self: socket.socket, backlog: int = 0) -> None:
    raise asking.refused("listening for connections")


def _setsockopt(self: socket.socket, level: int, option: int, *value: Any) -> None:
    if (level, option) not in _OPTIONS:
        raise asking.refused(f"setting the socket option {option} of level {level}")
    unconnected = descriptors.find(self.fileno())
    if unconnected is not None and self.family in _INTERNET:
        unconnected.options.append((level, option, *value))
    else:
        _socket.socket.setsockopt(self, level, option, *value)


def _getsockopt(self: socket.socket, level: int, option: int, *length: int) -> Any:
    unconnected = descriptors.find(self.fileno())
    if unconnected is None or self.family not in _INTERNET:
        return _socket.socket.getsockopt(self, level, option, *length)
    if (level, option) == (socket.SOL_SOCKET, socket.SO_TYPE):
        return int(socket.SOCK_STREAM)
    if (level, option) == (socket.SOL_SOCKET, socket.SO_ERROR):
        return _outcome(self, unconnected)
    values = [known[2] for known in unconnected.options if known[:2] == (level, option)]
    return values[-1] if values else 0


def _outcome(self: socket.socket, unconnected: descriptors.Unconnected) -> int:
    """Return how a non-blocking connection went, as SO_ERROR does; put it in its place."""
    try:
        _settle(self, unconnected)
    except OSError as error:
        return _number_of(error)
    return 0


def _getpeername(self: socket.socket) -> Any:
    unconnected = descriptors.find(self.fileno())
    if unconnected is not None and not _settle(self, unconnected):
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
    with _Probe(self) as probe:
        return probe.getpeername()


def _getsockname(self: socket.socket) -> Any:
    if descriptors.find(self.fileno()) is not None:
        return ("0.0.0.0", 0) if self.family == socket.AF_INET else ("::", 0, 0, 0)
    with _Probe(self) as probe:
        return probe.getsockname()


class _Probe:
    """The socket as the kernel knows it: the host may have connected it over the other IP."""

    def __init__(self, of: socket.socket) -> None:
        self._socket = _socket.socket(fileno=_socket.dup(of.fileno()))

    def __enter__(self) -> _socket.socket:
        return self._socket

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def _real_close(self: socket.socket) -> None:
    _end(self)
    _socket.socket.close(self)


def _del(self: socket.socket) -> None:
    _end(self)
    _socket.socket.__del__(self)  # type: ignore[attr-defined]


def _end(self: socket.socket) -> None:
    """Tell the other side and the host that a connection is over, if this was the last of it."""
    number = self.fileno()
    if number < 0 or self.family not in _INTERNET:
        return
    if descriptors.find(number) is not None:
        descriptors.forget(number)
    elif _is_last(number):
        try:
            self.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # over already


def _is_last(number: int) -> bool:
    identity = descriptors.identity_of(number)
    with _duplicating:
        if identity is None or not _duplicates[identity]:
            return True
        _duplicates[identity] -= 1
        return False


def _dup(number: int) -> int:
    identity = descriptors.identity_of(number)
    with _duplicating:
        if identity is not None:
            _duplicates[identity] += 1
    return _socket.dup(number)


_METHODS = {
    "__init__": _init,
    "__del__": _del,
    "_real_close": _real_close,
    "connect": _connect,
    "connect_ex": _connect_ex,
    "bind": _bind,
    "listen": _listen,
    "setsockopt": _setsockopt,
    "getsockopt": _getsockopt,
    "getpeername": _getpeername,
    "getsockname": _getsockname,
}
