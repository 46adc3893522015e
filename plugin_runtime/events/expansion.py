"""From deliveries to what is really told: most are one call, `message_received` one per receiver.

A message in a channel of ten thousand members is one event and one delivery; who receives it is
looked up here, page by page, and the delivery's cursor remembers how far it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from plexichat.chat import queries
from plugins_registry.services import DueDelivery, Outcome

#: Told once for each receiving member.
MESSAGE_RECEIVED = "message_received"
#: Before the cursor of a delivery whose batch the plugin did not survive: it is told alone.
SUSPECT = "suspect:"


class Answer(msgspec.Struct, array_like=True, frozen=True):
    """What the plugin says of one told event."""

    #: `ok`, `error`, or `skipped`: not begun, for want of time.
    code: str
    message: str
    traceback: str


@dataclass(frozen=True, kw_only=True)
class Telling:
    """One delivery and the calls of this batch that belong to it."""

    delivery: DueDelivery
    #: As on the wire: hook, data, event_id, occurred_at, attempt, receiver, depth.
    items: list[list[Any]]
    #: The receiver of each item; empty for events that have none.
    receivers: list[str]
    #: Whether nothing of the delivery is left after these.
    is_complete: bool

    def outcome(self, answers: Sequence[Answer]) -> Outcome | None:
        """Return what became of the delivery; None when nothing of it was begun."""
        reached = _cursor(self.delivery)
        for index, answer in enumerate(answers):
            if answer.code == "error":
                return self._outcome(
                    reached, error=answer.message or "it failed", traceback=answer.traceback
                )
            if answer.code != "ok":
                return self._outcome(reached) if index else None
            if self.receivers:
                reached = self.receivers[index]
        return self._outcome(reached, done=self.is_complete)

    def _outcome(
        self, cursor: str, *, done: bool = False, error: str = "", traceback: str = ""
    ) -> Outcome:
        return Outcome(
            delivery_id=self.delivery.id,
            done=done,
            error=error,
            traceback=traceback,
            cursor=cursor,
        )


def expand(batch: Sequence[DueDelivery], *, most: int) -> list[Telling]:
    """Return what is told for a batch, at most so many calls; the rest stays due."""
    tellings: list[Telling] = []
    room = most
    for delivery in batch:
        if room <= 0:
            break
        telling = _received(delivery, room) if _has_receivers(delivery) else _plain(delivery)
        tellings.append(telling)
        room -= len(telling.items)
    return tellings


def _has_receivers(delivery: DueDelivery) -> bool:
    return delivery.hook == MESSAGE_RECEIVED


def _plain(delivery: DueDelivery) -> Telling:
    return Telling(delivery=delivery, items=[_item(delivery, "")], receivers=[], is_complete=True)


def _received(delivery: DueDelivery, room: int) -> Telling:
    receivers = queries.receiver_ids(
        delivery.payload["channel_id"],
        except_user=delivery.payload["user_id"],
        after=_cursor(delivery),
        limit=room,
    )
    return Telling(
        delivery=delivery,
        items=[_item(delivery, receiver) for receiver in receivers],
        receivers=receivers,
        is_complete=len(receivers) < room,
    )


def _cursor(delivery: DueDelivery) -> str:
    return delivery.cursor.removeprefix(SUSPECT)


def _item(delivery: DueDelivery, receiver: str) -> list[Any]:
    return [
        delivery.hook,
        delivery.payload,
        delivery.event_id,
        delivery.occurred_at,
        delivery.attempt,
        receiver,
        delivery.depth,
    ]
