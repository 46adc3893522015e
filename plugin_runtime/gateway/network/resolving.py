"""Resolving names: the system's resolver, with a deadline that it does not have itself."""

from __future__ import annotations

import collections
import functools
import itertools
import socket
import threading
from collections.abc import Callable, Sequence

from plugins_registry.addresses import Address, parse

#: How a name becomes addresses; raises `socket.gaierror`. Tests bring their own.
Resolver = Callable[[str], Sequence[str]]

#: So many resolutions of one plugin may hang at a time; those given up go on for a while.
MOST_PER_PLUGIN = 8
#: More addresses than that are not tried.
MOST_ADDRESSES = 6

_lock = threading.Lock()
_running: collections.Counter[str] = collections.Counter()


class TooMany(Exception):
    """The plugin has as many resolutions under way as it may have."""


def ask_system(host: str) -> list[str]:
    """Return a name's addresses as the system knows them; raises `socket.gaierror`."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def addresses_of(
    plugin: str, host: str, *, seconds: float, resolver: Resolver = ask_system
) -> list[Address]:
    """Return at most six addresses of a host, IPv6 and IPv4 by turns.

    Raises `socket.gaierror`, `TimeoutError`, or `TooMany`.
    """
    if literal := parse(host):
        return [literal]
    with _lock:
        if _running[plugin] >= MOST_PER_PLUGIN:
            raise TooMany
        _running[plugin] += 1
    outcome = _Outcome()
    work = functools.partial(_resolve, plugin, host, resolver, outcome)
    threading.Thread(target=work, name="resolving", daemon=True).start()
    return _by_turns(outcome.within(seconds))[:MOST_ADDRESSES]


class _Outcome:
    """What came of one resolution."""

    def __init__(self) -> None:
        self.is_done = threading.Event()
        self.texts: Sequence[str] = ()
        self.error: OSError | None = None

    def within(self, seconds: float) -> Sequence[str]:
        if not self.is_done.wait(seconds):
            raise TimeoutError
        if self.error is not None:
            raise self.error
        return self.texts


def _resolve(plugin: str, host: str, resolver: Resolver, outcome: _Outcome) -> None:
    try:
        outcome.texts = resolver(host)
    except OSError as error:
        outcome.error = error
    except UnicodeError:
        outcome.error = socket.gaierror(socket.EAI_NONAME, "this is no host name")
    finally:
        with _lock:
            _running[plugin] -= 1
            if not _running[plugin]:
                del _running[plugin]
        outcome.is_done.set()


def _by_turns(texts: Sequence[str]) -> list[Address]:
    found = [address for text in dict.fromkeys(texts) if (address := parse(text))]
    sixes = [address for address in found if address.version == 6]
    fours = [address for address in found if address.version == 4]
    pairs = itertools.zip_longest(sixes, fours)
    return [address for pair in pairs for address in pair if address is not None]
