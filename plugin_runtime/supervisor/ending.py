"""How a sandbox ended, in words for an admin."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Why a plugin is not running any more."""

    #: One sentence for people.
    reason: str
    #: The plugin's last stack or traceback as text; may be empty.
    stack: str = ""
    #: Whether it counts towards the quarantine; the host's own troubles do not.
    is_failure: bool = True


class StartFailed(Exception):
    """The plugin did not come up; carries the ending."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason)
        self.ending = ending
