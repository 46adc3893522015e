"""The network inside a sandbox: Python's sockets, connected by the host.

No system call of a sandbox opens or connects a socket. `install` changes `socket.socket` and the
functions that look names up, so that a connection is asked of the host and then is a real one:
what a client library does with it afterwards (TLS, timeouts, `select`) works unmodified.

`sockets` holds what replaces the methods of `socket.socket`, `names` what replaces the look-up,
`descriptors` what stands in a socket's place until it is connected, `asking` the questions.
None of it protects anything: the kernel and the gateway do.
"""

from __future__ import annotations

from .names import install as _install_names
from .sockets import install as _install_sockets

__all__ = ["install"]


def install() -> None:
    """Change the `socket` module of this process; once, before any plugin code is imported."""
    _install_sockets()
    _install_names()
