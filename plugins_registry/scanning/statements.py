"""Texts that read like SQL or name a host: tables, the chat's views, addresses. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from plugins_registry.capabilities import (
    CHANNEL_DATA_READ,
    MESSAGE_DATA_READ,
    USER_DATA_READ,
)
from plugins_registry.scanning.reading import HOLE

#: The chat's views and what each takes; a test holds them against the chat's own list.
VIEW_CAPABILITIES = {
    "users": USER_DATA_READ,
    "messages": MESSAGE_DATA_READ,
    "channels": CHANNEL_DATA_READ,
    "channel_members": CHANNEL_DATA_READ,
}
#: Longer texts are data; only their beginning is looked at.
_TEXT_CHARACTERS = 20_000
_STATEMENT = re.compile(
    r"\s*(?:select|insert|update|delete|with|create|alter|drop|replace|explain)\s", re.I
)
_NAME = r'"?([A-Za-z_][A-Za-z0-9_]{0,62})"?'
_EXISTS = r"(?:if\s+(?:not\s+)?exists\s+)?"
_READS = re.compile(rf"\b(?:from|join)\s+{_NAME}", re.I)
_LISTED = re.compile(rf"\bfrom\s+[\w\s\"]{{1,200}},\s*{_NAME}", re.I)
_WRITES = re.compile(
    rf"\b(?:into|(?:alter|drop|create)\s+table|delete\s+from|^\s*update)\s+{_EXISTS}{_NAME}", re.I
)
_COMMON = re.compile(
    rf"(?:\bwith\s+(?:recursive\s+)?|,\s*){_NAME}\s+as\s*(?:materialized\s*)?\(", re.I
)
_ADDRESS = re.compile(
    rf"\b(?:https?|wss?|ftps?)://(?:[^\s/@{HOLE}]{{0,100}}@)?"
    rf"([A-Za-z0-9.-]{{1,253}}+|\[[0-9A-Fa-f:.]{{2,45}}\])(?::([0-9]{{1,5}}+))?+(?![:\w{HOLE}])"
)
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443, "ftp": 21, "ftps": 990}


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The tables that one text names."""

    read: frozenset[str]
    written: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        """All of them."""
        return self.read | self.written


def tables_of(text: str) -> Tables:
    """The tables of one SQL statement; none when the text is no statement."""
    text = text[:_TEXT_CHARACTERS]
    if not _STATEMENT.match(text):
        return Tables(read=frozenset(), written=frozenset())
    own = {name.lower() for name in _COMMON.findall(text)}
    read = {name.lower() for pattern in (_READS, _LISTED) for name in pattern.findall(text)}
    written = {name.lower() for name in _WRITES.findall(text)}
    return Tables(read=frozenset(read - own - written), written=frozenset(written - own))


def addresses_of(text: str) -> Iterator[tuple[str, int]]:
    """The hosts that a text names in full, each with its port."""
    for match in _ADDRESS.finditer(text[:_TEXT_CHARACTERS]):
        scheme = match[0].partition(":")[0].lower()
        host = match[1].strip("[]").rstrip(".").lower()
        if host:
            yield host, int(match[2] or _PORTS[scheme])
