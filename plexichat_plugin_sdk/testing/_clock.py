"""The clock of a test: it stands still until it is turned."""

from __future__ import annotations

import datetime


class Clock:
    """The time as the host tells it, in UTC."""

    def __init__(self, beginning: datetime.datetime | None = None) -> None:
        # By itself it is what Python's own clock says, which the plugin may read as well.
        begun = beginning or datetime.datetime.now(datetime.UTC)
        self.now = begun.astimezone(datetime.UTC)

    def turn_to(self, moment: datetime.datetime) -> None:
        """Go forward to a moment."""
        self.now = max(self.now, moment)

    @property
    def milliseconds(self) -> int:
        """The time in milliseconds since 1970."""
        return int(self.now.timestamp() * 1000)

    @property
    def text(self) -> str:
        """The time as hooks and answers tell it."""
        return as_text(self.now)


def as_text(moment: datetime.datetime) -> str:
    """Return a moment as hooks and answers tell it: ISO 8601, UTC."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
