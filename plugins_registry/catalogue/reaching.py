"""Where a catalogue may be: https on the internet, or this machine; a private network by a word."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from plugins_registry.addresses import Address, parse, refusal_of

URL_CHARACTERS = 500
#: One address may take so long to answer a connection.
CONNECT_SECONDS = 10.0
_PORTS = {"https": 443, "http": 80}


class Unreachable(Exception):
    """An address that is not asked, or does not answer; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far the requests for one catalogue may go."""

    #: The catalogue is on this machine, so http and this machine's own addresses are in order.
    is_local: bool
    #: An admin said that it may be inside a private network.
    allow_private: bool

    def connect(self, url: SplitResult, *, until: float) -> socket.socket:
        """Return a connection to a URL's host, not yet encrypted; raises `Unreachable`.

        Connects to the very addresses that were looked at. `until` is a `time.monotonic()`.
        """
        reason = "it has no address"
        for address in _addresses(url.hostname or "", until):
            self._check(address, url)
            seconds = min(CONNECT_SECONDS, until - time.monotonic())
            if seconds <= 0:
                raise TimeoutError
            try:
                return _connected(address, port_of(url), seconds)
            except OSError as error:
                reason = str(error.strerror or error)
        raise Unreachable(f"{url.hostname} could not be reached: {reason}")

    def _check(self, address: Address, url: SplitResult) -> None:
        if self.is_local and address.is_loopback:
            return
        if url.scheme != "https":
            raise Unreachable(f"{url.hostname} is asked by plain http; only https is")
        refused = refusal_of(address)
        if refused and not self.allow_private:
            raise Unreachable(
                f"{url.hostname} has the address {address}, which is {refused}; an admin may add "
                f"the catalogue with --allow-private"
            )


def checked_url(text: str) -> SplitResult:
    """Split a URL that can be asked; raises `Unreachable` for every other text."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise Unreachable(f"{text[:100]!r} is no web address") from error
    plain = len(text) <= URL_CHARACTERS and text.isascii() and text.isprintable()
    if not plain or " " in text or url.scheme not in _PORTS or not url.hostname or port == 0:
        raise Unreachable(f"{text[:100]!r} is no web address; it must begin with https://")
    if url.username is not None or url.password is not None:
        raise Unreachable("the address has a user's name or password in it; leave them out")
    if url.scheme == "http" and not is_local(url):
        raise Unreachable(f"{url.hostname} is asked by plain http; only https is")
    return url


def is_local(url: SplitResult) -> bool:
    """Whether a URL's host is this machine by its name."""
    host = url.hostname or ""
    address = parse(host)
    return address.is_loopback if address is not None else host == "localhost"


def port_of(url: SplitResult) -> int:
    """The port to connect to."""
    return url.port or _PORTS[url.scheme]


def encrypted(plain: socket.socket, host: str) -> ssl.SSLSocket:
    """A connection that will be encrypted; the caller shakes hands, after it began to watch it."""
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)


def _connected(address: Address, port: int, seconds: float) -> socket.socket:
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    stream = socket.socket(family, socket.SOCK_STREAM)
    try:
        stream.settimeout(seconds)
        stream.connect((str(address), port))
    except OSError:
        stream.close()
        raise
    return stream


def _addresses(host: str, until: float) -> list[Address]:
    if literal := parse(host):
        return [literal]
    answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
    # The system's resolver knows no deadline; one that hangs is left to itself.
    threading.Thread(target=_resolve, args=(host, answers), name="resolving", daemon=True).start()
    try:
        found = answers.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        raise TimeoutError from None
    if found is None:
        raise Unreachable(f"the name {host} has no address")
    return [address for text in found if (address := parse(text)) is not None]


def _resolve(host: str, answers: queue.SimpleQueue[list[str] | None]) -> None:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        answers.put(None)
    else:
        answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
