"""Django's connections in the gateway's threads: closed after each question that opened one.

A thread per line would otherwise hold a connection each, for questions asked once an hour. Most
questions need none, and merely asking Django whether any is open costs more than answering them
(20 µs, measured); so each thread notes when it opens one.
"""

from __future__ import annotations

import threading
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created


class _Noted(threading.local):
    """Whether this thread has opened a connection since it last closed all."""

    has_opened = False


_noted = _Noted()


def connect() -> None:
    """Listen for connections that are opened; a second call changes nothing."""
    connection_created.connect(_opened, dispatch_uid="plugin_runtime.gateway.orm")


def close_opened() -> None:
    """Close what this thread has opened; free when that is nothing."""
    if _noted.has_opened:
        _noted.has_opened = False
        connections.close_all()


def _opened(**_: Any) -> None:
    _noted.has_opened = True
