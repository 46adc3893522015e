"""What is owed and what came of it, as records that travel between the registry and a drain."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone


@dataclass(frozen=True, kw_only=True)
class DueDelivery:
    """One event that a plugin shall be told now."""

    id: int
    #: The same at every try, and for every plugin.
    event_id: str
    hook: str
    payload: dict[str, Any]
    #: ISO 8601 with its offset.
    occurred_at: str
    #: 1 at the first try.
    attempt: int
    #: How many events led to this one, each emitted by a plugin.
    depth: int
    #: Where an earlier try left off; empty at the start.
    cursor: str
    #: The plugin that emitted it; empty for the core's own.
    origin: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of telling it.

    Done; or failed, which `error` says; or with neither only further than before, as `cursor`
    says: then it stays due and no try is counted.
    """

    delivery_id: int
    done: bool
    error: str = ""
    traceback: str = ""
    #: How far it came; an empty one leaves what is stored.
    cursor: str = ""


@dataclass(frozen=True, kw_only=True)
class TraceEntry:
    """What one plugin said about one message."""

    message_id: str
    plugin: str
    #: The version that was asked.
    release: str
    hook: str
    #: A value of `states.Verdict`.
    verdict: str
    #: Whether the verdict counted: false exactly in shadow mode.
    applied: bool
    took_ms: float
    reason: str = ""
    #: The fields that a filter may change, as it saw them and as it wanted them.
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    at: datetime = field(default_factory=timezone.now)


@dataclass(frozen=True, kw_only=True)
class CallEntry:
    """One call of a plugin, or the beginning or end of a socket."""

    plugin: str
    #: What was called: filter, endpoint, events, socket_opened, socket_closed.
    kind: str
    #: The hook or the address as declared; empty for a batch of events.
    target: str
    #: When it began.
    at: datetime
    #: How long it took; for a closed socket, how long it was open.
    took_ms: float
    #: A value of `states.CallOutcome`.
    outcome: str
    #: The failure's code; empty unless it failed.
    code: str = ""
    #: Its place in the log, given when it is written.
    id: int = 0
