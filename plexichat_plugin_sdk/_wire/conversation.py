"""Frames of a conversation: one caller and one plugin, one call at a time, numbered.

The caller sends `Call`; the plugin ends it with `Answer` or `Failure` of the same number. A call
of kind `socket` stays open in between: `Data` and `Close` travel both ways until the handler
returns. A call of kind `events` has no target; its payload is a list of
`[hook, data, event_id, occurred_at, attempt, receiver_id or "", depth]`, its deadline holds for
the whole batch, and its result is a list of `["ok" | "error" | "skipped", message, traceback]`
in the same order. A call of kind `job` has the job's name as its target and no payload.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Call(msgspec.Struct, array_like=True, tag="call", frozen=True, gc=False):
    """Ask the plugin to run one handler."""

    #: Counts up within the conversation; the answer carries it back.
    number: int
    #: `filter`, `events`, `endpoint`, `socket` or `job`.
    kind: str
    #: The hook's or job's name, `"METHOD /path/{template}"` of an endpoint, or a socket's path;
    #: empty for events.
    target: str
    payload: Any
    #: The caller stops waiting after this many milliseconds; 0 means it waits as long as it takes.
    deadline_ms: int
    #: How deep whatever the handler causes lies: 0, or one more than the depth of the plugin's
    #: message that this call is about. Events carry their own.
    depth: int = 0


class Answer(msgspec.Struct, array_like=True, tag="answer", frozen=True, gc=False):
    """The handler returned."""

    number: int
    result: Any


class Failure(msgspec.Struct, array_like=True, tag="failure", frozen=True, gc=False):
    """The call did not succeed: the one shape of every error that crosses the wire."""

    number: int
    #: Stable and short; `plexichat_plugin_sdk._wire.codes` lists them.
    code: str
    #: For people; never shown to a chat user.
    message: str
    #: Facts; `traceback` holds the remote stack as text.
    details: dict[str, Any]


class Data(msgspec.Struct, array_like=True, tag="data", frozen=True, gc=False):
    """One WebSocket message (a JSON value), either way."""

    payload: Any


class Close(msgspec.Struct, array_like=True, tag="close", frozen=True, gc=False):
    """The WebSocket ends: from the caller, the client has left; from the plugin, a wish."""

    code: int
    reason: str


ToPlugin = Call | Data | Close
ToCaller = Answer | Failure | Data | Close
