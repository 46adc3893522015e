"""Complaints of callers, gathered so that a storm of them becomes one write each."""

from __future__ import annotations

from plugin_runtime.switchboard.protocol import Complaint

#: Different complaints remembered between two writes; a plugin that invents keys gains nothing.
LIMIT = 200


class Complaints:
    """What callers met since the last write, merged by plugin and key."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], tuple[Complaint, int]] = {}

    def add(self, complaint: Complaint) -> None:
        """Remember one; the newest text of the same key is kept and the number counted."""
        key = (complaint.plugin, complaint.key)
        _, count = self._waiting.get(key, (complaint, 0))
        if count or len(self._waiting) < LIMIT:
            self._waiting[key] = (complaint, count + 1)

    def take(self) -> list[tuple[Complaint, int]]:
        """Return and forget what was gathered."""
        gathered, self._waiting = list(self._waiting.values()), {}
        return gathered
