"""Fetching files from a catalogue's server, which may be slow, endless or elsewhere.

All requests of one walk share one deadline: a watch cuts the connection when it comes, wherever
the server has got to, since a server that sends one byte now and then would never time out.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import SplitResult, urljoin

from tuf.api.exceptions import DownloadError, DownloadHTTPError, SlowRetrievalError
from tuf.ngclient.fetcher import FetcherInterface

from plugins_registry.catalogue.reaching import (
    CONNECT_SECONDS,
    Reach,
    Unreachable,
    checked_url,
    encrypted,
    port_of,
)

REDIRECTS = 3
_CHUNK_BYTES = 64 * 1024
_MOVED = (301, 302, 303, 307, 308)
_HEADERS = {"User-Agent": "PlexiChat", "Accept": "*/*", "Accept-Encoding": "identity"}


class Fetcher(FetcherInterface):
    """Fetches for one walk, of at most so many seconds."""

    def __init__(self, reach: Reach, *, seconds: float) -> None:
        self._reach = reach
        self._until = time.monotonic() + seconds

    def extend(self, seconds: float) -> None:
        """Begin another walk, for something larger."""
        self._until = time.monotonic() + seconds

    def _fetch(self, url: str) -> Iterator[bytes]:
        return self._chunks(url)

    def _chunks(self, url: str) -> Iterator[bytes]:
        try:
            yield from self._followed(url)
            self._refuse_slowness()
        except (OSError, HTTPException, ValueError) as error:
            self._refuse_slowness()
            raise DownloadError(f"{type(error).__name__}: {error}"[:300]) from error
        except Unreachable as error:
            raise DownloadError(str(error)) from error

    def _followed(self, url: str) -> Iterator[bytes]:
        for _ in range(REDIRECTS + 1):
            with self._asked(checked_url(url)) as response:
                if response.status in _MOVED:
                    url = urljoin(url, response.headers.get("Location", ""))
                    continue
                if response.status != 200:
                    message = f"the server answered {response.status} for {url}"
                    raise DownloadHTTPError(message, response.status)
                while chunk := response.read1(_CHUNK_BYTES):
                    self._refuse_slowness()
                    yield chunk
                return
        raise Unreachable(f"the server sent us elsewhere more than {REDIRECTS} times")

    @contextlib.contextmanager
    def _asked(self, url: SplitResult) -> Iterator[HTTPResponse]:
        plain = self._reach.connect(url, until=self._until)
        plain.settimeout(CONNECT_SECONDS)
        host = url.hostname or ""
        stream = encrypted(plain, host) if url.scheme == "https" else plain
        with contextlib.closing(stream), self._watched(stream):
            if stream is not plain:
                stream.do_handshake()  # type: ignore[attr-defined]  # encrypted, so it has one
            connection = HTTPConnection(host, port_of(url))
            connection.sock = stream
            path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
            connection.request("GET", path, headers=_HEADERS)
            with contextlib.closing(connection.getresponse()) as response:
                yield response

    @contextlib.contextmanager
    def _watched(self, stream: socket.socket) -> Iterator[None]:
        watch = threading.Timer(max(0.0, self._until - time.monotonic()), _cut, [stream])
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def _refuse_slowness(self) -> None:
        if time.monotonic() >= self._until:
            raise SlowRetrievalError("the server was too slow")


def _cut(stream: socket.socket) -> None:
    """End a connection under another thread's hands; what it waits for returns at once."""
    with contextlib.suppress(OSError):
        # Not the encrypted socket's own, which would touch the other thread's state.
        socket.socket.shutdown(stream, socket.SHUT_RDWR)
