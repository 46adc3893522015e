"""Frames between the supervisor and the processes that call plugins.

Framed as in `plexichat_plugin_sdk._wire`. A connection is either a *desk* (requests, answered
one by one) or, after `Watch`, a *watcher* that receives `Changed` and acknowledges with `Seen`.
"""

from __future__ import annotations

import msgspec


class Introduce(msgspec.Struct, array_like=True, tag="introduce", frozen=True):
    """A line to this plugin, please."""

    plugin: str


class Introduced(msgspec.Struct, array_like=True, tag="introduced", frozen=True):
    """Here it is; one descriptor comes with this frame."""


class Refused(msgspec.Struct, array_like=True, tag="refused", frozen=True):
    """No: the reason is for logs and admins."""

    message: str


class Watch(msgspec.Struct, array_like=True, tag="watch", frozen=True):
    """From now on tell me about changes."""


class Changed(msgspec.Struct, array_like=True, tag="changed", frozen=True):
    """The registry has reached this generation."""

    generation: int


class Seen(msgspec.Struct, array_like=True, tag="seen", frozen=True):
    """The watcher will not act on anything older than this generation any more."""

    generation: int


class Wake(msgspec.Struct, array_like=True, tag="wake", frozen=True):
    """Something in the registry has changed; no answer."""


class Settle(msgspec.Struct, array_like=True, tag="settle", frozen=True):
    """Answer `Done` when every watcher has seen the registry as it is now."""


class Alive(msgspec.Struct, array_like=True, tag="alive", frozen=True):
    """Are you there? Answered with `Done`."""


class Done(msgspec.Struct, array_like=True, tag="done", frozen=True):
    """It is so."""


class Overran(msgspec.Struct, array_like=True, tag="overran", frozen=True):
    """A plugin did not answer this call in time; no answer."""

    plugin: str
    target: str
    deadline_ms: int


class Lost(msgspec.Struct, array_like=True, tag="lost", frozen=True):
    """A plugin went away during this call; no answer. Names the call in the reason of its end."""

    plugin: str
    target: str


class Complaint(msgspec.Struct, array_like=True, tag="complaint", frozen=True):
    """Something an admin should look at, to be merged into a problem; no answer."""

    plugin: str
    key: str
    message: str
    traceback: str


ToSwitchboard = Introduce | Watch | Seen | Wake | Settle | Alive | Overran | Lost | Complaint
FromSwitchboard = Introduced | Refused | Changed | Done
