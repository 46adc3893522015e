"""Asking the host for a connection, and what comes instead of one, in `socket`'s own words."""

from __future__ import annotations

import errno
import os
import socket
import threading
from typing import Any, NoReturn

from plexichat_plugin_sdk import _host
from plexichat_plugin_sdk.exceptions import (
    LimitReached,
    PermissionError,
    PluginError,
    ValidationError,
)

#: A question holds its line to the host while the other side keeps silent; so many at a time,
#: that the other lines stay free for everything else.
MOST_AT_ONCE = 3
#: Longer than any connection takes; the host gives up before.
_PATIENCE_SECONDS = 60.0

_turns = threading.BoundedSemaphore(MOST_AT_ONCE)

#: What is said about everything but TCP connections.
ONLY_TCP = "a plugin reaches the network only by TCP connections to hosts that it was granted"


def may_connect(host: str, port: int) -> None:
    """Raise `PermissionError` that names the missing capability unless a grant covers it."""
    try:
        _host.ask("network.check", host=host, port=port)
    except PluginError as error:
        _raise_as_socket_would(error)


def connect(host: str, port: int, timeout: float | None) -> int:
    """Return the descriptor of a connection; raise what `socket.connect` raises.

    A missing grant is the SDK's `PermissionError`, which is an `OSError` as well.
    """
    if not _turns.acquire(timeout=_PATIENCE_SECONDS if timeout is None else timeout):
        raise TimeoutError(errno.ETIMEDOUT, "timed out while other connections were under way")
    try:
        question = {"host": host, "port": port, "seconds": timeout}
        _, descriptor = _host.required("network.connect").ask_for_descriptor(
            "network.connect", question
        )
        return descriptor
    except PluginError as error:
        _raise_as_socket_would(error)
    finally:
        _turns.release()


def refused(what: str) -> PermissionError:
    """Return the error for what no capability allows."""
    return _numbered(PermissionError(f"{what} is not possible in a sandbox: {ONLY_TCP}"))


def _numbered(error: PermissionError) -> PermissionError:
    """Give it what libraries look for in a refusal by the system."""
    error.errno, error.strerror = errno.EPERM, str(error)
    return error


def _raise_as_socket_would(error: PluginError) -> NoReturn:
    if isinstance(error, PermissionError):
        raise _numbered(error)
    if isinstance(error, ValidationError):
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    details: dict[str, Any] = error.details
    if "gaierror" in details:
        raise socket.gaierror(details["gaierror"], str(error)) from error
    number = details.get("errno")
    if number is None:
        number = errno.EAGAIN if isinstance(error, LimitReached) else errno.EIO
    if number == errno.EAGAIN:  # as a bare OSError: BlockingIOError would mean "try later, do wait"
        raise ConnectionError(str(error)) from error
    raise OSError(number, f"{os.strerror(number)}: {error}") from error
