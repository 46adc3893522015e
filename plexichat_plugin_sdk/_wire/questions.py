"""Frames of a gateway line: what a plugin asks of its host.

Who asks is decided by the socket; no frame names a plugin. The gateway ends each `Ask` with the
conversation's `Answer` or `Failure` of the same number. A `Tell` (log records) has no answer.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Ask(msgspec.Struct, array_like=True, tag="ask", frozen=True):
    """One question and its arguments."""

    number: int
    #: `config.get`, `permissions.check`, `permissions.of_user`, `hooks.emit`, …
    what: str
    arguments: dict[str, Any]


class Tell(msgspec.Struct, array_like=True, tag="tell", frozen=True):
    """A fact that needs no answer: a log record."""

    what: str
    arguments: dict[str, Any]


ToGateway = Ask | Tell
