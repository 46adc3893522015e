"""Shadow mode: a filter is asked after the message is stored, and its verdict only recorded.

The question waits in the outbox like an event, so the message path is no longer than without the
plugin, and no question is lost.
"""

from __future__ import annotations

import time
from typing import Any

from plugin_runtime import board, conversations
from plugin_runtime.exceptions import CallError, DeadlinePassed, PluginLost, PluginUnavailable
from plugin_runtime.hooks import traces
from plugin_runtime.hooks.messages import BadAnswer, merge
from plugins_registry import services
from plugins_registry.services import DueDelivery, Outcome, TraceEntry

from .waiting import Unreachable

FILTER = "message_sent"
#: Nobody waits for the answer, but a filter that needs longer could not be enforced either.
DEADLINE_MS = 5_000


def is_one(delivery: DueDelivery) -> bool:
    """Whether a delivery is a filter's question and not an event."""
    return delivery.hook == FILTER


def ask(plugin: str, delivery: DueDelivery) -> Outcome:
    """Ask the filter, record what it would have done, and be done with it."""
    began = time.perf_counter()
    verdict, reason, after = _asked(plugin, delivery)
    took_ms = (time.perf_counter() - began) * 1000
    services.record_traces([_trace(plugin, delivery, verdict, reason, after, took_ms)])
    return Outcome(delivery_id=delivery.id, done=True)


def _asked(plugin: str, delivery: DueDelivery) -> tuple[str, str, dict[str, Any] | None]:
    message = delivery.payload
    depth = delivery.depth + 1 if delivery.origin else 0
    try:
        answer = conversations.call(
            plugin, "filter", FILTER, message, deadline_ms=DEADLINE_MS, depth=depth
        )
        match answer:
            case ["allow"]:
                return "allow", "", None
            case ["replace", replacement]:
                return "replace", "", merge(message, replacement, _nobody_complains)
            case ["block", str(reason)]:
                return "block", reason, None
        return "failed", "it returned something that is no verdict", None
    except (PluginLost, DeadlinePassed, BadAnswer) as error:
        return "failed", str(error), None
    except PluginUnavailable as error:
        raise Unreachable(str(error)) from error
    except CallError as error:
        return "failed", str(error), None


def _trace(
    plugin: str,
    delivery: DueDelivery,
    verdict: str,
    reason: str,
    after: dict[str, Any] | None,
    took_ms: float,
) -> TraceEntry:
    return traces.entry(
        plugin,
        _release_of(plugin),
        verdict=verdict,
        applied=False,
        took_ms=took_ms,
        reason=reason,
        before=delivery.payload,
        after=after,
    )


def _release_of(plugin: str) -> str:
    versions = (known.version for known in board.current().plugins if known.name == plugin)
    return next(versions, "")


def _nobody_complains(key: str, text: str) -> None:
    """A shadowed filter's identity changes have no effect, so they are no problem either."""
