"""What each process that runs a share of the suite has for itself: ports and Redis databases."""

from __future__ import annotations

import itertools
import os
import socket
from urllib.parse import urlsplit

_FIRST_PORT = 15_000
_PORTS_EACH = 1_000
_WORKERS = 16
#: The worker's own tests use the first; an arrangement of processes uses the second.
_DATABASES_EACH = 2


def number() -> int:
    """Which worker this is; 0 without workers."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def own_redis(given: str) -> str:
    """The address of this worker's own database on a Redis that all workers were given."""
    return _further(given, _DATABASES_EACH * number())


def second_redis() -> str:
    """The address of the database for processes that this worker starts."""
    return _further(os.environ["PLEXICHAT_REDIS_URL"], 1)


def _further(url: str, by: int) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + by}").geturl()


def free_port() -> int:
    """Return a port of this worker's that nobody listens on at the moment.

    None of those that the kernel gives to outgoing connections: one of these could take the port
    of a server that comes back in a moment.
    """
    for port in _ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("the ports never end")


def _own_ports() -> range:
    first = _FIRST_PORT + _PORTS_EACH * (number() % _WORKERS)
    return range(first, first + _PORTS_EACH)


# Another process with the same number, of another run, begins elsewhere.
_ports = itertools.islice(itertools.cycle(_own_ports()), os.getpid() % _PORTS_EACH, None)
