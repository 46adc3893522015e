"""The server: Daphne on one address, until a signal asks it to stop.

Daphne is the whole front: one port for HTTP and WebSockets. What is added here is the way
down: refuse newcomers, answer those inside, then leave.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from daphne.server import Server as Daphne
from twisted.internet import reactor as twisted_reactor

from plexichat.asgi import application, http
from plexichat.serving import bodies
from plexichat.serving.asgi_types import Application

logger = logging.getLogger(__name__)
reactor: Any = twisted_reactor  # Twisted installs its reactor in place of this module

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: How long requests that are being answered may take once a stop was asked for.
GRACE_SECONDS = 5.0
#: How long a stopped connection may take to close before Daphne cancels it.
CLOSE_SECONDS = 5
_LOOK_SECONDS = 0.02


class AddressTaken(Exception):
    """Somebody else listens at the address."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where to listen; port 0 lets the system choose one."""

    host: str
    port: int

    def check(self) -> None:
        """Raise AddressTaken when nobody can listen here, before anything was started."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise AddressTaken(
                    f"cannot listen on {self.host}:{self.port}: {error.strerror}. "
                    "Stop what listens there, or choose another port: PORT=8001"
                ) from error

    @property
    def endpoint(self) -> str:
        """The address in Twisted's words."""
        return f"tcp:port={self.port}:interface={self.host.replace(':', chr(92) + ':')}"


def url_of(host: str, port: int) -> str:
    """Return the address as a browser on this machine takes it."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


class _Daphne(Daphne):
    """Daphne, cured of one fault in its way down."""

    def kill_all_applications(self) -> Any:
        """Cancel what still runs; idle keep-alive connections have nothing to cancel."""
        nothing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        nothing.set_result(None)
        for details in self.connections.values():
            details.setdefault("application_instance", nothing)
        return super().kill_all_applications()


class WebServer:
    """Serves the application in the main thread; `run` returns when it has stopped."""

    def __init__(self, address: Address, *, on_ready: Callable[[str], Any]) -> None:
        self._on_ready = on_ready
        self._failed_to_listen = False
        self._deadline = 0.0
        self._daphne = _Daphne(
            application=_as_daphne_calls(application),
            endpoints=[address.endpoint],
            signal_handlers=False,
            application_close_timeout=CLOSE_SECONDS,
            ready_callable=self._ready,
            server_name="plexichat",
        )

    def run(self) -> bool:
        """Serve until a stop signal; return False when it never could listen.

        A second signal ends the process at once: whoever asks twice does not want to wait.
        """
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_signal)
        self._daphne.run()
        return not self._failed_to_listen

    def _ready(self) -> None:
        if not self._daphne.listening_addresses:
            self._failed_to_listen = True
            reactor.callWhenRunning(self._daphne.stop)
            return
        bodies.bound(self._daphne.http_factory)  # no connection was accepted yet
        host, port = self._daphne.listening_addresses[0]
        reactor.callWhenRunning(self._on_ready, url_of(host, port))

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._deadline:
            # Sandboxes notice the closed sockets of a dead host and end themselves.
            os._exit(128 + number)
        self._deadline = time.monotonic() + GRACE_SECONDS
        http.close()
        reactor.callFromThread(self._leave_when_idle)

    def _leave_when_idle(self) -> None:
        if http.is_idle or time.monotonic() > self._deadline:
            self._daphne.stop()
        else:
            reactor.callLater(_LOOK_SECONDS, self._leave_when_idle)


def _as_daphne_calls(inner: Application) -> Callable[..., Any]:
    """Return the application for Daphne, which calls it by keyword and with a fixed root path."""
    return lambda scope, receive, send: inner(scope, receive, send)
