"""Draining: telling one plugin what it is owed, in order, in batches, one call each.

One drain per plugin at a time, kept by a lease in the database. The order is that of the facts;
an event that fails steps aside for its own tries, and those behind it go on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from plugin_runtime import conversations
from plugin_runtime.conf import conf
from plugin_runtime.exceptions import CallError, DeadlinePassed, PluginLost, PluginUnavailable
from plugins_registry import services
from plugins_registry.services import DueDelivery, Outcome

from . import errors, shadow
from .expansion import SUSPECT, Answer, expand
from .waiting import Unreachable

logger = logging.getLogger(__name__)
_gathering = threading.Event()  # never set; waiting for it is a pause

#: Longer than a batch may take; a drain whose worker died is taken over after so long.
LEASE_SECONDS = 30.0
#: How old a lease may grow before it is renewed: with it the longest batch still ends in time.
RENEW_SECONDS = 3.0
#: After a batch smaller than this the next one is given a moment to gather: in a stream of events
#: each batch costs the same few queries, whether it tells of one or of a hundred.
GATHER_BELOW = 50
GATHER_SECONDS = 0.02
#: The time one batch may take; a plugin that needs longer gets the rest in the next one.
BATCH_SECONDS = 20.0


def drain(plugin: str) -> None:
    """Tell the plugin all it is owed by now; returns at once while somebody else does."""
    while (holder := services.take_queue(plugin, seconds=LEASE_SECONDS)) is not None:
        try:
            _drain_as(plugin, holder)
        except Unreachable as reason:
            logger.info("deliveries wait", extra={"plugin": plugin, "reason": str(reason)})
            return
        finally:
            services.leave_queue(plugin, holder)
        # What came between the last look and the leave found the queue taken: look again.
        if not services.due_deliveries(plugin, 1):
            return


def _drain_as(plugin: str, holder: str) -> None:
    renewed = time.monotonic()
    while deliveries := services.due_deliveries(plugin, conf.event_batch):
        batch = _next_batch(deliveries)
        outcomes = _tell(plugin, batch)
        services.settle_deliveries(plugin, outcomes)
        _tell_errors(plugin, batch, outcomes)
        if time.monotonic() - renewed > RENEW_SECONDS:
            renewed = time.monotonic()
            if not services.keep_queue(plugin, holder, LEASE_SECONDS):
                return
        if len(batch) < GATHER_BELOW:
            _gathering.wait(GATHER_SECONDS)


def _next_batch(deliveries: Sequence[DueDelivery]) -> list[DueDelivery]:
    """Return what is told in one call: a suspect and a shadowed filter stand alone."""
    batch: list[DueDelivery] = []
    for delivery in deliveries:
        if _stands_alone(delivery):
            return batch or [delivery]
        batch.append(delivery)
    return batch


def _stands_alone(delivery: DueDelivery) -> bool:
    return delivery.cursor.startswith(SUSPECT) or shadow.is_one(delivery)


def _tell(plugin: str, batch: Sequence[DueDelivery]) -> list[Outcome]:
    if shadow.is_one(batch[0]):
        return [shadow.ask(plugin, batch[0])]
    tellings = expand(batch, most=conf.event_batch)
    items = [item for telling in tellings for item in telling.items]
    try:
        answers = iter(_call(plugin, items) if items else ())
    except (PluginLost, DeadlinePassed) as error:
        return _after_loss(batch, str(error))
    except PluginUnavailable as error:
        raise Unreachable(str(error)) from error
    except CallError as error:
        return [Outcome(delivery_id=each.id, done=False, error=str(error)) for each in batch]
    outcomes = [telling.outcome([next(answers) for _ in telling.items]) for telling in tellings]
    return [outcome for outcome in outcomes if outcome is not None]


def _call(plugin: str, items: list[Any]) -> list[Answer]:
    deadline_ms = int(BATCH_SECONDS * 1000)
    answers = conversations.call(plugin, "events", "", items, deadline_ms=deadline_ms)
    try:
        checked = msgspec.convert(answers, list[Answer])
    except msgspec.ValidationError:
        checked = []
    if len(checked) != len(items):
        raise CallError(plugin, "answered a batch of events with something else")
    return checked


def _after_loss(batch: Sequence[DueDelivery], error: str) -> list[Outcome]:
    """The plugin ended or hung in a batch: find the culprit by telling each event alone.

    A single event that it did not survive has failed one of its own tries.
    """
    if len(batch) == 1:
        return [Outcome(delivery_id=batch[0].id, done=False, error=error)]
    return [
        Outcome(delivery_id=each.id, done=False, cursor=SUSPECT + each.cursor) for each in batch
    ]


def _tell_errors(plugin: str, batch: Sequence[DueDelivery], outcomes: Sequence[Outcome]) -> None:
    """Let other plugins hear of the failures, once per hook."""
    failed = {outcome.delivery_id for outcome in outcomes if outcome.error}
    for delivery in {each.hook: each for each in batch if each.id in failed}.values():
        errors.tell(plugin, f"event:{delivery.hook}", depth=delivery.depth + 1)
